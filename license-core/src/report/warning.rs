//! What administrators should know, as data.

use serde::{Serialize, Serializer};

use super::note::{Fact, Facts};
use crate::{
    decide::{Snapshot, admission::host_mismatch},
    license::{License, Limit, Succession},
    policy::Phase,
    refusal::{Denial, DenialCode},
    text::{self, counted},
    time::guard::ClockReading,
};

/// One thing that administrators should know.
///
/// The texts are plain ASCII sentences for people. They say nothing about the
/// customer and hold no numbers of the license, so that a product may show
/// them to everybody. What a dry run or a comparison warns of, and a
/// [host](crate::Licensing::host_warning) and `machine_changed`, is for
/// administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// The stable code: `license_expiring`, `license_in_grace`, `license_gap`,
    /// `license_ends_earlier`, `limit_reached`, `clock_ahead`, `machine_changed`, or the code with
    /// which requests are or would be refused. Others, such as a runtime, have
    /// codes of their own.
    pub code: &'static str,
    /// How much it matters.
    pub level: WarningLevel,
    /// What is to be known.
    pub text: String,
    /// What is filled in, for other languages. Not serialised.
    #[serde(skip)]
    pub facts: Facts,
}

/// How much a warning matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum WarningLevel {
    /// Something is to be done before long.
    Info,
    /// Something is to be done now.
    Warning,
    /// Requests are refused.
    Critical,
}

/// The codes of warnings that are not those of a [`DenialCode`] or an
/// [`InstallErrorKind`](crate::InstallErrorKind). A runtime has more.
pub const WARNING_CODES: [&str; 18] = [
    "license_expiring",
    "license_in_grace",
    "license_gap",
    "license_ends_earlier",
    "clock_ahead",
    "machine_changed",
    "installed",
    "waits",
    "replaces_waiting",
    "allows_less",
    "limit_exceeded",
    "locks_out_host",
    "other_customer",
    "other_domain",
    "other_machine",
    "days_given_away",
    "limit_reached",
    "domain_mismatch",
];

/// A mark this far ahead of the wall clock is worth a warning.
const CLOCK_AHEAD: std::time::Duration = std::time::Duration::from_secs(3600);

impl WarningLevel {
    /// The level as it stands in a banner.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Warning {
    /// A warning.
    pub fn new(code: &'static str, level: WarningLevel, text: impl Into<String>) -> Self {
        Self { code, level, text: text.into(), facts: Facts::default() }
    }

    /// Adds a fact, by which it can be said in another language.
    #[must_use]
    pub fn with(mut self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.facts.add(name, fact);
        self
    }

    /// Says which of several sentences of its code it is.
    #[must_use]
    pub fn variant(mut self, variant: &'static str) -> Self {
        self.facts.set_variant(variant);
        self
    }

    /// Writes warnings as they stand in a status: a list of texts.
    pub(crate) fn texts<S: Serializer>(
        warnings: &[Self],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(warnings.iter().map(|warning| &warning.text))
    }
}

impl Snapshot<'_> {
    /// What administrators should know: of the license, then of the service.
    pub(crate) fn warnings(
        self,
        reading: &ClockReading,
        used: impl Fn(&str) -> Option<u64>,
    ) -> Vec<Warning> {
        let mut warnings = self.license_warnings(reading, used);
        warnings.extend(self.machine_warning(reading));
        if is_behind(reading) {
            warnings.push(Warning::new(
                "clock_ahead",
                WarningLevel::Warning,
                "The system clock is behind the latest time this service has seen by more than \
                 an hour (clock_ahead). Check the system clock.",
            ));
        }
        warnings
    }

    /// What there is to know of the license: its term, then its limits.
    pub(crate) fn license_warnings(
        self,
        reading: &ClockReading,
        used: impl Fn(&str) -> Option<u64>,
    ) -> Vec<Warning> {
        let term = self.term_warning(reading);
        let limits = self.license().into_iter().flat_map(|license| license.limits());
        let used_up = limits.filter(|(name, limit)| is_used_up(limit, used(name)));
        let limits = used_up.map(|(name, _)| {
            let text = format!("License limit used up: {name}.");
            let code = DenialCode::LimitReached.as_str();
            Warning::new(code, WarningLevel::Warning, text).with("limit", name.as_str())
        });
        term.into_iter().chain(self.succession_warnings()).chain(limits).collect()
    }

    /// That this machine has another identity than the one that the license was
    /// found to be for, and how long the license goes on all the same.
    fn machine_warning(self, reading: &ClockReading) -> Option<Warning> {
        let license = &self.installed.effective(self.verdict.next_has_begun)?.license;
        let old = self.installed.identity_before(license)?.as_str();
        let new = self.installed.machine.fingerprint()?.as_str();
        let until = self.installed.goes_on_until(self.policy, license, reading.judged());
        let goes_on = match until {
            Some(until) => format!("The license goes on until {until}."),
            None => "The license is not in force here.".to_owned(),
        };
        let text = format!(
            "The identity of this machine has changed: the license is for {old}, and this machine \
             is {new} now. {goes_on} Download machine info, send it to the vendor, and install \
             the license issued for it."
        );
        let level = match self.restricted() {
            true => WarningLevel::Critical,
            false => WarningLevel::Warning,
        };
        let warning = Warning::new("machine_changed", level, text).with("old", old);
        let warning = warning.with("new", new);
        Some(match until {
            Some(until) => warning.with("until", Fact::Moment(until)),
            None => warning.variant("over"),
        })
    }

    /// How the waiting license follows the one in force.
    pub(crate) fn succession(&self) -> Option<(&License, Succession)> {
        self.installed.succession().filter(|_| !self.verdict.next_has_begun)
    }

    /// That the waiting license does not cover what comes after the one in
    /// force.
    pub(crate) fn succession_warnings(&self) -> Vec<Warning> {
        let succession = self.succession();
        let warnings = succession.map(|(current, it)| it.warnings(true, current));
        warnings.unwrap_or_default()
    }

    fn term_warning(self, reading: &ClockReading) -> Option<Warning> {
        let phase = self.verdict.phase;
        let refused =
            if self.restricted() { WarningLevel::Critical } else { WarningLevel::Warning };
        let Some(license) = self.license() else {
            let code = phase.code()?;
            let problem = Denial::new(code, code.default_status()).problem();
            return Some(Warning::new(code.as_str(), refused, problem.detail));
        };
        let ends = license.term.expires_at;
        let grace = license.term.grace_ends_at(self.policy);
        let (last_day, grace_ends) = (ends.last_day(), grace.last_day());
        let warning = |code, level, text: String| {
            Warning::new(code, level, text)
                .with("date", Fact::LastDay(ends))
                .with("grace", Fact::LastDay(grace))
        };
        match phase {
            Phase::Expiring => {
                let days = license.term.days_remaining(reading.judged());
                let left = counted(days, "day");
                let text = format!("License expires on {last_day}: {left} left.");
                let warning = warning("license_expiring", WarningLevel::Info, text);
                Some(warning.with("left", Fact::DaysLeft(days)))
            }
            Phase::Grace => {
                let text =
                    format!("License expired on {last_day}. Grace period ends {grace_ends}.");
                Some(warning("license_in_grace", WarningLevel::Warning, text))
            }
            Phase::Lapsed => {
                let mut text = format!("License expired on {last_day}.");
                if !self.policy.grace.is_zero() {
                    text.push_str(&format!(" Grace period ended {grace_ends}."));
                }
                let warning = warning(DenialCode::LicenseExpired.as_str(), refused, text);
                Some(if self.policy.grace.is_zero() { warning } else { warning.variant("grace") })
            }
            _ => None,
        }
    }
}

