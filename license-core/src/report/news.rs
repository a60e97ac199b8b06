//! What has changed since it was said last, in the product's own words.

use crate::{
    decide::Snapshot,
    policy::Phase,
    product::{Facts, INSTALLED, LogLine, Messages},
    refusal::DenialCode,
    time::guard::ClockReading,
    token::TokenDigest,
};

/// What was said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    /// The last license in force; one that is not trusted for a while and
    /// then is again is the same.
    license: Option<TokenDigest>,
    phase: Phase,
}

impl Snapshot<'_> {
    /// What changed since `told`, and the lines that say so.
    pub(crate) fn news(
        self,
        told: Option<Announced>,
        messages: &Messages,
        reading: &ClockReading,
    ) -> (Announced, Vec<LogLine>) {
        let phase = self.verdict.phase;
        let before = told.and_then(|told| told.license);
        let in_force = self.verified().map(|verified| verified.digest);
        let is_new = in_force.is_some() && in_force != before;
        let facts = self.facts(reading);
        let mut lines = Vec::new();
        if is_new {
            lines.extend(messages.lines(INSTALLED, &facts));
        }
        if is_new || told.is_none_or(|told| told.phase != phase) {
            lines.extend(messages.lines(phase.as_str(), &facts));
        }
        (Announced { license: in_force.or(before), phase }, lines)
    }

    pub(crate) fn facts(&self, reading: &ClockReading) -> Facts<'_> {
        let phase = self.verdict.phase;
        let effective = self.installed.effective(self.verdict.next_has_begun);
        let shown = effective.or(self.installed.next.as_ref());
        Facts {
            license: shown.map(|verified| &verified.license),
            policy: self.policy,
            phase,
            judged: reading.judged(),
            code: phase.code().map(DenialCode::as_str),
            path: None,
        }
    }
}
