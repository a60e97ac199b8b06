//! The server's disk is full.

use license_tests::{PostgresServer, SmallDisk};
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::{JoinSet, block_in_place};

use crate::{
    cluster::{Caps, Cluster, NODES, Outcome, stays, unavailable, until},
    load::Load,
};

const CAPS: Caps = Caps { users: 500, hosts: 6 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_changes_are_refused_and_nothing_acknowledged_is_lost() {
    let Some(disk) = SmallDisk::new("100m") else { return };
    let Some(server) = PostgresServer::start_in(disk.path()) else { return };
    let cluster = Cluster::start([server.url(); NODES], CAPS).await;
    let admins = cluster.admins();
    let mut agents = JoinSet::new();
    for (node, admin) in admins.iter().enumerate() {
        agents.spawn(stays(admin.connect(&format!("stays-{node}")).await.unwrap()));
    }
    let load = Load::on(&admins);

    // Whatever finds room in a page that is there already is still kept.
    block_in_place(|| disk.fill());
    let installs = until_full(async |n| admins[n % NODES].install().await.1).await;
    let users = until_full(async |n| admins[n % NODES].make_user().await).await;
    // These the service keeps by itself.
    let sessions = until_full(async |n| admins[n % NODES].sign_in().await).await;
    println!("{installs} installations, {users} users and {sessions} sessions found room");
    assert!(server.is_running());
    for admin in &admins {
        admin.client.get("/api/workflows").await.is(200);
        assert_eq!(admin.client.get("/api/planner").await.outcome().0, 403);
    }
    disk.free();
    heals(&cluster, "first").await;

    // And where the server itself cannot go on: it ends when it finds no room
    // for its log.
    block_in_place(|| disk.fill());
    until("the server gives up", async || {
        if let Ok(mut connection) = PgConnection::connect(server.url()).await {
            let _ = connection.execute("SELECT txid_current(), pg_switch_wal()").await;
        }
        (!server.is_running()).then_some(())
    })
    .await;
    for admin in &admins {
        admin.is_refused_changes().await;
    }
    disk.free();
    block_in_place(|| server.start_again());
    heals(&cluster, "second").await;
    assert!(agents.try_join_next().is_none(), "somebody was sent away");
    load.ends().await;
    cluster.nothing_is_lost().await;
}

/// How many changes are kept before one is refused.
async fn until_full(change: impl AsyncFn(usize) -> Outcome) -> usize {
    for number in 0..600 {
        let outcome = change(number).await;
        if !matches!(outcome.0, 200 | 201) {
            assert_eq!(outcome, unavailable());
            return number;
        }
    }
    panic!("the disk is not full")
}

/// All goes on, and nothing has to be done for it.
async fn heals(cluster: &Cluster, host: &str) {
    for admin in cluster.admins() {
        let number = admin.installs().await;
        cluster.all_have(number).await;
        admin.makes_a_user().await;
        admin.connects(host).await.close().await;
        until("a new session", async || (admin.sign_in().await.0 == 200).then_some(())).await;
    }
    cluster.nothing_is_lost().await;
}
