use std::fs;

use license_core::Timestamp;
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use super::*;
use crate::audit::{AuditVerdict, Outcome};

async fn open() -> (TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("license.db")).await.unwrap();
    (directory, store)
}

crate::store_conformance!(conformance, open);

fn saved(token: &str) -> StoredState {
    let mut saved = StoredState::default();
    saved.current = Some(token.to_owned());
    saved.clock = ClockMark::new(Some(Timestamp::from_seconds(1_800_000_000)), false);
    saved
}

fn record(actor: &str) -> AuditRecord {
    AuditRecord::new(Timestamp::from_seconds(1_800_000_000), actor, Outcome::Installed)
}

async fn sql(store: &SqliteStore, statement: &str) {
    let mut turn = store.connection().unwrap().turn().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(turn.connection().unwrap()).await.unwrap();
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let (_directory, store) = open().await;
    store.install(0, &saved("one"), record("a")).await.unwrap();
    store.record(record("b")).await.unwrap();
    // Without closing: as after a kill.
    let path = store.0.path.clone();
    drop(store);
    let again = SqliteStore::open(path).await.unwrap();
    assert_eq!(again.load().await.unwrap(), Loaded::new(saved("one"), 1));
    assert_eq!(again.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 2 });
    again.record(record("c")).await.unwrap();
    assert_eq!(again.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 3 });
}

