//! Making, looking at and setting aside the file.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use sqlx::{Executor, SqliteConnection};

use super::{
    super::rows::{failed, result_code},
    leftover::HEAD_BYTES,
};
use crate::store::{StoreError, StoreErrorKind, sql::corrupt};

/// How every SQLite file begins; an empty file is a new one.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Four bytes of the first page, where they stand and what they may be: the
/// format of the schema, no vacuuming by itself, UTF-8. All are 0 in a file
/// without tables.
const FIELDS: [(usize, [u32; 2]); 3] = [(44, [0, 4]), (52, [0, 0]), (56, [0, 1])];

/// Makes the file and its directory where they are missing. Returns whether
/// the file was.
pub(super) fn make(path: &Path) -> Result<bool, StoreError> {
    if let Some(directory) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        fs::create_dir_all(directory).map_err(unavailable)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(unavailable(error)),
    }
}

/// Knows a file that is no database, or one that says of itself what none of
/// this store does, before SQLite touches it and clears away what lies beside
/// it. SQLite itself would find some of it too new or not to be written.
pub(super) fn check(head: &[u8]) -> Result<(), StoreError> {
    if head.is_empty() {
        return Ok(());
    }
    let field = |at: usize| {
        let bytes = head.get(at..at + 4)?;
        bytes.try_into().ok().map(u32::from_be_bytes)
    };
    let good = head.len() == HEAD_BYTES
        && head.starts_with(MAGIC)
        && matches!(head[18..24], [1, 1, 0, 64, 32, 32] | [2, 2, 0, 64, 32, 32])
        && FIELDS.iter().all(|(at, may)| field(*at).is_some_and(|it| may.contains(&it)));
    if good { Ok(()) } else { Err(corrupt("the beginning of the file")) }
}

/// Sets the file up so that nothing is lost and it is whole without what lies
/// beside it, and looks for damage.
pub(super) async fn prepare(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let (mode,): (String,) = sqlx::query_as("PRAGMA journal_mode = TRUNCATE")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    if mode != "truncate" {
        return Err(unavailable(io::Error::other("the write-ahead log is in use")));
    }
    connection.execute("PRAGMA synchronous = FULL").await.map_err(failed)?;
    let (verdict,): (String,) =
        sqlx::query_as("PRAGMA integrity_check(1)").fetch_one(connection).await.map_err(failed)?;
    if verdict == "ok" { Ok(()) } else { Err(corrupt("the structure of the file")) }
}

/// What a statement that is part of the program fails with while a file is
/// opened, is damage, too: the tables are others than were made.
pub(super) fn damaged(error: StoreError) -> StoreError {
    // https://sqlite.org/rescode.html: SQLITE_ERROR, SQLITE_CONSTRAINT,
    // SQLITE_MISMATCH.
    const OTHER_TABLES: [i32; 3] = [1, 19, 20];
    let cause = std::error::Error::source(&error).and_then(|it| it.downcast_ref::<sqlx::Error>());
    let code = cause.and_then(|it| it.as_database_error()).and_then(result_code);
    if code.is_some_and(|code| OTHER_TABLES.contains(&code)) { corrupt(error) } else { error }
}

/// Moves a file that cannot be read, and what belongs to it, out of the way.
pub(in crate::store::sqlite) fn set_aside(
    path: &Path,
    error: &StoreError,
    seconds: i64,
) -> Result<(), StoreError> {
    let mut aside = with_suffix(path, &format!(".corrupt-{seconds}"));
    let mut attempt = 1;
    while aside.try_exists().map_err(unavailable)? {
        attempt += 1;
        aside = with_suffix(path, &format!(".corrupt-{seconds}-{attempt}"));
    }
    // The file first: a journal without its file is worth nothing, but a file
    // without its journal would be another state.
    fs::rename(path, &aside).map_err(unavailable)?;
    for suffix in ["-journal", "-wal", "-shm"] {
        let beside = with_suffix(path, suffix);
        if fs::metadata(&beside).is_ok_and(|it| it.len() > 0) {
            fs::rename(beside, with_suffix(&aside, suffix)).map_err(unavailable)?;
        }
    }
    tracing::error!(
        kept = %aside.display(),
        cause = std::error::Error::source(error),
        "the license state was unreadable; it was kept aside and the state is empty"
    );
    Ok(())
}

pub(in crate::store::sqlite) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

pub(super) fn unavailable(error: io::Error) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source(error)
}
