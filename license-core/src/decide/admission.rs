//! Whether a verified license may be installed, by upload or from a source, and
//! as what.

use super::{
    grounds,
    installed::{Installed, trusted_from},
};
use crate::{
    host::Host,
    license::License,
    machine::{Fingerprint, Machine},
    policy::{InvalidReason, Phase, Policy},
    refusal::{InstallError, InstallErrorKind},
    time::{
        Timestamp,
        guard::{ClockReading, Trust},
    },
    verify::VerifiedLicense,
};

/// What installing a license does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// It is installed already: nothing changes.
    Unchanged,
    /// It takes effect now.
    Current,
    /// It begins later and waits.
    Next,
}

/// The host by which the administrator uses the service, and whether a license
/// whose domain excludes it is accepted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HostCheck<'a> {
    /// The host name by which the service is being used.
    pub(crate) host: Option<&'a str>,
    /// Install even if that locks this host out.
    pub(crate) force: bool,
}

/// An upload that is judged step by step, each of which needs no other.
pub(crate) struct Trial<'a> {
    installed: &'a Installed,
    policy: &'a Policy,
    verified: &'a VerifiedLicense,
    reading: &'a ClockReading,
    host_check: HostCheck<'a>,
    /// Whether it resets the clock.
    resets: bool,
    /// Whether it is installed, or waits.
    identical: bool,
}

/// Judges an upload. The order decides which of several reasons is told: the
/// machine, the end, the future, the age, the clock, the host, and whether a
/// newer license was accepted before.
pub(crate) fn admit(
    installed: &Installed,
    policy: &Policy,
    verified: &VerifiedLicense,
    reading: &ClockReading,
    host_check: HostCheck<'_>,
) -> Result<Admission, InstallError> {
    let trial = Trial::new(installed, policy, verified, reading, host_check);
    trial.machine()?;
    trial.end()?;
    trial.issue()?;
    trial.freshness()?;
    trial.clock()?;
    trial.host()?;
    if trial.changes_nothing() {
        return Ok(Admission::Unchanged);
    }
    trial.order()?;
    Ok(place(verified, trial.begun()))
}

impl<'a> Trial<'a> {
    pub(crate) fn new(
        installed: &'a Installed,
        policy: &'a Policy,
        verified: &'a VerifiedLicense,
        reading: &'a ClockReading,
        host_check: HostCheck<'a>,
    ) -> Self {
        let resets = resets_clock(installed, verified, reading);
        let identical = installed.holds(verified);
        Self { installed, policy, verified, reading, host_check, resets, identical }
    }

    /// Whether it is installed already, or waits.
    pub(crate) fn is_installed(&self) -> bool {
        self.identical
    }

    /// Whether it is installed, and no other is.
    pub(crate) fn is_alone(&self) -> bool {
        let current = self.installed.current.as_ref();
        self.identical && current.is_none_or(|it| it.digest == self.verified.digest)
    }

    /// Where it stands by its term.
    pub(crate) fn phase(&self) -> Phase {
        self.license().term.phase(self.policy, self.begun(), self.ended())
    }

    fn changes_nothing(&self) -> bool {
        self.identical && !self.resets
    }

    fn license(&self) -> &'a License {
        &self.verified.license
    }

    // With a latched clock the mark may lie years ahead; then only the clock
    // is the problem, and a license that resets it is judged on its own.
    fn ended(&self) -> Timestamp {
        self.judged(self.reading.judged())
    }

    fn begun(&self) -> Timestamp {
        self.judged(self.reading.begun())
    }

    fn judged(&self, trusted: Timestamp) -> Timestamp {
        match (self.resets, self.reading.trust) {
            (true, _) => mark_after_reset(self.verified, self.reading),
            (false, Trust::RolledBack) => self.reading.wall,
            (false, _) => trusted,
        }
    }

    pub(crate) fn machine(&self) -> Result<(), InstallError> {
        check_machine(self.verified, &self.installed.machine)
    }

    pub(crate) fn end(&self) -> Result<(), InstallError> {
        check_end(self.license(), self.ended())
    }

    pub(crate) fn issue(&self) -> Result<(), InstallError> {
        if self.license().issued_at.is_ahead_of(self.reading.wall) {
            let grounds = grounds::issued(self.license(), self.reading.wall);
            return Err(InstallError::because(InstallErrorKind::IssuedInFuture, grounds));
        }
        Ok(())
    }

    /// Whether the clock is late enough for it to be trusted where it is held.
    pub(crate) fn is_trusted(&self) -> bool {
        self.reading.judged() >= trusted_from(self.license())
    }

    pub(crate) fn freshness(&self) -> Result<(), InstallError> {
        let (license, wall) = (self.license(), self.reading.wall);
        if !self.policy.is_fresh(license.issued_at, wall) && !self.changes_nothing() {
            let grounds = grounds::issued(license, wall);
            return Err(InstallError::because(InstallErrorKind::LicenseNotFresh, grounds));
        }
        Ok(())
    }

    pub(crate) fn clock(&self) -> Result<(), InstallError> {
        if self.resets { Ok(()) } else { check_clock(self.reading) }
    }

    pub(crate) fn host(&self) -> Result<(), InstallError> {
        check_host(self.verified, self.host_check)
    }

    pub(crate) fn order(&self) -> Result<(), InstallError> {
        let license = self.license();
        let newest = self.installed.newest_issued_at;
        match newest.filter(|newest| license.issued_at < *newest && !self.changes_nothing()) {
            Some(newest) => {
                let grounds = grounds::older(license, newest);
                Err(InstallError::because(InstallErrorKind::OlderThanInstalled, grounds))
            }
            None => Ok(()),
        }
    }
}

