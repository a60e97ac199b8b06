//! What administrators and the product's own pages ask.

use std::sync::Arc;

use super::{Licensing, current};
use crate::{
    license::{License, Succession},
    machine::Machine,
    policy::{Phase, Restriction},
    refusal::Denial,
    report::{Banner, PublicStatus, Status, Timeline, Warning, host_warning},
    time::ClockMark,
    verify::Verified,
};

impl Licensing {
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
    /// used; where it does not, what was
    /// [reported](Self::report_used) last counts.
    pub fn status(&self, used: impl Fn(&str) -> Option<u64>) -> Status {
        let found = self.0.findings.latest();
        let used = found.used_or_reported(used);
        let mut status = self.look(|view, reading| view.status(reading, used));
        status.warnings.extend(found.warnings.iter().cloned());
        status
    }

    /// What administrators should know: of the license, then of the service.
    /// `used` tells how much of a limit is used; where it does not, what was
    /// [reported](Self::report_used) last counts.
    pub fn warnings(&self, used: impl Fn(&str) -> Option<u64>) -> Vec<Warning> {
        let found = self.0.findings.latest();
        let used = found.used_or_reported(used);
        let mut warnings = self.look(|view, reading| view.warnings(reading, used));
        warnings.extend(found.warnings.iter().cloned());
        warnings
    }

    /// What an administrator should know who uses the service by this host,
    /// where the license binds a domain that does not cover it. A text that is
    /// no host is covered by none.
    pub fn host_warning(&self, host: &str) -> Option<Warning> {
        self.view(|view| host_warning(view.license()?, host))
    }

    /// Whether [`warnings`](Self::warnings) has anything to tell. As cheap as
    /// a decision about a request. That a limit is used up is known from the
    /// last [report](Self::report_used).
    #[inline]
    pub fn warns(&self) -> bool {
        // A coarse reading that is believed is not behind the mark.
        let quick = current::with(&self.0.state, |state| {
            let standing = &state.standing;
            let warns = standing.phase != Phase::Active || standing.uncovered;
            standing.holds_at(self.0.now_coarse()).then_some(warns)
        });
        match quick {
            Some(warns) => warns || self.0.findings.warn(),
            None => !self.warnings(|_| None).is_empty(),
        }
    }

    /// What the product may show all its users about the license; what
    /// concerns the service alone, such as its clock, is not in it. `used` is
    /// that of [`warnings`](Self::warnings).
    pub fn banner(&self, used: impl Fn(&str) -> Option<u64>) -> Banner {
        let found = self.0.findings.latest();
        let used = found.used_or_reported(used);
        Banner::of(&self.look(|view, reading| view.license_warnings(reading, used)))
    }

    /// What the licenses will do, and when.
    pub fn timeline(&self) -> Timeline {
        self.look(|view, reading| Timeline::of(view.holdings, view.policy, reading))
    }

    /// How the license that waits follows the one in force; `None` where none
    /// waits, or none is there that it could follow.
    pub fn succession(&self) -> Option<Succession> {
        self.look(|view, _| view.succession().map(|(_, succession)| succession))
    }

    /// What administrators should know of the license that waits: the gap
    /// before it begins, or its earlier end.
    pub fn succession_warnings(&self) -> Vec<Warning> {
        self.look(|view, _| view.succession_warnings())
    }

    /// What is known of this machine.
    pub fn machine(&self) -> Machine {
        self.0.state.load().holdings.machine.clone()
    }

    /// What this installation is called in machine info, once that is known.
    pub fn installation(&self) -> Option<Arc<str>> {
        self.0.state.load().holdings.installation.clone()
    }

    /// The clock mark as it would be recorded now.
    pub fn clock_mark(&self) -> ClockMark {
        self.look(|_, reading| ClockMark::new(reading.mark, reading.latched))
    }
}
