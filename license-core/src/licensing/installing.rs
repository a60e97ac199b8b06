//! How a license gets in.

use std::sync::Arc;

use super::{
    Control, Licensing,
    installation::{Installation, StoredState},
};
use crate::{
    decide::{
        Admission, Installed, Snapshot,
        admission::{self, HostCheck},
    },
    machine::{Machine, MachineHistory},
    policy::InvalidReason,
    refusal::{Delivery, InstallError},
    report::Difference,
    time::{
        ClockMark, SharedTime, Timestamp,
        guard::{ClockGuard, ClockReading},
    },
    token::DecodedToken,
    verify::VerifiedLicense,
};

impl Licensing {
    /// Verifies a token; changes nothing.
    ///
    /// # Errors
    ///
    /// See [`Verifier::verify`](crate::Verifier::verify).
    pub fn verify(&self, bytes: &[u8]) -> Result<VerifiedLicense, InstallError> {
        self.0.verifier.verify(bytes)
    }

    /// What installing it comes to.
    pub(super) fn judged(
        &self,
        view: Snapshot<'_>,
        reading: &ClockReading,
        verified: &VerifiedLicense,
        host_check: HostCheck<'_>,
    ) -> Result<Installation, InstallError> {
        let admission =
            admission::admit(view.installed, view.policy, verified, reading, host_check)?;
        Ok(self.outcome(view, reading, verified, admission))
    }

    /// Verifies nothing further and puts a license in force in memory alone:
    /// for services without a store, and for tests. A license that begins
    /// later waits.
    pub fn install_in_memory(&self, verified: &VerifiedLicense) {
        let installation = self.observe(|view, reading| {
            let admission = admission::place(verified, reading.begun());
            self.outcome(view, reading, verified, admission)
        });
        self.control().commit(installation);
    }

