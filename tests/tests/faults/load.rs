//! Clients that ask all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use license_tests::Client;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::cluster::{Admin, older, unavailable};

const LICENSED: &str = "/api/workflows";

/// Requests for what memory can decide. None may fail.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    clients: JoinSet<(u64, Duration)>,
}

/// Installations, new users and new hosts, which may be refused while the
/// store is away.
pub(crate) struct Changes {
    is_over: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    /// At each of these instances: three clients that send one request after
    /// the other, and one with a connection for each.
    pub(crate) fn on(admins: &[Admin]) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for admin in admins {
            for _ in 0..3 {
                clients.spawn(ask(admin.client.clone(), true, Arc::clone(&is_over)));
            }
            clients.spawn(ask(admin.client.clone(), false, Arc::clone(&is_over)));
        }
        Self { is_over, clients }
    }

    /// Ends it. Every request was answered with 200.
    pub(crate) async fn ends(self) {
        self.is_over.store(true, Ordering::SeqCst);
        let clients = self.clients.join_all().await;
        let requests: u64 = clients.iter().map(|(requests, _)| requests).sum();
        let slowest = clients.iter().map(|(_, slowest)| slowest).max();
        println!("{requests} requests, none failed; the slowest took {slowest:?}");
        assert!(clients.iter().all(|(requests, _)| *requests >= 5), "{clients:?}");
    }
}

/// Asks one thing after the other, on one connection or on a new one each
/// time. Returns how often, and the longest that an answer took.
async fn ask(client: Client, on_one: bool, is_over: Arc<AtomicBool>) -> (u64, Duration) {
    let streams = if on_one { Some(client.streams().await) } else { None };
    let (mut requests, mut slowest) = (0, Duration::ZERO);
    while !is_over.load(Ordering::SeqCst) {
        let began = Instant::now();
        let answer = match &streams {
            Some(streams) => streams.get(LICENSED).await,
            None => client.get(LICENSED).await,
        };
        let outcome = answer.outcome();
        let took = began.elapsed();
        assert_eq!(outcome, (200, String::new()), "request {requests}, after {took:?}");
        requests += 1;
        slowest = slowest.max(took);
        sleep(Duration::from_millis(10)).await;
    }
    (requests, slowest)
}

impl Changes {
    /// Somebody who installs at one of these instances after the other, and a
    /// guest of each who comes and goes.
    pub(crate) fn on(admins: &[Admin]) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        let (everywhere, over) = (admins.to_owned(), Arc::clone(&is_over));
        clients.spawn(async move {
            for admin in everywhere.iter().cycle() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let (_, outcome) = admin.install().await;
                let is_fine = outcome.0 == 200 || outcome == unavailable() || outcome == older();
                assert!(is_fine, "{outcome:?}");
                sleep(Duration::from_millis(100)).await;
            }
        });
        for (number, admin) in admins.iter().enumerate() {
            let (admin, is_over) = (admin.clone(), Arc::clone(&is_over));
            clients.spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    match admin.connect(&format!("guest-{number}")).await {
                        Ok(agent) => agent.close().await,
                        Err(status) => assert!(matches!(status, 409 | 503), "{status}"),
                    }
                    sleep(Duration::from_millis(100)).await;
                }
            });
        }
        Self { is_over, clients }
    }

    pub(crate) async fn end(self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
    }
}
