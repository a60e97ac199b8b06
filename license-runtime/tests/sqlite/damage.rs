//! SECURITY.md, case 56: one bit, anywhere; and a file of which nothing is left.

use std::{collections::BTreeSet, fs};

use license_core::{
    MachineId, Timestamp,
    machine::{MachineHistory, Rebind},
};
use license_runtime::{AuditVerdict, Store};

use crate::support::{Place, WITHOUT_MACHINE, by_hand, halfway, install, record, saved};

/// A file with a license that has replaced another, and a history.
async fn file() -> Place {
    let place = Place::new();
    let store = place.open().await;
    install(&store, "older").await;
    for number in 0..40 {
        store.record(record(&number.to_string())).await.unwrap();
    }
    install(&store, "newer").await;
    store.close().await;
    place
}

/// Every bit of the first page's head, and of everything else one bit of each
/// byte at a stride, all bits in turn.
fn sample(length: usize, stride: usize) -> BTreeSet<usize> {
    let head = 0..100 * 8;
    let rest = (0..length).step_by(stride).enumerate();
    head.chain(rest.map(|(number, byte)| byte * 8 + number % 8)).collect()
}

#[tokio::test]
async fn case_56_with_one_bit_flipped_it_is_the_license_in_force_or_kept_aside() {
    let intact = file().await;
    let bytes = fs::read(&intact.file).unwrap();
    let stride = std::env::var("LICENSE_TEST_STRIDE").ok();
    let stride = stride.and_then(|it| it.parse().ok()).unwrap_or(97);
    let (mut kept, mut in_force, mut broken) = (0, 0, 0);
    for bit in sample(bytes.len(), stride) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let place = Place::new();
        fs::write(&place.file, flipped).unwrap();
        let store = place.open().await;
        let loaded = store.load().await.unwrap();
        let aside = place.kept(".corrupt-");
        if loaded.corrupt {
            assert_eq!((loaded.saved.current, aside.len()), (None, 1), "bit {bit}");
            kept += 1;
        } else {
            assert_eq!((loaded.saved, loaded.revision), (saved("newer"), 2), "bit {bit}");
            assert!(aside.is_empty(), "bit {bit}");
            let verdict = store.verify_audit().await.unwrap();
            broken += usize::from(verdict != AuditVerdict::Intact { rows: 42 });
            in_force += 1;
            // It goes on from there.
            install(&store, "newest").await;
        }
        store.close().await;
    }
    println!("{kept} were kept aside; {in_force} were in force, {broken} with a broken history");
    assert!(kept > 0 && in_force > 0 && broken > 0);
}

#[tokio::test]
async fn case_56_with_one_bit_of_a_journal_flipped_it_is_as_before_or_kept_aside() {
    let unclean = halfway(&file().await).await;
    let (file, journal) =
        (fs::read(&unclean.file).unwrap(), fs::read(unclean.beside("-journal")).unwrap());
    let (mut kept, mut as_before) = (0, 0);
    for bit in sample(journal.len(), 509) {
        let mut flipped = journal.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let place = Place::new();
        fs::write(&place.file, &file).unwrap();
        fs::write(place.beside("-journal"), flipped).unwrap();
        let loaded = place.open().await.load().await.unwrap();
        if loaded.corrupt {
            assert_eq!(loaded.saved.current, None, "bit {bit}");
            assert!(!place.kept(".corrupt-").is_empty(), "bit {bit}");
            kept += 1;
        } else {
            assert_eq!((loaded.saved, loaded.revision), (saved("newer"), 2), "bit {bit}");
            as_before += 1;
        }
    }
    println!("{kept} were kept aside, {as_before} were as before");
    assert!(kept > 0 && as_before > 0);
}

