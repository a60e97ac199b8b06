//! Copies of the file, and copies put in its place.

use std::fs;

use license_core::InstallError;
use license_runtime::{AuditVerdict, Store, StoreErrorKind};

use crate::support::{OLDER, Place, by_hand, cut_off, halfway, install, record, saved};

#[tokio::test]
async fn case_55_a_copy_of_the_file_alone_is_the_state_after_every_change() {
    let place = Place::new();
    let store = place.open().await;
    for (revision, token) in (1..).zip(["one", "two", "three"]) {
        install(&store, token).await;
        let copy = place.copy().open().await.load().await.unwrap();
        assert_eq!((copy.saved, copy.revision), (saved(token), revision));
    }
    store.record(record("somebody")).await.unwrap();
    let mut clock = saved("three");
    clock.clock.latched = true;
    store.save_clock(3, clock.clock).await.unwrap();
    let copied = place.copy();
    let copy = copied.open().await;
    assert_eq!(copy.load().await.unwrap().saved, clock);
    assert_eq!(copy.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 4 });
    store.close().await;
    assert_eq!(place.copy().open().await.load().await.unwrap().saved, clock);
}

#[tokio::test]
async fn a_file_of_an_earlier_version_with_its_write_ahead_log_is_taken_over() {
    let place = Place::new();
    let store = place.open().await;
    install(&store, "one").await;
    store.close().await;
    by_hand(&place.file, OLDER).await;
    // As after a kill: a log that nobody has carried over.
    let log = cut_off(&place.file, "UPDATE license_state SET revision = 7", "-wal").await;
    let store = log.open().await;
    let loaded = store.load().await.unwrap();
    assert_eq!((loaded.saved, loaded.revision), (saved("one"), 7));
    assert!(!log.beside("-wal").exists());
    let copy = log.copy().open().await.load().await.unwrap();
    assert_eq!(copy.revision, 7);
}

#[tokio::test]
async fn case_55_a_backup_beside_the_journal_of_what_was_there_is_the_backup() {
    let place = Place::new();
    let store = place.open().await;
    install(&store, "older").await;
    let backup = place.copy();
    install(&store, "newer").await;
    // The process is killed in the middle of writing: what it had changed is
    // partly in the file, and the journal says how it was.
    store.close().await;
    let unclean = halfway(&place).await;
    let restored = Place::new();
    fs::copy(&backup.file, &restored.file).unwrap();
    fs::copy(unclean.beside("-journal"), restored.beside("-journal")).unwrap();

    // The journal belongs to the one and not to the other.
    let loaded = unclean.open().await.load().await.unwrap();
    assert_eq!((loaded.saved, loaded.corrupt), (saved("newer"), false));
    assert!(unclean.kept(".foreign-").is_empty());
    let loaded = restored.open().await.load().await.unwrap();
    assert_eq!((loaded.saved, loaded.corrupt), (saved("older"), false));
    assert_eq!(restored.kept(".foreign-").len(), 1);
}

#[tokio::test]
async fn case_55_a_write_ahead_log_beside_the_file_is_another_files() {
    let place = Place::new();
    let store = place.open().await;
    install(&store, "older").await;
    store.close().await;
    let other = place.copy();
    by_hand(&other.file, "PRAGMA journal_mode = WAL").await;
    let change = "UPDATE license_state SET current_token = 'newer'";
    let other = cut_off(&other.file, change, "-wal").await;
    fs::copy(other.beside("-wal"), place.beside("-wal")).unwrap();
    let loaded = place.open().await.load().await.unwrap();
    assert_eq!((loaded.saved, loaded.corrupt), (saved("older"), false));
    assert_eq!(place.kept(".foreign-").len(), 1);
}

#[tokio::test]
async fn case_55_a_file_put_in_place_of_one_in_use_is_noticed_and_stays_as_it_is() {
    for moved in [false, true] {
        let place = Place::new();
        let store = place.open().await;
        install(&store, "older").await;
        let backup = place.copy();
        install(&store, "newer").await;
        let loaded = store.load().await.unwrap();
        if moved {
            let new = place.beside(".new");
            fs::copy(&backup.file, &new).unwrap();
            fs::rename(&new, &place.file).unwrap();
        } else {
            fs::copy(&backup.file, &place.file).unwrap();
        }
        for _ in 0..2 {
            let error = store.save_clock(2, loaded.saved.clock).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Replaced);
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.contains("start the service again"), "{cause}");
            let refusal = InstallError::from(error);
            assert_eq!(refusal.code(), "store_unavailable");
            let detail = refusal.detail();
            assert!(detail.contains("Start the service again"), "{detail}");
        }
        store.install(2, &saved("newest"), record("a")).await.unwrap_err();
        store.close().await;
        drop(store);
        assert_eq!(fs::read(&place.file).unwrap(), fs::read(&backup.file).unwrap());
        assert_eq!(place.open().await.load().await.unwrap().saved, saved("older"));
    }
}
