//! One store, and two nodes on one database.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::{licensing::StoredState, time::Month};
use license_runtime::{
    AuditRecord, AuditVerdict, Outcome, PostgresStore, QuotaRequest, Store, StoreErrorKind,
    conformance::Elapse,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::{task::JoinSet, time::Instant};

use crate::support::{Place, install, license, now};

async fn open() -> Option<(Place, PostgresStore)> {
    let place = Place::new()?;
    let store = place.open().await;
    Some((place, store))
}

async fn open_with_time() -> Option<(Place, PostgresStore, Elapse)> {
    let (place, store) = open().await?;
    Some((place, store, Elapse::really()))
}

license_runtime::store_conformance!(conformance, open);
license_runtime::lease_conformance!(leases, open_with_time);

const MONTH: Month = Month::from_index(683);

fn record(actor: &str) -> AuditRecord {
    AuditRecord::new(now(), actor, Outcome::Installed)
}

fn saved(token: &str) -> StoredState {
    let mut saved = StoredState::default();
    saved.current = Some(token.to_owned());
    saved
}

/// A connection that sees the schema.
async fn connect(place: &Place) -> PgConnection {
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    connection
        .execute(AssertSqlSafe(format!("SET search_path TO {}", place.schema)))
        .await
        .unwrap();
    connection
}

#[tokio::test]
async fn of_installations_on_two_nodes_exactly_one_is_kept_and_the_history_is_one_chain() {
    let Some((place, one)) = open().await else { return };
    let two = place.open().await;
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = if number % 2 == 0 { one.clone() } else { two.clone() };
        tasks.spawn(async move {
            let name = number.to_string();
            let installed = store.install(0, &saved(&name), record(&name)).await;
            store.record(record("after")).await.unwrap();
            installed.is_ok()
        });
    }
    let kept = tasks.join_all().await.into_iter().filter(|kept| *kept).count();
    assert_eq!(kept, 1);
    assert_eq!(one.load().await.unwrap().revision, 1);
    assert_eq!(two.verify_audit().await.unwrap(), AuditVerdict::Intact { rows: 41 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_nodes_that_start_at_once_none_fails_on_an_empty_database_and_over_an_upgrade() {
    for round in 0..15 {
        let Some(place) = Place::new() else { return };
        if round % 3 == 2 {
            // What an older version has left.
            place.open().await.close().await;
            let undo = "DROP TABLE alert; ALTER TABLE state DROP COLUMN installation; \
                 ALTER TABLE state DROP COLUMN last_reset_at; \
                 ALTER TABLE state DROP COLUMN installation_id; ALTER TABLE state DROP COLUMN machine; \
                 ALTER TABLE state DROP COLUMN rebind_since; \
                 ALTER TABLE state DROP COLUMN rebind_newest_issued_at; \
                 DELETE FROM _sqlx_migrations WHERE version >= 3";
            connect(&place).await.execute(undo).await.unwrap();
        }
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let builder = place.builder();
            tasks.spawn(async move {
                let store = builder.open().await.unwrap();
                store.record(record("a node")).await.unwrap();
            });
        }
        tasks.join_all().await;
    }
}

#[tokio::test]
async fn migrations_of_the_service_itself_are_left_alone() {
    let Some(place) = Place::new() else { return };
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    let table =
        format!("CREATE SCHEMA {0}_app; CREATE TABLE {0}_app._sqlx_migrations ()", place.schema);
    connection.execute(AssertSqlSafe(table)).await.unwrap();
    let url = format!("{}?options=-csearch_path%3D{}_app", place.url, place.schema);
    let builder = PostgresStore::builder(&url).unwrap().schema(&place.schema);
    builder.open().await.unwrap().record(record("a")).await.unwrap();
    assert_eq!(place.open().await.audit(9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let Some((place, _store)) = open().await else { return };
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
         execution_time) VALUES (999, 'later', TRUE, '', 0)";
    connect(&place).await.execute(newer).await.unwrap();
    let error = place.builder().open().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Incompatible);
}

#[tokio::test]
async fn what_is_no_url_no_schema_or_no_server_is_unavailable_and_shows_no_password() {
    let wrong = [
        PostgresStore::builder("nonsense").err(),
        PostgresStore::builder("postgres://a:s3cret@127.0.0.1:1/a").unwrap().open().await.err(),
        PostgresStore::builder("postgres://a@127.0.0.1:1/a")
            .unwrap()
            .schema("Robert'); --")
            .open()
            .await
            .err(),
    ];
    for error in wrong {
        let error = error.unwrap();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
    let builder = PostgresStore::builder("postgres://a:s3cret@db.internal:1/acme").unwrap();
    assert_eq!(
        format!("{builder:?}"),
        r#"PostgresStoreBuilder { place: "db.internal:1/acme/license", .. }"#
    );
}

#[tokio::test]
async fn an_edited_removed_or_moved_audit_row_is_found() {
    for (statement, seq) in [
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE seq = 3", 3),
        ("UPDATE audit SET license_id = '' WHERE seq = 4", 4),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("DELETE FROM audit WHERE seq = 4", 4),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET seq = 9 - seq", 1),
        (
            "INSERT INTO audit SELECT 5, at, actor, address, license_id, token_digest, outcome, \
             previous, hash FROM audit WHERE seq = 4",
            5,
        ),
    ] {
        let Some((place, store)) = open().await else { return };
        for actor in ["a", "b", "c", "d"] {
            store.record(record(actor)).await.unwrap();
        }
        assert!(store.verify_audit().await.unwrap().is_intact());
        connect(&place).await.execute(statement).await.unwrap();
        let verdict = store.verify_audit().await.unwrap();
        assert_eq!(verdict, AuditVerdict::Broken { seq }, "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_seats_are_given_once_over_two_nodes() {
    let Some(place) = Place::new() else { return };
    let vendor = license_core::testing::Vendor::new();
    let nodes = [place.node(&vendor).await, place.node(&vendor).await];
    let token = license(&vendor, "a").limit("users", 5).sign();
    install(&nodes[0], &token).await.unwrap();
    crate::support::until(Duration::from_secs(5), || {
        nodes.iter().all(|node| crate::support::in_force(node).is_some())
    })
    .await;
    let users = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let (seats, users) = (nodes[number % 2].seats("users"), Arc::clone(&users));
        tasks.spawn(async move {
            let count = async || Ok::<_, Infallible>(users.load(Ordering::SeqCst));
            let Ok(seat) = seats.reserve(1, count).await else { return 0 };
            let before = users.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(2)).await;
            users.store(before + 1, Ordering::SeqCst);
            seat.commit().await.unwrap();
            1
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 5);
    assert_eq!(users.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_lock_ends_with_its_holder_and_the_holder_is_told() {
    let Some((place, one)) = open().await else { return };
    let two = place.open().await;
    let held = one.lock_seats("users").await.unwrap();
    // As when the holder's connection breaks.
    let mut connection = connect(&place).await;
    let broken = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE state = 'idle in transaction' AND query LIKE '%INTO seats%' AND pid IN \
         (SELECT pid FROM pg_locks WHERE relation = 'seats'::regclass)";
    let (ended,): (i64,) = sqlx::query_as(broken).fetch_one(&mut connection).await.unwrap();
    assert_eq!(ended, 1);
    let lock = two.lock_seats("users").await.unwrap();
    assert_eq!(held.release().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    lock.release().await.unwrap();
}

#[tokio::test]
async fn waiting_for_a_lock_keeps_nothing_else_waiting() {
    let Some((place, one)) = open().await else { return };
    let two = place.open().await;
    let held = one.lock_seats("users").await.unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..50 {
        let two = two.clone();
        waiting.spawn(async move { two.lock_seats("users").await.unwrap().release().await });
    }
    let began = Instant::now();
    for _ in 0..20 {
        two.load().await.unwrap();
        two.lock_seats("hosts").await.unwrap().release().await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    held.release().await.unwrap();
    assert!(waiting.join_all().await.into_iter().all(|released| released.is_ok()));
}

#[tokio::test]
async fn blocks_of_two_nodes_shrink_near_the_cap_and_never_exceed_it() {
    let Some((place, one)) = open().await else { return };
    let two = place.open().await;
    let mut blocks = Vec::new();
    loop {
        let store = if blocks.len() % 2 == 0 { &one } else { &two };
        let request = QuotaRequest::new(1, 1000, Some(2000));
        let grant = store.take_quota("decisions", MONTH, request).await.unwrap();
        if grant.granted == 0 {
            break;
        }
        blocks.push(grant.granted);
    }
    assert_eq!(blocks.iter().sum::<u64>(), 2000);
    assert_eq!((blocks.first(), blocks.last()), (Some(&250), Some(&1)));
    assert!(blocks.is_sorted_by(|before, after| before >= after), "{blocks:?}");
    // What was not spent is there for the other.
    one.return_quota("decisions", MONTH, 7).await.unwrap();
    let request = QuotaRequest::new(7, 7, Some(2000));
    assert_eq!(two.take_quota("decisions", MONTH, request).await.unwrap().granted, 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_used_is_known_exactly_while_blocks_are_taken_ahead() {
    let Some(place) = Place::new() else { return };
    let vendor = license_core::testing::Vendor::new();
    let node = place.node(&vendor).await;
    let token = license(&vendor, "a").limit("decisions", None::<u64>).sign();
    install(&node, &token).await.unwrap();
    let quota = node.quota("decisions");
    for uses in 1..=300 {
        quota.consume(100).await.unwrap();
        assert_eq!(quota.used().await.unwrap(), uses * 100);
    }
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let Some((_place, store)) = open().await else { return };
    store.close().await;
    assert_eq!(store.load().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let error = store.lock_seats("users").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_caller_that_goes_away_in_the_middle_leaves_nothing_behind() {
    let Some((place, store)) = open().await else { return };
    // Holds the row that the caller waits for.
    let mut connection = connect(&place).await;
    connection.execute("BEGIN; SELECT * FROM state FOR UPDATE").await.unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.install(0, &saved("lost"), record("lost")).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    waiting.abort();
    connection.execute("COMMIT").await.unwrap();
    assert!(waiting.await.is_err());
    assert_eq!(store.install(0, &saved("kept"), record("kept")).await.unwrap(), 1);
    assert_eq!(store.audit(9).await.unwrap().len(), 1);
}
