//! Three instances, and an administrator who keeps a book of what was
//! acknowledged.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Method, header};
use license_core::{Timestamp, testing::Vendor};
use license_runtime::{AuditVerdict, verify_export};
use license_tests::{
    ADMINISTRATOR, Agent, Client, PASSWORD, Polygent, Process, Streams, now, vendor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// Three instances with an administrator who is signed in to all of them.
pub(crate) struct Cluster {
    pub(crate) book: Arc<Book>,
    nodes: Vec<Node>,
    session: String,
}

struct Node {
    process: Option<Process>,
    url: String,
    directory: TempDir,
}

/// What was asked for, and what was acknowledged.
pub(crate) struct Book {
    vendor: Vendor,
    caps: Caps,
    first: Timestamp,
    licenses: AtomicU64,
    users: AtomicU64,
    /// The licenses whose installation was acknowledged, by number.
    installed: Mutex<Vec<u64>>,
    /// The addresses of the users who were acknowledged.
    made: Mutex<Vec<String>>,
}

/// What every license of a test allows.
#[derive(Clone, Copy)]
pub(crate) struct Caps {
    pub(crate) users: u64,
    pub(crate) hosts: u64,
}

/// The administrator at one instance.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) client: Client,
    address: SocketAddr,
    book: Arc<Book>,
}

/// The status of an answer, and the code of a problem.
pub(crate) type Outcome = (u16, String);

pub(crate) const NODES: usize = 3;
pub(crate) const TTL: Duration = Duration::from_secs(6);
/// How long anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) fn unavailable() -> Outcome {
    (503, "store_unavailable".to_owned())
}

/// Somebody else was faster with a later one.
pub(crate) fn older() -> Outcome {
    (409, "older_than_installed".to_owned())
}

/// Answers the pings of an agent for as long as it is connected.
pub(crate) async fn stays(mut agent: Agent) {
    agent.stays(Duration::from_secs(3600)).await;
}

impl Cluster {
    /// An instance for each of these URLs, all with the same license.
    pub(crate) async fn start(urls: [&str; NODES], caps: Caps) -> Self {
        let book = Arc::new(Book {
            vendor: vendor(),
            caps,
            first: Timestamp::from_seconds(now().as_seconds() - 100_000),
            licenses: AtomicU64::new(0),
            users: AtomicU64::new(0),
            installed: Mutex::default(),
            made: Mutex::default(),
        });
        let nodes = urls.map(|url| {
            let directory = tempfile::tempdir().unwrap();
            Node { process: None, url: url.to_owned(), directory }
        });
        let mut cluster = Self { book, nodes: nodes.into(), session: String::new() };
        for node in 0..NODES {
            cluster.start_again(node).await;
        }
        let body = json!({ "email": ADMINISTRATOR, "password": PASSWORD });
        let answer = Client::new(cluster.address(0)).post_json("/api/auth/sign-in", &body).await;
        answer.is(200);
        cluster.session = answer.json()["token"].as_str().unwrap().to_owned();
        let first = cluster.admin(0).installs().await;
        cluster.all_have(first).await;
        for admin in cluster.admins() {
            // From now on it knows who that is.
            admin.client.get("/api/workflows").await.is(200);
        }
        cluster
    }

    /// Kills an instance, by its process.
    pub(crate) async fn kill(&mut self, node: usize) {
        self.nodes[node].process.take().unwrap().kill().await;
    }

    /// Starts an instance where there is none.
    pub(crate) async fn start_again(&mut self, node: usize) {
        let Node { process, url, directory } = &mut self.nodes[node];
        let start = Polygent::command(&self.book.vendor, directory.path());
        let start = start.arg("--database-url").arg(url).arg("--lease-ttl");
        *process = Some(start.arg(format!("{}s", TTL.as_secs())).start().await);
    }

