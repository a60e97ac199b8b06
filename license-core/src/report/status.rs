//! What administrators, and what everybody, may know of the license.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{timeline::Timeline, warning::Warning};
use crate::{
    decide::Snapshot,
    license::{License, Limit},
    machine::Fingerprint,
    policy::{Phase, Policy, Restriction},
    time::{Timestamp, guard::ClockReading},
};

/// What everybody may know: no customer, no limits, no features.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PublicStatus {
    /// Where the license stands.
    pub phase: Phase,
    /// Whether requests are refused because of it.
    pub restricted: bool,
    /// Days left, rounded up, 0 once expired; `None` without a license.
    pub days_remaining: Option<u64>,
    /// Why requests are refused.
    pub code: Option<&'static str>,
}

/// The full status, for administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// Where the license stands.
    pub phase: Phase,
    /// Whether requests are refused because of it.
    pub restricted: bool,
    /// The license that counts now.
    pub license: Option<LicenseStatus>,
    /// The license that waits to begin.
    pub next: Option<LicenseStatus>,
    /// This machine's fingerprint.
    pub machine: Option<Fingerprint>,
    /// What is wrong, whenever requests are refused.
    pub problem: Option<StatusProblem>,
    /// What administrators should know; written as a list of texts.
    #[serde(serialize_with = "Warning::texts")]
    pub warnings: Vec<Warning>,
    /// What will happen, and when.
    pub timeline: Timeline,
}

/// A license as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LicenseStatus {
    /// The license's id.
    pub id: String,
    /// The customer's name.
    pub customer: String,
    /// The plan.
    pub plan: String,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it begins.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Days left, rounded up, 0 once expired.
    pub days_remaining: u64,
    /// When its grace ends.
    pub grace_ends_at: Timestamp,
    /// Seconds of grace left; 0 outside the grace window.
    pub grace_remaining_seconds: u64,
    /// What it grants.
    pub features: BTreeSet<String>,
    /// The features in the order signed, for a product that shows them so. Not
    /// serialised.
    #[serde(skip)]
    pub features_as_signed: Vec<String>,
    /// What it caps.
    pub limits: BTreeMap<String, LimitStatus>,
    /// The machine it is bound to.
    pub machine: Option<Fingerprint>,
    /// The domain it is bound to.
    pub domain: Option<String>,
}

/// One limit and how much of it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LimitStatus {
    /// The cap; `None` is unlimited.
    pub max: Option<u64>,
    /// How much is used, where the product tells.
    pub used: Option<u64>,
    /// The allowed names, for a limit that lists names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<BTreeSet<String>>,
    /// When it is used up, should it go on as lately: a quota within its month,
    /// seats once it was seen for a day how they grow. Not serialised.
    #[serde(skip)]
    pub full_at: Option<Timestamp>,
}

/// Why requests are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StatusProblem {
    /// The stable code.
    pub code: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
}

impl Snapshot<'_> {
    pub(crate) fn restricted(self) -> bool {
        self.policy.enforced(self.verdict.phase).is_some_and(Restriction::restricts)
    }

    pub(crate) fn public_status(self, reading: &ClockReading) -> PublicStatus {
        let shown = self.installed.effective(self.verdict.next_has_begun);
        PublicStatus {
            phase: self.verdict.phase,
            restricted: self.restricted(),
            days_remaining: shown.map(|it| it.license.term.days_remaining(reading.judged())),
            code: self.problem_code(),
        }
    }

    pub(crate) fn status(
        self,
        reading: &ClockReading,
        used: impl Fn(&str) -> Option<u64>,
    ) -> Status {
        let next_has_begun = self.verdict.next_has_begun;
        let show =
            |license: &License| LicenseStatus::of(license, self.policy, reading.judged(), &used);
        let waiting = self.installed.next.as_ref().filter(|_| !next_has_begun);
        Status {
            phase: self.verdict.phase,
            restricted: self.restricted(),
            license: self.installed.effective(next_has_begun).map(|it| show(&it.license)),
            next: waiting.map(|it| show(&it.license)),
            machine: self.installed.machine.fingerprint().cloned(),
            problem: self.problem(reading),
            warnings: self.warnings(reading, &used),
            timeline: Timeline::of(self.installed, self.policy, reading),
        }
    }

    fn problem_code(self) -> Option<&'static str> {
        let code = self.verdict.phase.code().filter(|_| self.restricted())?;
        Some(code.as_str())
    }

    fn problem(self, reading: &ClockReading) -> Option<StatusProblem> {
        let code = self.verdict.phase.code().filter(|_| self.restricted())?;
        let denial = crate::refusal::Denial::new(code, code.default_status());
        let denial = denial.with_delivery(self.installed.delivery);
        Some(StatusProblem { code: code.as_str(), detail: self.explained(&denial, reading) })
    }
}

impl LicenseStatus {
    pub(crate) fn of(
        license: &License,
        policy: &Policy,
        judged: Timestamp,
        used: impl Fn(&str) -> Option<u64>,
    ) -> Self {
        let grace_ends_at = license.term.grace_ends_at(policy);
        let grace = grace_ends_at.saturating_since(judged).as_secs();
        let limits = license.limits().iter().map(|(name, limit)| {
            let names = match limit {
                Limit::Names(names) => Some(names.clone()),
                _ => None,
            };
            (name.clone(), LimitStatus { max: limit.max(), used: used(name), names, full_at: None })
        });
        Self {
            id: license.id.clone(),
            customer: license.customer.name.clone(),
            plan: license.plan.clone(),
            issued_at: license.issued_at,
            not_before: license.term.not_before,
            expires_at: license.term.expires_at,
            days_remaining: license.term.days_remaining(judged),
            grace_ends_at,
            grace_remaining_seconds: if license.term.has_ended(judged) { grace } else { 0 },
            features: license.features().clone(),
            features_as_signed: license.features_as_signed().to_vec(),
            limits: limits.collect(),
            machine: license.machine.clone(),
            domain: license.domain.as_ref().map(ToString::to_string),
        }
    }
}
