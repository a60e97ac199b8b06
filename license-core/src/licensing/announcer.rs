//! What there is to log about the license, each change once.

use super::{Control, Licensing};
use crate::{
    product::{Facts, LogLine, SourceFailure},
    report::Announced,
};

/// Gives the product's own [messages](crate::product::Message): once when a license is
/// put in force, once when a phase is reached, at the start too.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # let licensing = license_core::Licensing::new(license_core::testing::Vendor::new().verifier());
/// # async fn log(licensing: license_core::Licensing) {
/// let mut subscription = licensing.subscribe();
/// let mut announcer = licensing.control().announcer();
/// loop {
///     announcer.due().iter().for_each(license_core::product::LogLine::log);
///     subscription.changed().await;
/// }
/// # }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Announcer {
    licensing: Licensing,
    told: Option<Announced>,
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
        let (now, lines) =
            self.licensing.observe(|view, reading| view.news(told, messages, reading));
        self.told = Some(now);
        lines
    }
}

impl Control<'_> {
    /// Tells of changes of license and phase in the product's own words.
    pub fn announcer(self) -> Announcer {
        Announcer::new(self.licensing.clone())
    }

    /// What the product logs when a source gives no license: one line at
    /// least. `path` is the file, or the name of another source.
    pub fn source_failed(self, failure: impl Into<SourceFailure>, path: &str) -> Vec<LogLine> {
        let failure = failure.into();
        self.licensing.observe(|view, reading| {
            let code = Some(failure.as_str());
            let facts = Facts { code, path: Some(path), ..view.facts(reading) };
            self.licensing.product().messages().failed(failure, &facts)
        })
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Announcer>();
