//! Making, opening and setting aside the file.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
};

use sqlx::{Executor, SqliteConnection};

use super::rows::failed;
use crate::{StoreError, StoreErrorKind};

/// How every SQLite file begins; an empty file is a new one.
const HEADER: &[u8] = b"SQLite format 3\0";

/// Makes the file and its directory where they are missing.
pub(super) fn make(path: &Path) -> Result<(), StoreError> {
    if let Some(directory) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        fs::create_dir_all(directory).map_err(unavailable)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => check_header(path),
        Err(error) => Err(unavailable(error)),
    }
}

/// Knows a file that is no database before SQLite touches it and clears away
/// what lies beside it.
fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut header = Vec::new();
    let file = File::open(path).map_err(unavailable)?;
    file.take(HEADER.len() as u64).read_to_end(&mut header).map_err(unavailable)?;
    if header.is_empty() || header == HEADER { Ok(()) } else { Err(StoreErrorKind::Corrupt.into()) }
}

/// Sets the file up so that nothing is lost, and looks for damage.
pub(super) async fn prepare(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
        connection.execute(pragma).await.map_err(failed)?;
    }
    let (verdict,): (String,) =
        sqlx::query_as("PRAGMA quick_check(1)").fetch_one(connection).await.map_err(failed)?;
    if verdict == "ok" { Ok(()) } else { Err(StoreErrorKind::Corrupt.into()) }
}

/// Moves a file that cannot be read, and what belongs to it, out of the way.
pub(super) fn set_aside(path: &Path, seconds: i64) -> Result<(), StoreError> {
    let mut aside = with_suffix(path, &format!(".corrupt-{seconds}"));
    let mut attempt = 1;
    while aside.try_exists().map_err(unavailable)? {
        attempt += 1;
        aside = with_suffix(path, &format!(".corrupt-{seconds}-{attempt}"));
    }
    // The file first: a log without its file is worth nothing, but a file
    // without its log would be an older state.
    for suffix in ["", "-wal", "-shm"] {
        match fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unavailable(error)),
            _ => {}
        }
    }
    tracing::error!(
        kept = %aside.display(),
        "the license state was unreadable; it was kept aside and the state is empty"
    );
    Ok(())
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn unavailable(error: io::Error) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source(error)
}
