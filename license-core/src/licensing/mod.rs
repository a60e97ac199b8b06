//! The handle: what the service asks on every request, and where a new
//! license is put while it runs.

mod announcer;
mod asked_feature;
mod control;
mod current;
mod installation;
mod installing;
mod preview;
mod reported;
mod reports;
mod requests;
mod subscription;

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use arc_swap::ArcSwap;
use event_listener::Event;

use self::reported::Reported;
pub use self::{
    announcer::Announcer,
    asked_feature::AskedFeature,
    control::Control,
    installation::{Actor, InstallRequest, Installation, StoredState},
    subscription::{Gate, Subscription},
};
pub use crate::decide::Admission;
use crate::{
    decide::{Installed, Snapshot, State, next_id},
    machine::Machine,
    product::Product,
    refusal::DenialLog,
    time::{
        Clock, ClockMark, SystemClock, Timestamp,
        guard::{ClockGuard, ClockReading},
    },
    verify::Verifier,
};

/// The license of this service. Clones share one state.
///
/// A [`Licensing`] is cheap to clone and never waits: reading is one look at
/// an [`ArcSwap`] and one coarse reading of the clock; a new license is one
/// atomic swap. Everything that is decided is decided from one immutable state,
/// so each check sees exactly one license.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use license_core::{Licensing, testing::Vendor};
///
/// let vendor = Vendor::new();
/// let licensing = Licensing::new(vendor.verifier());
/// assert_eq!(licensing.check_feature("sso").unwrap_err().code().as_str(), "license_missing");
///
/// let token = vendor.license().features(["sso"]).sign();
/// let verified = licensing.verify(token.as_str().as_bytes())?;
/// licensing.install_in_memory(&verified);
/// assert!(licensing.check_feature("sso").is_ok());
/// assert_eq!(licensing.check_feature("tenants").unwrap_err().status(), 403);
/// # }
/// # Ok::<(), license_core::InstallError>(())
/// ```
#[derive(Clone)]
pub struct Licensing(Arc<Shared>);

struct Shared {
    verifier: Verifier,
    clock: Arc<dyn Clock>,
    /// Whether that is the [`SystemClock`], which is then read directly.
    system_clock: bool,
    state: Arc<ArcSwap<State>>,
    /// Whether the license was last found to bind a domain: a hint.
    host_wanted: AtomicBool,
    changed: Event,
    denials: DenialLog,
    reported: Reported,
}

impl Licensing {
    /// A handle with the system's clocks and nothing installed.
    pub fn new(verifier: Verifier) -> Self {
        Self::build(verifier, Arc::new(SystemClock::new()), true)
    }

    /// A handle that takes its time from `clock`.
    pub fn with_clock(verifier: Verifier, clock: Arc<dyn Clock>) -> Self {
        Self::build(verifier, clock, false)
    }

    fn build(verifier: Verifier, clock: Arc<dyn Clock>, system_clock: bool) -> Self {
        let installed = Installed::empty(Machine::UNAVAILABLE);
        let guard = ClockGuard::resume(ClockMark::default(), clock.monotonic());
        let (guard, reading) = guard.observe(clock.now(), clock.monotonic(), None);
        let verdict = installed.verdict(verifier.product().policy(), &reading);
        let state = State { id: next_id(), installed, guard, verdict, revision: 0 };
        let state = Arc::new(ArcSwap::from_pointee(state));
        let denials = DenialLog::default();
        Self(Arc::new(Shared {
            verifier,
            clock,
            system_clock,
            state,
            host_wanted: AtomicBool::new(false),
            changed: Event::new(),
            denials,
            reported: Reported::default(),
        }))
    }

    /// The product.
    pub fn product(&self) -> &Product {
        self.0.verifier.product()
    }

    /// Where the time comes from: what the product dates by it is judged as the
    /// license is, and moves in tests as that does.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// A subscription that tells of every change of phase or license from now
    /// on.
    pub fn subscribe(&self) -> Subscription {
        Subscription::new(self.clone())
    }

    /// The gate that background work waits on.
    pub fn gate(&self) -> Gate {
        Gate::new(self.subscribe())
    }

    pub(crate) fn revision(&self) -> u64 {
        self.0.state.load().revision
    }

    pub(crate) fn changed(&self) -> &Event {
        &self.0.changed
    }

