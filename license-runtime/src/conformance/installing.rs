//! Licenses, the clock mark and the audit history.

use std::{collections::BTreeSet, sync::Arc};

use license_core::{
    InstallErrorKind, MachineId, Timestamp, TokenDigest,
    licensing::StoredState,
    machine::{MachineHistory, Rebind},
    time::ClockMark,
};
use tokio::task::JoinSet;

use crate::{
    audit::{AuditChain, AuditRecord, AuditVerdict, Outcome},
    store::{Loaded, Store, StoreErrorKind},
};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_123);

fn saved(name: &str) -> StoredState {
    let mut saved = StoredState::default();
    saved.current = Some(format!("{name}.current"));
    saved.next = Some(format!("{name}.next"));
    saved.newest_issued_at = Some(Timestamp::from_seconds(1_700_000_000));
    saved.last_reset = Some(Timestamp::from_seconds(1_690_000_000));
    saved.clock = ClockMark::new(Some(NOW), true);
    saved
}

fn record(actor: &str) -> AuditRecord {
    AuditRecord::new(NOW, actor, Outcome::Installed)
}

/// What is stored; what time it is and who asks count for nothing here.
async fn load(store: &dyn Store) -> Loaded {
    Loaded { now: None, installation: None, ..store.load().await.unwrap() }
}

/// Nothing is in a new store.
pub async fn a_new_store_is_empty(store: Arc<dyn Store>) {
    assert_eq!(load(&store).await, Loaded::default());
    assert_eq!(store.audit(10).await.unwrap(), []);
    assert_eq!(store.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 0 });
}

/// What is installed replaces what was there, absent members included.
pub async fn what_was_installed_is_loaded(store: Arc<dyn Store>) {
    let revision = store.install(0, &saved("one"), record("one")).await.unwrap();
    assert_eq!(revision, 1);
    assert_eq!(load(&store).await, Loaded::new(saved("one"), 1));
    let mut bare = StoredState::default();
    bare.current = Some("two".to_owned());
    assert_eq!(store.install(1, &bare, record("two")).await.unwrap(), 2);
    assert_eq!(load(&store).await, Loaded::new(bare, 2));
}

/// Compare and set: neither license nor audit row.
pub async fn an_installation_based_on_another_revision_conflicts_and_changes_nothing(
    store: Arc<dyn Store>,
) {
    store.install(0, &saved("one"), record("one")).await.unwrap();
    for revision in [0, 2, u64::MAX] {
        let error = store.install(revision, &saved("two"), record("two")).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Conflict);
    }
    assert_eq!(load(&store).await, Loaded::new(saved("one"), 1));
    assert_eq!(store.audit(10).await.unwrap().len(), 1);
}

/// A race has one winner, and its audit row.
pub async fn of_installations_based_on_one_revision_exactly_one_is_kept(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let name = number.to_string();
            store.install(0, &saved(&name), record(&name)).await.is_ok().then_some(name)
        });
    }
    let winners: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    let [winner] = &winners[..] else { panic!("{winners:?}") };
    assert_eq!(load(&store).await, Loaded::new(saved(winner), 1));
    let rows = store.audit(10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(&rows[0].record.actor, winner);
}

/// The mark may be saved without the rest, in a store that is not shared in
/// either direction; not over a license that somebody else has installed.
pub async fn the_clock_mark_is_saved_alone(store: Arc<dyn Store>) {
    let mut expected = saved("one");
    store.install(0, &expected, record("one")).await.unwrap();
    let (earlier, later) =
        (Timestamp::from_seconds(1_600_000_000), Timestamp::from_seconds(1_900_000_000));
    for clock in [
        ClockMark::new(Some(earlier), false),
        ClockMark::default(),
        ClockMark::new(Some(later), true),
    ] {
        store.save_clock(1, clock).await.unwrap();
        let lowest = expected.clock.mark.filter(|_| store.is_shared());
        expected.clock = ClockMark::new(clock.mark.max(lowest), clock.latched);
        assert_eq!(load(&store).await, Loaded::new(expected.clone(), 1));
    }
    let error = store.save_clock(0, ClockMark::default()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict);
    assert_eq!(load(&store).await, Loaded::new(expected, 1));
    assert_eq!(store.audit(10).await.unwrap().len(), 1);
}

/// However many name it at the same time, and whatever is installed.
pub async fn an_installation_keeps_its_first_name(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.name_installation(&number.to_string()).await.unwrap() });
    }
    let names: BTreeSet<String> = tasks.join_all().await.into_iter().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert_eq!(load(&store).await, Loaded::default(), "a name alone installs nothing");
    store.install(0, &saved("one"), record("one")).await.unwrap();
    store.save_clock(1, ClockMark::default()).await.unwrap();
    let name = store.name_installation("another").await.unwrap();
    assert!(names.contains(&name));
    assert_eq!(store.load().await.unwrap().installation, Some(name));
}

/// However many give it one at the same time, and whatever is installed. It is not
/// the name.
pub async fn an_installation_keeps_its_first_id(store: Arc<dyn Store>) {
    let name = store.name_installation("name").await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.installation_id(&format!("{number:032x}")).await.unwrap() });
    }
    let ids: BTreeSet<String> = tasks.join_all().await.into_iter().collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(load(&store).await, Loaded::default(), "an id alone installs nothing");
    store.install(0, &saved("one"), record("one")).await.unwrap();
    store.save_clock(1, ClockMark::default()).await.unwrap();
    store.save_machine(&MachineHistory::default()).await.unwrap();
    assert!(ids.contains(&store.installation_id("another").await.unwrap()));
    assert_eq!(store.name_installation("another").await.unwrap(), name);
}

