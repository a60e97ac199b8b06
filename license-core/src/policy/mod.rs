//! What a product makes of the phases of a license.

mod phase;
mod restriction;
mod rule;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    time::Duration,
};

pub use self::{
    phase::{InvalidReason, Phase},
    restriction::Restriction,
    rule::Rule,
};
use crate::{refusal::DenialCode, time::Timestamp};

/// A product's rules: warning window, grace, what is refused when, and with
/// which status.
///
/// Built by value; what is not set keeps the strict default: no grace, a
/// lapsed or missing license stops everything, and an upload is at most 30
/// days old.
///
/// ```
/// use std::time::Duration;
///
/// use license_core::{DenialCode, Phase, Policy, Restriction};
///
/// // Two weeks of grace, then reading goes on; a missing feature is 404.
/// let policy = Policy::new()
///     .grace(Duration::from_secs(14 * 86_400))
///     .lapsed(Restriction::ReadOnly)
///     .status(DenialCode::FeatureNotLicensed, 404);
/// assert_eq!(policy.restriction(Phase::Grace), None);
/// assert_eq!(policy.restriction(Phase::Lapsed), Some(Restriction::ReadOnly));
/// assert_eq!(policy.restriction(Phase::Unlicensed), Some(Restriction::Everything));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) warn: Duration,
    pub(crate) grace: Duration,
    pub(crate) lapsed: Restriction,
    pub(crate) unlicensed: Restriction,
    pub(crate) freshness: Option<Duration>,
    pub(crate) rebind: Duration,
    pub(crate) status: BTreeMap<DenialCode, u16>,
    pub(crate) shadow: BTreeSet<Rule>,
}

/// A text was not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration; write `30d`, `12h`, `15m`, `30s` or `none`")]
pub struct ParseDurationError(());

impl Default for Policy {
    fn default() -> Self {
        Self {
            warn: Duration::from_secs(30 * 86_400),
            grace: Duration::ZERO,
            lapsed: Restriction::Everything,
            unlicensed: Restriction::Everything,
            freshness: Some(Duration::from_secs(30 * 86_400)),
            rebind: Duration::ZERO,
            status: BTreeMap::new(),
            shadow: BTreeSet::new(),
        }
    }
}

impl Policy {
    /// The strict default.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long before its end a license counts as expiring. Default 30 days.
    #[must_use]
    pub fn warn(mut self, warn: Duration) -> Self {
        self.warn = warn;
        self
    }

    /// How long everything still works past the term. Default none.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// What a license past its grace means.
    #[must_use]
    pub fn lapsed(mut self, restriction: Restriction) -> Self {
        self.lapsed = restriction;
        self
    }

    /// What it means that no valid license is there: none at all, one that
    /// begins later, or one that cannot be trusted.
    #[must_use]
    pub fn unlicensed(mut self, restriction: Restriction) -> Self {
        self.unlicensed = restriction;
        self
    }

    /// The age up to which an upload is accepted; `None` for any age.
    #[must_use]
    pub fn freshness(mut self, age: Option<Duration>) -> Self {
        self.freshness = age;
        self
    }

    /// How long an installed license goes on when the machine's identity, for
    /// which it was found to be, changes: once for each license that is issued,
    /// from the first moment that the change was seen. Default not at all. Never
    /// where instances share a store.
    #[must_use]
    pub fn rebind(mut self, time: Duration) -> Self {
        self.rebind = time;
        self
    }

    /// How long before the end of a license administrators are warned.
    pub fn warning_window(&self) -> Duration {
        self.warn
    }

    /// Whether an upload that was issued then is young enough at this time.
    pub fn is_fresh(&self, issued_at: Timestamp, now: Timestamp) -> bool {
        self.freshness.is_none_or(|age| now.saturating_since(issued_at) <= age)
    }

    /// Answers denials of this code with another HTTP status.
    #[must_use]
    pub fn status(mut self, code: DenialCode, status: u16) -> Self {
        self.status.insert(code, status);
        self
    }

    /// Only observes a rule: what it refuses is served all the same, counted
    /// and logged as "would have been denied". The other rules go on: with
    /// [`Everything`](Rule::Everything) in shadow, gated features are still
    /// refused to a service without a license. Called again it shadows another
    /// one as well. Default none.
    ///
    /// In a profile: `shadow = ["features", "read-only", "everything",
    /// "domain", "limits"]`.
    #[must_use]
    pub fn shadow(mut self, rule: Rule) -> Self {
        self.shadow.insert(rule);
        self
    }

    /// Whether a rule is only observed.
    pub fn shadows(&self, rule: Rule) -> bool {
        self.shadow.contains(&rule)
    }

    /// What this phase refuses, enforced or only observed; `None` while the
    /// license is in force.
    pub fn restriction(&self, phase: Phase) -> Option<Restriction> {
        match phase {
            Phase::Active | Phase::Expiring | Phase::Grace => None,
            Phase::Lapsed => Some(self.lapsed),
            Phase::Unlicensed | Phase::Scheduled | Phase::Invalid(_) => Some(self.unlicensed),
        }
    }

    /// What this phase refuses in fact: nothing where the rule is only
    /// observed.
    pub fn enforced(&self, phase: Phase) -> Option<Restriction> {
        let restriction = self.restriction(phase)?;
        let shadowed = Rule::of(restriction).is_some_and(|rule| self.shadows(rule));
        Some(if shadowed { Restriction::Advisory } else { restriction })
    }

    /// The status of a denial: the product's choice, else `default`.
    pub(crate) fn status_of(&self, code: DenialCode, default: u16) -> u16 {
        self.status.get(&code).copied().unwrap_or(default)
    }
}

/// Reads a duration as a profile writes it: `30d`, `12h`, `15m`, `30s`;
/// `None` for `none`.
///
/// # Errors
///
/// Any other text.
pub fn parse_duration(text: &str) -> Result<Option<Duration>, ParseDurationError> {
    text.parse().map(|ProfileDuration(duration)| duration)
}

/// A duration as a profile writes it: `30d`, `12h`, `15m`, `30s`; `none` is
/// zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProfileDuration(pub(crate) Option<Duration>);

impl FromStr for ProfileDuration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self(None));
        }
        let unit = match text.chars().last() {
            Some('d') => 86_400,
            Some('h') => 3_600,
            Some('m') => 60,
            Some('s') => 1,
            _ => return Err(ParseDurationError(())),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseDurationError(()));
        }
        let count: u32 = digits.parse().map_err(|_| ParseDurationError(()))?;
        Ok(Self(Some(Duration::from_secs(u64::from(count) * unit))))
    }
}

impl fmt::Display for ProfileDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(duration) = self.0 else { return f.write_str("none") };
        let seconds = duration.as_secs();
        let (unit, length) = [("d", 86_400), ("h", 3_600), ("m", 60)]
            .into_iter()
            .find(|(_, length)| seconds != 0 && seconds % length == 0)
            .unwrap_or(("s", 1));
        write!(f, "{}{unit}", seconds / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_profiles_write_them() {
        let read = |text: &str| text.parse::<ProfileDuration>().map(|duration| duration.0);
        assert_eq!(read("30d"), Ok(Some(Duration::from_secs(2_592_000))));
        assert_eq!(read("12h"), Ok(Some(Duration::from_secs(43_200))));
        assert_eq!(read("none"), Ok(None));
        for bad in ["", "d", "30", "-1d", "+1d", "1.5d", "30 d", "30D", "99999999999d", "30ü"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
