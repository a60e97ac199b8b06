//! What a license meets: the clock, the machine, the host, other licenses.

use std::sync::Arc;

use super::{Diagnosis, Finding, Outcome, cure_of};
use crate::{
    decide::{
        Installed,
        admission::{self, HostCheck, Trial},
        grounds,
    },
    host::Host,
    license::{License, Succession},
    machine::{Fingerprint, Machine, MachineId, MachineScheme},
    policy::{Phase, Policy},
    refusal::{Check, InstallError, InstallErrorKind},
    report::warning::is_behind,
    text::{counted, sentence},
    time::{
        ClockMark, MAX_LEAD, Timestamp,
        guard::{ClockGuard, ClockReading},
    },
    verify::{VerifiedLicense, Verifier},
};

/// The service that a license is meant for, as far as it is known from outside.
/// What is not said is not checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use]
pub struct Conditions<'a> {
    now: Timestamp,
    mark: ClockMark,
    machine: Option<Machine>,
    installed: Option<&'a VerifiedLicense>,
    surroundings: Surroundings,
}

/// What is around a license: known to whoever asks, and not to the handle.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use]
pub struct Surroundings {
    host: Option<String>,
    database_clock: Option<Timestamp>,
    machine_ids: Vec<MachineId>,
    machine_errors: Vec<String>,
    machine_cure: Option<String>,
    source: Option<String>,
}

/// How many digits of a fingerprint are shown.
const DIGITS: usize = 12;

impl<'a> Conditions<'a> {
    /// A service whose clock shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            mark: ClockMark::default(),
            machine: None,
            installed: None,
            surroundings: Surroundings::default(),
        }
    }

    /// The latest time that the service has seen.
    pub fn mark(mut self, mark: ClockMark) -> Self {
        self.mark = mark;
        self
    }

    /// The machine it runs on.
    pub fn machine(mut self, machine: Machine) -> Self {
        self.machine = Some(machine);
        self
    }

    /// The license that is in force there.
    pub fn installed(mut self, installed: &'a VerifiedLicense) -> Self {
        self.installed = Some(installed);
        self
    }

    /// The host by which it is used.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.surroundings = self.surroundings.host(Some(host.into()));
        self
    }

    /// What else is known of the machine.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        let host = surroundings.host.or(self.surroundings.host);
        self.surroundings = Surroundings { host, ..surroundings };
        self
    }
}

impl Surroundings {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The host by which the service is used.
    pub fn host(mut self, host: Option<String>) -> Self {
        self.host = host;
        self
    }

    /// What the clock of a database that instances share shows now.
    pub fn database_clock(mut self, now: Option<Timestamp>) -> Self {
        self.database_clock = now;
        self
    }

    /// An id of this machine, or why it cannot be read; the reason holds no part of
    /// it. By its ids another product's fingerprint of this machine is known.
    pub fn machine_id(mut self, read: Result<MachineId, String>) -> Self {
        match read {
            Ok(id) => self.machine_ids.push(id),
            Err(reason) => self.machine_errors.push(reason),
        }
        self
    }

    /// What the source that offers a license is called.
    pub fn source_name(mut self, name: String) -> Self {
        self.source = Some(name);
        self
    }

    /// The machine of these ids, as the product of this audience knows it.
    pub fn machine(&self, audience: &str) -> Machine {
        Machine::of(self.machine_ids.iter().map(|id| id.fingerprint(audience)))
    }

    pub(super) fn source(&self) -> &str {
        self.source.as_deref().unwrap_or("The source that decides")
    }

    /// What is to be done where no id can be read: a sentence.
    pub fn machine_cure(mut self, cure: String) -> Self {
        self.machine_cure = Some(cure);
        self
    }
}

