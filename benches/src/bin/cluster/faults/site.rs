//! Three nodes that come and go, each with its way to the server.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::testing::Vendor;
use license_tests::Way;
use tokio::{
    sync::mpsc::unbounded_channel,
    time::{sleep, timeout},
};

use super::{HEALING, HOST_POOL, TTL, book::Book, token};
use crate::{
    child::{Events, Node},
    cluster::{NODES, setting},
    license,
    server::Server,
};

/// The nodes, and the ways between them and the server.
pub(super) struct Site {
    vendor: Vendor,
    book: Arc<Book>,
    events: Events,
    pub(super) ways: Vec<Way>,
    nodes: Mutex<Vec<Option<Arc<Node>>>>,
    seed: AtomicU64,
}

/// How long an installation is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

impl Site {
    pub(super) async fn start(server: &Server, book: Arc<Book>, seed: u64) -> Arc<Self> {
        let (events, mut heard): (Events, _) = unbounded_channel();
        let listener = Arc::clone(&book);
        tokio::spawn(async move {
            while let Some((node, event)) = heard.recv().await {
                listener.heard(node, &event);
            }
        });
        let mut ways = Vec::new();
        for _ in 0..NODES {
            ways.push(Way::to(server.url()).await);
        }
        let site = Self {
            vendor: license::vendor(),
            book,
            events,
            ways,
            nodes: Mutex::new(vec![None; NODES]),
            seed: AtomicU64::new(seed),
        };
        for number in 0..NODES {
            site.start_node(number).await;
        }
        Arc::new(site)
    }

    /// Starts a node, as soon as the server lets it.
    pub(super) async fn start_node(&self, number: usize) {
        let setting = setting(&self.vendor, self.ways[number].url(), "faults", TTL, true);
        let started = timeout(HEALING, async {
            loop {
                match Node::start(number, &setting, self.events.clone()).await {
                    Ok(node) => break node,
                    Err(_) => sleep(Duration::from_millis(200)).await,
                }
            }
        });
        let node = started.await.expect("a node starts within a minute");
        self.nodes()[number] = Some(Arc::new(node));
    }

    /// Has a node do what a service does, once it has a license.
    pub(super) async fn work(&self, number: usize) {
        let Some(node) = self.node(number) else { return };
        while node.ask("license").await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
        let seed = self.seed.fetch_add(1, Ordering::Relaxed);
        let began = node.ask(&format!("work {HOST_POOL} 1 {seed}")).await;
        began.expect("a node that has just started works");
    }

    pub(super) fn kill(&self, number: usize) {
        if let Some(node) = self.nodes()[number].take() {
            node.kill();
        }
    }

    pub(super) fn node(&self, number: usize) -> Option<Arc<Node>> {
        self.nodes()[number].clone()
    }

    /// Installs a license on a node, and notes what became of it.
    pub(super) async fn install(&self, number: usize, id: String) {
        let Some(node) = self.node(number) else { return };
        let token = token(&self.vendor, &id);
        let command = format!("install {}", token.as_str());
        match timeout(PATIENCE, node.ask(&command)).await {
            Ok(Ok(_)) => {
                let verifier = self.vendor.verifier();
                let verified = verifier.verify(token.as_str().as_bytes()).expect("it verifies");
                self.book.installed(id, verified.license().issued_at().as_seconds());
            }
            Ok(Err(code)) => self.book.not_installed(code),
            Err(_) => self.book.broke(format!("an installation is not answered in {PATIENCE:?}")),
        }
    }

    fn nodes(&self) -> std::sync::MutexGuard<'_, Vec<Option<Arc<Node>>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
