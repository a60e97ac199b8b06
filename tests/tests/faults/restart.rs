//! The server is killed and started again.

use std::time::Duration;

use license_tests::PostgresServer;
use tokio::{
    task::{JoinSet, block_in_place},
    time::{Instant, sleep, sleep_until},
};

use crate::{
    cluster::{Caps, Cluster, NODES, TTL, stays, unavailable},
    load::{Changes, Load},
};

const CAPS: Caps = Caps { users: 20, hosts: 9 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_server_is_killed_and_away_only_changes_are_refused_and_all_heals_by_itself() {
    let Some(server) = PostgresServer::start() else { return };
    let cluster = Cluster::start([server.url(); NODES], CAPS).await;
    let admins = cluster.admins();
    let mut agents = JoinSet::new();
    for (node, admin) in admins.iter().enumerate() {
        let agent = admin.connect(&format!("stays-{node}")).await.unwrap();
        agents.spawn(stays(agent));
    }
    let load = Load::on(&admins);
    let changes = Changes::on(&admins);
    for round in 0..2 {
        // In the middle of making users.
        let mut making = JoinSet::new();
        for admin in admins.iter().cycle().take(6) {
            let admin = admin.clone();
            making.spawn(async move { admin.make_user().await });
        }
        sleep(Duration::from_millis(60)).await;
        block_in_place(|| server.kill());
        let killed = Instant::now();
        for outcome in making.join_all().await {
            assert!(outcome.0 == 201 || outcome == unavailable(), "{outcome:?}");
        }
        for (node, admin) in admins.iter().enumerate() {
            admin.is_refused_changes().await;
            // Whoever is there gets in again.
            let again = admin.connect(&format!("stays-{node}")).await;
            again.unwrap_or_else(|status| panic!("stays-{node}: {status}")).close().await;
        }
        sleep_until(killed + TTL + Duration::from_secs(1)).await;
        block_in_place(|| server.start_again());

        let number = admins[0].installs().await;
        cluster.all_have(number).await;
        admins[1].makes_a_user().await;
        let agent = admins[2].connects(&format!("new-{round}")).await;
        agents.spawn(stays(agent));
        cluster.nothing_is_lost().await;
    }
    changes.end().await;
    load.ends().await;
    assert!(agents.try_join_next().is_none(), "somebody was sent away");

    // The caps hold: exactly as many get in as there are places.
    cluster.all_count(5).await;
    let places = CAPS.users - admins[0].active_users().await;
    let mut asking = JoinSet::new();
    for number in 0..24 {
        let admin = admins[number % NODES].clone();
        asking.spawn(async move {
            let host = format!("last-{number}");
            // Pings are answered from the first one on, however long the rest takes.
            let connects = async { admin.is_judged(&host).await.map(|it| tokio::spawn(stays(it))) };
            tokio::join!(admin.is_judged_a_user(), connects)
        });
    }
    let (users, hosts): (Vec<_>, Vec<_>) = asking.join_all().await.into_iter().unzip();
    let made = users.iter().filter(|(status, _)| *status == 201).count() as u64;
    assert_eq!(made, places, "{users:?}");
    let full = (400, "limit_reached".to_owned());
    assert!(users.iter().all(|outcome| outcome.0 == 201 || *outcome == full), "{users:?}");
    let (connected, refused): (Vec<_>, Vec<_>) = hosts.into_iter().partition(Result::is_ok);
    assert_eq!(connected.len() as u64, CAPS.hosts - 5);
    assert!(refused.iter().all(|status| matches!(status, Err(409))), "{refused:?}");
    cluster.all_count(CAPS.hosts).await;
    cluster.nothing_is_lost().await;
}