impl Diagnosis {
    /// Examines a token from outside: what installing it in such a service would
    /// look at, and what would come of it.
    pub fn of(verifier: &Verifier, token: &[u8], conditions: &Conditions<'_>) -> Self {
        let mut diagnosis = Self::new([]);
        let mut installed =
            Installed::empty(conditions.machine.clone().unwrap_or(Machine::UNAVAILABLE));
        installed.current = conditions.installed.cloned().map(Arc::new);
        installed.newest_issued_at = conditions.installed.map(|it| it.license.issued_at);
        let guard = ClockGuard::resume(conditions.mark, Default::default());
        let cap = installed.mark_cap(verifier.product().policy());
        let (_, reading) = guard.observe(conditions.now, Default::default(), cap);
        let verified = diagnosis.verify(verifier, token);
        let clock_is_right = diagnosis.clock(&reading);
        let Some(verified) = verified else {
            diagnosis.leave(MET);
            return diagnosis;
        };
        let seen = Seen {
            installed: &installed,
            policy: verifier.product().policy(),
            reading: &reading,
            surroundings: &conditions.surroundings,
            knows_machine: conditions.machine.is_some(),
            way: if conditions.installed.is_some() { Way::Upload } else { Way::Unknown },
        };
        diagnosis.meet(&verified, &seen, clock_is_right);
        diagnosis
    }

    /// Judges the clock by itself. Whether what depends on it can be judged.
    pub(super) fn clock(&mut self, reading: &ClockReading) -> bool {
        let shows = || sentence(&grounds::clock(reading));
        let finding = match admission::check_clock(reading) {
            Err(error) => Finding::from(&error),
            Ok(()) if is_behind(reading) => Finding::warning(Check::Clock, "clock_ahead", shows())
                .cure("Set the system clock right."),
            Ok(()) => Finding::ok(Check::Clock, shows()),
        };
        let is_right = finding.outcome != Outcome::Failed;
        self.extend([finding]);
        is_right
    }

    /// Judges what a verified license meets.
    pub(super) fn meet(
        &mut self,
        verified: &VerifiedLicense,
        seen: &Seen<'_>,
        clock_is_right: bool,
    ) {
        let license = &verified.license;
        let host = seen.surroundings.host.as_deref();
        let host_check = HostCheck { host, force: false };
        let trial = Trial::new(seen.installed, seen.policy, verified, seen.reading, host_check);
        // A license that resets the clock is judged as if it had.
        let mut clock_is_right = clock_is_right || trial.clock().is_ok();
        if let Some(finding) = seen.database_clock(license) {
            clock_is_right &= finding.outcome != Outcome::Failed;
            self.extend([finding]);
        }
        match (license.machine(), seen.knows_machine) {
            (Some(_), false) => {}
            _ => self.extend([machine(verified, &trial, seen)]),
        }
        if clock_is_right {
            self.extend([term(license, &trial, seen)]);
            self.extend(freshness(&trial, seen.way));
        }
        match (license.domain(), host) {
            (Some(_), None) => {}
            (None, _) => self.extend([Finding::ok(Check::Domain, "It is bound to no domain.")]),
            (Some(_), Some(host)) if Host::parse(host.as_bytes()).is_err() => {
                self.extend([host_invalid()]);
            }
            _ => self.extend([trial.host().err().as_ref().map_or_else(
                || Finding::ok(Check::Domain, "Its domain covers the host in use."),
                |error| other_host(error, trial.is_installed() || seen.way == Way::Given),
            )]),
        }
        if trial.is_installed() || seen.way == Way::Upload {
            let fine = "No license that was issued later was accepted before.";
            self.extend([trial
                .order()
                .err()
                .as_ref()
                .map_or_else(|| Finding::ok(Check::Order, fine), Finding::from)]);
        }
        self.leave(MET);
    }
}

/// What is judged of a license once it is verified.
pub(super) const MET: [Check; 5] =
    [Check::Machine, Check::Term, Check::Freshness, Check::Domain, Check::Order];

/// Where a license is judged.
pub(super) struct Seen<'a> {
    pub(super) installed: &'a Installed,
    pub(super) policy: &'a Policy,
    pub(super) reading: &'a ClockReading,
    pub(super) surroundings: &'a Surroundings,
    pub(super) knows_machine: bool,
    pub(super) way: Way,
}

/// How a license gets to the service, which decides whether its age matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is uploaded, beside what is installed.
    Upload,
    /// It may be installed already, uploaded, or stand in a file.
    Unknown,
    /// The service has it, or a source gives it: neither is judged by its age.
    Given,
}