/// What a license from a source that decides does: nothing where it already is
/// the last word.
pub(crate) fn of_source(
    installed: &Installed,
    verified: &VerifiedLicense,
    reading: &ClockReading,
) -> Admission {
    let last = installed.next.as_ref().or(installed.current.as_ref());
    let identical = last.is_some_and(|last| last.digest == verified.digest);
    let resets = resets_clock(installed, verified, reading);
    if identical && !resets {
        return Admission::Unchanged;
    }
    place(verified, if resets { mark_after_reset(verified, reading) } else { reading.begun() })
}

/// Whether a license takes effect at this time or waits.
pub(crate) fn place(verified: &VerifiedLicense, now: Timestamp) -> Admission {
    if verified.license.term.has_begun(now) { Admission::Current } else { Admission::Next }
}

/// Whether the license cures a latched clock: it says up to which mark it may,
/// names this installation, and was issued after the last one that did.
pub(crate) fn resets_clock(
    installed: &Installed,
    verified: &VerifiedLicense,
    reading: &ClockReading,
) -> bool {
    let license = &verified.license;
    let (Some(reset), Some(mark)) = (&license.clock_reset, reading.mark) else { return false };
    reading.trust == Trust::RolledBack
        && reset.from >= mark
        && installed.installation.as_deref() == Some(reset.installation.as_str())
        && installed.last_reset.is_none_or(|last| license.issued_at > last)
}

/// The mark from which on a clock is trusted that a license has reset.
pub(crate) fn mark_after_reset(verified: &VerifiedLicense, reading: &ClockReading) -> Timestamp {
    verified.license.issued_at.max(reading.wall)
}

/// When a license counts as issued, for what comes after it and as evidence of the
/// time. One that is dated ahead of the clock, as only a source can give it, tells
/// nothing of the time, and must not stand in the way of one that is dated right.
pub(crate) fn counts_as_issued(verified: &VerifiedLicense, reading: &ClockReading) -> Timestamp {
    let (issued, now) = (verified.license.issued_at, reading.judged());
    match reading.trust {
        Trust::NotSet => issued,
        _ if issued.is_ahead_of(now) => now,
        _ => issued,
    }
}

/// Whether the license is for this machine.
pub(crate) fn check_machine(
    verified: &VerifiedLicense,
    machine: &Machine,
) -> Result<(), InstallError> {
    verified.license.is_for(machine).map_err(|reason| match reason {
        InvalidReason::MachineMismatch => InstallErrorKind::MachineMismatch.into(),
        _ => InstallErrorKind::FingerprintUnavailable.into(),
    })
}

/// Whether a license may be judged by this clock.
pub(crate) fn check_clock(reading: &ClockReading) -> Result<(), InstallError> {
    let kind = match reading.trust {
        Trust::RolledBack => InstallErrorKind::ClockRolledBack,
        Trust::NotSet => InstallErrorKind::ClockNotSet,
        Trust::Sound => return Ok(()),
    };
    Err(InstallError::because(kind, grounds::clock(reading)))
}

fn check_end(license: &License, at: Timestamp) -> Result<(), InstallError> {
    if license.term.has_ended(at) {
        let grounds = grounds::expired(license, None, at);
        return Err(InstallError::because(InstallErrorKind::LicenseExpired, grounds));
    }
    Ok(())
}

impl VerifiedLicense {
    /// What can be told without the service whether it would install the
    /// license: the machine, the end and the host, in the order in which
    /// installing judges them. What is not known is not judged.
    ///
    /// # Errors
    ///
    /// `machine_mismatch`, `license_expired`, `domain_mismatch`.
    pub fn check_for(
        &self,
        machine: Option<&Fingerprint>,
        host: Option<&str>,
        now: Timestamp,
    ) -> Result<(), InstallError> {
        if let Some(machine) = machine {
            check_machine(self, &Machine::from(machine.clone()))?;
        }
        check_end(&self.license, now)?;
        check_host(self, HostCheck { host, force: false })
    }
}

fn check_host(verified: &VerifiedLicense, host_check: HostCheck<'_>) -> Result<(), InstallError> {
    match host_mismatch(&verified.license, host_check.host).filter(|_| !host_check.force) {
        Some(mismatch) => Err(InstallError::because(InstallErrorKind::DomainMismatch, mismatch)),
        None => Ok(()),
    }
}

/// That the license's domain does not cover the host by which it is uploaded,
/// with both names. What is no host is not repeated.
pub(crate) fn host_mismatch(license: &License, host: Option<&str>) -> Option<String> {
    let (domain, host) = (license.domain()?, host?);
    let parsed = Host::parse(host.as_bytes()).ok();
    if parsed.as_ref().is_some_and(|host| domain.matches(host)) {
        return None;
    }
    Some(match parsed {
        Some(host) => {
            format!("the license is for {domain}; this request came for the host name {host}")
        }
        None => format!(
            "the license is for {domain}; this request came for no host name, and one from a \
             trusted proxy needs the header that names it (such as X-Forwarded-Host)"
        ),
    })
}
