//! The handle: what the service asks on every request, and where a new
//! license is put while it runs.
//!
//! A [`Licensing`] is cheap to clone and never waits: reading is one look at
//! an [`ArcSwap`] and one coarse reading of the clock; a new license is one
//! store. Everything that is decided is decided from one immutable state, so
//! a request sees exactly one license.
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use license_core::{Licensing, testing::Vendor};
//!
//! let vendor = Vendor::new();
//! let licensing = Licensing::new(vendor.verifier());
//! assert_eq!(licensing.check_feature("sso").unwrap_err().code().as_str(), "license_missing");
//!
//! let token = vendor.license().features(["sso"]).sign();
//! let verified = licensing.verify(token.as_str().as_bytes())?;
//! licensing.adopt(&verified);
//! assert!(licensing.check_feature("sso").is_ok());
//! assert_eq!(licensing.check_feature("tenants").unwrap_err().status(), 403);
//! # }
//! # Ok::<(), license_core::InstallError>(())
//! ```

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use event_listener::Event;

use crate::{
    Admission, AskedFeature, Banner, Clock, ClockMark, Denial, DenialCode, DenialCount, Difference,
    InstallError, InstallErrorKind, InvalidReason, License, Machine, Month, Phase, Product,
    PublicStatus, RequestHost, Restriction, Status, SystemClock, Timeline, Timestamp, Verified,
    Verifier, Warning,
    admission::{self, Upload},
    clock_guard::{ClockGuard, Reading},
    current,
    decide::View,
    denial_log::DenialLog,
    standing::{COARSE_LAG, Holdings, Standing},
};

/// The license of this service. Clones share one state.
#[derive(Clone)]
pub struct Licensing(Arc<Shared>);

struct Shared {
    verifier: Verifier,
    clock: Arc<dyn Clock>,
    /// Whether that is the [`SystemClock`], which is then read directly.
    system_clock: bool,
    state: Arc<ArcSwap<State>>,
    changed: Event,
    denials: DenialLog,
}

pub(crate) struct State {
    /// See [`next_id`].
    id: u64,
    holdings: Holdings,
    guard: ClockGuard,
    standing: Standing,
    /// Counts what subscribers are told of.
    revision: u64,
}

/// What a store keeps of the license state, for a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// The token of the installed license.
    pub current: Option<String>,
    /// The token of the waiting license.
    pub next: Option<String>,
    /// The newest `iat` ever accepted.
    pub newest_issued_at: Option<Timestamp>,
    /// The clock guard's mark.
    pub clock: ClockMark,
}

