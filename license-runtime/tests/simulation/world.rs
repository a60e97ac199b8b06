//! What the nodes share: the database, the faults between them and it, and
//! everything that is known of what it has answered.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use license_core::{Timestamp, testing::Vendor, time::Month};
use license_runtime::MemoryStore;
use tokio::time::Instant;

use crate::{
    lease_model::LeaseModel,
    licenses::Licenses,
    node::Running,
    time::{MachineClock, wall},
    users::{HeldLock, Users},
};

/// The database, and who uses it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) origin: Instant,
    pub(crate) vendor: Vendor,
    /// What is really stored.
    pub(crate) store: MemoryStore,
    pub(crate) nodes: Mutex<[Slot; NODES]>,
    state: Mutex<State>,
}

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) ways: [Way; NODES],
    /// Nobody reaches the database.
    pub(crate) away: bool,
    pub(crate) leases: LeaseModel,
    pub(crate) licenses: Licenses,
    /// When the license state was replaced last.
    pub(crate) installed_at: Duration,
    pub(crate) users: Users,
    pub(crate) locks: Vec<Arc<HeldLock>>,
    /// Uses of the quota that were acknowledged.
    pub(crate) used: BTreeMap<Month, u64>,
    pub(crate) tally: Tally,
    trace: VecDeque<String>,
    violations: Vec<String>,
}

/// The way from a node to the database.
#[derive(Debug, Default)]
pub(crate) struct Way {
    pub(crate) cut: bool,
    /// How many of 100 calls are lost; half of them have taken effect.
    pub(crate) loss: u64,
    /// How much longer calls take at most, in milliseconds.
    pub(crate) delay: u64,
    /// When something was last wrong with it.
    pub(crate) troubled_at: Duration,
}

/// The place of one node.
#[derive(Debug, Default)]
pub(crate) enum Slot {
    /// It starts, stops, or nobody has started it.
    #[default]
    Down,
    Up(Arc<Running>),
}

/// How often something happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: u64,
    pub(crate) failed_calls: u64,
    pub(crate) lost_answers: u64,
    pub(crate) kills: u64,
    pub(crate) shutdowns: u64,
    pub(crate) partitions: u64,
    pub(crate) outages: u64,
    pub(crate) installed: u64,
    pub(crate) older_refused: u64,
    pub(crate) installs_unavailable: u64,
    pub(crate) connected: u64,
    pub(crate) connected_while_unreachable: u64,
    pub(crate) hosts_refused: u64,
    pub(crate) hosts_unavailable: u64,
    pub(crate) seats: u64,
    pub(crate) seats_refused: u64,
    pub(crate) seats_lost: u64,
    pub(crate) uses: u64,
    pub(crate) uses_refused: u64,
    pub(crate) taken_over: u64,
    /// Of the license of a node with that of the database.
    pub(crate) comparisons: u64,
}

pub(crate) const NODES: usize = 4;
/// By how many seconds their clocks are ahead.
pub(crate) const AHEAD: [i64; NODES] = [-8, 0, 2, 480];
/// How many events are shown where a rule was broken.
const TRACE: usize = 60;

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let origin = Instant::now();
        let clock = MachineClock { origin, ahead: 0 };
        let product = license_core::Product::builder("test", "https://vendor.example", "test")
            .limit("agents", license_core::license::LimitKind::Leases)
            .limit("users", license_core::license::LimitKind::Seats)
            .limit("decisions", license_core::license::LimitKind::Monthly)
            .build();
        Arc::new(Self {
            seed,
            origin,
            vendor: Vendor::of(product.unwrap()),
            store: MemoryStore::with_clock(Arc::new(clock)),
            nodes: Mutex::default(),
            state: Mutex::default(),
        })
    }

    /// How much time has passed.
    pub(crate) fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// What the database's clock says.
    pub(crate) fn wall(&self) -> Timestamp {
        wall(self.now())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn node(&self, slot: usize) -> Option<Arc<Running>> {
        match &self.nodes.lock().unwrap()[slot] {
            Slot::Up(running) => Some(Arc::clone(running)),
            Slot::Down => None,
        }
    }

    pub(crate) fn running(&self) -> Vec<Arc<Running>> {
        (0..NODES).filter_map(|slot| self.node(slot)).collect()
    }

    /// Empties the place of a node.
    pub(crate) fn take(&self, slot: usize) -> Option<Arc<Running>> {
        match std::mem::take(&mut self.nodes.lock().unwrap()[slot]) {
            Slot::Up(running) => Some(running),
            Slot::Down => None,
        }
    }

    pub(crate) fn note(&self, event: impl Into<String>) {
        let (now, event) = (self.now(), event.into());
        let trace = &mut self.state().trace;
        if trace.len() == TRACE {
            trace.pop_front();
        }
        trace.push_back(format!("{:>9.3} s  {event}", now.as_secs_f64()));
    }

    /// Notes that a rule was broken. The simulation stops at its next step:
    /// whoever notices may be within a task whose panic nobody sees.
    pub(crate) fn broken(&self, rule: impl Into<String>) {
        let rule = rule.into();
        self.note(format!("BROKEN: {rule}"));
        self.state().violations.push(rule);
    }

    /// Notes that a rule was broken, if so.
    pub(crate) fn expect(&self, result: Result<(), String>) {
        if let Err(rule) = result {
            self.broken(rule);
        }
    }

    /// # Panics
    ///
    /// If a rule was broken.
    pub(crate) fn assert_unbroken(&self) {
        let (rule, trace) = {
            let state = self.state();
            let Some(rule) = state.violations.first() else { return };
            (rule.clone(), state.trace.iter().cloned().collect::<Vec<_>>().join("\n"))
        };
        panic!("{rule}\nLICENSE_SIMULATION_SEED={}, and what led to it:\n{trace}", self.seed);
    }
}

impl State {
    /// Whether a node can reach the database.
    pub(crate) fn reaches(&self, slot: usize) -> bool {
        !self.away && !self.ways[slot].cut
    }

    /// Whether nothing was wrong between a node and the database since then.
    pub(crate) fn calm_since(&self, slot: usize, since: Duration) -> bool {
        self.ways[slot].troubled_at < since
    }

    /// Whether nothing was wrong for this long.
    pub(crate) fn calm_for(&self, slot: usize, now: Duration, time: Duration) -> bool {
        now.checked_sub(time).is_some_and(|since| self.calm_since(slot, since))
    }
}
