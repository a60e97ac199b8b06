//! The way from one process to the database: calls take their time, are
//! refused, or are carried out and never answered.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::Licensing;
use license_runtime::{LeaseNode, SeatLock, Store, StoreError, StoreErrorKind};
use tokio::time::{sleep, timeout};

use crate::{users::HeldLock, world::World};

/// The store as one process sees it.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) world: Arc<World>,
    pub(crate) slot: usize,
    /// What the process decides by, to know what it may ask for.
    pub(crate) licensing: Licensing,
    /// The process was killed, or has closed the store.
    pub(crate) dead: Arc<AtomicBool>,
    /// Its number among those that hold leases.
    pub(crate) number: Mutex<Option<LeaseNode>>,
    /// The monthly caps that were in force, and when each was last.
    caps: Mutex<BTreeMap<u64, Duration>>,
    /// How many calls there were of each kind.
    calls: [AtomicU64; KINDS],
    /// Makes the calls of every process different.
    salt: u64,
}

/// What a call is about: those of one kind come one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    License,
    Beat,
    Leases,
    Leased,
    Quota,
    Taken,
    Seats,
    Audit,
}

/// What will become of a call.
struct Plan {
    /// How long it takes there and back, in milliseconds.
    there: u64,
    back: u64,
    lost_there: bool,
    lost_back: bool,
    /// How long the process waits for an answer that does not come.
    patience: Duration,
}

/// A lock as its holder sees it.
struct Holder {
    held: Arc<HeldLock>,
    link: Arc<Link>,
}

const KINDS: usize = 8;
/// Calls of different nodes and kinds never meet in one millisecond, so that
/// the order in which they do is always the same.
const GRID: u64 = 40;
/// How long to wait for a lock.
const WAIT: Duration = Duration::from_secs(10);

impl Link {
    pub(crate) fn new(world: &Arc<World>, slot: usize, licensing: Licensing, salt: u64) -> Self {
        Self {
            world: Arc::clone(world),
            slot,
            licensing,
            dead: Arc::default(),
            number: Mutex::default(),
            caps: Mutex::default(),
            calls: Default::default(),
            salt,
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }

    pub(crate) fn reaches(&self) -> bool {
        !self.is_dead() && self.world.state().reaches(self.slot)
    }

    /// The cap that the license on this node names.
    pub(crate) fn cap(&self, of: impl Fn(&crate::licenses::Terms) -> u64) -> Option<u64> {
        let license = self.licensing.license()?;
        self.world.state().licenses.of_id(license.license().id()).map(of)
    }

    /// Notes which monthly cap is in force.
    pub(crate) fn note_cap(&self) {
        if let Some(cap) = self.cap(|terms| terms.decisions) {
            self.caps.lock().unwrap().insert(cap, self.world.now());
        }
    }

    /// Whether a monthly cap is in force, or was when the counter may have
    /// read it: before a call.
    pub(crate) fn was_in_force(&self, cap: Option<u64>) -> bool {
        const LONGEST_CALL: Duration = Duration::from_secs(15);
        let since = self.world.now().saturating_sub(LONGEST_CALL);
        let caps = self.caps.lock().unwrap();
        cap.and_then(|cap| caps.get(&cap).copied()).is_some_and(|last| last >= since)
    }

    /// Decides what becomes of the next call of a kind.
    fn plan(&self, kind: Kind) -> Plan {
        self.note_cap();
        let number = self.calls[kind as usize].fetch_add(1, Ordering::SeqCst);
        let mut random = self.world.seed
            ^ mixed(self.salt << 32 | (kind as u64) << 24 | (self.slot as u64) << 28)
            ^ mixed(number.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let mut draw = |below: u64| {
            random = mixed(random);
            random % below
        };
        let mut state = self.world.state();
        state.tally.calls += 1;
        let way = &state.ways[self.slot];
        let lost = draw(100) < way.loss;
        let lost_there = lost && draw(2) == 0;
        Plan {
            there: 1 + draw(10) + draw(way.delay + 1),
            back: 1 + draw(10) + draw(way.delay + 1),
            lost_there,
            lost_back: lost && !lost_there,
            patience: Duration::from_millis([0, 0, 1000, 5000][draw(4) as usize]),
        }
    }

    /// Travels, there or back.
    async fn travel(
        &self,
        kind: Kind,
        millis: u64,
        lost: bool,
        patience: Duration,
    ) -> Result<(), StoreError> {
        let own = (self.slot * KINDS + kind as usize) as u64;
        let arrival = self.world.now().as_millis() as u64 + millis;
        let arrival = arrival + (own + GRID - arrival % GRID) % GRID;
        sleep(Duration::from_millis(arrival).saturating_sub(self.world.now())).await;
        if self.is_dead() {
            return Err(StoreErrorKind::Unavailable.into());
        }
        if lost || !self.reaches() {
            {
                let now = self.world.now();
                let mut state = self.world.state();
                state.tally.failed_calls += 1;
                state.ways[self.slot].troubled_at = now;
            }
            sleep(patience).await;
            return Err(StoreErrorKind::Unavailable.into());
        }
        Ok(())
    }

    /// A call: there, its effect in one moment, and back.
    pub(crate) async fn call<T>(
        &self,
        kind: Kind,
        effect: impl AsyncFnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let plan = self.plan(kind);
        self.travel(kind, plan.there, plan.lost_there, plan.patience).await?;
        let result = effect().await;
        let back = self.travel(kind, plan.back, plan.lost_back, plan.patience).await;
        if back.is_err() {
            self.world.state().tally.lost_answers += 1;
        }
        back.and(result)
    }

    /// Waits for a lock; the database lets go of it when its holder is gone.
    pub(crate) async fn lock(self: &Arc<Self>, limit: &str) -> Result<SeatLock, StoreError> {
        let plan = self.plan(Kind::Seats);
        self.travel(Kind::Seats, plan.there, plan.lost_there, plan.patience).await?;
        let lock = timeout(WAIT, self.world.store.lock_seats(limit)).await;
        let lock = lock.map_err(|_| StoreError::new(StoreErrorKind::Unavailable))??;
        let now = self.world.now();
        let held = HeldLock::new(Arc::clone(&self.dead), self.slot, now, lock);
        self.world.state().locks.push(Arc::clone(&held));
        let holder = Holder { held, link: Arc::clone(self) };
        self.travel(Kind::Seats, plan.back, plan.lost_back, plan.patience).await?;
        Ok(SeatLock::new(holder, |holder| async move {
            let link = Arc::clone(&holder.link);
            let released = link.call(Kind::Seats, async || match holder.held.end() {
                true => Ok(()),
                false => Err(StoreErrorKind::Unavailable.into()),
            });
            released.await
        }))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        if self.link.reaches() {
            self.held.end();
        }
    }
}

/// One step of SplitMix64.
pub(crate) fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
