//! What there is to log about the license, each change once.

use crate::{
    DenialCode, Licensing, LogLine, Phase, SourceFailure, TokenDigest,
    clock_guard::Reading,
    decide::View,
    product::{Facts, INSTALLED, Messages},
};

/// Gives the product's own [messages](crate::Message): once when a license is
/// put in force, once when a phase is reached, at the start too.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # let licensing = license_core::Licensing::new(license_core::testing::Vendor::new().verifier());
/// # async fn log(licensing: license_core::Licensing) {
/// let mut subscription = licensing.subscribe();
/// let mut announcer = licensing.announcer();
/// loop {
///     announcer.due().iter().for_each(license_core::LogLine::log);
///     subscription.changed().await;
/// }
/// # }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Announcer {
    licensing: Licensing,
    told: Option<Told>,
}

/// What was said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The last license in force; one that is not trusted for a while and
    /// then is again is the same.
    license: Option<TokenDigest>,
    phase: Phase,
}

impl Announcer {
    pub(crate) fn new(licensing: Licensing) -> Self {
        Self { licensing, told: None }
    }

    /// What has changed since the last call, in the product's words;
    /// everything at the first.
    pub fn due(&mut self) -> Vec<LogLine> {
        let told = self.told;
        let messages = self.licensing.product().messages();
        let (now, lines) = self.licensing.look(|view, reading| view.news(told, messages, reading));
        self.told = Some(now);
        lines
    }
}

impl Licensing {
    /// Tells of changes of license and phase in the product's own words.
    pub fn announcer(&self) -> Announcer {
        Announcer::new(self.clone())
    }

    /// What the product logs when a source gives no license: one line at
    /// least. `path` is the file, or the name of another source.
    pub fn source_failed(&self, failure: impl Into<SourceFailure>, path: &str) -> Vec<LogLine> {
        let failure = failure.into();
        self.look(|view, reading| {
            let code = Some(failure.code());
            let facts = Facts { code, path: Some(path), ..view.facts(reading) };
            self.product().messages().failed(failure, &facts)
        })
    }
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

    fn facts(&self, reading: &Reading) -> Facts<'_> {
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

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Announcer>();
