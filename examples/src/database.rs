//! The database file of an example: accounts and the product's own things.

use std::{os::unix::ffi::OsStrExt, path::Path};

use sqlx::{AnyPool, any::AnyPoolOptions};

use crate::StartError;

/// Opens the database file, making it if it is not there.
///
/// # Errors
///
/// A file that cannot be opened or is no database.
pub async fn open_database(file: &Path) -> Result<AnyPool, StartError> {
    sqlx::any::install_default_drivers();
    let url = format!("{}?mode=rwc", sqlite_url(file));
    let options = AnyPoolOptions::new().max_connections(4).after_connect(|connection, _| {
        Box::pin(async move {
            for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA busy_timeout = 5000"] {
                sqlx::query(pragma).execute(&mut *connection).await?;
            }
            Ok(())
        })
    });
    options.connect(&url).await.map_err(|error| {
        let message = format!("the database {} is not usable; check --data-dir", file.display());
        StartError::new(message).with_source(error)
    })
}

/// Makes the tables and indexes that are not there.
pub(crate) async fn apply_schema(
    pool: &AnyPool,
    statements: &[&'static str],
) -> Result<(), sqlx::Error> {
    for statement in statements {
        sqlx::query(statement).execute(pool).await?;
    }
    Ok(())
}

/// The file as a URL, whatever its path holds. The first part of a relative
/// path would be taken for the name of a host.
fn sqlite_url(file: &Path) -> String {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut url = "sqlite://".to_owned();
    for byte in file.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => {
                url.push(char::from(*byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}