    /// Decides as of the shared time where the clock is ahead of it. Nothing is
    /// published.
    pub(super) fn observe_shared<R>(
        &self,
        time: SharedTime,
        decide: impl FnOnce(Snapshot<'_>, &ClockReading) -> R,
    ) -> R {
        self.observe(|view, reading| {
            if reading.judged() <= time.now {
                return decide(view, reading);
            }
            let reading = reading.agreeing(time);
            let verdict = view.installed.verdict(view.policy, &reading);
            decide(Snapshot { verdict: &verdict, ..view }, &reading)
        })
    }

    fn outcome(
        &self,
        view: Snapshot<'_>,
        reading: &ClockReading,
        verified: &VerifiedLicense,
        admission: Admission,
    ) -> Installation {
        let effective = view.installed.effective(view.verdict.next_has_begun);
        let difference = Difference::between(effective.map(|it| &it.license), &verified.license);
        let verified = Arc::new(verified.clone());
        let mut after = view.installed.clone();
        match admission {
            Admission::Unchanged => {}
            Admission::Current => {
                // A waiting license that has begun is what is being replaced.
                after.next = after.next.filter(|_| !view.verdict.next_has_begun);
                after.current = Some(Arc::clone(&verified));
                after.problem = None;
            }
            Admission::Next => {
                if view.verdict.next_has_begun {
                    after.current = after.next;
                }
                after.next = Some(Arc::clone(&verified));
            }
        }
        if admission != Admission::Unchanged {
            let counts = admission::counts_as_issued(&verified, reading);
            after.newest_issued_at = after.newest_issued_at.max(Some(counts));
        }
        let reset = admission::resets_clock(view.installed, &verified, reading)
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

impl Control<'_> {
    /// Verifies a token that is decoded already; changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Licensing::verify`].
    pub fn verify_decoded(self, token: DecodedToken) -> Result<VerifiedLicense, InstallError> {
        self.licensing.0.verifier.verify_decoded(token)
    }

    /// Judges an upload; changes nothing. `host` is the name by which the
    /// administrator uses the service; unless `force`, a license whose domain
    /// does not cover it is refused.
    ///
    /// # Errors
    ///
    /// The kinds of [`InstallErrorKind`](crate::InstallErrorKind) about this
    /// machine, this moment, the host and licenses accepted before.
    pub fn prepare(
        self,
        verified: &VerifiedLicense,
        host: Option<&str>,
        force: bool,
    ) -> Result<Installation, InstallError> {
        self.prepare_by(SharedTime::NONE, verified, host, force)
    }

    /// Judges an upload as [`prepare`](Self::prepare) does, where several
    /// instances have to agree about the time: a clock that is ahead of the
    /// shared one counts as one that shows the shared time.
    ///
    /// # Errors
    ///
    /// See [`prepare`](Self::prepare).
    pub fn prepare_by(
        self,
        time: SharedTime,
        verified: &VerifiedLicense,
        host: Option<&str>,
        force: bool,
    ) -> Result<Installation, InstallError> {
        let host_check = HostCheck { host, force };
        self.licensing.observe_shared(time, |view, reading| {
            self.licensing.judged(view, reading, verified, host_check)
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
    pub fn prepare_source(self, verified: &VerifiedLicense) -> Result<Installation, InstallError> {
        self.prepare_source_by(SharedTime::NONE, verified)
    }

    /// Judges a token from a source as
    /// [`prepare_source`](Self::prepare_source) does, where several instances
    /// have to agree about the time, as in [`prepare_by`](Self::prepare_by).
    ///
    /// # Errors
    ///
    /// See [`prepare_source`](Self::prepare_source).
    pub fn prepare_source_by(
        self,
        time: SharedTime,
        verified: &VerifiedLicense,
    ) -> Result<Installation, InstallError> {
        self.licensing.observe_shared(time, |view, reading| {
            let mut installed = view.installed.clone();
            // What is held already goes on as what is held does.
            let license = &verified.license;
            let goes_on = || installed.is_held_for_machine(view.policy, license, reading.judged());
            if !installed.holds(verified) || goes_on().is_err() {
                admission::check_machine(verified, &installed.machine)?;
            }
            let admission = admission::of_source(&installed, verified, reading);
            if admission == Admission::Current && !view.verdict.next_has_begun {
                installed.next = None;
            }
            let view = Snapshot { installed: &installed, ..view };
            Ok(self.licensing.outcome(view, reading, verified, admission))
        })
    }

    /// Carries out an installation: one swap, and subscribers are told. To be
    /// called when the store has kept it.
    pub fn commit(self, installation: Installation) {
        if installation.admission == Admission::Unchanged {
            return;
        }
        let clock = &self.licensing.0.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        self.licensing.publish(|state| {
            let guard = match installation.reset {
                Some(mark) => ClockGuard::reset(mark, monotonic),
                None => state.guard,
            };
            let held = state.installed.clone();
            let installed = Installed {
                machine: held.machine,
                history: held.history,
                installation: held.installation,
                delivery: held.delivery,
                ..installation.after.clone()
            };
            self.licensing.state_of(installed, guard, wall, monotonic)
        });
    }

    /// The tokens, newest issue time and clock mark as they stand.
    pub fn saved(self) -> StoredState {
        let state = self.licensing.0.state.load();
        let clock = self.clock_mark();
        StoredState::of(&state.installed, clock)
    }

    /// Restores what a store kept: verifies both tokens again. One that does
    /// not verify is not in force; the errors are returned for the log.
    pub fn restore(self, saved: &StoredState) -> Vec<InstallError> {
        let mut errors = Vec::new();
        let mut verified = |token: &Option<String>| {
            let result = self.licensing.verify(token.as_deref()?.as_bytes());
            result.map(Arc::new).map_err(|error| errors.push(error)).ok()
        };
        let current = verified(&saved.current);
        let next = verified(&saved.next);
        let invalid = saved.current.is_some() && current.is_none();
        let clock = &self.licensing.0.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        self.licensing.publish(|state| {
            let installed = Installed {
                current: current.clone(),
                next: next.clone(),
                problem: invalid.then_some(InvalidReason::LicenseInvalid),
                newest_issued_at: saved.newest_issued_at,
                last_reset: saved.last_reset,
                ..state.installed.clone()
            };
            let guard = ClockGuard::resume(saved.clock, monotonic);
            self.licensing.state_of(installed, guard, wall, monotonic)
        });
        errors
    }

    /// Says that a state was stored and could not be read.
    pub fn mark_corrupt(self) {
        self.licensing
            .change_installed(|installed| installed.problem = Some(InvalidReason::StateCorrupt));
    }

    /// Says what is known of this machine.
    pub fn set_machine(self, machine: Machine) {
        if self.machine() != machine {
            self.licensing.change_installed(|installed| installed.machine = machine.clone());
        }
    }

    /// Says what is remembered of this machine. Where several instances share a
    /// store nothing is: what one of them was is not what the others are.
    pub fn set_machine_history(self, history: MachineHistory) {
        if self.machine_history() != history {
            self.licensing.change_installed(|installed| installed.history = history.clone());
        }
    }

    /// Says what this installation is called: the nonce of its machine info,
    /// which a license has to name to reset its clock. To be kept as long as
    /// the clock mark is.
    pub fn set_installation(self, name: &str) {
        if self.installation().as_deref() != Some(name) {
            self.licensing.change_installed(|installed| installed.installation = Some(name.into()));
        }
    }

    /// Says how a new license gets here, for the texts that say what to do; by
    /// upload unless said otherwise.
    pub fn set_delivery(self, delivery: Delivery) {
        if self.licensing.0.state.load().installed.delivery != delivery {
            self.licensing.change_installed(|installed| installed.delivery = delivery);
        }
    }

    /// Says that this time has come already, whatever the clock shows: some
    /// record was written then, a license issued. Without a license nothing is
    /// noted.
    pub fn note_time(self, at: Timestamp) {
        let policy = self.licensing.product().policy();
        let clock = &self.licensing.0.clock;
        let (wall, monotonic) = (clock.now(), clock.monotonic());
        self.licensing.publish(|state| {
            let cap = state.installed.mark_cap(policy);
            let guard = state.guard.note_time(at, monotonic, cap);
            self.licensing.state_of(state.installed.clone(), guard, wall, monotonic)
        });
    }

    /// The waiting license, once it has begun and is still kept as waiting.
    pub fn due_next(self) -> Option<Arc<VerifiedLicense>> {
        self.licensing
            .observe(|view, _| view.installed.next.clone().filter(|_| view.verdict.next_has_begun))
    }

    /// Makes the waiting license the installed one, once it has begun.
    /// Requests see no difference: they were decided by it already.
    pub fn promote_next(self) {
        self.licensing.change_installed(|installed| {
            if let Some(next) = installed.next.take() {
                installed.current = Some(next);
                installed.problem = None;
            }
        });
    }
}
