//! A machine whose identity has changed: what is remembered of it, and how long
//! the license in force goes on all the same (`policy.rebind`).

use super::installed::Installed;
use crate::{
    license::License,
    machine::{Fingerprint, Machine, MachineHistory, Rebind},
    policy::{InvalidReason, Policy},
    time::{
        Timestamp,
        guard::{ClockReading, Trust},
    },
};

impl Installed {
    /// Whether a license that is held may be used on this machine at `judged`.
    pub(crate) fn is_held_for_machine(
        &self,
        policy: &Policy,
        license: &License,
        judged: Timestamp,
    ) -> Result<(), InvalidReason> {
        license
            .is_for(&self.machine)
            .or_else(|reason| self.goes_on_until(policy, license, judged).map(drop).ok_or(reason))
    }

    /// Until when a license goes on although this machine has another identity,
    /// where it still does at `judged`.
    pub(crate) fn goes_on_until(
        &self,
        policy: &Policy,
        license: &License,
        judged: Timestamp,
    ) -> Option<Timestamp> {
        self.rebind_ends_at(policy, license).filter(|until| judged < *until)
    }

    /// Until when a license goes on that is for the identity which this machine
    /// had before; `None` where nothing of that is so, or no time was given.
    pub(super) fn rebind_ends_at(&self, policy: &Policy, license: &License) -> Option<Timestamp> {
        self.identity_before(license)?;
        let rebind = self.history.rebind.filter(|it| it.is_given_to(license))?;
        (!policy.rebind.is_zero()).then(|| rebind.since.saturating_add(policy.rebind))
    }

    /// The fingerprint that the license is for, where it was found to be for
    /// this machine before and is not now.
    pub(crate) fn identity_before<'l>(&self, license: &'l License) -> Option<&'l Fingerprint> {
        let changed = license.is_for(&self.machine) == Err(InvalidReason::MachineMismatch);
        license.machine().filter(|bound| changed && self.history.verified.as_ref() == Some(bound))
    }

    /// What is to be remembered once this is the machine, where that differs from
    /// what is.
    ///
    /// Time is given once for all licenses that had been accepted when it began,
    /// so that neither a restart nor a third identity nor a license that waited
    /// begins it anew. A time ahead of the clock was a clock's that once ran
    /// ahead, and is brought back to now: that only ever shortens it.
    pub(crate) fn history_due(
        &self,
        policy: &Policy,
        reading: &ClockReading,
        machine: &Machine,
    ) -> Option<MachineHistory> {
        let next_has_begun = self.next_has_begun(reading);
        let license = &self.effective(next_has_begun)?.license;
        let bound = license.machine()?;
        if reading.trust != Trust::Sound {
            return None;
        }
        let now = reading.judged();
        let mut due = self.history.clone();
        if let Some(rebind) = &mut due.rebind {
            rebind.since = rebind.since.min(now);
        }
        match license.is_for(machine) {
            Ok(()) => due.verified = Some(bound.clone()),
            Err(InvalidReason::MachineMismatch)
                if !policy.rebind.is_zero() && due.verified.as_ref() == Some(bound) =>
            {
                if !due.rebind.is_some_and(|it| it.is_given_to(license)) {
                    let newest = self.newest_issued_at.unwrap_or(license.issued_at);
                    let newest = newest.max(license.issued_at);
                    due.rebind = Some(Rebind::new(now, newest));
                }
            }
            Err(_) => {}
        }
        (due != self.history).then_some(due)
    }
}

impl Rebind {
    /// Whether a license had been accepted when this time was given.
    fn is_given_to(self, license: &License) -> bool {
        license.issued_at <= self.newest_issued_at
    }
}
