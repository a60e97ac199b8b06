//! What has changed since it was said last, in the product's own words.

use crate::{
    decide::View,
    policy::Phase,
    product::{Facts, INSTALLED, LogLine, Messages},
    refusal::DenialCode,
    time::guard::Reading,
    token::TokenDigest,
};

/// What was said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The last license in force; one that is not trusted for a while and
    /// then is again is the same.
    license: Option<TokenDigest>,
    phase: Phase,
}

impl View<'_> {
    /// What changed since `told`, and the lines that say so.
    pub(crate) fn news(
        self,
        told: Option<Told>,
        messages: &Messages,
        reading: &Reading,
    ) -> (Told, Vec<LogLine>) {
        let phase = self.standing.phase;
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
        (Told { license: in_force.or(before), phase }, lines)
    }

    pub(crate) fn facts(&self, reading: &Reading) -> Facts<'_> {
        let phase = self.standing.phase;
        let effective = self.holdings.effective(self.standing.next_has_begun);
        let shown = effective.or(self.holdings.next.as_ref());
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