    pub(crate) fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].process.as_ref().unwrap().address()
    }

    pub(crate) fn admin(&self, node: usize) -> Admin {
        let address = self.address(node);
        let client = Client::new(address).bearer(&self.session);
        Admin { client, address, book: Arc::clone(&self.book) }
    }

    /// At every instance that runs.
    pub(crate) fn admins(&self) -> Vec<Admin> {
        let running = (0..NODES).filter(|node| self.nodes[*node].process.is_some());
        running.map(|node| self.admin(node)).collect()
    }

    /// Waits until this license, or a later one, is in force everywhere.
    pub(crate) async fn all_have(&self, number: u64) {
        for (node, admin) in self.admins().iter().enumerate() {
            let what = format!("license {number} in force at {node}");
            until(&what, async || admin.in_force().await.filter(|it| *it >= number)).await;
        }
    }

    /// Waits until every instance counts so many hosts.
    pub(crate) async fn all_count(&self, hosts: u64) {
        for admin in self.admins() {
            admin.counts(hosts).await;
        }
    }

    /// Whatever was acknowledged is there, at every instance, and the audit
    /// history is of one piece.
    pub(crate) async fn nothing_is_lost(&self) {
        let installed = self.book.installed.lock().unwrap().clone();
        let made = self.book.made.lock().unwrap().clone();
        self.all_have(*installed.iter().max().unwrap()).await;
        for admin in self.admins() {
            assert!(admin.active_users().await <= self.book.caps.users);
            let users = admin.users().await;
            for email in &made {
                let is_there = |user: &Value| user["email"] == **email && user["active"] == true;
                assert!(users.iter().any(is_there), "{email} is not there: {users:?}");
            }
        }
        let export = self.admins()[0].client.get("/api/license/audit/export").await;
        export.is(200);
        let judged = verify_export(&export.body[..], None).unwrap();
        assert!(matches!(judged.verdict, AuditVerdict::Intact { .. }), "{judged:?}");
        assert!(judged.has_end);
        let history = String::from_utf8(export.body.to_vec()).unwrap();
        for number in installed {
            let id = format!("\"{}\"", id(number));
            let is_there = |line: &str| line.contains(&id) && line.contains("\"installed\"");
            assert!(history.lines().any(is_there), "{id} is not in the history");
        }
    }
}

impl Book {
    /// The next license, which is issued a second after the one before it.
    fn license(&self) -> (u64, String) {
        let number = self.licenses.fetch_add(1, Ordering::SeqCst);
        let issued_at = self.first.saturating_add(Duration::from_secs(number));
        let license = self.vendor.license().id(&id(number)).issued_at(issued_at).days(365);
        let license = license.features(["workflows", "multiple-active-sessions"]);
        let license = license.limit("users", self.caps.users);
        (number, license.limit("session_hosts", self.caps.hosts).sign().as_str().to_owned())
    }

    fn is_installed(&self, number: u64) {
        self.installed.lock().unwrap().push(number);
    }
}

fn id(number: u64) -> String {
    format!("lic_{number:06}")
}

impl Admin {
    /// Uploads the next license.
    pub(crate) async fn install(&self) -> (u64, Outcome) {
        let (number, token) = self.book.license();
        let outcome = self.client.upload("/api/license", token).await.outcome();
        if outcome.0 == 200 {
            self.book.is_installed(number);
        }
        (number, outcome)
    }

    /// Installs where the instance may go away meanwhile; then `None`.
    pub(crate) async fn install_through(&self, streams: &Streams) -> Option<Outcome> {
        let (number, token) = self.book.license();
        let outcome = streams.try_send(Method::POST, "/api/license", token).await?.outcome();
        if outcome.0 == 200 {
            self.book.is_installed(number);
        }
        Some(outcome)
    }

    /// A connection for uploads.
    pub(crate) async fn streams(&self) -> Streams {
        self.client.with(header::CONTENT_TYPE, "application/jwt").streams().await
    }

    /// Uploads licenses until one is installed. Returns its number.
    pub(crate) async fn installs(&self) -> u64 {
        until("an installation", async || {
            let (number, outcome) = self.install().await;
            let is_fine = outcome.0 == 200 || outcome == unavailable() || outcome == older();
            assert!(is_fine, "{outcome:?}");
            (outcome.0 == 200).then_some(number)
        })
        .await
    }

