//! An instance is killed.

use std::net::SocketAddr;

use license_tests::{Agent, PostgresServer};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    cluster::{Admin, Caps, Cluster, NODES, PATIENCE, TTL, session, stays, unavailable},
    load::Load,
};

const CAPS: Caps = Caps { users: 5, hosts: 40 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_of_an_instance_what_it_acknowledged_is_there_and_its_places_are_free() {
    let Some(server) = PostgresServer::start() else { return };
    let mut cluster = Cluster::start([server.url(); NODES], CAPS).await;
    for victim in 0..NODES {
        let mut others = cluster.admins();
        let through = others.remove(victim);
        let mut agents = JoinSet::new();
        for (number, admin) in others.iter().enumerate() {
            agents.spawn(stays(admin.connect(&format!("stays-{number}")).await.unwrap()));
        }
        let load = Load::on(&others);
        let (acknowledged, mut counted) = watch::channel(0);
        let mut clients = JoinSet::new();
        clients.spawn(install(through, acknowledged));
        clients.spawn(connect(cluster.address(victim)));
        // With the answer itself, so that nothing can be kept after it.
        let five = counted.wait_for(|count| *count >= 5);
        timeout(PATIENCE, five).await.expect("five are installed").unwrap();
        cluster.kill(victim).await;
        let killed = Instant::now();
        clients.join_all().await;

        cluster.nothing_is_lost().await;
        // Those that stay, and nobody else, once its leases have ended.
        cluster.all_count(2).await;
        assert!(killed.elapsed() < TTL * 3, "{:?}", killed.elapsed());
        assert!(agents.try_join_next().is_none(), "somebody was sent away");
        cluster.start_again(victim).await;
        // At once.
        let again = cluster.admin(victim);
        again.client.get("/api/workflows").await.is(200);
        assert_eq!(again.in_force().await, others[0].in_force().await);
        agents.spawn(stays(again.connects("new").await));
        cluster.all_count(3).await;
        let number = again.installs().await;
        cluster.all_have(number).await;
        load.ends().await;
        drop(agents);
        cluster.all_count(0).await;
    }
    cluster.nothing_is_lost().await;
}

/// Installs for as long as somebody is there.
async fn install(admin: Admin, acknowledged: watch::Sender<u64>) {
    let streams = admin.streams().await;
    while let Some(outcome) = admin.install_through(&streams).await {
        assert!(outcome.0 == 200 || outcome == unavailable(), "{outcome:?}");
        acknowledged.send_modify(|count| *count += u64::from(outcome.0 == 200));
    }
}

/// Connects new hosts for as long as somebody is there.
async fn connect(address: SocketAddr) {
    let mut agents = Vec::new();
    for number in 0.. {
        match Agent::attempt(address, &session(&format!("lost-{number}"))).await {
            Ok(Ok(agent)) => agents.push(agent),
            Ok(Err(status)) => assert_eq!(status, 409),
            Err(_) => break,
        }
    }
    assert!(!agents.is_empty());
}