impl Seen<'_> {
    /// Whether another license waits that goes on where this one ends.
    fn is_covered(&self, license: &License) -> bool {
        let next = self.installed.next.as_ref();
        next.is_some_and(|next| Succession::of(license, &next.license).covers())
    }

    /// Whether the clock agrees with the database's. Where the license stands
    /// elsewhere by that one, the clock is what is wrong.
    fn database_clock(&self, license: &License) -> Option<Finding> {
        let (here, there) = (self.reading.wall, self.surroundings.database_clock?);
        let skew = here.saturating_since(there).max(there.saturating_since(here));
        if skew <= MAX_LEAD {
            let text = "It agrees with the database's.";
            return Some(Finding::ok(Check::DatabaseClock, text));
        }
        let phase = |at| license.term.phase_at(self.policy, at);
        let minutes = counted(skew.as_secs() / 60, "minute");
        let text = format!("This machine's clock is {minutes} off the database's.");
        let finding = match phase(here) == phase(there) {
            true => Finding::warning(Check::DatabaseClock, "clock_skewed", text),
            false => Finding::failed(Check::DatabaseClock, "clock_skewed", text)
                .and("By the database's the license stands elsewhere."),
        };
        Some(finding.cure("Set the system clock right: licenses are judged by it here."))
    }
}

fn machine(verified: &VerifiedLicense, trial: &Trial<'_>, seen: &Seen<'_>) -> Finding {
    let Some(licensed) = verified.license.machine() else {
        return Finding::ok(Check::Machine, "It is bound to no machine.");
    };
    let error = match trial.machine() {
        Ok(()) => return Finding::ok(Check::Machine, "It is for this machine."),
        Err(error) => error,
    };
    let (license, judged) = (&verified.license, seen.reading.judged());
    if let Some(until) = seen.installed.goes_on_until(seen.policy, license, judged)
        && trial.is_installed()
    {
        let text = format!(
            "The identity of this machine has changed; the license, which is for {}, goes on until \
             {until}.",
            shortened(licensed)
        );
        return Finding::warning(Check::Machine, "machine_changed", text)
            .cure(cure_of(InstallErrorKind::MachineMismatch));
    }
    let finding = Finding::from(&error);
    let machine = &seen.installed.machine;
    match machine.by(licensed.scheme()).or(machine.fingerprint()) {
        None => {
            let reasons = seen.surroundings.machine_errors.join("; ");
            let cure = seen.surroundings.machine_cure.clone();
            let finding = cure.into_iter().fold(finding, Finding::cure);
            if reasons.is_empty() { finding } else { finding.and(&sentence(&reasons)) }
        }
        Some(this) if this.scheme() != licensed.scheme() => finding
            .and(&format!(
                "Its machine is known by `{}`, this one by `{}`: the way changed in which this \
                 machine is known.",
                licensed.scheme(),
                this.scheme()
            ))
            .cure(
                "Give the service its machine id in the way in which it had it when the license \
                 was issued, or download machine info, send it to the vendor and install the \
                 license issued for it.",
            ),
        Some(_) if is_of_another_product(verified, licensed, seen) => finding.and(
            "It names this very machine as another product knows it: it was issued from another \
             product's machine info.",
        ),
        Some(this) => {
            let finding = finding.and(&format!(
                "It names {}, and this machine is {}.",
                shortened(licensed),
                shortened(this)
            ));
            match this.scheme() {
                MachineScheme::Custom => finding.cure(format!(
                    "If the id that was set for this machine (MACHINE_ID, MACHINE_ID_FILE) has \
                     changed, set it back, letter by letter. {}",
                    cure_of(InstallErrorKind::MachineMismatch)
                )),
                _ => finding,
            }
        }
    }
}

/// Whether a fingerprint is this machine's for another product that the
/// license is for as well.
fn is_of_another_product(
    verified: &VerifiedLicense,
    licensed: &Fingerprint,
    seen: &Seen<'_>,
) -> bool {
    let ids = &seen.surroundings.machine_ids;
    let claims = verified.token.dangerous_unverified_claims().unwrap_or_default();
    let audiences = claims.get("aud").and_then(|it| it.as_array()).into_iter().flatten();
    let mut names = audiences.filter_map(|it| it.as_str());
    names.any(|audience| ids.iter().any(|id| id.fingerprint(audience) == *licensed))
}

