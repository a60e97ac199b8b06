//! Several instances of `polygent` on one PostgreSQL database.

use std::{fs, time::Duration};

use license_core::testing::{LicenseBuilder, Vendor};
use license_tests::{
    ADMINISTRATOR, Answer, Client, PASSWORD, Polygent, PostgresServer, Process, Start, example,
    now, postgres_database, until, vendor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

const LICENSE: &str = "/api/license";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Instances that share a database and a vendor.
struct Cluster {
    vendor: Vendor,
    nodes: Vec<Node>,
}

struct Node {
    process: Process,
    _directory: TempDir,
}

impl Cluster {
    /// Two instances on this machine, started at the same time.
    async fn start(url: &str) -> Self {
        let mut cluster = Self { vendor: vendor(), nodes: Vec::new() };
        let start = || Start::new(&example("polygent"));
        let (one, two) = tokio::join!(cluster.node(start(), url), cluster.node(start(), url));
        cluster.nodes.extend([one, two]);
        cluster
    }

    /// One more, on another machine. Says whether there can be one here.
    async fn join_elsewhere(&mut self, url: &str) -> bool {
        let directory = tempfile::tempdir().unwrap();
        let id = directory.path().join("machine-id");
        fs::write(&id, "3".repeat(32) + "\n").unwrap();
        let Some(start) = Start::on_machine(&example("polygent"), &id) else {
            return false;
        };
        let node = self.node(start, url).await;
        self.nodes.push(Node { _directory: directory, ..node });
        true
    }

    async fn node(&self, start: Start, url: &str) -> Node {
        let directory = tempfile::tempdir().unwrap();
        let start = Polygent::configure(start, &self.vendor, directory.path());
        let process = start.arg("--database-url").arg(url).start().await;
        Node { process, _directory: directory }
    }

    fn client(&self, node: usize) -> Client {
        Client::new(self.nodes[node].process.address())
    }

    /// One session, used on every instance.
    fn with_session(&self, token: &str) -> Vec<Client> {
        (0..self.nodes.len()).map(|node| self.client(node).bearer(token)).collect()
    }

    async fn sign_in(&self, node: usize, email: &str, password: &str) -> String {
        let body = json!({ "email": email, "password": password });
        let answer = self.client(node).post_json("/api/auth/sign-in", &body).await;
        answer.is(200);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    async fn admin(&self) -> Vec<Client> {
        self.with_session(&self.sign_in(0, ADMINISTRATOR, PASSWORD).await)
    }

    fn license(&self, id: &str) -> LicenseBuilder<'_> {
        let license = self.vendor.license().id(id).issued_at(now()).days(365);
        license.limit("users", 3).features(["workflows", "multiple-active-sessions"])
    }
}

fn text(license: LicenseBuilder<'_>) -> String {
    license.sign().as_str().to_owned()
}

/// Waits until this license is installed here.
async fn until_installed(admin: &Client, id: &str) {
    let installed = async || admin.get(LICENSE).await.json()["license"]["id"] == id;
    until(id, PATIENCE, installed).await;
}

/// Asks until the answer is this one. Returns how long it took.
async fn until_answered(client: &Client, path: &str, expected: (u16, &str)) -> Duration {
    let began = Instant::now();
    loop {
        let answer = client.get(path).await.outcome();
        if (answer.0, answer.1.as_str()) == expected {
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "{path} answers {answer:?}");
        sleep(Duration::from_millis(2)).await;
    }
}

/// Tries until it succeeds with this status. A server that has just come back
/// is not looked for at once.
async fn until_kept<F: Future<Output = Answer>>(status: u16, attempt: impl Fn() -> F) {
    let began = Instant::now();
    loop {
        let outcome = attempt().await.outcome();
        if outcome.0 == status {
            return;
        }
        assert_eq!(outcome, (503, "store_unavailable".to_owned()));
        assert!(began.elapsed() < PATIENCE, "it stays away");
        sleep(Duration::from_millis(50)).await;
    }
}

fn new_user(name: &str) -> Value {
    json!({ "email": format!("{name}@example.com"), "password": "a password", "role": "member" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_upload_serves_all_and_users_sessions_and_seats_are_shared() {
    let Some(url) = postgres_database().await else { return };
    let mut cluster = Cluster::start(&url).await;
    cluster.join_elsewhere(&url).await;
    // Signed in on one, signed in on all.
    let admin = cluster.admin().await;
    for client in &admin {
        client.get("/api/auth/me").await.is(200);
        client.get("/api/workflows").await.refused(503, "license_missing");
    }
    admin[1].upload(LICENSE, text(cluster.license("one"))).await.is(200);
    for client in &admin {
        let waited = until_answered(client, "/api/workflows", (200, "")).await;
        assert!(waited < Duration::from_secs(5), "{waited:?}");
        let status = client.get(LICENSE).await.json();
        assert_eq!(status["license"]["id"], "one");
        let audit = client.get("/api/license/audit").await.json();
        assert_eq!(audit[0]["outcome"], "installed");
    }

    // Two seats beside the administrator's, whoever asks where.
    let mut tasks = JoinSet::new();
    for number in 0..9 {
        let client = admin[number % admin.len()].clone();
        let user = new_user(&number.to_string());
        tasks.spawn(async move { client.post_json("/api/users", &user).await.outcome() });
    }
    let mut outcomes = tasks.join_all().await;
    outcomes.sort();
    assert!(outcomes[..2].iter().all(|(status, _)| *status == 201), "{outcomes:?}");
    let full = (400, "limit_reached".to_owned());
    assert!(outcomes[2..].iter().all(|outcome| *outcome == full), "{outcomes:?}");
    let users = admin[1].get("/api/users").await.json();
    let users = users.as_array().unwrap();
    assert_eq!(users.len(), 3);
    for client in &admin {
        let status = client.get(LICENSE).await.json();
        assert_eq!(status["license"]["limits"]["users"], json!({ "max": 3, "used": 3 }));
    }

    // Deactivated on one, signed out on all.
    let user = users.iter().find(|user| user["role"] == "member").unwrap();
    let token = cluster.sign_in(1, user["email"].as_str().unwrap(), "a password").await;
    let member = cluster.with_session(&token);
    for client in &member {
        client.get("/api/workflows").await.is(200);
    }
    let path = format!("/api/users/{}/deactivate", user["id"].as_str().unwrap());
    admin[0].post_json(&path, &json!({})).await.is(200);
    for client in &member {
        client.get("/api/workflows").await.refused(401, "unauthenticated");
    }
    admin[1].post_json("/api/users", &new_user("another")).await.is(201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standard_license_serves_on_the_machine_it_names_and_on_no_other() {
    let Some(url) = postgres_database().await else { return };
    let mut cluster = Cluster::start(&url).await;
    if !cluster.join_elsewhere(&url).await {
        return;
    }
    let admin = cluster.admin().await;
    let info = admin[0].get("/api/license/machine-info").await.json();
    let fingerprint = info["fingerprint"].as_str().unwrap().parse().unwrap();
    let license = cluster.license("standard").plan("standard").machine(&fingerprint);
    let token = text(license);
    admin[2].upload(LICENSE, token.clone()).await.refused(422, "machine_mismatch");
    admin[1].upload(LICENSE, token).await.is(200);
    for client in &admin[..2] {
        until_answered(client, "/api/workflows", (200, "")).await;
    }
    until_answered(&admin[2], "/api/workflows", (503, "machine_mismatch")).await;
    assert_eq!(admin[2].get(LICENSE).await.json()["problem"]["code"], "machine_mismatch");
    // One for all machines cures it, uploaded anywhere.
    admin[2].upload(LICENSE, text(cluster.license("enterprise"))).await.is(200);
    for client in &admin {
        until_answered(client, "/api/workflows", (200, "")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_only_who_would_change_something_notices() {
    let Some(server) = PostgresServer::start() else { return };
    let cluster = Cluster::start(server.url()).await;
    let admin = cluster.admin().await;
    admin[0].upload(LICENSE, text(cluster.license("one"))).await.is(200);
    for client in &admin {
        until_answered(client, "/api/workflows", (200, "")).await;
    }
    for round in 0..2 {
        server.kill();
        let token = text(cluster.license(&format!("after {round}")));
        for (client, node) in admin.iter().zip(&cluster.nodes) {
            // Nobody who is signed in waits for it as long as it takes.
            for _ in 0..20 {
                let answered = timeout(Duration::from_millis(2500), client.get("/api/workflows"));
                answered.await.unwrap().is(200);
            }
            assert_eq!(client.get("/background").await.json()["queue"], "running");
            let anonymous = Client::new(node.process.address());
            anonymous.get("/healthz").await.is(200);
            let wrong = json!({ "email": ADMINISTRATOR, "password": PASSWORD });
            let answer = anonymous.post_json("/api/auth/sign-in", &wrong).await;
            answer.refused(503, "store_unavailable");
            client.upload(LICENSE, token.clone()).await.refused(503, "store_unavailable");
            let user = new_user(&format!("{round}"));
            client.post_json("/api/users", &user).await.refused(503, "store_unavailable");
        }
        server.start_again();
        // Nothing has to be done for it.
        until_kept(200, || admin[0].upload(LICENSE, token.clone())).await;
        for client in &admin {
            client.get("/api/workflows").await.is(200);
            until_installed(client, &format!("after {round}")).await;
        }
        let user = new_user(&format!("{round}"));
        until_kept(201, || admin[1].post_json("/api/users", &user)).await;
    }
}

#[tokio::test]
async fn a_database_url_that_is_wrong_stops_the_start_and_shows_no_password() {
    // A server that is away may come back.
    for (url, ends, told) in [
        ("mysql://root:s3cret@localhost/a", 2, "--database-url must be postgres://"),
        ("postgres://root:s3cret@127.0.0.1:1/a", 1, "check --database-url"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let start = Polygent::command(&vendor(), directory.path());
        let (status, text) = start.env("DATABASE_URL", url).fails().await;
        assert_eq!(status, Some(ends), "{text}");
        assert!(text.contains(told) && !text.contains("s3cret"), "{text}");
    }
}
