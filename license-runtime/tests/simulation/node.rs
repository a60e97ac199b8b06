//! One process of the service: starting it, killing it, and what must hold of
//! it at every moment.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use license_core::{Clock, HostId, Licensing, MachineId};
use license_runtime::{LeaseGuard, LicenseManager, MachineIdSource, Store};
use tokio::time::{sleep, timeout};

use crate::{
    connection::Connection,
    lease_model::TTL,
    link::Link,
    time::MachineClock,
    world::{AHEAD, Slot, World},
};

/// A process that serves requests.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) slot: usize,
    pub(crate) link: Arc<Link>,
    pub(crate) manager: LicenseManager,
    /// Whether it has ever had a license in force.
    has_served: AtomicBool,
    connections: Mutex<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    guards: BTreeMap<HostId, Vec<LeaseGuard>>,
    /// When somebody last asked for a host, or it left.
    touched: BTreeMap<HostId, Duration>,
}

/// How long a node may take to be as if nothing had been wrong: as long as the
/// longest call, and some rounds.
pub(crate) const RECOVERY: Duration = Duration::from_secs(10);

/// Starts a process over and over until it comes up, as a supervisor would.
pub(crate) async fn start(world: Arc<World>, slot: usize, first: u64) {
    for salt in first.. {
        let clock = MachineClock { origin: world.origin, ahead: AHEAD[slot] };
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let licensing = Licensing::with_clock(world.vendor.verifier(), clock);
        let link = Arc::new(Link::new(&world, slot, licensing.clone(), salt));
        let machine = MachineId::custom("the-machine-of-the-simulation").unwrap();
        let manager = LicenseManager::builder(licensing)
            .store(Connection(Arc::clone(&link)))
            .machine_id(MachineIdSource::Custom(machine))
            .lease_ttl(TTL)
            .start()
            .await;
        let Ok(manager) = manager else {
            link.dead.store(true, Ordering::SeqCst);
            sleep(Duration::from_secs(5)).await;
            continue;
        };
        let (has_served, connections) = Default::default();
        let running = Running { slot, link, manager, has_served, connections };
        world.nodes.lock().unwrap()[slot] = Slot::Up(Arc::new(running));
        world.state().ways[slot].troubled_at = world.now();
        world.note(format!("node {slot} is up"));
        return;
    }
}

impl Running {
    pub(crate) fn licensing(&self) -> &Licensing {
        self.manager.licensing()
    }

    /// Ends the process: nothing of it reaches the database any more.
    pub(crate) fn kill(&self) {
        self.link.dead.store(true, Ordering::SeqCst);
        self.hang_up();
    }

    /// Ends all connections.
    pub(crate) fn hang_up(&self) {
        let guards = std::mem::take(&mut self.connections.lock().unwrap().guards);
        drop(guards);
    }

    pub(crate) fn is_connected(&self, host: &HostId) -> bool {
        self.connections.lock().unwrap().guards.contains_key(host)
    }

    pub(crate) fn connect(&self, guard: LeaseGuard) {
        let host = guard.host().clone();
        self.connections.lock().unwrap().guards.entry(host).or_default().push(guard);
    }

    /// Ends one connection of a host.
    pub(crate) fn disconnect(&self, host: &HostId) {
        let guard = {
            let mut connections = self.connections.lock().unwrap();
            let guard = connections.guards.get_mut(host).and_then(Vec::pop);
            connections.guards.retain(|_, guards| !guards.is_empty());
            guard
        };
        if guard.is_some() {
            self.touch(host);
        }
    }

    /// The hosts that are connected.
    pub(crate) fn hosts(&self) -> Vec<HostId> {
        self.connections.lock().unwrap().guards.keys().cloned().collect()
    }

    /// Notes that something happens to a host.
    pub(crate) fn touch(&self, host: &HostId) {
        let now = self.link.world.now();
        self.connections.lock().unwrap().touched.insert(host.clone(), now);
    }

    pub(crate) fn untouched_since(&self, host: &HostId, since: Duration) -> bool {
        self.connections.lock().unwrap().touched.get(host).is_none_or(|at| *at <= since)
    }

