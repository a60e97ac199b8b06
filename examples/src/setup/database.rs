//! Where an example keeps what must survive a restart: files of its own, or a
//! PostgreSQL database that all its instances share.

use std::{
    fs::OpenOptions,
    io::ErrorKind,
    os::unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "postgres")]
use license_runtime::PostgresStore;
use license_runtime::{SqliteStore, Store};
#[cfg(feature = "postgres")]
use sqlx::Connection;
use sqlx::{AnyPool, AssertSqlSafe, any::AnyPoolOptions};

use crate::{Settings, StartError};

/// Files below a directory, or a database by its URL.
#[derive(Clone)]
pub(crate) enum Database {
    /// `license.db`, and another one of this name.
    Files { directory: PathBuf, name: String },
    /// `postgres://…`
    #[cfg(feature = "postgres")]
    Postgres(String),
}

/// How long the database may take to answer.
const ANSWER: Duration = Duration::from_secs(4);
/// How long it may take to connect to it.
#[cfg(feature = "postgres")]
const CONNECT: Duration = Duration::from_secs(3);

impl Database {
    /// Where these settings say.
    pub(crate) fn new(
        settings: &Settings,
        directory: &Path,
        name: &str,
    ) -> Result<Self, StartError> {
        match &settings.database_url {
            None => Ok(Self::Files { directory: directory.to_owned(), name: name.to_owned() }),
            #[cfg(not(feature = "postgres"))]
            Some(_) => Err(StartError::new(
                "--database-url: PostgreSQL was left out of this program; build it without \
                 --no-default-features",
            )),
            #[cfg(feature = "postgres")]
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(url.clone()))
            }
            #[cfg(feature = "postgres")]
            Some(_) => Err(StartError::new(
                "--database-url must be postgres://USER@HOST/DATABASE; leave it out to keep files \
                 below --data-dir",
            )),
        }
    }

    /// Opens what keeps the license.
    pub(crate) async fn store(&self) -> Result<Arc<dyn Store>, StartError> {
        Ok(match self {
            Self::Files { directory, .. } => {
                Arc::new(SqliteStore::open(directory.join("license.db")).await?)
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => Arc::new(PostgresStore::open(url).await?),
        })
    }

    /// Opens what keeps everything else.
    pub(crate) async fn pool(&self) -> Result<AnyPool, StartError> {
        sqlx::any::install_default_drivers();
        match self {
            Self::Files { directory, name } => files(&directory.join(format!("{name}.db"))).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => postgres(url).await,
        }
    }
}

async fn files(file: &Path) -> Result<AnyPool, StartError> {
    let url = format!("{}?mode=rwc", sqlite_url(file));
    let options = AnyPoolOptions::new().max_connections(4).after_connect(|connection, _| {
        Box::pin(async move {
            // Between two changes all is in the file itself: a copy of it is a
            // backup.
            for pragma in [
                "PRAGMA busy_timeout = 5000",
                "PRAGMA journal_mode = TRUNCATE",
                "PRAGMA synchronous = FULL",
            ] {
                sqlx::query(pragma).execute(&mut *connection).await?;
            }
            Ok(())
        })
    });
    let unusable = |error: sqlx::Error| {
        let message = format!("the database {} is not usable; check --data-dir", file.display());
        StartError::new(message).with_source(error)
    };
    make_private(file).map_err(|error| unusable(error.into()))?;
    options.connect(&url).await.map_err(unusable)
}

/// Makes a file that only this user can read, unless it is there; SQLite gives
/// what it puts beside it the same mode.
fn make_private(file: &Path) -> std::io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<AnyPool, StartError> {
    let join = if url.contains('?') { '&' } else { '?' };
    let limits = "options[statement_timeout]=4s&options[idle_in_transaction_session_timeout]=6s";
    let options = AnyPoolOptions::new().max_connections(8).acquire_timeout(CONNECT);
    // A connection that comes back without its answer is asked for a sign of
    // life, and the pool itself would wait for that for ever.
    let options = options.after_release(|connection, _| {
        Box::pin(async move {
            let alive = tokio::time::timeout(CONNECT, connection.ping()).await;
            Ok(alive.is_ok_and(|answer| answer.is_ok()))
        })
    });
    options.connect(&format!("{url}{join}{limits}")).await.map_err(|error| {
        StartError::new("the database is not usable; check --database-url").with_source(error)
    })
}

/// Makes the tables and indexes that are not there.
pub(crate) async fn apply_schema(
    pool: &AnyPool,
    statements: &[&'static str],
) -> Result<(), sqlx::Error> {
    let shared = pool.connect_options().database_url.scheme().starts_with("postgres");
    let mut transaction = pool.begin().await?;
    if shared {
        // Instances that start at the same time take turns.
        let turn =
            "DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('license examples')); END $$";
        sqlx::query(turn).execute(&mut *transaction).await?;
    }
    for statement in statements {
        let statement =
            if shared { statement.replace(" BLOB ", " BYTEA ") } else { (*statement).to_owned() };
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// Waits for the database, and not for ever.
pub(crate) async fn timely<T>(
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(ANSWER, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Whether the database cannot be reached or written, so that trying again
/// may help.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    // Connection exceptions, insufficient resources, operator intervention:
    // https://www.postgresql.org/docs/current/errcodes-appendix.html
    const STATES: [&str; 3] = ["08", "53", "57"];
    // Busy, locked, no memory, read-only, I/O error, full, cannot be opened;
    // what extends a code stands in its higher bits:
    // https://sqlite.org/rescode.html
    const CODES: [i32; 7] = [5, 6, 7, 8, 10, 13, 14];
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // A server that ends, or begins, while it is being connected to: what
        // it says, or leaves unsaid, is no answer to the first question.
        sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| match code.len() {
            5 => STATES.iter().any(|class| code.starts_with(class)),
            _ => code.parse::<i32>().is_ok_and(|code| CODES.contains(&(code & 0xff))),
        }),
        _ => false,
    }
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

/// A URL may hold a password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Files { .. } => "Files",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "Postgres",
        })
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use sqlx::{Connection, PgConnection};
    use tokio::{io::AsyncWriteExt, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn a_server_that_ends_while_it_is_asked_is_away() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://nobody@{}/none", listener.local_addr().unwrap());
        for answer in [&b""[..], b"E"] {
            let asked = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(answer).await.unwrap();
            };
            let (connected, ()) = tokio::join!(PgConnection::connect(&url), asked);
            let error = connected.unwrap_err();
            assert!(is_away(&error), "{error:?}");
        }
    }
}