/// An installation that was found admissible and is not carried out yet: what
/// to store, then what to [commit](Licensing::commit).
#[derive(Clone, Debug)]
#[must_use]
pub struct Installation {
    admission: Admission,
    verified: Arc<Verified>,
    after: Holdings,
    reset: Option<Timestamp>,
    clock: ClockMark,
    difference: Difference,
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
        let holdings = Holdings::empty(Machine::Unavailable);
        let guard = ClockGuard::resume(ClockMark::default(), clock.monotonic());
        let (guard, reading) = guard.observe(clock.now(), clock.monotonic(), None);
        let standing = holdings.standing(verifier.product().policy(), &reading);
        let state = State { id: next_id(), holdings, guard, standing, revision: 0 };
        let state = Arc::new(ArcSwap::from_pointee(state));
        let denials = DenialLog::default();
        let changed = Event::new();
        Self(Arc::new(Shared { verifier, clock, system_clock, state, changed, denials }))
    }

    /// The product.
    pub fn product(&self) -> &Product {
        self.0.verifier.product()
    }

    /// Where the time comes from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    // What requests ask.

    /// Whether the service is refused as a whole. Where that is only observed,
    /// [`check_request`](Self::check_request) counts it.
    ///
    /// # Errors
    ///
    /// The denial, under restriction [`Everything`](Restriction::Everything).
    #[inline]
    pub fn check_service(&self) -> Result<(), Denial> {
        self.view(|view| view.service())
    }

    /// Whether a request may pass: the term, then the domain, then changes
    /// under read-only. `changes` says whether the request may change
    /// something and is asked only under read-only; the host is asked for only
    /// when the license binds a domain.
    ///
    /// What a rule in [shadow](crate::Policy::shadow) would have denied is
    /// counted and logged.
    ///
    /// # Errors
    ///
    /// The first denial in that order.
    #[inline]
    pub fn check_request<'h>(
        &self,
        changes: impl FnOnce() -> bool,
        host: impl FnOnce() -> RequestHost<'h>,
    ) -> Result<(), Denial> {
        self.check_request_unless(changes, host, || false)
    }

    /// As [`check_request`](Self::check_request), but that a request on the
    /// recovery path passes. `recovers` says whether it is, and is asked only
    /// where it is refused, or would be by a rule in shadow; neither counts
    /// then.
    ///
    /// # Errors
    ///
    /// As [`check_request`](Self::check_request).
    #[inline]
    pub fn check_request_unless<'h>(
        &self,
        changes: impl FnOnce() -> bool,
        host: impl FnOnce() -> RequestHost<'h>,
        recovers: impl Fn() -> bool,
    ) -> Result<(), Denial> {
        let observe = |denial| {
            if !recovers() {
                self.shadowed(denial);
            }
        };
        match self.view(|view| view.request(changes, host, observe)) {
            Err(_) if recovers() => Ok(()),
            decision => decision,
        }
    }

    /// Whether a feature may be used, for a request that needs it.
    ///
    /// # Errors
    ///
    /// The denial.
    #[inline]
    pub fn check_feature(&self, name: &str) -> Result<(), Denial> {
        self.view(|view| view.feature(name, |denial| self.shadowed(denial)))
    }

    /// Whether a feature may be used, for whoever does something else where
    /// it may not: nothing is counted as denied.
    #[inline]
    pub fn allows_feature(&self, name: &str) -> bool {
        self.view(|view| view.feature(name, drop)).is_ok()
    }

    /// Whether a feature may be used that is asked for again and again: the
    /// same as [`check_feature`](Self::check_feature), and cheaper while one
    /// license grants it.
    ///
    /// # Errors
    ///
    /// The denial.
    #[inline]
    pub fn check_asked_feature(&self, asked: &AskedFeature) -> Result<(), Denial> {
        let granted = current::with(&self.0.state, |state| {
            state.standing.holds_at(self.0.now_coarse())
                && asked.is_granted_in(state.id, || {
                    let policy = self.0.verifier.product().policy();
                    let (holdings, standing) = (&state.holdings, &state.standing);
                    View { holdings, standing, policy }.grants(asked.name())
                })
        });
        if granted { Ok(()) } else { self.check_feature(asked.name()) }
    }

    /// Whether `adding` more units of a limit fit beside the `used` ones.
    /// Adding nothing always fits.
    ///
    /// # Errors
    ///
    /// `limit_reached` with `limit`, `max` and `used`; the denial of the
    /// phase where no license can say.
    pub fn check_limit(&self, name: &str, used: u64, adding: u64) -> Result<(), Denial> {
        self.view(|view| view.limit(name, used, adding, |denial| self.shadowed(denial)))
    }

    /// How many units of a limit are allowed now; `None` for unlimited, and
    /// where nothing is refused without a license. The number is what the
    /// license says; whether more are refused,
    /// [`check_limit`](Self::check_limit) tells.
    ///
    /// # Errors
    ///
    /// The denial of the phase where no license can say.
    #[inline]
    pub fn max(&self, limit: &str) -> Result<Option<u64>, Denial> {
        self.view(|view| view.max(limit, drop))
    }

    /// The same for a request that needs units: where it is served only
    /// because the limits are in [shadow](crate::Policy::shadow), that counts.
    ///
    /// # Errors
    ///
    /// As [`max`](Self::max).
    #[inline]
    pub fn check_max(&self, limit: &str) -> Result<Option<u64>, Denial> {
        self.view(|view| view.max(limit, |denial| self.shadowed(denial)))
    }

    /// The month (UTC) that it is, by the time on which expiry is judged: a
    /// clock that was moved back does not bring a month back.
    #[inline]
    pub fn month(&self) -> Month {
        let month = current::with(&self.0.state, |state| {
            let coarse = self.0.now_coarse();
            let month = Month::of(coarse);
            // A coarse reading is late, so that it may be the next one by now.
            let certain = state.standing.holds_at(coarse)
                && month == Month::of(coarse.saturating_add(COARSE_LAG));
            certain.then_some(month)
        });
        month.unwrap_or_else(|| self.look(|_, reading| Month::of(reading.judged())))
    }

    /// Whether a limit that lists names admits this one.
    ///
    /// # Errors
    ///
    /// `limit_reached` with `limit`; the denial of the phase where no license
    /// can say.
    pub fn check_name(&self, limit: &str, name: &str) -> Result<(), Denial> {
        self.view(|view| view.name(limit, name, |denial| self.shadowed(denial)))
    }

    /// A denial of this code with the status that the product gives it: for
    /// what is decided elsewhere, such as a store that cannot be reached.
    pub fn denial(&self, code: DenialCode) -> Denial {
        Denial::new(code, self.product().policy().status_of(code, code.default_status()))
    }

    /// Counts and logs a denial that was answered to a client: one event for
    /// each code, at most once in ten seconds, with how many there were.
    pub fn record(&self, denial: &Denial) {
        self.0.denials.denied(denial, self.0.clock.monotonic());
    }

    #[cold]
    fn shadowed(&self, denial: Denial) {
        self.0.denials.shadowed(&denial, self.0.clock.monotonic());
    }

    /// How many denials there were of each code, recorded and in shadow.
    pub fn denial_counts(&self) -> impl Iterator<Item = DenialCount> {
        self.0.denials.counts()
    }

    // What administrators and the product's own pages ask.

    /// Where the license stands.
    pub fn phase(&self) -> Phase {
        self.view(|view| view.standing.phase)
    }

    /// What is refused now; `None` while the license is in force, `Advisory`
    /// where the rule is in [shadow](crate::Policy::shadow).
    pub fn restriction(&self) -> Option<Restriction> {
        self.view(|view| view.policy.enforced(view.standing.phase))
    }

    /// Whether a license is in force that could be asked, or a lapsed one:
    /// `None` where none is there or it cannot be trusted.
    pub fn license(&self) -> Option<Arc<Verified>> {
        self.view(|view| view.verified().cloned())
    }

    /// The license that [`license`](Self::license) gives, or why there is none.
    ///
    /// # Errors
    ///
    /// The denial of the phase, with status 402 unless the service itself is
    /// refused.
    pub fn require_license(&self) -> Result<Arc<Verified>, Denial> {
        self.view(|view| view.require_license().cloned())
    }

    /// The features that may be used now.
    pub fn usable_features(&self) -> Vec<String> {
        self.view(|view| {
            let granted = view.license().into_iter().flat_map(License::features);
            granted.filter(|name| view.feature(name, drop).is_ok()).cloned().collect()
        })
    }

    /// What everybody may know.
    pub fn public_status(&self) -> PublicStatus {
        self.look(|view, reading| view.public_status(reading))
    }

    /// What administrators may know. `used` tells how much of a limit is
    /// used, where the product counts it.
    pub fn status(&self, used: impl Fn(&str) -> Option<u64>) -> Status {
        self.look(|view, reading| view.status(reading, used))
    }

    /// What administrators should know. `used` tells how much of a limit is
    /// used, where the product counts it.
    pub fn warnings(&self, used: impl Fn(&str) -> Option<u64>) -> Vec<Warning> {
        self.look(|view, reading| view.warnings(reading, used))
    }

    /// Whether [`warnings`](Self::warnings) has anything to tell, used-up
    /// limits aside. As cheap as a decision about a request.
    #[inline]
    pub fn warns(&self) -> bool {
        // A coarse reading that is believed is not behind the mark.
        let quick = current::with(&self.0.state, |state| {
            let standing = &state.standing;
            standing.holds_at(self.0.now_coarse()).then_some(standing.phase != Phase::Active)
        });
        quick.unwrap_or_else(|| !self.warnings(|_| None).is_empty())
    }

    /// What the product may show all its users about the license; what
    /// concerns the service alone, such as its clock, is not in it.
    pub fn banner(&self, used: impl Fn(&str) -> Option<u64>) -> Banner {
        Banner::of(&self.look(|view, reading| view.license_warnings(reading, used)))
    }

    /// What the licenses will do, and when.
    pub fn timeline(&self) -> Timeline {
        self.look(|view, reading| Timeline::of(view.holdings, view.policy, reading))
    }

    /// What is known of this machine.
    pub fn machine(&self) -> Machine {
        self.0.state.load().holdings.machine.clone()
    }

    /// The clock mark as it would be recorded now.
    pub fn clock_mark(&self) -> ClockMark {
        self.look(|_, reading| ClockMark::new(reading.mark, reading.latched))
    }

    // How a license gets in.

    /// Verifies a token; changes nothing.
    ///
    /// # Errors
    ///
    /// See [`Verifier::verify`].
    pub fn verify(&self, bytes: &[u8]) -> Result<Verified, InstallError> {
        self.0.verifier.verify(bytes)
    }

    /// Judges an upload; changes nothing. `host` is the name by which the
    /// administrator uses the service; unless `force`, a license whose domain
    /// does not cover it is refused.
    ///
    /// # Errors
    ///
    /// What admission refuses (CONTRACT.md, "Installing answers").
    pub fn prepare(
        &self,
        verified: &Verified,
        host: Option<&str>,
        force: bool,
    ) -> Result<Installation, InstallError> {
        self.look(|view, reading| {
            let upload = Upload { host, force };
            let admission =
                admission::admit(view.holdings, view.policy, verified, reading, upload)?;
            Ok(self.installation(view, reading, verified, admission))
        })
    }

    /// Judges a token from a source that decides (a file, the environment):
    /// it replaces whatever is there, a license that waits included, and
    /// however old it is. One that begins later waits beside the one in force.
    /// Changes nothing.
    ///
    /// # Errors
    ///
    /// Only a license for another machine is refused.
    pub fn prepare_source(&self, verified: &Verified) -> Result<Installation, InstallError> {
        self.look(|view, reading| {
            let mut holdings = view.holdings.clone();
            admission::check_machine(verified, &holdings.machine)?;
            let admission = admission::of_source(&holdings, verified, reading);
            if admission == Admission::Current && !view.standing.next_has_begun {
                holdings.next = None;
            }
            let view = View { holdings: &holdings, ..view };
            Ok(self.installation(view, reading, verified, admission))
        })
    }

    /// Carries out an installation: one swap, and subscribers are told. To be
    /// called when the store has kept it.
    pub fn commit(&self, installation: Installation) {
        if installation.admission == Admission::Unchanged {
            return;
        }
        let clock = &self.0.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        self.publish(|state| {
            let guard = match installation.reset {
                Some(mark) => ClockGuard::reset(mark, monotonic),
                None => state.guard,
            };
            let machine = state.holdings.machine.clone();
            self.state_of(
                Holdings { machine, ..installation.after.clone() },
                guard,
                wall,
                monotonic,
            )
        });
    }

    /// Verifies nothing further and puts a license in force in memory alone:
    /// for services without a store, and for tests. A license that begins
    /// later waits.
    pub fn adopt(&self, verified: &Verified) {
        let installation = self.look(|view, reading| {
            let admission = admission::place(verified, reading.wall);
            self.installation(view, reading, verified, admission)
        });
        self.commit(installation);
    }

    /// The tokens, newest issue time and clock mark as they stand.
    pub fn saved(&self) -> Saved {
        let state = self.0.state.load();
        let clock = self.clock_mark();
        Saved::of(&state.holdings, clock)
    }

    /// Restores what a store kept: verifies both tokens again. One that does
    /// not verify is not in force; the errors are returned for the log.
    pub fn restore(&self, saved: &Saved) -> Vec<InstallError> {
        let mut errors = Vec::new();
        let mut verified = |token: &Option<String>| {
            let result = self.verify(token.as_deref()?.as_bytes());
            result.map(Arc::new).map_err(|error| errors.push(error)).ok()
        };
        let current = verified(&saved.current);
        let next = verified(&saved.next);
        let invalid = saved.current.is_some() && current.is_none();
        let clock = &self.0.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        self.publish(|state| {
            let holdings = Holdings {
                current: current.clone(),
                next: next.clone(),
                problem: invalid.then_some(InvalidReason::LicenseInvalid),
                machine: state.holdings.machine.clone(),
                newest_issued_at: saved.newest_issued_at,
            };
            let guard = ClockGuard::resume(saved.clock, monotonic);
            self.state_of(holdings, guard, wall, monotonic)
        });
        errors
    }

    /// Says that a state was stored and could not be read.
    pub fn mark_corrupt(&self) {
        self.change_holdings(|holdings| holdings.problem = Some(InvalidReason::StateCorrupt));
    }

    /// Says what is known of this machine.
    pub fn set_machine(&self, machine: Machine) {
        if self.machine() != machine {
            self.change_holdings(|holdings| holdings.machine = machine.clone());
        }
    }

    /// The waiting license, once it has begun and is still kept as waiting.
    pub fn begun_next(&self) -> Option<Arc<Verified>> {
        self.look(|view, _| view.holdings.next.clone().filter(|_| view.standing.next_has_begun))
    }

    /// Makes the waiting license the installed one, once it has begun.
    /// Requests see no difference: they were decided by it already.
    pub fn promote_next(&self) {
        self.change_holdings(|holdings| {
            if let Some(next) = holdings.next.take() {
                holdings.current = Some(next);
                holdings.problem = None;
            }
        });
    }

    // How others learn of changes.

    /// A subscription that tells of every change of phase or license from now
    /// on.
    pub fn subscribe(&self) -> crate::Subscription {
        crate::Subscription::new(self.clone())
    }

    /// The gate that background work waits on.
    pub fn gate(&self) -> crate::Gate {
        crate::Gate::new(self.subscribe())
    }

    /// Looks at the clock now, so that subscribers learn of a change that no
    /// request has noticed. Returns how long nothing is due to change.
    pub fn refresh(&self) -> Duration {
        self.look(|view, reading| view.standing.next_look().saturating_since(reading.wall))
    }

    pub(crate) fn revision(&self) -> u64 {
        self.0.state.load().revision
    }

    pub(crate) fn changed(&self) -> &Event {
        &self.0.changed
    }

    // The machinery.

    /// Decides from the state as it stands: without a lock, an allocation or
    /// an exact clock reading while a coarse one proves that nothing changed.
    #[inline(always)]
    fn view<R>(&self, decide: impl FnOnce(View<'_>) -> R) -> R {
        let decided = current::with(&self.0.state, |state| {
            if !state.standing.holds_at(self.0.now_coarse()) {
                return Err(decide);
            }
            let policy = self.0.verifier.product().policy();
            Ok(decide(View { holdings: &state.holdings, standing: &state.standing, policy }))
        });
        decided.unwrap_or_else(|decide| self.look(|view, _| decide(view)))
    }

    /// Decides from an exact reading of the clock, judged by the guard. Where
    /// the standing has changed the new one is published; a publication that
    /// races with another is dropped, for the next look repeats it.
    #[cold]
    pub(crate) fn look<R>(&self, decide: impl FnOnce(View<'_>, &Reading) -> R) -> R {
        let policy = self.0.verifier.product().policy();
        let old = self.0.state.load_full();
        let wall = self.0.clock.now();
        let cap = old.holdings.mark_cap(policy);
        let (guard, reading) = old.guard.observe(wall, self.0.clock.monotonic(), cap);
        let standing = old.holdings.standing(policy, &reading);
        let same = standing.same_for_requests(&old.standing);
        let extends = standing.holds_at(wall) && !old.standing.holds_at(wall);
        if !same || extends || guard.is_latched() != old.guard.is_latched() {
            let revision = old.revision + u64::from(!same);
            let holdings = old.holdings.clone();
            let state = State { id: next_id(), holdings, guard, standing, revision };
            let previous = self.0.state.compare_and_swap(&old, Arc::new(state));
            if !same && Arc::ptr_eq(&old, &previous) {
                self.0.changed.notify(usize::MAX);
            }
        }
        decide(View { holdings: &old.holdings, standing: &standing, policy }, &reading)
    }

    fn installation(
        &self,
        view: View<'_>,
        reading: &Reading,
        verified: &Verified,
        admission: Admission,
    ) -> Installation {
        let effective = view.holdings.effective(view.standing.next_has_begun);
        let difference = Difference::between(effective.map(|it| &it.license), &verified.license);
        let verified = Arc::new(verified.clone());
        let mut after = view.holdings.clone();
        match admission {
            Admission::Unchanged => {}
            Admission::Current => {
                // A waiting license that has begun is what is being replaced.
                after.next = after.next.filter(|_| !view.standing.next_has_begun);
                after.current = Some(Arc::clone(&verified));
                after.problem = None;
            }
            Admission::Next => {
                if view.standing.next_has_begun {
                    after.current = after.next;
                }
                after.next = Some(Arc::clone(&verified));
            }
        }
        if admission != Admission::Unchanged {
            after.newest_issued_at = after.newest_issued_at.max(Some(verified.license.issued_at));
        }
        let reset = admission::resets_clock(&verified, reading)
            .then(|| verified.license.issued_at.max(reading.wall));
        let clock = match reset {
            Some(mark) => ClockMark::new(Some(mark), false),
            None => {
                let cap = after.mark_cap(view.policy);
                let monotonic = self.0.clock.monotonic();
                let guard = self.0.state.load().guard;
                guard.observe(reading.wall, monotonic, cap).0.recorded(monotonic, cap)
            }
        };
        Installation { admission, verified, after, reset, clock, difference }
    }

    fn change_holdings(&self, change: impl Fn(&mut Holdings)) {
        let clock = &self.0.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        self.publish(|state| {
            let mut holdings = state.holdings.clone();
            change(&mut holdings);
            self.state_of(holdings, state.guard, wall, monotonic)
        });
    }

    fn state_of(
        &self,
        holdings: Holdings,
        guard: ClockGuard,
        wall: Timestamp,
        monotonic: Duration,
    ) -> State {
        let policy = self.0.verifier.product().policy();
        let (guard, reading) = guard.observe(wall, monotonic, holdings.mark_cap(policy));
        let standing = holdings.standing(policy, &reading);
        State { id: next_id(), holdings, guard, standing, revision: 0 }
    }

    fn publish(&self, next: impl Fn(&State) -> State) {
        self.0.state.rcu(|state| State { revision: state.revision + 1, ..next(state) });
        self.0.changed.notify(usize::MAX);
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
            .field("standing", &state.standing)
            .field("revision", &state.revision)
            .finish()
    }
}

impl Saved {
    fn of(holdings: &Holdings, clock: ClockMark) -> Self {
        let token = |it: &Option<Arc<Verified>>| it.as_ref().map(|it| it.token.as_str().to_owned());
        Self {
            current: token(&holdings.current),
            next: token(&holdings.next),
            newest_issued_at: holdings.newest_issued_at,
            clock,
        }
    }
}

impl Installation {
    /// What it does.
    pub fn admission(&self) -> Admission {
        self.admission
    }

    /// The license.
    pub fn verified(&self) -> &Verified {
        &self.verified
    }

    /// What it gains and loses against the license that counts now.
    pub fn difference(&self) -> &Difference {
        &self.difference
    }

    /// What the store is to keep.
    pub fn saved(&self) -> Saved {
        Saved::of(&self.after, self.clock)
    }
}

/// The refusal of an installation that the store could not keep.
impl InstallError {
    /// A refusal because the store failed; `source` is for the log.
    pub fn store(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(InstallErrorKind::StoreUnavailable).with_source(source)
    }
}

/// An id for a state: no other in this process has it, and none is 0.
fn next_id() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed) + 1
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Licensing>();
