//! What administrators and the product's own pages ask.

use std::sync::Arc;

use super::{Control, Licensing, current};
use crate::{
    license::{License, Succession},
    machine::{Machine, MachineHistory},
    policy::{Phase, Restriction},
    refusal::Denial,
    report::{
        Banner, Diagnosis, PublicStatus, Status, Surroundings, Timeline, Warning, host_warning,
    },
    time::ClockMark,
    verify::VerifiedLicense,
};

impl Licensing {
    /// Where the license stands.
    pub fn phase(&self) -> Phase {
        self.read(|view| view.verdict.phase)
    }

    /// What is refused now; `None` while the license is in force, `Advisory`
    /// where the rule is in [shadow](crate::Policy::shadow).
    pub fn restriction(&self) -> Option<Restriction> {
        self.read(|view| view.policy.enforced(view.verdict.phase))
    }

    /// The license that counts, in force or lapsed; `None` where none is there
    /// or it cannot be trusted.
    pub fn license(&self) -> Option<Arc<VerifiedLicense>> {
        self.read(|view| view.verified().cloned())
    }

    /// The features that may be used now.
    pub fn usable_features(&self) -> Vec<String> {
        self.read(|view| {
            let granted = view.license().into_iter().flat_map(License::features);
            granted.filter(|name| view.feature(name, drop).is_ok()).cloned().collect()
        })
    }

    /// What everybody may know.
    pub fn public_status(&self) -> PublicStatus {
        self.observe(|view, reading| view.public_status(reading))
    }

    /// What administrators may know. `used` tells how much of a limit is
    /// used; where it does not, what was
    /// [reported](Control::report_used) last counts.
    pub fn status(&self, used: impl Fn(&str) -> Option<u64>) -> Status {
        let found = self.0.reported.latest();
        let used = found.used_or_reported(used);
        let mut status = self.observe(|view, reading| view.status(reading, used));
        status.warnings.extend(found.warnings.iter().cloned());
        found.forecast(&mut status, self.product().limits(), self.control().judged_time());
        status
    }

    /// What administrators should know: of the license, then of the service.
    /// `used` tells how much of a limit is used; where it does not, what was
    /// [reported](Control::report_used) last counts.
    pub fn warnings(&self, used: impl Fn(&str) -> Option<u64>) -> Vec<Warning> {
        let found = self.0.reported.latest();
        let used = found.used_or_reported(used);
        let mut warnings = self.observe(|view, reading| view.warnings(reading, used));
        warnings.extend(found.warnings.iter().cloned());
        warnings
    }

    /// What an administrator should know who uses the service by this host,
    /// where the license binds a domain that does not cover it. A text that is
    /// no host is covered by none.
    pub fn host_warning(&self, host: &str) -> Option<Warning> {
        self.read(|view| host_warning(view.license()?, host))
    }

    /// What the product may show all its users about the license; what
    /// concerns the service alone, such as its clock, is not in it. `used` is
    /// that of [`warnings`](Self::warnings).
    pub fn banner(&self, used: impl Fn(&str) -> Option<u64>) -> Banner {
        let found = self.0.reported.latest();
        let used = found.used_or_reported(used);
        Banner::of(&self.observe(|view, reading| view.license_warnings(reading, used)))
    }

    /// What the licenses will do, and when.
    pub fn timeline(&self) -> Timeline {
        self.observe(|view, reading| Timeline::of(view.installed, view.policy, reading))
    }
}

impl Control<'_> {
    /// The license that [`license`](Licensing::license) gives, or why there is none.
    ///
    /// # Errors
    ///
    /// The denial of the phase, with status 402 unless the service itself is
    /// refused.
    pub fn require_license(self) -> Result<Arc<VerifiedLicense>, Denial> {
        self.licensing.read(|view| view.require_license().cloned())
    }

    /// Whether [`warnings`](Licensing::warnings) has anything to tell. As cheap as
    /// a decision about a request. That a limit is used up is known from the
    /// last [report](Control::report_used).
    pub fn warns(self) -> bool {
        // A coarse reading that is believed is not behind the mark.
        let quick = current::with(&self.licensing.0.state, |state| {
            let verdict = &state.verdict;
            let warns = verdict.phase != Phase::Active || verdict.uncovered || verdict.moved;
            verdict.is_valid_at(self.licensing.0.now_coarse()).then_some(warns)
        });
        match quick {
            Some(warns) => warns || self.licensing.0.reported.warn(),
            None => !self.licensing.warnings(|_| None).is_empty(),
        }
    }

    /// How the license that waits follows the one in force; `None` where none
    /// waits, or none is there that it could follow.
    pub fn succession(self) -> Option<Succession> {
        self.licensing.observe(|view, _| view.succession().map(|(_, succession)| succession))
    }

    /// What administrators should know of the license that waits: the gap
    /// before it begins, or its earlier end.
    pub fn succession_warnings(self) -> Vec<Warning> {
        self.licensing.observe(|view, _| view.succession_warnings())
    }

    /// Examines the license and what it meets here: the one that is offered, as
    /// a source or a store has it, else the one in memory. What the handle cannot
    /// see, a runtime adds.
    pub fn diagnose(self, offered: Option<&[u8]>, surroundings: &Surroundings) -> Diagnosis {
        self.licensing.observe(|view, reading| {
            let verifier = &self.licensing.0.verifier;
            Diagnosis::of_service(verifier, view, reading, offered, surroundings)
        })
    }

    /// What is known of this machine.
    pub fn machine(self) -> Machine {
        self.licensing.0.state.load().installed.machine.clone()
    }

    /// What is remembered of this machine.
    pub fn machine_history(self) -> MachineHistory {
        self.licensing.0.state.load().installed.history.clone()
    }

    /// What is to be remembered of the machine once this is the one, where that
    /// differs from what [is](Self::machine_history). To be kept in a store that
    /// no other instance uses, and only then
    /// [said](Self::set_machine_history): what the store cannot keep is not
    /// given.
    pub fn machine_history_due(self, machine: &Machine) -> Option<MachineHistory> {
        self.licensing
            .observe(|view, reading| view.installed.history_due(view.policy, reading, machine))
    }

    /// What this installation is called in machine info, once that is known.
    pub fn installation(self) -> Option<Arc<str>> {
        self.licensing.0.state.load().installed.installation.clone()
    }

    /// The clock mark as it would be recorded now.
    pub fn clock_mark(self) -> ClockMark {
        self.licensing.observe(|_, reading| ClockMark::new(reading.mark, reading.latched))
    }
}
