//! One instance is cut off from the server, which goes on for the others.

use futures_util::future;
use license_tests::{PostgresServer, Way};
use sqlx::{Connection, Executor, PgConnection};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    cluster::{Caps, Cluster, NODES, TTL, stays, until},
    load::Load,
};

const CAPS: Caps = Caps { users: 20, hosts: 6 };
/// How many connections an instance has for users and sessions.
const CONNECTIONS: i64 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_cut_off_serves_from_memory_and_the_others_go_on() {
    let Some(server) = PostgresServer::start() else { return };
    let ways = [(); NODES].map(|()| Way::to(server.url()));
    let ways = future::join_all(ways).await;
    let cluster = Cluster::start([0, 1, 2].map(|node| ways[node].url()), CAPS).await;
    let [cut_off, near, far] = [0, 1, 2].map(|node| cluster.admin(node));
    let mut agents = JoinSet::new();
    for host in ["a", "b"] {
        agents.spawn(stays(cut_off.connect(host).await.unwrap()));
    }
    agents.spawn(stays(near.connect("c").await.unwrap()));
    // It happens while each of its connections waits for an answer.
    let mut connection = PgConnection::connect(server.url()).await.unwrap();
    connection.execute("BEGIN; LOCK TABLE sessions").await.unwrap();
    let streams = cut_off.client.streams().await;
    let mut asking = JoinSet::new();
    for _ in 0..20 {
        let streams = streams.clone();
        asking.spawn(async move { streams.get("/api/workflows").await.outcome() });
    }
    until("requests that wait", async || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut connection).await.unwrap();
        (waiting == CONNECTIONS).then_some(())
    })
    .await;
    let began = Instant::now();
    ways[0].cut_off();
    connection.execute("COMMIT").await.unwrap();
    let load = Load::on(&cluster.admins());

    // What it is asked for it answers within seconds, and nobody else waits.
    tokio::join!(cut_off.is_refused_changes(), async {
        let number = near.installs().await;
        until("the others have it", async || (far.in_force().await >= Some(number)).then_some(()))
            .await;
        near.makes_a_user().await;
        far.makes_a_user().await;
    });
    // Its places count until it is overdue, and then are for others.
    let mut others = Vec::new();
    for number in 0..5 {
        let admin = [&near, &far][number % 2];
        let agent = admin.connects(&format!("other-{number}")).await;
        others.push(agents.spawn(stays(agent)));
    }
    // It may have told of itself a third of the TTL before it was cut off.
    assert!(began.elapsed() > TTL / 2, "given away too early");
    for admin in [&near, &far] {
        admin.counts(CAPS.hosts).await;
        assert_eq!(admin.is_judged("one-more").await.unwrap_err(), 409);
    }
    cut_off.is_refused_changes().await;
    assert!(agents.try_join_next().is_none(), "somebody was sent away");
    for outcome in asking.join_all().await {
        assert_eq!(outcome, (200, String::new()));
    }
    let last = near.installs().await;
    sleep_until(began + TTL * 3).await;

    ways[0].mend();
    cluster.all_have(last).await;
    let (installed, _) = tokio::join!(cut_off.installs(), cut_off.makes_a_user());
    cluster.all_have(installed).await;
    until("a new session", async || (cut_off.sign_in().await.0 == 200).then_some(())).await;
    // No place is free for its hosts; once some are, they count again.
    cluster.all_count(CAPS.hosts).await;
    assert_eq!(cut_off.is_judged("one-more").await.unwrap_err(), 409);
    for agent in &others[..2] {
        agent.abort();
        assert!(agents.join_next().await.unwrap().unwrap_err().is_cancelled());
    }
    until("places for a and b", async || {
        let counted = "SELECT count(*) FROM license.leases WHERE host IN ('a', 'b')";
        let counted: i64 = sqlx::query_scalar(counted).fetch_one(&mut connection).await.unwrap();
        (counted == 2).then_some(())
    })
    .await;
    cluster.all_count(CAPS.hosts).await;
    assert_eq!(far.is_judged("one-more").await.unwrap_err(), 409);
    assert!(agents.try_join_next().is_none(), "somebody was sent away");
    load.ends().await;
    cluster.nothing_is_lost().await;
}