/// Whether the clock is behind the latest time that was seen, by so much that
/// somebody should know.
pub(super) fn is_behind(reading: &ClockReading) -> bool {
    reading.mark.is_some_and(|mark| mark.saturating_since(reading.wall) > CLOCK_AHEAD)
}

/// Whether all that a limit allows is used. One of 0 is not licensed at all,
/// and a list of names is never used up.
fn is_used_up(limit: &Limit, used: Option<u64>) -> bool {
    match (limit.max(), used) {
        (Some(max), Some(used)) => max > 0 && used >= max,
        _ => false,
    }
}

impl Succession {
    /// What is to be known of it, of a license that waits or of one that is to be
    /// installed.
    pub(crate) fn warnings(&self, waits: bool, old: &License) -> Vec<Warning> {
        let which = if waits { "The waiting license" } else { "The license" };
        let warning = |code, text, variant: [Option<&'static str>; 2]| {
            let warning = Warning::new(code, WarningLevel::Warning, text);
            variant[usize::from(!waits)].into_iter().fold(warning, Warning::variant)
        };
        let gap = self.gap.map(|(from, until)| {
            let days = until.days_since(from);
            let text = format!(
                "{which} begins after a gap of {}: none is in force from {from} to {until}.",
                counted(days, "day")
            );
            warning("license_gap", text, [None, Some("new")])
                .with("left", Fact::Days(days))
                .with("from", Fact::Moment(from))
                .with("until", Fact::Moment(until))
        });
        let end = self.earlier_end.map(|ends| {
            let instead_of = old.term().expires_at;
            let on = ends.last_day();
            let days = instead_of.days_since(ends);
            let together = ends == instead_of;
            let text = if together {
                format!("{which} ends when the one in force does, on {on}.")
            } else {
                let earlier = counted(days, "day");
                let instead_of = instead_of.last_day();
                format!(
                    "{which} ends on {on}, {earlier} earlier than the one in force ({instead_of})."
                )
            };
            let variant = match together {
                true => [Some("together"), Some("together_new")],
                false => [None, Some("new")],
            };
            warning("license_ends_earlier", text, variant)
                .with("date", Fact::LastDay(ends))
                .with("before", Fact::LastDay(instead_of))
                .with("left", Fact::Days(days))
        });
        gap.into_iter().chain(end).collect()
    }
}

/// What administrators should know who use a service by a host that the
/// license does not cover.
pub(crate) fn host_warning(license: &License, host: &str) -> Option<Warning> {
    let mismatch = host_mismatch(license, Some(host))?;
    let text = format!(
        "License domain mismatch: {mismatch}. A proxy in front may have replaced the host name: \
         have it pass on what the client sent, or name it as a trusted proxy."
    );
    let domain = license.domain().map(ToString::to_string).unwrap_or_default();
    let warning = Warning::new(DenialCode::DomainMismatch.as_str(), WarningLevel::Warning, text);
    Some(warning.with("host", text::shown(host)).with("domain", domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_above_0_can_be_used_up() {
        let max = Limit::Max(5);
        let [below, at, above] = [4, 5, 6].map(|used| is_used_up(&max, Some(used)));
        assert_eq!([below, at, above], [false, true, true]);
        assert!(!is_used_up(&max, None));
        assert!(!is_used_up(&Limit::Max(0), Some(1)));
        assert!(!is_used_up(&Limit::Unlimited, Some(u64::MAX)));
        assert!(!is_used_up(&Limit::Names(["a".to_owned()].into()), Some(1)));
    }

    #[test]
    fn levels_are_in_order() {
        assert!(WarningLevel::Info < WarningLevel::Warning);
        assert!(WarningLevel::Warning < WarningLevel::Critical);
    }
}