    /// Everything that memory decides, whatever the database does: the service,
    /// a feature, a host that is connected already.
    pub(crate) async fn check_memory(&self, pick: usize) -> Result<(), String> {
        let (slot, licensing) = (self.slot, self.licensing());
        let refused = |what: &str, denial: &dyn std::fmt::Debug| {
            Err(format!("node {slot} refused {what}: {denial:?}"))
        };
        match licensing.check_service() {
            Ok(()) => self.has_served.store(true, Ordering::SeqCst),
            Err(_) if self.has_nothing_begun() => return Ok(()),
            Err(denial) => return refused("service", &denial),
        }
        if let Err(denial) = licensing.check_feature("sso") {
            return refused("a feature", &denial);
        }
        let hosts = self.hosts();
        if hosts.is_empty() {
            return Ok(());
        }
        let host = hosts[pick % hosts.len()].clone();
        let leases = self.manager.leases("agents");
        match timeout(Duration::ZERO, leases.acquire(host)).await {
            Ok(Ok(_)) => Ok(()),
            refusal => refused("a host that is connected", &refusal),
        }
    }

    /// Whether the node's clock is so slow that the license has not begun, and
    /// it knows of no other.
    pub(crate) fn has_nothing_begun(&self) -> bool {
        let (licensing, state) = (self.licensing(), self.link.world.state());
        AHEAD[self.slot] < 0
            && !self.has_served.load(Ordering::SeqCst)
            && state.licenses.waits(&licensing.control().saved(), licensing.clock().now())
    }

    /// What must hold once nothing has been wrong for a while: the node has
    /// the license that the database has, and counts the hosts that it has.
    pub(crate) async fn check_calm(&self, free_since: Option<Duration>) -> Result<(), String> {
        let (world, slot) = (&self.link.world, self.slot);
        let now = world.now();
        let stored = world.store.load().await.unwrap().saved;
        let known = self.licensing().control().saved();
        let mut state = world.state();
        if state.calm_for(slot, now, RECOVERY) && state.installed_at + RECOVERY < now {
            state.tally.comparisons += 1;
            let same = known.current == stored.current
                && known.next == stored.next
                && known.newest_issued_at == stored.newest_issued_at;
            if !same {
                return Err(format!("node {slot} has another license than the database"));
            }
        }
        if !state.calm_for(slot, now, TTL + RECOVERY) {
            return Ok(());
        }
        let number = *self.link.number.lock().unwrap();
        let counted = number.map(|number| state.leases.hosts_of(number)).unwrap_or_default();
        let quiet = |host: &HostId| self.untouched_since(host, now - TTL);
        if let Some(host) = counted.iter().find(|host| quiet(host) && !self.is_connected(host)) {
            return Err(format!("{host} left node {slot} and counts still"));
        }
        let free = free_since.is_some_and(|since| since + TTL < now);
        let connected = self.hosts();
        if let Some(host) = connected.iter().find(|it| free && quiet(it) && !counted.contains(it)) {
            return Err(format!("{host} is connected to node {slot} and does not count"));
        }
        Ok(())
    }

    /// Ends the process as an administrator would.
    pub(crate) async fn shut_down(&self, hangs_up_first: bool) {
        let world = &self.link.world;
        let asked = world.now();
        if hangs_up_first {
            self.hang_up();
        }
        self.manager.shutdown().await;
        self.hang_up();
        let number = *self.link.number.lock().unwrap();
        let state = world.state();
        let left = number.map(|number| state.leases.hosts_of(number)).unwrap_or_default();
        let calm = asked.checked_sub(RECOVERY);
        let calm = calm.is_some_and(|since| state.calm_since(self.slot, since));
        drop(state);
        if calm && !left.is_empty() {
            world.broken(format!("node {} was shut down and still counts {left:?}", self.slot));
        }
    }

    /// Where the database really is.
    pub(crate) async fn taken(&self, month: license_core::time::Month) -> u64 {
        self.link.world.store.quota_taken("decisions", month).await.unwrap()
    }
}