/// It is replaced as a whole, beside the license and not with it.
pub async fn what_is_remembered_of_the_machine_outlives_installations(store: Arc<dyn Store>) {
    let fingerprint = |name: &str| MachineId::custom(name).unwrap().fingerprint("test");
    let rebind = Rebind::new(NOW, Timestamp::from_seconds(1_700_000_000));
    let full = MachineHistory::new(Some(fingerprint("sixteen-letters-1")), Some(rebind));
    let bare = MachineHistory::new(Some(fingerprint("sixteen-letters-2")), None);
    for (revision, history) in [(0, full), (1, bare), (2, MachineHistory::default())] {
        store.save_machine(&history).await.unwrap();
        assert_eq!(store.load().await.unwrap().machine, history);
        let name = revision.to_string();
        store.install(revision, &saved(&name), record(&name)).await.unwrap();
        store.save_clock(revision + 1, ClockMark::default()).await.unwrap();
        assert_eq!(store.load().await.unwrap().machine, history);
    }
    assert_eq!(store.load().await.unwrap().revision, 3);
}

/// Whatever the texts hold; an empty text is not an absent one.
pub async fn every_field_of_an_audit_row_is_kept(store: Arc<dyn Store>) {
    let mut full = record("Zoë \"'; DROP TABLE license_audit; --\u{202e}");
    full.address = Some("2001:db8::1".to_owned());
    full.license_id = Some(String::new());
    full.digest = Some(TokenDigest::from_bytes([0xab; 32]));
    full.outcome = Outcome::Refused(InstallErrorKind::ClaimsInvalid).to_string();
    store.record(full.clone()).await.unwrap();
    store.record(record("")).await.unwrap();
    let rows = store.audit(2).await.unwrap();
    assert_eq!(rows[1].record, full);
    assert_eq!(rows[0].record, record(""));
    assert_eq!(rows[0].previous, rows[1].hash);
    assert_eq!(load(&store).await, Loaded::default(), "a row alone installs nothing");
}

/// The order is the one of writing, not of the clock.
pub async fn audit_rows_come_newest_first_and_no_more_than_asked_for(store: Arc<dyn Store>) {
    for (number, actor) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let mut record = record(actor);
        record.at = Timestamp::from_seconds(1_800_000_000 - number as i64);
        store.record(record).await.unwrap();
    }
    let actors = async |limit| {
        let rows = store.audit(limit).await.unwrap();
        rows.into_iter().map(|row| row.record.actor).collect::<String>()
    };
    assert_eq!(actors(0).await, "");
    assert_eq!(actors(2).await, "dc");
    assert_eq!(actors(u32::MAX).await, "dcba");
}

/// In pages, up to the end that is kept beside them.
pub async fn audit_rows_are_read_on_oldest_first(store: Arc<dyn Store>) {
    assert_eq!(store.audit_after(0, 3).await.unwrap(), (Vec::new(), AuditChain::default()));
    for actor in ["a", "b", "c", "d"] {
        store.record(record(actor)).await.unwrap();
    }
    let read = async |after, limit| {
        let (rows, end) = store.audit_after(after, limit).await.unwrap();
        assert_eq!(end.rows, 4);
        rows.into_iter().map(|row| row.record.actor).collect::<String>()
    };
    assert_eq!(read(0, 3).await, "abc");
    assert_eq!(read(3, 3).await, "d");
    assert_eq!(read(1, 1).await, "b");
    assert_eq!(read(4, 3).await, "");
    assert_eq!(read(u64::MAX, 3).await, "");
    let last = store.audit(1).await.unwrap().remove(0);
    let (_, end) = store.audit_after(4, 3).await.unwrap();
    assert_eq!(end, AuditChain::new(4, last.hash));
}

/// However many notice it at the same time.
pub async fn what_is_recorded_once_is_there_once(store: Arc<dyn Store>) {
    let expired = |digest: Option<u8>| {
        let mut record = AuditRecord::new(NOW, "system", Outcome::Expired);
        record.digest = digest.map(|byte| TokenDigest::from_bytes([byte; 32]));
        record
    };
    let mut other = expired(Some(1));
    other.outcome = Outcome::Installed.to_string();
    store.record(other).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (store, digest) = (Arc::clone(&store), (number % 2 == 0).then_some(1));
        tasks.spawn(async move { store.record_once(expired(digest)).await.unwrap() });
    }
    tasks.join_all().await;
    store.record_once(expired(Some(2))).await.unwrap();
    assert_eq!(store.audit(100).await.unwrap().len(), 4);
    assert_eq!(store.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 4 });
}

/// No gaps, no forks, whoever writes at the same time.
pub async fn rows_written_at_once_are_one_chain(store: Arc<dyn Store>) {
    store.install(0, &saved("one"), record("one")).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.record(record(&number.to_string())).await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(store.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 41 });
    let rows = store.audit(100).await.unwrap();
    assert!(rows.iter().map(|row| row.seq).eq((1..=41).rev()));
}

/// And leaves nothing half done.
pub async fn closing_twice_does_no_harm(store: Arc<dyn Store>) {
    store.install(0, &saved("one"), record("one")).await.unwrap();
    store.close().await;
    store.close().await;
}