    /// Decides from the state as it stands: without a lock, an allocation or
    /// an exact clock reading while a coarse one proves that nothing changed.
    #[inline(always)]
    fn read<R>(&self, decide: impl FnOnce(Snapshot<'_>) -> R) -> R {
        let decided = current::with(&self.0.state, |state| {
            if !state.verdict.is_valid_at(self.0.now_coarse()) {
                return Err(decide);
            }
            Ok(decide(self.snapshot_of(state)))
        });
        decided.unwrap_or_else(|decide| self.observe(|view, _| decide(view)))
    }

    /// Whether the state as it stands answers yes, given its id; `false` also
    /// where the coarse clock does not prove that nothing changed.
    #[inline(always)]
    fn try_read(&self, answer: impl FnOnce(u64, Snapshot<'_>) -> bool) -> bool {
        current::with(&self.0.state, |state| {
            state.verdict.is_valid_at(self.0.now_coarse())
                && answer(state.id, self.snapshot_of(state))
        })
    }

    /// The state as it stands, which the coarse clock has to prove.
    #[inline(always)]
    fn snapshot_of<'a>(&'a self, state: &'a State) -> Snapshot<'a> {
        let policy = self.0.verifier.product().policy();
        Snapshot { installed: &state.installed, verdict: &state.verdict, policy }
    }

    /// Decides from an exact reading of the clock, judged by the guard. Where
    /// the verdict has changed the new one is published; a publication that
    /// races with another is dropped, for the next look repeats it.
    #[cold]
    pub(crate) fn observe<R>(&self, decide: impl FnOnce(Snapshot<'_>, &ClockReading) -> R) -> R {
        let policy = self.0.verifier.product().policy();
        let old = self.0.state.load_full();
        let wall = self.0.clock.now();
        let cap = old.installed.mark_cap(policy);
        let (guard, reading) = old.guard.observe(wall, self.0.clock.monotonic(), cap);
        let verdict = old.installed.verdict(policy, &reading);
        let same = verdict.same_for_requests(&old.verdict);
        let extends = verdict.is_valid_at(wall) && !old.verdict.is_valid_at(wall);
        if !same || extends || guard.is_latched() != old.guard.is_latched() {
            let revision = old.revision + u64::from(!same);
            let installed = old.installed.clone();
            let state = State { id: next_id(), installed, guard, verdict, revision };
            let previous = self.0.state.compare_and_swap(&old, Arc::new(state));
            if !same && Arc::ptr_eq(&old, &previous) {
                self.0.changed.notify(usize::MAX);
            }
        }
        decide(Snapshot { installed: &old.installed, verdict: &verdict, policy }, &reading)
    }

    fn change_installed(&self, change: impl Fn(&mut Installed)) {
        let clock = &self.0.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        self.publish(|state| {
            let mut installed = state.installed.clone();
            change(&mut installed);
            self.state_of(installed, state.guard, wall, monotonic)
        });
    }

    fn state_of(
        &self,
        installed: Installed,
        guard: ClockGuard,
        wall: Timestamp,
        monotonic: Duration,
    ) -> State {
        let policy = self.0.verifier.product().policy();
        let (guard, reading) = guard.observe(wall, monotonic, installed.mark_cap(policy));
        let verdict = installed.verdict(policy, &reading);
        State { id: next_id(), installed, guard, verdict, revision: 0 }
    }

    fn publish(&self, next: impl Fn(&State) -> State) {
        self.0.state.rcu(|state| State { revision: state.revision + 1, ..next(state) });
        self.0.changed.notify(usize::MAX);
    }
}

impl Control<'_> {
    /// Looks at the clock now, so that subscribers learn of a change that no
    /// request has noticed. Returns how long nothing is due to change.
    pub fn refresh(self) -> Duration {
        self.licensing
            .observe(|view, reading| view.verdict.next_change().saturating_since(reading.judged()))
    }
}

impl Shared {
    #[inline]
    fn now_coarse(&self) -> Timestamp {
        if self.system_clock { SystemClock::new().now_coarse() } else { self.clock.now_coarse() }
    }
}

impl fmt::Debug for Licensing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state.load();
        f.debug_struct("Licensing")
            .field("product", &self.product().name())
            .field("verdict", &state.verdict)
            .field("revision", &state.revision)
            .finish()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Licensing>();