#[tokio::test]
async fn what_is_written_is_on_the_disk_before_it_is_answered() {
    let (_directory, store) = open().await;
    let mut turn = store.connection().unwrap().turn().await.unwrap();
    let connection = turn.connection().unwrap();
    let (mode,): (String,) =
        sqlx::query_as("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
    let (synchronous,): (i64,) =
        sqlx::query_as("PRAGMA synchronous").fetch_one(connection).await.unwrap();
    assert_eq!((mode.as_str(), synchronous), ("truncate", 2));
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("not/there/yet/license.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.record(record("a")).await.unwrap();
    let names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().flatten().collect();
    assert_eq!(names.len(), 3, "the file, -journal and -lock");
    for entry in names {
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

/// The names in a directory that say that something was kept aside.
fn kept_aside(directory: &TempDir) -> Vec<String> {
    let names = fs::read_dir(directory.path()).unwrap().flatten();
    let names = names.map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.contains(".corrupt-")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_that_is_no_database_is_kept_aside_and_reported_until_an_installation() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("license.db");
    fs::write(&path, "this is no database, however long one looks at it\n".repeat(100)).unwrap();
    fs::write(directory.path().join("license.db-wal"), "nor is this").unwrap();

    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Loaded::default().corrupt(true));
    let aside = kept_aside(&directory);
    assert_eq!(aside.len(), 2, "{aside:?}");
    assert!(aside[0].strip_prefix("license.db.corrupt-").unwrap().parse::<u64>().is_ok());
    assert_eq!(aside[1], format!("{}-wal", aside[0]));
    assert!(fs::read_to_string(directory.path().join(&aside[0])).unwrap().starts_with("this is"));

    store.close().await;
    let store = SqliteStore::open(&path).await.unwrap();
    assert!(store.load().await.unwrap().corrupt, "a restart does not forget");
    store.install(0, &saved("one"), record("a")).await.unwrap();
    assert_eq!(store.load().await.unwrap(), Loaded::new(saved("one"), 1));
    assert_eq!(kept_aside(&directory).len(), 2);
}

#[tokio::test]
async fn a_damaged_database_is_kept_aside() {
    let (directory, store) = open().await;
    for number in 0..200 {
        store.record(record(&number.to_string().repeat(50))).await.unwrap();
    }
    store.close().await;
    let mut bytes = fs::read(&store.0.path).unwrap();
    assert!(bytes.len() > 20_000);
    bytes[8192..16_384].fill(0xa5);
    fs::write(&store.0.path, bytes).unwrap();

    let again = SqliteStore::open(&store.0.path).await.unwrap();
    assert_eq!(again.load().await.unwrap(), Loaded::default().corrupt(true));
    assert_eq!(kept_aside(&directory).len(), 1);
}

#[tokio::test]
async fn a_file_that_only_begins_like_a_database_is_kept_aside() {
    for garbage in [0x00, 0xa5] {
        let (directory, store) = open().await;
        store.close().await;
        let mut bytes = fs::read(&store.0.path).unwrap();
        bytes[16..].fill(garbage);
        fs::write(&store.0.path, bytes).unwrap();
        let again = SqliteStore::open(&store.0.path).await.unwrap();
        assert_eq!(again.load().await.unwrap(), Loaded::default().corrupt(true));
        assert_eq!(kept_aside(&directory).len(), 1);
    }
}

#[tokio::test]
async fn a_state_that_lost_its_row_is_kept_aside() {
    let (directory, store) = open().await;
    sql(&store, "DELETE FROM license_state").await;
    assert_eq!(store.load().await.unwrap_err().kind(), StoreErrorKind::Corrupt);
    store.close().await;
    let again = SqliteStore::open(&store.0.path).await.unwrap();
    assert!(again.load().await.unwrap().corrupt);
    assert_eq!(kept_aside(&directory).len(), 1);
}

#[test]
fn two_files_set_aside_within_a_second_do_not_replace_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("license.db");
    for text in ["one", "two"] {
        fs::write(&path, text).unwrap();
        file::open::set_aside(&path, &StoreErrorKind::Corrupt.into(), 7).unwrap();
    }
    assert_eq!(kept_aside(&directory), ["license.db.corrupt-7", "license.db.corrupt-7-2"]);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_stays_where_it_is() {
    let (directory, store) = open().await;
    sql(
        &store,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (999, 'later', TRUE, x'00', 0)",
    )
    .await;
    store.close().await;
    let error = SqliteStore::open(&store.0.path).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Incompatible);
    assert_eq!(kept_aside(&directory).len(), 0);
}

#[tokio::test]
async fn a_path_that_cannot_be_a_file_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(directory.path()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    fs::write(directory.path().join("file"), "").unwrap();
    let error = SqliteStore::open(directory.path().join("file/license.db")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_nothing_has_changed() {
    let (_directory, store) = open().await;
    store.install(0, &saved("one"), record("a")).await.unwrap();
    sql(&store, "PRAGMA max_page_count = 1").await;
    let large = saved(&"x".repeat(16 * 1024));
    let error = store.install(1, &large, record("b")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("full"), "{source}");
    assert_eq!(store.load().await.unwrap(), Loaded::new(saved("one"), 1));
    assert_eq!(store.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 1 });

    sql(&store, "PRAGMA max_page_count = 1000000").await;
    assert_eq!(store.install(1, &large, record("b")).await.unwrap(), 2);
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let (_directory, store) = open().await;
    store.close().await;
    assert_eq!(store.load().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let error = store.lock_seats("users").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn an_edited_removed_or_moved_audit_row_is_found() {
    for (statement, seq) in [
        ("UPDATE license_audit SET actor = 'nobody' WHERE seq = 2", 2),
        ("UPDATE license_audit SET at = at + 1 WHERE seq = 3", 3),
        ("UPDATE license_audit SET outcome = 'unchanged' WHERE seq = 1", 1),
        ("UPDATE license_audit SET license_id = 'lic' WHERE seq = 4", 4),
        ("DELETE FROM license_audit WHERE seq = 2", 2),
        ("DELETE FROM license_audit WHERE seq = 4", 4),
        ("DELETE FROM license_audit", 1),
        (
            "DELETE FROM license_audit WHERE seq = 2; \
             UPDATE license_audit SET seq = seq - 1 WHERE seq > 2",
            2,
        ),
        (
            "UPDATE license_audit SET seq = -2 WHERE seq = 2; \
             UPDATE license_audit SET seq = 2 WHERE seq = 3; \
             UPDATE license_audit SET seq = 3 WHERE seq = -2",
            2,
        ),
        (
            "INSERT INTO license_audit SELECT 5, at, actor, address, license_id, token_digest, \
             outcome, previous, hash FROM license_audit WHERE seq = 4",
            5,
        ),
    ] {
        let (_directory, store) = open().await;
        for actor in ["a", "b", "c", "d"] {
            store.record(record(actor)).await.unwrap();
        }
        sql(&store, statement).await;
        let verdict = store.verify_audit().await.unwrap();
        assert_eq!(verdict, AuditVerdict::Broken { seq }, "{statement}");
    }
}

#[tokio::test]
async fn a_history_of_many_pages_is_verified_to_its_end() {
    let (_directory, store) = open().await;
    let mut turn = store.connection().unwrap().write().await.unwrap();
    for number in 0..1201 {
        let record = record(&number.to_string());
        rows::record(turn.connection().unwrap(), record).await.unwrap();
    }
    turn.end(Ok(())).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 1201 });
    sql(&store, "UPDATE license_audit SET actor = 'x' WHERE seq = 1100").await;
    assert_eq!(store.verify_audit().await.unwrap(), AuditVerdict::Broken { seq: 1100 });
}

#[tokio::test]
async fn a_caller_that_goes_away_in_the_middle_leaves_nothing_behind() {
    let (_directory, store) = open().await;
    store.install(0, &saved("one"), record("a")).await.unwrap();
    let mut turn = store.connection().unwrap().write().await.unwrap();
    rows::install(turn.connection().unwrap(), 1, &saved("two"), record("b")).await.unwrap();
    drop(turn);
    assert_eq!(store.load().await.unwrap(), Loaded::new(saved("one"), 1));
    assert_eq!(store.install(1, &saved("three"), record("c")).await.unwrap(), 2);
    assert_eq!(store.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 2 });
}

#[tokio::test]
async fn a_transaction_that_sqlite_has_ended_by_itself_does_not_block_the_next() {
    let (_directory, store) = open().await;
    let mut turn = store.connection().unwrap().write().await.unwrap();
    sqlx::raw_sql("ROLLBACK").execute(turn.connection().unwrap()).await.unwrap();
    let error = turn.end(Ok(())).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.install(0, &saved("one"), record("a")).await.unwrap(), 1);
}