    /// Asks for a new user.
    pub(crate) async fn make_user(&self) -> Outcome {
        let email = format!("u{}@example.com", self.book.users.fetch_add(1, Ordering::SeqCst));
        let user = json!({ "email": email, "password": "a password", "role": "member" });
        let outcome = self.client.post_json("/api/users", &user).await.outcome();
        if outcome.0 == 201 {
            self.book.made.lock().unwrap().push(email);
        }
        outcome
    }

    /// Asks for new users until there is one.
    pub(crate) async fn makes_a_user(&self) {
        until("a new user", async || {
            let outcome = self.make_user().await;
            assert!(outcome.0 == 201 || outcome == unavailable(), "{outcome:?}");
            (outcome.0 == 201).then_some(())
        })
        .await;
    }

    /// Asks for one new user until that is decided: a busy store decides
    /// nothing.
    pub(crate) async fn is_judged_a_user(&self) -> Outcome {
        let began = Instant::now();
        loop {
            let outcome = self.make_user().await;
            if outcome != unavailable() {
                return outcome;
            }
            assert!(began.elapsed() < PATIENCE, "nobody judges a user");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks for a session of its own.
    pub(crate) async fn sign_in(&self) -> Outcome {
        let body = json!({ "email": ADMINISTRATOR, "password": PASSWORD });
        Client::new(self.address).post_json("/api/auth/sign-in", &body).await.outcome()
    }

    pub(crate) async fn users(&self) -> Vec<Value> {
        let answer = until("the users", async || {
            let answer = self.client.get("/api/users").await;
            (answer.status == 200).then_some(answer)
        });
        answer.await.json().as_array().unwrap().clone()
    }

    pub(crate) async fn active_users(&self) -> u64 {
        self.users().await.iter().filter(|user| user["active"] == true).count() as u64
    }

    pub(crate) async fn connect(&self, host: &str) -> Result<Agent, u16> {
        Agent::try_connect(self.address, &session(host)).await
    }

    /// Connects once the store lets somebody new in or says that there is no
    /// place.
    pub(crate) async fn is_judged(&self, host: &str) -> Result<Agent, u16> {
        let began = Instant::now();
        loop {
            match self.connect(host).await {
                Err(503) => assert!(began.elapsed() < PATIENCE, "nobody judges {host}"),
                judged => return judged,
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Connects once there is a place.
    pub(crate) async fn connects(&self, host: &str) -> Agent {
        until(&format!("a place for {host}"), async || match self.connect(host).await {
            Ok(agent) => Some(agent),
            Err(status) => {
                assert!(matches!(status, 409 | 503), "{host}: {status}");
                None
            }
        })
        .await
    }

    /// The number of the license in force.
    pub(crate) async fn in_force(&self) -> Option<u64> {
        let status = self.client.get("/api/license").await.json();
        status["license"]["id"].as_str()?.strip_prefix("lic_")?.parse().ok()
    }

    /// How many hosts the store counts, while it says so.
    pub(crate) async fn hosts(&self) -> Option<u64> {
        let status = self.client.get("/api/license").await.json();
        let used = status["license"]["limits"]["session_hosts"]["used"].as_u64()?;
        assert!(used <= self.book.caps.hosts, "{used} hosts");
        Some(used)
    }

    /// Waits until it counts so many hosts.
    pub(crate) async fn counts(&self, hosts: u64) {
        let counted = async || (self.hosts().await == Some(hosts)).then_some(());
        until(&format!("{hosts} hosts at {}", self.address), counted).await;
    }

    /// What needs the store is refused as it should be.
    pub(crate) async fn is_refused_changes(&self) {
        let began = Instant::now();
        let host = session("somebody-new");
        let (install, user, host) =
            tokio::join!(self.install(), self.make_user(), Agent::refused(&self.client, &host));
        assert_eq!(install.1, unavailable());
        assert_eq!(user, unavailable());
        assert_eq!(host.outcome(), unavailable());
        assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
    }
}

pub(crate) fn session(host: &str) -> String {
    format!("/agents/session?host={host}")
}
