//! The leases of nodes that had many hosts.

use std::time::Duration;

use license_core::HostId;
use license_runtime::{
    LeaseBasis, LeaseChanges, LeaseNode, LeaseStore, LeaseVerdict, PostgresStore,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::time::sleep;

use crate::support::Place;

/// Long enough that a slow machine does not miss a third of it.
const TTL: Duration = Duration::from_millis(2400);
const HEARTBEAT: Duration = Duration::from_millis(800);
/// While hosts are connected, however long that takes.
const AT_LEISURE: Duration = Duration::from_secs(600);
const LIMIT: &str = "session_hosts";
/// More than one transaction removes.
const MANY: usize = 20_000;

fn host(number: usize) -> HostId {
    format!("host-{number}").parse().unwrap()
}

/// Changes nothing of its own. Returns how many hosts count.
async fn look(store: &PostgresStore, node: LeaseNode) -> u64 {
    let changes = LeaseChanges::new(LIMIT, None);
    store.change_leases(node, changes).await.unwrap().unwrap().used
}

async fn connect(store: &PostgresStore, node: LeaseNode, hosts: std::ops::Range<usize>) {
    for first in hosts.clone().step_by(4000) {
        let some = first..hosts.end.min(first + 4000);
        let changes = some.fold(LeaseChanges::new(LIMIT, None), |changes, number| {
            changes.claim(host(number), LeaseBasis::New)
        });
        store.change_leases(node, changes).await.unwrap().unwrap();
    }
}

/// How many hosts have a lease, whoever holds it, and how many leases there
/// are.
async fn there(place: &Place) -> (u64, u64) {
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    let schema = &place.schema;
    let (hosts, leases): (i64, i64) = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT count(DISTINCT host), count(*) FROM {schema}.leases"
    )))
    .fetch_one(&mut connection)
    .await
    .unwrap();
    (hosts.unsigned_abs(), leases.unsigned_abs())
}

/// Has the database note how many leases each statement removes.
async fn note_removals(place: &Place) {
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    let schema = &place.schema;
    connection
        .execute(AssertSqlSafe(format!(
            "CREATE TABLE {schema}.removed (number BIGSERIAL, leases BIGINT NOT NULL); \
             CREATE FUNCTION {schema}.note() RETURNS TRIGGER LANGUAGE plpgsql AS \
             'BEGIN INSERT INTO {schema}.removed (leases) SELECT count(*) FROM gone; \
             RETURN NULL; END'; \
             CREATE TRIGGER note AFTER DELETE ON {schema}.leases REFERENCING OLD TABLE AS gone \
             FOR EACH STATEMENT EXECUTE FUNCTION {schema}.note()"
        )))
        .await
        .unwrap();
}

/// How many each has removed, in their order.
async fn removed(place: &Place) -> Vec<u64> {
    let mut connection = PgConnection::connect(&place.url).await.unwrap();
    let schema = &place.schema;
    let removed: Vec<(i64,)> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT leases FROM {schema}.removed ORDER BY number"
    )))
    .fetch_all(&mut connection)
    .await
    .unwrap();
    removed.into_iter().map(|(leases,)| leases.unsigned_abs()).collect()
}

/// Lets the time of these nodes pass but of the one that lives.
async fn outlive(store: &PostgresStore, nodes: &[LeaseNode], node: LeaseNode) {
    for node in nodes {
        store.beat(Some(*node), TTL).await.unwrap();
    }
    for _ in 0..4 {
        sleep(HEARTBEAT).await;
        store.beat(Some(node), TTL).await.unwrap();
    }
}

#[tokio::test]
async fn the_leases_of_dead_nodes_go_in_pieces_and_every_host_is_counted_once() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(store.beat(None, AT_LEISURE).await.unwrap());
    }
    // The two that die have half of their hosts in common, and the one that
    // lives has a tenth of each.
    connect(&store, nodes[0], 0..MANY).await;
    connect(&store, nodes[1], MANY / 2..MANY + MANY / 2).await;
    connect(&store, nodes[2], 0..MANY / 10).await;
    connect(&store, nodes[2], MANY..MANY + MANY / 10).await;
    let theirs = MANY as u64 / 5;
    note_removals(&place).await;
    outlive(&store, &nodes, nodes[2]).await;

    let before = there(&place).await.1;

    let used = look(&store, nodes[2]).await;
    assert_eq!((used, there(&place).await), (theirs, (theirs, theirs)));
    // Each transaction was a short one.
    let removed = removed(&place).await;
    assert_eq!(removed.iter().sum::<u64>(), before - theirs);
    assert!(removed.iter().all(|leases| *leases < MANY as u64), "{removed:?}");
}

#[tokio::test]
async fn whoever_comes_after_a_node_with_many_hosts_is_dead_finds_its_places_free() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await;
    let dead = store.beat(None, AT_LEISURE).await.unwrap();
    let alive = store.beat(None, AT_LEISURE).await.unwrap();
    connect(&store, dead, 0..MANY).await;
    outlive(&store, &[dead, alive], alive).await;
    let changes = LeaseChanges::new(LIMIT, Some(1)).claim(host(MANY), LeaseBasis::New);
    let answers = store.change_leases(alive, changes).await.unwrap().unwrap();
    assert!(matches!(answers.verdicts[..], [LeaseVerdict::Granted(_)]), "{answers:?}");
    assert_eq!((answers.used, there(&place).await), (1, (1, 1)));
}

#[tokio::test]
async fn a_node_with_many_hosts_leaves_at_once() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await;
    let (one, two) =
        (store.beat(None, AT_LEISURE).await.unwrap(), store.beat(None, AT_LEISURE).await.unwrap());
    connect(&store, one, 0..MANY).await;
    connect(&store, two, 0..1).await;
    note_removals(&place).await;
    store.leave(one).await.unwrap();
    assert!(removed(&place).await.len() > 1);
    assert_eq!(there(&place).await, (1, 1));
    assert_eq!(store.leased(LIMIT).await.unwrap(), 1);
}
