//! Agents of three instances of `polygent` on one PostgreSQL database.

use std::{net::SocketAddr, time::Duration};

use license_core::testing::Vendor;
use license_tests::{
    ADMINISTRATOR, Agent, Client, PASSWORD, Polygent, PostgresServer, Process, now,
    postgres_database, until, vendor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

const TTL: Duration = Duration::from_secs(6);
const HEARTBEAT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(40);

/// Three instances, and an administrator's session on all of them.
struct Cluster {
    vendor: Vendor,
    nodes: Vec<(Process, TempDir)>,
    session: String,
}

impl Cluster {
    /// Licensed for this many hosts with sessions.
    async fn start(url: &str, sessions: u64) -> Self {
        let mut cluster = Self { vendor: vendor(), nodes: Vec::new(), session: String::new() };
        for _ in 0..3 {
            cluster.join(url).await;
        }
        let body = json!({ "email": ADMINISTRATOR, "password": PASSWORD });
        let client = Client::new(cluster.address(0));
        let answer = client.post_json("/api/auth/sign-in", &body).await;
        cluster.session = answer.json()["token"].as_str().unwrap().to_owned();
        cluster.allow("lic_1", sessions).await;
        cluster
    }

    async fn join(&mut self, url: &str) {
        let directory = tempfile::tempdir().unwrap();
        let start = Polygent::command(&self.vendor, directory.path());
        let start = start.arg("--database-url").arg(url).arg("--lease-ttl").arg("6s");
        self.nodes.push((start.start().await, directory));
    }

    fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].0.address()
    }

    fn admin(&self, node: usize) -> Client {
        Client::new(self.address(node)).bearer(&self.session)
    }

    /// Installs a license and waits until it is in force everywhere.
    async fn allow(&self, id: &str, sessions: u64) {
        let license = self.vendor.license().id(id).issued_at(now()).days(365);
        let license = license.limit("users", 5).limit("session_hosts", sessions).sign();
        self.admin(0).upload("/api/license", license.as_str().to_owned()).await.is(200);
        for node in 0..self.nodes.len() {
            let in_force = async || self.status(node).await["license"]["id"] == id;
            until(&format!("{id} in force on {node}"), PATIENCE, in_force).await;
        }
    }

    async fn status(&self, node: usize) -> Value {
        self.admin(node).get("/api/license").await.json()
    }

    async fn used(&self, node: usize) -> Value {
        self.status(node).await["license"]["limits"]["session_hosts"]["used"].clone()
    }

    async fn connect(&self, node: usize, host: &str) -> Result<Agent, u16> {
        Agent::try_connect(self.address(node), &session(host)).await
    }

    /// Connects as soon as the status is not this one any more. Returns how
    /// long that took.
    async fn connect_after(&self, node: usize, host: &str, refused: u16) -> (Agent, Duration) {
        let began = Instant::now();
        loop {
            match self.connect(node, host).await {
                Ok(agent) => return (agent, began.elapsed()),
                Err(status) => assert_eq!(status, refused),
            }
            assert!(began.elapsed() < PATIENCE, "{host} finds no place");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

fn session(host: &str) -> String {
    format!("/agents/session?host={host}")
}

/// Answers the pings of agents from now on.
fn alive(agents: impl IntoIterator<Item = Agent>) -> JoinSet<bool> {
    let mut tasks = JoinSet::new();
    for mut agent in agents {
        tasks.spawn(async move { agent.stays(Duration::from_secs(3600)).await });
    }
    tasks
}

#[tokio::test]
async fn the_limit_holds_over_all_instances_and_a_host_moves_between_them() {
    let Some(url) = postgres_database().await else { return };
    let cluster = Cluster::start(&url, 10).await;
    let addresses = [0, 1, 2].map(|node| cluster.address(node));
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let address = addresses[number % 3];
        tasks.spawn(async move {
            let host = format!("h{number}");
            let agent = Agent::try_connect(address, &session(&host)).await;
            agent.map(|agent| (host, number % 3, agent))
        });
    }
    let (agents, refused): (Vec<_>, Vec<_>) =
        tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((agents.len(), refused.len()), (10, 30));
    assert!(refused.iter().all(|status| matches!(status, Err(409))));
    for node in 0..3 {
        assert_eq!(cluster.used(node).await, 10);
        let answer = Agent::refused(&cluster.admin(node), &session("new")).await;
        answer.refused(409, "concurrent_host_limit_reached");
        assert_eq!((&answer.json()["max"], &answer.json()["used"]), (&json!(10), &json!(10)));
    }

    // Connected twice, on two instances, and then only on the other.
    let mut agents: Vec<_> = agents.into_iter().map(Result::unwrap).collect();
    let (host, node, first) = agents.pop().unwrap();
    let second = cluster.connect((node + 1) % 3, &host).await.unwrap();
    assert_eq!(cluster.used(0).await, 10);
    first.close().await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(cluster.connect(node, "new").await.unwrap_err(), 409);
    second.close().await;
    let (_new, took) = cluster.connect_after(node, "new", 409).await;
    assert!(took < TTL / 2, "{took:?}");

    // A lower limit disturbs nobody.
    cluster.allow("lic_2", 1).await;
    let (host, node, _) = &agents[0];
    for other in 0..3 {
        cluster.connect((node + other) % 3, host).await.unwrap();
        assert_eq!(cluster.connect(other, "newer").await.unwrap_err(), 409);
    }
}

#[tokio::test]
async fn the_hosts_of_a_killed_instance_free_their_places_within_the_ttl() {
    let Some(url) = postgres_database().await else { return };
    let mut cluster = Cluster::start(&url, 2).await;
    let stays = alive([cluster.connect(0, "stays").await.unwrap()]);
    let lost = cluster.connect(2, "lost").await.unwrap();
    assert_eq!(cluster.connect(1, "new").await.unwrap_err(), 409);
    cluster.nodes.pop().unwrap().0.kill().await;
    // It reconnects elsewhere, and its place is its own.
    drop(lost);
    let lost = cluster.connect(1, "lost").await.unwrap();
    assert_eq!(cluster.connect(1, "new").await.unwrap_err(), 409);
    assert_eq!(cluster.used(0).await, 2);
    drop(lost);
    let (new, took) = cluster.connect_after(1, "new", 409).await;
    assert!(took < TTL + Duration::from_secs(2), "{took:?}");
    assert_eq!(cluster.used(1).await, 2);

    // One that is stopped in order frees them at once.
    drop(new);
    cluster.connect_after(0, "newer", 409).await.0.close().await;
    let leaving = cluster.connect_after(1, "leaving", 409).await.0;
    assert_eq!(cluster.nodes.pop().unwrap().0.terminate().await.0, Some(0));
    let (_last, took) = cluster.connect_after(0, "last", 409).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    drop(leaving);
    assert_eq!(stays.len(), 1);
}

#[tokio::test]
async fn while_the_database_is_away_hosts_stay_and_when_it_is_back_all_goes_on() {
    let Some(server) = PostgresServer::start() else { return };
    let cluster = Cluster::start(server.url(), 3).await;
    let mut agents =
        vec![cluster.connect(0, "a").await.unwrap(), cluster.connect(1, "b").await.unwrap()];
    server.kill();
    for node in 0..3 {
        let answer = Agent::refused(&Client::new(cluster.address(node)), &session("new")).await;
        answer.refused(503, "store_unavailable");
    }
    // Longer than any lease, and whoever is there may come again to the same
    // instance.
    let began = Instant::now();
    while began.elapsed() < TTL + HEARTBEAT {
        for agent in &mut agents {
            assert!(agent.stays(Duration::from_millis(300)).await);
        }
        cluster.connect(0, "a").await.unwrap();
    }
    server.start_again();
    // Nobody new is let in before those who were there have told of it.
    let mut staying = alive(agents);
    let (_new, took) = cluster.connect_after(2, "new", 503).await;
    assert!(took < TTL + PATIENCE / 2, "{took:?}");
    assert_eq!(cluster.used(0).await, 3);
    for node in 0..3 {
        assert_eq!(cluster.connect(node, "newer").await.unwrap_err(), 409);
        cluster.connect(node, "a").await.unwrap();
        cluster.connect(node, "b").await.unwrap();
    }
    assert!(staying.try_join_next().is_none(), "somebody was sent away");
}
