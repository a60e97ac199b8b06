//! The leases of nodes that had many hosts.

use std::time::Duration;

use license_core::HostId;
use license_runtime::{
    LeaseBasis, LeaseChanges, LeaseNode, LeaseStore, LeaseVerdict, PostgresStore,
};
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

use crate::support::Place;

/// Long enough that a slow machine does not miss a third of it.
const TTL: Duration = Duration::from_millis(2400);
const HEARTBEAT: Duration = Duration::from_millis(800);
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
    let (hosts, leases): (i64, i64) =
        sqlx::query_as(&format!("SELECT count(DISTINCT host), count(*) FROM {schema}.leases"))
            .fetch_one(&mut connection)
            .await
            .unwrap();
    (hosts.unsigned_abs(), leases.unsigned_abs())
}

/// Lets the time of all nodes pass but of this.
async fn outlive(store: &PostgresStore, node: LeaseNode) {
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
        nodes.push(store.beat(None, TTL).await.unwrap());
    }
    // The two that die have half of their hosts in common, and the one that
    // lives has a tenth of each.
    connect(&store, nodes[0], 0..MANY).await;
    connect(&store, nodes[1], MANY / 2..MANY + MANY / 2).await;
    for node in &nodes {
        store.beat(Some(*node), TTL).await.unwrap();
    }
    connect(&store, nodes[2], 0..MANY / 10).await;
    connect(&store, nodes[2], MANY..MANY + MANY / 10).await;
    let theirs = MANY as u64 / 5;
    outlive(&store, nodes[2]).await;

    let mut transactions = 0;
    let mut leases = there(&place).await.1;
    while leases > theirs {
        let used = look(&store, nodes[2]).await;
        let (hosts, left) = there(&place).await;
        assert_eq!(used, hosts, "with {left} leases left");
        assert!(left < leases, "nothing is removed of {left}");
        assert!(leases - left < MANY as u64, "{leases} and then {left}");
        leases = left;
        transactions += 1;
    }
    assert!(transactions > 1);
    assert_eq!((look(&store, nodes[2]).await, leases), (theirs, theirs));
}

#[tokio::test]
async fn a_host_of_a_dead_node_that_comes_back_early_counts_once() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await;
    let (dead, alive) =
        (store.beat(None, TTL).await.unwrap(), store.beat(None, TTL).await.unwrap());
    connect(&store, dead, 0..MANY).await;
    outlive(&store, alive).await;
    // What is left of the dead node's counts still, and its host gets in.
    let back = LeaseChanges::new(LIMIT, Some(1)).claim(host(MANY - 1), LeaseBasis::New);
    let answers = store.change_leases(alive, back).await.unwrap().unwrap();
    assert!(matches!(answers.verdicts[..], [LeaseVerdict::Granted(_)]), "{answers:?}");
    assert!((1..MANY as u64).contains(&answers.used), "{answers:?}");
    while look(&store, alive).await > 1 {}
    assert_eq!(there(&place).await, (1, 1));
    assert_eq!(store.leased(LIMIT).await.unwrap(), 1);
}

#[tokio::test]
async fn a_node_with_many_hosts_leaves_at_once() {
    let Some(place) = Place::new() else { return };
    let store = place.open().await;
    let (one, two) = (store.beat(None, TTL).await.unwrap(), store.beat(None, TTL).await.unwrap());
    connect(&store, one, 0..MANY).await;
    connect(&store, two, 0..1).await;
    store.leave(one).await.unwrap();
    assert_eq!(there(&place).await, (1, 1));
    assert_eq!(store.leased(LIMIT).await.unwrap(), 1);
}
