//! The leases of a manager.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use license_core::{Licensing, license::LimitKind};
use tokio::{runtime::Handle, sync::watch, time::timeout};

use super::{Leases, hosts::Hosts, node::Node};
use crate::store::Store;

/// The leases of each limit, made when they are first asked for, and the node
/// that holds them.
#[derive(Debug)]
pub(crate) struct LeaseRegistry {
    licensing: Licensing,
    store: Arc<dyn Store>,
    runtime: Handle,
    node: Arc<Node>,
    by_limit: Mutex<BTreeMap<String, Leases>>,
}

/// Lets the node beat, until it is told to stop or nobody is left who could.
pub(crate) async fn run(leases: Arc<LeaseRegistry>, mut stop: watch::Receiver<bool>) {
    while timeout(leases.pause(), stop.changed()).await.is_err() {
        leases.keep().await;
    }
}

impl LeaseRegistry {
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub(crate) fn new(licensing: Licensing, store: Arc<dyn Store>, ttl: Duration) -> Self {
        let clock = Arc::clone(licensing.clock());
        let node = Arc::new(Node::new(Arc::clone(&store), clock, ttl));
        Self { licensing, store, runtime: Handle::current(), node, by_limit: Mutex::default() }
    }

    pub(crate) fn ttl(&self) -> Duration {
        self.node.ttl()
    }

    pub(crate) fn leases(&self, limit: &str) -> Leases {
        let mut by_limit = self.by_limit();
        if let Some(leases) = by_limit.get(limit) {
            return leases.clone();
        }
        let hosts = Hosts::new(
            limit,
            self.licensing.clone(),
            Arc::clone(&self.store),
            self.runtime.clone(),
            Arc::clone(&self.node),
        );
        by_limit.entry(limit.to_owned()).or_insert(Leases::new(Arc::new(hosts))).clone()
    }

    /// How many hosts count, of every limit of hosts that the product knows
    /// and of every other that was asked for. What cannot be read is left
    /// out.
    pub(crate) async fn used(&self) -> BTreeMap<String, u64> {
        let limits = self.licensing.product().limits().iter();
        for (limit, _) in limits.filter(|(_, kind)| **kind == LimitKind::Leases) {
            self.leases(limit);
        }
        let mut used = BTreeMap::new();
        for (limit, leases) in self.all() {
            if let Ok(hosts) = leases.used().await {
                used.insert(limit, hosts);
            }
        }
        used
    }

    /// What is due: leases that were not renewed end, the node beats.
    pub(crate) async fn keep(&self) {
        let all = self.all();
        for leases in all.values() {
            leases.expire();
        }
        if self.node.next_beat().is_none_or(|pause| !pause.is_zero()) {
            return;
        }
        let beaten = self.node.beat().await;
        if let Some(leases) = all.values().next() {
            leases.hosts().note(beaten.as_ref().err());
        }
        if let Ok(number) = beaten {
            for leases in all.values() {
                leases.hosts().beaten(number);
            }
        }
    }

    /// Ends the node and all its leases, for good.
    pub(crate) async fn close(&self) {
        for leases in self.all().values() {
            leases.close();
        }
        if let Err(error) = self.node.close().await {
            tracing::warn!(%error, "leases of hosts end with their time");
        }
    }

    /// How long nothing is due; at most a second.
    fn pause(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(1);
        const SHORTEST: Duration = Duration::from_millis(10);
        self.node.next_beat().unwrap_or(LONGEST).clamp(SHORTEST, LONGEST)
    }

    fn all(&self) -> BTreeMap<String, Leases> {
        self.by_limit().clone()
    }

    fn by_limit(&self) -> MutexGuard<'_, BTreeMap<String, Leases>> {
        self.by_limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
