//! Three nodes in a schema of their own.

use std::time::Duration;

use license_core::testing::Vendor;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{sleep, timeout},
};

use crate::{
    child::{Node, Setting},
    license::{self, monotonic},
    server::Server,
};

/// Three nodes, and who signs their licenses.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) vendor: Vendor,
    pub(crate) nodes: Vec<Node>,
    events: UnboundedReceiver<(usize, String)>,
}

/// When an installation began, was acknowledged, and was in force on the last
/// node; of the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Installed {
    pub(crate) began: Duration,
    pub(crate) acknowledged: Duration,
    pub(crate) everywhere: Duration,
}

pub(crate) const NODES: usize = 3;
/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

impl Cluster {
    pub(crate) async fn start(
        server: &Server,
        schema: &str,
        ttl: Duration,
        notifications: bool,
    ) -> Self {
        let vendor = license::vendor();
        let setting = setting(&vendor, server.url(), schema, ttl, notifications);
        let (sender, events) = unbounded_channel();
        let mut nodes = Vec::new();
        for number in 0..NODES {
            let node = Node::start(number, &setting, sender.clone()).await;
            nodes.push(node.expect("the node starts"));
        }
        Self { vendor, nodes, events }
    }

    /// Installs a license on one node and waits until all have it.
    pub(crate) async fn install(
        &mut self,
        node: usize,
        id: &str,
        limits: &[(String, u64)],
    ) -> Installed {
        let license = license::license(&self.vendor, id);
        let token = limits.iter().fold(license, |it, (limit, max)| it.limit(limit, *max)).sign();
        let command = format!("install {}", token.as_str());
        let [began, acknowledged] = self.nodes[node].numbers(&command).await;
        let mut missing = [true; NODES];
        let mut everywhere = Duration::ZERO;
        while missing.contains(&true) {
            let event = timeout(PATIENCE, self.events.recv()).await;
            let (node, event) = event.ok().flatten().expect("the license arrives everywhere");
            let Some(rest) = event.strip_prefix("in-force ") else { continue };
            let (at, which) = rest.split_once(' ').expect("a time and an id");
            if which == id {
                missing[node] = false;
                let at = at.parse().map(Duration::from_nanos).expect("a time");
                everywhere = everywhere.max(at);
            }
        }
        let [began, acknowledged] = [began, acknowledged].map(Duration::from_nanos);
        Installed { began, acknowledged, everywhere }
    }

    /// Ends the nodes in order.
    pub(crate) async fn end(self) {
        for node in &self.nodes {
            let ended = timeout(PATIENCE, node.ask("end")).await;
            ended.expect("the node ends").expect("the node ends in order");
        }
    }
}

pub(crate) fn setting(
    vendor: &Vendor,
    url: &str,
    schema: &str,
    ttl: Duration,
    notifications: bool,
) -> Setting {
    let public_key = vendor.key().public_pem().expect("a key can be written");
    Setting { url: url.to_owned(), schema: schema.to_owned(), ttl, notifications, public_key }
}

/// Waits until it is so; returns when it was seen to be.
pub(crate) async fn until(every: Duration, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let began = monotonic();
    while !is_so().await {
        assert!(monotonic() - began < PATIENCE, "not within {PATIENCE:?}");
        sleep(every).await;
    }
    monotonic()
}