#[tokio::test]
async fn case_56_what_an_earlier_version_has_written_is_sound_and_what_is_added_is_watched() {
    let place = file().await;
    by_hand(&place.file, WITHOUT_MACHINE).await;
    // As that version has made it of this row.
    let seal = "dc629535b265e8ae04013b1199d80f5fd7916f35dce08580abc093044fc414af";
    by_hand(&place.file, &format!("UPDATE license_state SET seal = x'{seal}'")).await;
    let store = place.open().await;
    assert_eq!(store.load().await.unwrap().saved, saved("newer"));
    let at = Timestamp::from_seconds(1_800_000_000);
    let fingerprint = MachineId::custom("cluster-a/node-17").unwrap().fingerprint("test");
    let history = MachineHistory::new(Some(fingerprint), Some(Rebind::new(at, at)));
    store.save_machine(&history).await.unwrap();
    store.installation_id(&"1".repeat(32)).await.unwrap();
    store.close().await;
    assert_eq!(place.open().await.load().await.unwrap().machine, history);
    for change in [
        "installation_id = NULL",
        "installation_id = replace(installation_id, '1', '2')",
        "machine = replace(machine, 'custom', 'machine-id')",
        "rebind_since = rebind_since + 1",
        "rebind_newest_issued_at = 0",
    ] {
        let copy = place.copy();
        by_hand(&copy.file, &format!("UPDATE license_state SET {change}")).await;
        assert!(copy.open().await.load().await.unwrap().corrupt, "{change}");
    }
}

/// Opens what lies there, and again, and says whether it was kept aside both
/// times as one file.
async fn is_kept_aside(place: &Place) -> bool {
    for _ in 0..2 {
        let store = place.open().await;
        let loaded = store.load().await.unwrap();
        assert_eq!(loaded.saved.current, None);
        assert_eq!(place.kept(".corrupt-").len(), usize::from(loaded.corrupt));
        store.close().await;
    }
    let store = place.open().await;
    let corrupt = store.load().await.unwrap().corrupt;
    install(&store, "again").await;
    assert!(!store.load().await.unwrap().corrupt);
    store.close().await;
    corrupt
}

/// Puts a database without tables in place of the file.
async fn put_empty_database(place: &Place) {
    fs::remove_file(&place.file).unwrap();
    fs::write(&place.file, "").unwrap();
    by_hand(&place.file, "CREATE TABLE a (b); DROP TABLE a; VACUUM").await;
    assert_eq!(fs::metadata(&place.file).unwrap().len(), 4096);
}

#[tokio::test]
async fn an_empty_file_where_a_store_was_is_kept_aside() {
    let place = file().await;
    fs::write(&place.file, "").unwrap();
    assert!(is_kept_aside(&place).await);
    let place = file().await;
    put_empty_database(&place).await;
    assert!(is_kept_aside(&place).await);
    // The lock of an earlier version tells nothing; quotas do.
    let place = file().await;
    fs::write(&place.file, "").unwrap();
    fs::write(place.beside("-lock"), "").unwrap();
    fs::write(place.beside("-quota"), "").unwrap();
    assert!(is_kept_aside(&place).await);
}

#[tokio::test]
async fn a_first_start_that_ended_early_and_a_removed_file_are_new() {
    let place = Place::new();
    for suffix in ["", "-lock", "-journal"] {
        fs::write(place.beside(suffix), "").unwrap();
    }
    assert!(!is_kept_aside(&place).await);
    let place = Place::new();
    fs::write(&place.file, "").unwrap();
    put_empty_database(&place).await;
    assert!(!is_kept_aside(&place).await);
    let place = file().await;
    fs::write(place.beside("-quota"), "").unwrap();
    fs::remove_file(&place.file).unwrap();
    assert!(!is_kept_aside(&place).await);
}

#[tokio::test]
async fn another_database_is_kept_aside_as_it_is() {
    let place = Place::new();
    fs::write(&place.file, "").unwrap();
    by_hand(&place.file, "CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('a')").await;
    let other = fs::read(&place.file).unwrap();
    assert!(is_kept_aside(&place).await);
    let kept = place.directory.path().join(&place.kept(".corrupt-")[0]);
    assert_eq!(fs::read(kept).unwrap(), other);
}
