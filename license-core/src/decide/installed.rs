//! The licenses at hand, and where they stand at a reading of the clock.

use std::{sync::Arc, time::Duration};

use super::verdict::{COARSE_LAG, REFRESH, Verdict};
use crate::{
    license::{License, Succession},
    machine::{Machine, MachineHistory},
    policy::{InvalidReason, Phase, Policy},
    refusal::Delivery,
    time::{
        Timestamp,
        guard::{ClockReading, TOLERANCE, Trust},
    },
    verify::VerifiedLicense,
};

/// The licenses of this service and what it knows of its machine.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    /// The license installed.
    pub(crate) current: Option<Arc<VerifiedLicense>>,
    /// The license that waits to begin.
    pub(crate) next: Option<Arc<VerifiedLicense>>,
    /// Why there is no current license although one was stored.
    pub(crate) problem: Option<InvalidReason>,
    pub(crate) machine: Machine,
    /// What is remembered of the machine; nothing where instances share a
    /// store.
    pub(crate) history: MachineHistory,
    /// The newest `iat` ever accepted.
    pub(crate) newest_issued_at: Option<Timestamp>,
    /// The `iat` of the last license that reset the clock.
    pub(crate) last_reset: Option<Timestamp>,
    /// What this installation is called in machine info.
    pub(crate) installation: Option<Arc<str>>,
    /// How a new license gets here.
    pub(crate) delivery: Delivery,
}

impl Installed {
    pub(crate) fn empty(machine: Machine) -> Self {
        Self {
            current: None,
            next: None,
            problem: None,
            machine,
            history: MachineHistory::default(),
            newest_issued_at: None,
            last_reset: None,
            installation: None,
            delivery: Delivery::default(),
        }
    }

    /// The license that counts: the waiting one once it has begun.
    pub(crate) fn effective(&self, next_has_begun: bool) -> Option<&Arc<VerifiedLicense>> {
        if next_has_begun { self.next.as_ref() } else { self.current.as_ref() }
    }

    /// Up to when the clock mark is recorded: the last transition of any
    /// license plus a day.
    pub(crate) fn mark_cap(&self, policy: &Policy) -> Option<Timestamp> {
        let last = self.transitions(policy).max();
        last.map(|last| last.saturating_add(Duration::from_secs(86_400)))
    }

    /// The moments at which the phase of a license changes, in no order.
    pub(crate) fn transitions(&self, policy: &Policy) -> impl Iterator<Item = Timestamp> {
        let licenses = self.current.iter().chain(&self.next);
        licenses.flat_map(|it| {
            let ends = it.license.term.transitions(policy);
            ends.chain(self.rebind_ends_at(policy, &it.license)).chain([trusted_from(&it.license)])
        })
    }

    /// Whether this very license is installed or waits.
    pub(crate) fn holds(&self, verified: &VerifiedLicense) -> bool {
        self.current.iter().chain(&self.next).any(|held| held.digest == verified.digest)
    }

    /// Whether the waiting license has begun.
    pub(super) fn next_has_begun(&self, reading: &ClockReading) -> bool {
        self.next.as_ref().is_some_and(|next| next.license.term.has_begun(reading.begun()))
    }

    /// Where the service stands at this reading.
    pub(crate) fn verdict(&self, policy: &Policy, reading: &ClockReading) -> Verdict {
        let (wall, judged) = (reading.wall, reading.judged());
        let next_has_begun = self.next_has_begun(reading);
        let effective = self.effective(next_has_begun);
        let phase = self.phase(policy, reading, next_has_begun);
        let sound = reading.trust == Trust::Sound;
        let next_change = self
            .transitions(policy)
            .filter(|change| *change > judged)
            .min()
            .unwrap_or(Timestamp::MAX)
            .min(judged.saturating_add(REFRESH));
        let behind = reading.mark.is_some_and(|mark| mark > wall);
        let valid_from = if sound && !behind {
            // A coarse reading that is still due to catch up with this moment
            // was taken after it.
            wall.saturating_sub(COARSE_LAG)
        } else {
            // A clock that is not trusted, or behind, is judged anew each time.
            Timestamp::MAX
        };
        Verdict {
            phase,
            restriction: policy.restriction(phase),
            next_has_begun,
            moved: effective.is_some_and(|it| self.identity_before(&it.license).is_some()),
            uncovered: !next_has_begun && self.succession().is_some_and(|(_, it)| !it.covers()),
            valid_from,
            valid_before: next_change.saturating_sub(COARSE_LAG),
        }
    }

    /// How the second license follows the first.
    pub(crate) fn succession(&self) -> Option<(&License, Succession)> {
        let (current, next) = (&self.current.as_ref()?.license, &self.next.as_ref()?.license);
        Some((current, Succession::of(current, next)))
    }

    fn phase(&self, policy: &Policy, reading: &ClockReading, next_has_begun: bool) -> Phase {
        if self.current.is_none() && self.next.is_none() {
            return self.problem.map_or(Phase::Unlicensed, Phase::Invalid);
        }
        match reading.trust {
            Trust::NotSet => return Phase::Invalid(InvalidReason::ClockNotSet),
            Trust::RolledBack => return Phase::Invalid(InvalidReason::ClockRolledBack),
            Trust::Sound => {}
        }
        let Some(effective) = self.effective(next_has_begun) else {
            return self.problem.map_or(Phase::Scheduled, Phase::Invalid);
        };
        let judged = reading.judged();
        // A clock before the issue of the license was moved back, or never was right.
        // What is only foreseen has no clock, and no mark.
        if reading.mark.is_some() && judged < trusted_from(&effective.license) {
            return Phase::Invalid(InvalidReason::ClockRolledBack);
        }
        if let Err(reason) = self.is_held_for_machine(policy, &effective.license, judged) {
            return Phase::Invalid(reason);
        }
        effective.license.term.phase(policy, reading.begun(), judged)
    }
}

/// From when on a license is trusted that is dated ahead of the clock, as only a
/// source can give one. It says so of itself alone: one that is dated right takes
/// its place.
pub(super) fn trusted_from(license: &License) -> Timestamp {
    license.issued_at.saturating_sub(TOLERANCE)
}