fn shortened(fingerprint: &Fingerprint) -> String {
    let text = fingerprint.as_str();
    let end = text.rfind(':').map_or(text.len(), |colon| colon + 1 + DIGITS);
    format!("`{}…`", text.get(..end).unwrap_or(text))
}

/// Where the license stands: one that is to be installed must not have ended,
/// one that is installed may be in grace.
fn term(license: &License, trial: &Trial<'_>, seen: &Seen<'_>) -> Finding {
    let (policy, reading) = (seen.policy, seen.reading);
    let (now, term) = (reading.judged(), license.term());
    let expired = InstallErrorKind::LicenseExpired;
    let ended = || sentence(&grounds::expired(license, Some(term.grace_ends_at(policy)), now));
    let left = || counted(term.days_remaining(now), "day");
    let phase = trial.phase();
    match phase {
        Phase::Grace if trial.is_installed() => {
            Finding::warning(Check::Term, "license_in_grace", ended()).cure(expired.cure())
        }
        _ if trial.end().is_err() => Finding::failed(Check::Term, expired.as_str(), ended()).cure(
            format!("If that is not today's date, set the system clock right. {}", expired.cure()),
        ),
        Phase::Scheduled => {
            let begins = sentence(&grounds::begins_later(license, reading.begun()));
            // Another one may be in force until then.
            let finding = match trial.is_alone() {
                true => Finding::failed,
                false => Finding::warning,
            };
            finding(Check::Term, "license_not_yet_valid", begins)
                .cure("Wait until then, or ask the vendor for a license that is valid now.")
        }
        Phase::Expiring if seen.is_covered(license) => {
            let text = "It ends soon, and the one that waits goes on from there.";
            Finding::ok(Check::Term, text)
        }
        Phase::Expiring => {
            let text = format!("It ends on {}: {} left.", term.expires_at.last_day(), left());
            Finding::warning(Check::Term, "license_expiring", text).cure(expired.cure())
        }
        _ => Finding::ok(Check::Term, format!("It is in force: {} left.", left())),
    }
}

/// That nobody can say whether its domain covers the host.
fn host_invalid() -> Finding {
    let text = "The service was not asked by a host name, so that nobody can say whether the \
                license covers it.";
    Finding::failed(Check::Domain, "host_invalid", text).cure(
        "Open the service by its host name. A proxy in front has to pass on what the client sent, \
         and a trusted one to send the header that names it (such as X-Forwarded-Host).",
    )
}

/// That its domain does not cover the host; one that is installed, or that a
/// source gives, is not to be forced.
fn other_host(error: &InstallError, is_there: bool) -> Finding {
    let finding = Finding::from(error);
    match is_there {
        true => finding.cure(
            "Open the service by a licensed host name, or ask the vendor for a license for this \
             one. A proxy in front may have replaced the host name: have it pass on what the \
             client sent, or name it as a trusted proxy.",
        ),
        false => finding,
    }
}

const DATED_AHEAD: &str = "Set the system clock right; if it is right, ask the vendor to issue the \
                           license again: their clock was ahead.";

/// Whether it is too old to be installed, or dated ahead; `None` where nobody
/// asks.
fn freshness(trial: &Trial<'_>, way: Way) -> Option<Finding> {
    const CHECK: Check = Check::Freshness;
    let ahead = trial.issue().err().as_ref().map(Finding::from);
    let is_there = trial.is_installed() || way == Way::Given;
    if let Some(ahead) = ahead {
        return Some(match is_there {
            true if trial.is_trusted() => Finding { outcome: Outcome::Warning, ..ahead }
                .and("It is in force all the same.")
                .cure(DATED_AHEAD),
            true => ahead.cure(DATED_AHEAD),
            false => ahead,
        });
    }
    if trial.is_installed() {
        return Some(Finding::ok(CHECK, "It is installed, where its age does not matter."));
    }
    if way == Way::Given {
        return None;
    }
    let Err(old) = trial.freshness() else {
        return Some(Finding::ok(CHECK, "It is fresh enough to be installed."));
    };
    let finding = Finding::from(&old);
    Some(match way {
        Way::Upload => finding,
        _ => Finding { outcome: Outcome::Warning, ..finding }.and(
            "That is too long ago for an upload; one that is installed, or that a file gives, is \
             not judged by its age.",
        ),
    })
}
