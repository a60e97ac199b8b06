//! What a refusal rests on: the two times that were compared, or the host that
//! was seen and the pattern. For administrators and the log; the answers to
//! clients say nothing of it.
//!
//! Each text is lower case without a full stop, and made a sentence by whoever
//! shows it.

use super::snapshot::Snapshot;
use crate::{
    license::License,
    product::Product,
    refusal::{Denial, DenialCode},
    text::sentence,
    time::{Timestamp, guard::ClockReading},
};

impl Snapshot<'_> {
    /// What a denial rests on, as things stand now.
    pub(crate) fn grounds(
        self,
        denial: &Denial,
        product: &Product,
        reading: &ClockReading,
    ) -> Option<String> {
        match denial.code() {
            DenialCode::DomainMismatch | DenialCode::HostInvalid => {
                let domain = self.domain()?;
                let seen = denial.host_seen()?;
                Some(format!(
                    "{seen}, and the license covers `{domain}`; a proxy has to pass on the host \
                     that the client sent"
                ))
            }
            DenialCode::FeatureNotLicensed => {
                let asked = denial.feature()?;
                product.check_features([asked]).err().map(|unknown| unknown.to_string())
            }
            DenialCode::ReadOnly | DenialCode::FeatureLapsed => self.phase_grounds(reading),
            code if Some(code) == self.verdict.phase.code() => self.phase_grounds(reading),
            _ => None,
        }
    }

    /// The times on which the phase rests, where it rests on any.
    pub(crate) fn phase_grounds(self, reading: &ClockReading) -> Option<String> {
        let effective = || self.installed.effective(self.verdict.next_has_begun);
        match self.verdict.phase.code()? {
            DenialCode::LicenseExpired => {
                let license = &effective()?.license;
                let grace = license.term.grace_ends_at(self.policy);
                Some(expired(license, Some(grace), reading.judged()))
            }
            DenialCode::LicenseNotYetValid => {
                let waiting = effective().or(self.installed.next.as_ref())?;
                Some(begins_later(&waiting.license, reading.begun()))
            }
            DenialCode::ClockRolledBack | DenialCode::ClockNotSet => Some(clock(reading)),
            _ => None,
        }
    }

    /// A status's text about the phase: what is wrong, on what that rests, and
    /// what to do.
    pub(crate) fn explained(self, denial: &Denial, reading: &ClockReading) -> String {
        let problem = denial.problem();
        let grounds = self.phase_grounds(reading).map(|it| sentence(&it));
        let remedy = problem.remedy.as_deref();
        let parts = [Some(&*problem.detail), grounds.as_deref(), remedy];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// When a license ended, and its grace, and what time it is.
pub(crate) fn expired(license: &License, grace: Option<Timestamp>, now: Timestamp) -> String {
    let end = license.term.expires_at;
    let [ended, now] = [end, now].map(time);
    match grace.filter(|grace| *grace > end).map(time) {
        Some(grace) => {
            format!(
                "the license ended at {ended}, its grace at {grace}; it is {now} on this machine"
            )
        }
        None => format!("the license ended at {ended}; it is {now} on this machine"),
    }
}

/// When a license begins, and what time it is.
pub(crate) fn begins_later(license: &License, now: Timestamp) -> String {
    let begins = license.term.not_before.unwrap_or(license.issued_at);
    let [begins, now] = [begins, now].map(time);
    format!("the license begins at {begins}; it is {now} on this machine")
}

/// When a license was issued, and what time it is.
pub(crate) fn issued(license: &License, now: Timestamp) -> String {
    let [issued, now] = [license.issued_at, now].map(time);
    format!("the license was issued at {issued}; it is {now} on this machine")
}

/// When a license was issued, and when the newest that was accepted.
pub(crate) fn older(license: &License, newest: Timestamp) -> String {
    let [issued, newest] = [license.issued_at, newest].map(time);
    format!("the license was issued at {issued}; one issued at {newest} was accepted before")
}

/// What the clock shows, and what was seen before where that is later.
pub(crate) fn clock(reading: &ClockReading) -> String {
    let shows = format!("the clock shows {}", time(reading.wall));
    match reading.mark.map(time) {
        Some(seen) if seen > time(reading.wall) => {
            format!("{shows}; this service has seen {seen}")
        }
        _ => shows,
    }
}

/// A time to the second, which is what people compare.
fn time(at: Timestamp) -> Timestamp {
    Timestamp::from_seconds(at.as_seconds())
}
