//! How a license gets in.

use std::sync::Arc;

use super::{
    Licensing,
    installation::{Installation, Saved},
};
use crate::{
    decide::{
        Admission, Holdings, View,
        admission::{self, Upload},
    },
    machine::Machine,
    policy::InvalidReason,
    refusal::{Delivery, InstallError, InstallErrorKind},
    report::Difference,
    time::{
        ClockMark, SharedTime, Timestamp,
        guard::{ClockGuard, Reading},
    },
    verify::Verified,
};

impl Licensing {
    /// Verifies a token; changes nothing.
    ///
    /// # Errors
    ///
    /// See [`Verifier::verify`](crate::Verifier::verify).
    pub fn verify(&self, bytes: &[u8]) -> Result<Verified, InstallError> {
        self.0.verifier.verify(bytes)
    }

    /// Judges an upload; changes nothing. `host` is the name by which the
    /// administrator uses the service; unless `force`, a license whose domain
    /// does not cover it is refused.
    ///
    /// # Errors
    ///
    /// The kinds of [`InstallErrorKind`] about this machine, this moment, the host
    /// and licenses accepted before.
    pub fn prepare(
        &self,
        verified: &Verified,
        host: Option<&str>,
        force: bool,
    ) -> Result<Installation, InstallError> {
        self.prepare_by(SharedTime::NONE, verified, host, force)
    }

    /// The same where several instances have to agree about the time: a clock
    /// that is ahead of the shared one counts as one that shows the same.
    ///
    /// # Errors
    ///
    /// See [`prepare`](Self::prepare).
    pub fn prepare_by(
        &self,
        time: SharedTime,
        verified: &Verified,
        host: Option<&str>,
        force: bool,
    ) -> Result<Installation, InstallError> {
        let upload = Upload { host, force };
        self.look_by(time, |view, reading| self.judged(view, reading, verified, upload))
    }

    /// What an upload comes to.
    pub(super) fn judged(
        &self,
        view: View<'_>,
        reading: &Reading,
        verified: &Verified,
        upload: Upload<'_>,
    ) -> Result<Installation, InstallError> {
        let admission = admission::admit(view.holdings, view.policy, verified, reading, upload)?;
        Ok(self.outcome(view, reading, verified, admission))
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
        self.prepare_source_by(SharedTime::NONE, verified)
    }

    /// The same where several instances have to agree about the time, as in
    /// [`prepare_by`](Self::prepare_by).
    ///
    /// # Errors
    ///
    /// See [`prepare_source`](Self::prepare_source).
    pub fn prepare_source_by(
        &self,
        time: SharedTime,
        verified: &Verified,
    ) -> Result<Installation, InstallError> {
        self.look_by(time, |view, reading| {
            let mut holdings = view.holdings.clone();
            admission::check_machine(verified, &holdings.machine)?;
            let admission = admission::of_source(&holdings, verified, reading);
            if admission == Admission::Current && !view.standing.next_has_begun {
                holdings.next = None;
            }
            let view = View { holdings: &holdings, ..view };
            Ok(self.outcome(view, reading, verified, admission))
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
            let Holdings { machine, installation: name, delivery, .. } = state.holdings.clone();
            self.state_of(
                Holdings { machine, installation: name, delivery, ..installation.after.clone() },
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
            let admission = admission::place(verified, reading.begun());
            self.outcome(view, reading, verified, admission)
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
                newest_issued_at: saved.newest_issued_at,
                last_reset: saved.last_reset,
                ..state.holdings.clone()
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

    /// Says what this installation is called: the nonce of its machine info,
    /// which a license has to name to reset its clock. To be kept as long as
    /// the clock mark is.
    pub fn set_installation(&self, name: &str) {
        if self.installation().as_deref() != Some(name) {
            self.change_holdings(|holdings| holdings.installation = Some(name.into()));
        }
    }

    /// Says how a new license gets here, for the texts that say what to do; by
    /// upload unless said otherwise.
    pub fn set_delivery(&self, delivery: Delivery) {
        if self.0.state.load().holdings.delivery != delivery {
            self.change_holdings(|holdings| holdings.delivery = delivery);
        }
    }

    /// Says that this time has come already, whatever the clock shows: some
    /// record was written then, a license issued. Without a license nothing is
    /// noted.
    pub fn has_been(&self, at: Timestamp) {
        let policy = self.product().policy();
        let clock = &self.0.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        self.publish(|state| {
            let cap = state.holdings.mark_cap(policy);
            let guard = state.guard.has_been(at, monotonic, cap);
            self.state_of(state.holdings.clone(), guard, wall, monotonic)
        });
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

    /// Decides as of the shared time where the clock is ahead of it. Nothing is
    /// published.
    pub(super) fn look_by<R>(
        &self,
        time: SharedTime,
        decide: impl FnOnce(View<'_>, &Reading) -> R,
    ) -> R {
        self.look(|view, reading| {
            if reading.judged() <= time.now {
                return decide(view, reading);
            }
            let reading = reading.agreeing(time);
            let standing = view.holdings.standing(view.policy, &reading);
            decide(View { standing: &standing, ..view }, &reading)
        })
    }

    fn outcome(
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
        let reset = admission::resets_clock(view.holdings, &verified, reading)
            .then(|| admission::mark_after_reset(&verified, reading));
        if reset.is_some() {
            after.last_reset = Some(verified.license.issued_at);
        }
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
}

/// The refusal of an installation that the store could not keep.
impl InstallError {
    /// A refusal because the store failed; `source` is for the log.
    pub fn store(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(InstallErrorKind::StoreUnavailable).with_source(source)
    }
}
