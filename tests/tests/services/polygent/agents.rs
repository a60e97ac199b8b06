//! `polygent`: agents on real WebSockets, as many hosts as the license allows.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use http::Method;
use license_core::testing::LicenseBuilder;
use license_tests::{Agent, AgentProcess, Answer, Polygent, now, until};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const PATIENCE: Duration = Duration::from_secs(30);

/// A license for this many hosts with sessions, and any number of others.
fn hosts(polygent: &Polygent, sessions: u64) -> LicenseBuilder<'_> {
    polygent.license().limit("session_hosts", sessions).limit("deploy_hosts", Value::Null)
}

/// A service that is licensed for this many hosts with sessions.
async fn licensed(sessions: u64, arguments: &[&str]) -> Polygent {
    let polygent =
        Polygent::start_with(|start| arguments.iter().fold(start, |start, it| start.arg(it))).await;
    polygent.install(hosts(&polygent, sessions)).await;
    polygent
}

fn session(host: &str) -> String {
    format!("/agents/session?host={host}")
}

async fn connect(polygent: &Polygent, host: &str) -> Agent {
    Agent::connect(polygent.address(), &session(host)).await
}

/// Connects as soon as there is a place. Returns how long that took.
async fn connect_soon(address: SocketAddr, host: &str) -> (Agent, Duration) {
    let began = Instant::now();
    loop {
        match Agent::try_connect(address, &session(host)).await {
            Ok(agent) => return (agent, began.elapsed()),
            Err(status) => assert_eq!(status, 409),
        }
        assert!(began.elapsed() < PATIENCE, "{host} finds no place");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn used(polygent: &Polygent, limit: &str) -> Value {
    let status = polygent.admin().await.get("/api/license").await.json();
    status["license"]["limits"][limit]["used"].clone()
}

/// Waits until so many hosts with sessions count.
async fn until_used(polygent: &Polygent, number: u64) {
    let counted = async || used(polygent, "session_hosts").await == json!(number);
    until(&format!("{number} hosts"), PATIENCE, counted).await;
}

#[track_caller]
fn is_full(answer: &Answer, max: u64, used: u64) {
    answer.refused(409, "concurrent_host_limit_reached");
    let json = answer.json();
    assert!(json["detail"].as_str().unwrap().contains("concurrent host limit reached"), "{json}");
    assert_eq!(json["limit"], "session_hosts");
    assert_eq!((&json["max"], &json["used"]), (&json!(max), &json!(used)));
}

#[tokio::test]
async fn hosts_connect_up_to_the_limit_and_the_next_is_told() {
    let polygent = licensed(3, &[]).await;
    let mut agents = Vec::new();
    for host in ["a", "b", "2001:db8::1"] {
        agents.push(connect(&polygent, host).await);
    }
    is_full(&Agent::refused(&polygent.client(), &session("c")).await, 3, 3);
    // Another limit, and none at all.
    for number in 0..5 {
        let path = format!("/agents/deploy?host=h{number}");
        agents.push(Agent::connect(polygent.address(), &path).await);
    }
    assert_eq!(used(&polygent, "session_hosts").await, 3);
    assert_eq!(used(&polygent, "deploy_hosts").await, 5);
    agents.remove(0).close().await;
    let (agent, _) = connect_soon(polygent.address(), "c").await;
    agents.push(agent);
    is_full(&Agent::refused(&polygent.client(), &session("a")).await, 3, 3);
}

#[tokio::test]
async fn of_many_hosts_at_once_exactly_as_many_are_let_in_as_allowed() {
    let polygent = licensed(20, &[]).await;
    let address = polygent.address();
    let connecting = (0..60).map(|number| async move {
        Agent::try_connect(address, &session(&number.to_string())).await
    });
    let (agents, refused): (Vec<_>, Vec<_>) =
        join_all(connecting).await.into_iter().partition(Result::is_ok);
    assert_eq!((agents.len(), refused.len()), (20, 40));
    assert!(refused.iter().all(|status| matches!(status, Err(409))));
    assert_eq!(used(&polygent, "session_hosts").await, 20);
    drop(agents);
    until_used(&polygent, 0).await;
}

#[tokio::test]
async fn the_license_comes_first_then_the_host_then_the_upgrade_then_the_limit() {
    let polygent = Polygent::start().await;
    for path in ["/agents/session", "/agents/session?host=a", "/agents/deploy?host=a%20b"] {
        Agent::refused(&polygent.client(), path).await.refused(503, "license_missing");
        polygent.client().get(path).await.refused(503, "license_missing");
    }
    polygent.install(hosts(&polygent, 0)).await;
    for client in [polygent.client(), polygent.client().http2()] {
        for path in ["/agents/session", "/agents/session?host=", "/agents/deploy?host=a&host=b"] {
            client.get(path).await.refused(400, "host_id_invalid");
        }
        let answer = client.get("/agents/session?host=a").await;
        answer.refused(426, "upgrade_required");
        assert_eq!(answer.headers["sec-websocket-version"], "13");
        let head = client.send(Method::HEAD, "/agents/session?host=a", "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (426, 0));
        let post = client.send(Method::POST, "/agents/session?host=a", "").await;
        post.refused(405, "method_not_allowed");
    }
    Agent::refused(&polygent.client(), "/agents/session").await.refused(400, "host_id_invalid");
    is_full(&Agent::refused(&polygent.client(), &session("a")).await, 0, 0);
    Agent::connect(polygent.address(), "/agents/deploy?host=a").await.close().await;
}

#[tokio::test]
async fn a_host_counts_once_until_its_last_connection_closes() {
    let polygent = licensed(1, &[]).await;
    let mut first = connect(&polygent, "a").await;
    let second = connect(&polygent, "a").await;
    let third = connect(&polygent, "a").await;
    assert_eq!(used(&polygent, "session_hosts").await, 1);
    // Politely, and by breaking off.
    second.close().await;
    drop(third);
    assert!(first.stays(Duration::from_millis(300)).await);
    is_full(&Agent::refused(&polygent.client(), &session("b")).await, 1, 1);
    first.say("I am here").await;
    drop(first);
    connect_soon(polygent.address(), "b").await;
}

#[tokio::test]
async fn a_host_that_reconnects_always_gets_in() {
    let polygent = licensed(1, &[]).await;
    let mut agent = connect(&polygent, "a").await;
    for number in 0..30 {
        // Before, and after, the old connection is known to be gone.
        let next = connect(&polygent, "a").await;
        drop(std::mem::replace(&mut agent, next));
        if number % 3 == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    is_full(&Agent::refused(&polygent.client(), &session("b")).await, 1, 1);
    assert!(agent.stays(Duration::from_millis(300)).await);
}

#[tokio::test]
async fn a_host_whose_process_is_killed_frees_its_place_at_once() {
    let polygent = licensed(1, &[]).await;
    let agent = AgentProcess::start(polygent.address(), &session("a")).await;
    is_full(&Agent::refused(&polygent.client(), &session("b")).await, 1, 1);
    agent.kill().await;
    let (_b, took) = connect_soon(polygent.address(), "b").await;
    assert!(took < Duration::from_secs(10), "the TTL is 30 seconds, it took {took:?}");
}

#[tokio::test]
async fn a_host_that_has_vanished_frees_its_place_within_the_ttl_and_others_stay() {
    let polygent = licensed(2, &["--lease-ttl", "3s"]).await;
    let mut alive = connect(&polygent, "alive").await;
    // Its connection is open, and it answers nothing.
    let _vanished = AgentProcess::start(polygent.address(), &session("vanished")).await;
    let began = Instant::now();
    let waiting = connect_soon(polygent.address(), "new");
    let staying = alive.stays(Duration::from_secs(8));
    let ((_new, took), stays) = tokio::join!(waiting, staying);
    assert!(stays, "a host that answers pings stays");
    assert!(took > Duration::from_millis(2500), "{took:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[tokio::test]
async fn open_connections_outlive_the_license_and_count_when_it_is_renewed() {
    let polygent = Polygent::start().await;
    let expires_at = now().saturating_add(Duration::from_secs(4));
    polygent.install(hosts(&polygent, 1).expires_at(expires_at)).await;
    let mut agent = connect(&polygent, "a").await;
    while now() <= expires_at {
        sleep(Duration::from_millis(100)).await;
    }
    for host in ["a", "b"] {
        let answer = Agent::refused(&polygent.client(), &session(host)).await;
        answer.refused(503, "license_expired");
    }
    agent.say("I am here").await;
    assert!(agent.stays(Duration::from_secs(1)).await, "told nothing, and not sent away");
    polygent.install(hosts(&polygent, 1).id("lic_2")).await;
    is_full(&Agent::refused(&polygent.client(), &session("b")).await, 1, 1);
    let _again = connect(&polygent, "a").await;
}

#[tokio::test]
async fn lowering_the_limit_disturbs_no_live_host() {
    let polygent = licensed(3, &[]).await;
    let mut agents = Vec::new();
    for host in ["a", "b", "c"] {
        agents.push(connect(&polygent, host).await);
    }
    polygent.install(hosts(&polygent, 1).id("lic_2")).await;
    for agent in &mut agents {
        assert!(agent.stays(Duration::from_millis(200)).await);
    }
    is_full(&Agent::refused(&polygent.client(), &session("d")).await, 1, 3);
    let _again = connect(&polygent, "b").await;
    agents.remove(2).close().await;
    agents.remove(0).close().await;
    until_used(&polygent, 1).await;
    is_full(&Agent::refused(&polygent.client(), &session("d")).await, 1, 1);
}

#[tokio::test]
async fn agents_may_be_told_of_the_license_and_sent_away_when_it_ends() {
    let arguments = ["--agents-end-when-refused"];
    let polygent = licensed(1, &arguments).await;
    let mut agent = connect(&polygent, "a").await;
    let expires_at = now().saturating_add(Duration::from_secs(5));
    polygent.install(hosts(&polygent, 1).expires_at(expires_at).id("lic_2")).await;
    let told = |text: String| serde_json::from_str::<Value>(&text).unwrap()["license"].clone();
    let license = told(agent.hear().await.unwrap());
    assert_eq!((&license["phase"], &license["restricted"]), (&json!("expiring"), &json!(false)));
    let license = told(agent.hear().await.unwrap());
    assert_eq!(
        license,
        json!({"phase": "lapsed", "restricted": true, "days_remaining": 0, "code": "license_expired"})
    );
    assert!(now() >= expires_at);
    assert_eq!(agent.hear().await, Err(Some((1008, "license_expired".to_owned()))));
    polygent.install(hosts(&polygent, 1).id("lic_3")).await;
    connect_soon(polygent.address(), "b").await;
}

#[tokio::test]
async fn a_service_with_open_connections_stops_at_once() {
    let polygent = licensed(1, &[]).await;
    let mut agent = connect(&polygent, "a").await;
    let (_, _directory, process) = polygent.into_parts();
    let began = Instant::now();
    assert_eq!(process.terminate().await.0, Some(0));
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(agent.hear().await.is_err());
}

#[tokio::test]
async fn a_ttl_that_makes_no_sense_is_refused_at_the_start() {
    let vendor = license_tests::vendor();
    for ttl in ["0s", "30", "none", "2h", "-1s"] {
        let directory = tempfile::tempdir().unwrap();
        let start = Polygent::command(&vendor, directory.path());
        let (status, log) = start.arg(format!("--lease-ttl={ttl}")).fails().await;
        assert_eq!(status, Some(2), "{ttl}");
        assert!(log.contains("1s to 1h"), "{log}");
    }
}

#[tokio::test]
async fn an_agent_cannot_fill_the_memory() {
    let polygent = licensed(1, &[]).await;
    let mut agent = connect(&polygent, "a").await;
    agent.say(&"x".repeat(1 << 20)).await;
    assert!(agent.stays(Duration::from_millis(300)).await);
    agent.say_in_vain(&"x".repeat((1 << 20) + 1)).await;
    assert!(agent.hear().await.is_err());
    connect_soon(polygent.address(), "b").await;
}
