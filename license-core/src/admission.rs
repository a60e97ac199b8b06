//! Whether a verified license may be installed by upload, and as what.

use std::time::Duration;

use crate::{
    Host, InstallError, InstallErrorKind, InvalidReason, Machine, Policy, Timestamp, Verified,
    clock_guard::{Reading, Trust},
    standing::Holdings,
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

/// How far ahead of this machine's clock a license may be dated.
const MAX_LEAD: Duration = Duration::from_secs(300);

/// What the person who uploads asks for beside the license.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Upload<'a> {
    /// The host name by which the service is being used.
    pub(crate) host: Option<&'a str>,
    /// Install even if that locks this host out.
    pub(crate) force: bool,
}

/// Judges an upload, in the order of CONTRACT.md.
pub(crate) fn admit(
    holdings: &Holdings,
    policy: &Policy,
    verified: &Verified,
    reading: &Reading,
    upload: Upload<'_>,
) -> Result<Admission, InstallError> {
    use InstallErrorKind as Kind;
    let license = &verified.license;
    let wall = reading.wall;
    check_machine(verified, &holdings.machine)?;
    let resets = resets_clock(verified, reading);
    let latched = reading.trust == Trust::RolledBack;
    // With a latched clock the mark may lie years ahead; then only the clock
    // is the problem, and a license that resets it is judged on its own.
    let judged = match (latched, resets) {
        (_, true) => license.issued_at.max(wall),
        (true, false) => wall,
        (false, false) => reading.judged(),
    };
    if license.term.has_ended(judged) {
        return Err(Kind::LicenseExpired.into());
    }
    if license.issued_at > wall.saturating_add(MAX_LEAD) {
        return Err(Kind::IssuedInFuture.into());
    }
    let identical = holdings.holds(verified);
    let stale =
        policy.freshness.is_some_and(|window| wall.saturating_since(license.issued_at) > window);
    if stale && !identical {
        return Err(Kind::LicenseNotFresh.into());
    }
    if latched && !resets {
        return Err(Kind::ClockRolledBack.into());
    }
    if reading.trust == Trust::NotSet {
        return Err(Kind::ClockNotSet.into());
    }
    check_host(verified, upload)?;
    if identical && !resets {
        return Ok(Admission::Unchanged);
    }
    if holdings.newest_issued_at.is_some_and(|newest| license.issued_at < newest) {
        return Err(Kind::OlderThanInstalled.into());
    }
    Ok(place(verified, wall))
}

/// What a license from a source that decides does: nothing where it already is
/// the last word.
pub(crate) fn of_source(holdings: &Holdings, verified: &Verified, reading: &Reading) -> Admission {
    let last = holdings.next.as_ref().or(holdings.current.as_ref());
    let identical = last.is_some_and(|last| last.digest == verified.digest);
    if identical && !resets_clock(verified, reading) {
        return Admission::Unchanged;
    }
    place(verified, reading.wall)
}

/// Whether a license takes effect now or waits.
pub(crate) fn place(verified: &Verified, wall: Timestamp) -> Admission {
    if verified.license.term.has_begun(wall) { Admission::Current } else { Admission::Next }
}

/// Whether the license cures a latched clock: it says from which mark on it
/// may.
pub(crate) fn resets_clock(verified: &Verified, reading: &Reading) -> bool {
    reading.trust == Trust::RolledBack
        && match (verified.license.clock_reset_from, reading.mark) {
            (Some(from), Some(mark)) => from >= mark,
            _ => false,
        }
}

/// Whether the license is for this machine.
pub(crate) fn check_machine(verified: &Verified, machine: &Machine) -> Result<(), InstallError> {
    verified.license.is_for(machine).map_err(|reason| match reason {
        InvalidReason::MachineMismatch => InstallErrorKind::MachineMismatch.into(),
        _ => InstallErrorKind::FingerprintUnavailable.into(),
    })
}

fn check_host(verified: &Verified, upload: Upload<'_>) -> Result<(), InstallError> {
    let (Some(domain), Some(host)) = (verified.license.domain(), upload.host) else {
        return Ok(());
    };
    let covered = Host::parse(host.as_bytes()).is_ok_and(|host| domain.matches(&host));
    if covered || upload.force {
        return Ok(());
    }
    Err(InstallErrorKind::DomainMismatch.into())
}
