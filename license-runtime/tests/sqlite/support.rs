//! What the tests share.

use std::{
    fs,
    path::{Path, PathBuf},
};

use license_core::{Timestamp, licensing::StoredState, time::ClockMark};
use license_runtime::{AuditRecord, Outcome, SqliteStore, Store};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// A directory and the file in it.
pub(crate) struct Place {
    pub(crate) directory: TempDir,
    pub(crate) file: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("license.db");
        Self { directory, file }
    }

    pub(crate) async fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file).await.unwrap()
    }

    /// A copy of the file alone, at another place.
    pub(crate) fn copy(&self) -> Self {
        let place = Self::new();
        fs::copy(&self.file, &place.file).unwrap();
        place
    }

    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        with_suffix(&self.file, suffix)
    }

    /// The names of what was kept aside under such a name.
    pub(crate) fn kept(&self, part: &str) -> Vec<String> {
        let names = fs::read_dir(self.directory.path()).unwrap().flatten();
        let names = names.map(|entry| entry.file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.contains(part)).collect();
        names.sort();
        names
    }
}

/// A state with a token of this text, somewhat longer than a page holds.
pub(crate) fn saved(token: &str) -> StoredState {
    let mut saved = StoredState::default();
    saved.current = Some(token.repeat(6000 / token.len()));
    saved.newest_issued_at = Some(Timestamp::from_seconds(1_800_000_000));
    saved.clock = ClockMark::new(Some(Timestamp::from_seconds(1_800_000_500)), false);
    saved
}

pub(crate) fn record(actor: &str) -> AuditRecord {
    AuditRecord::new(Timestamp::from_seconds(1_800_000_000), actor, Outcome::Installed)
}

/// Installs the next one of these.
pub(crate) async fn install(store: &SqliteStore, token: &str) {
    let revision = store.load().await.unwrap().revision;
    store.install(revision, &saved(token), record(token)).await.unwrap();
}

/// Makes of a file what an older version has left.
pub(crate) const OLDER: &str = "ALTER TABLE license_state DROP COLUMN installation_id; \
     ALTER TABLE license_state DROP COLUMN machine; \
     ALTER TABLE license_state DROP COLUMN rebind_since; \
     ALTER TABLE license_state DROP COLUMN rebind_newest_issued_at; \
     ALTER TABLE license_state DROP COLUMN seal; \
     DELETE FROM _sqlx_migrations WHERE description IN ('seal', 'machine'); \
     PRAGMA journal_mode = WAL";

/// Makes of a file what a version has left that remembered no machine.
pub(crate) const WITHOUT_MACHINE: &str = "ALTER TABLE license_state DROP COLUMN installation_id; \
     ALTER TABLE license_state DROP COLUMN machine; \
     ALTER TABLE license_state DROP COLUMN rebind_since; \
     ALTER TABLE license_state DROP COLUMN rebind_newest_issued_at; \
     DELETE FROM _sqlx_migrations WHERE description = 'machine'";

/// Statements by somebody else than the store.
pub(crate) async fn by_hand(file: &Path, statements: &str) {
    cut_off(file, statements, "").await;
}

/// A database after these statements, and beside it, under this name, a copy of
/// the file and of what lies beside it from before it was closed: as after a kill.
pub(crate) async fn cut_off(file: &Path, statements: &str, beside: &str) -> Place {
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
    let copy = Place::new();
    fs::copy(file, &copy.file).unwrap();
    let lies_beside = with_suffix(file, beside);
    fs::copy(lies_beside, copy.beside(beside)).unwrap();
    connection.close().await.unwrap();
    copy
}

/// A copy of the file in the middle of being written, and its journal.
pub(crate) async fn halfway(place: &Place) -> Place {
    let begun = "PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; \
         UPDATE license_state SET current_token = NULL, revision = 9; \
         UPDATE license_audit SET actor = 'nobody'; \
         INSERT INTO license_quota VALUES (1, hex(zeroblob(40000)), 'm', 1);";
    let copy = cut_off(&place.file, begun, "-journal").await;
    assert!(fs::metadata(copy.beside("-journal")).unwrap().len() > 4096);
    assert_ne!(fs::read(&copy.file).unwrap(), fs::read(&place.file).unwrap());
    copy
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.to_owned().into_os_string();
    name.push(suffix);
    name.into()
}
