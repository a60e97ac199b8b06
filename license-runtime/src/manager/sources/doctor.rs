//! What the sources hold, whatever is believed of them.

use std::sync::Arc;

use license_core::{
    Token, Warning,
    product::SourceFailure,
    refusal::Check,
    report::{Diagnosis, Finding, Outcome},
};
use tokio::time::timeout;

use super::telling::{MOUNT_DIRECTORY, PUT_NEWEST};
use crate::{
    manager::{
        Shared,
        doctor::{PATIENCE, patience},
    },
    regular_file::NOT_A_FILE,
    source::{Found, Reading},
};

/// What a look at all sources has found, for a diagnosis.
pub(in crate::manager) struct Examined {
    found: Option<Found>,
    readings: Vec<Reading>,
    /// What is known of them from the background task.
    warnings: Vec<Warning>,
}

/// The code of a source that stands back behind what others have accepted.
const STANDS_BACK: &str = "source_older";

impl Shared {
    /// Reads all sources, and believes nothing.
    pub(in crate::manager) async fn examine_sources(&self) -> Examined {
        let reader = Arc::clone(&self.sources.reader);
        let task = tokio::task::spawn_blocking(move || reader.read());
        let readings = timeout(PATIENCE, task).await.ok().and_then(Result::ok).unwrap_or_default();
        let found = (!readings.is_empty()).then(|| Found::of(&readings));
        Examined { found, readings, warnings: self.sources.warnings() }
    }
}

impl Examined {
    fn warning(&self, code: &str) -> Option<&Warning> {
        self.warnings.iter().find(|warning| warning.code == code)
    }

    /// What stands at the source that decides.
    fn decides(&self) -> Option<&Reading> {
        self.readings.get(self.found.as_ref()?.decides?)
    }

    /// What the source that decides is called.
    pub(in crate::manager) fn name(&self, shared: &Shared) -> Option<String> {
        self.found.as_ref().map(|found| shared.source_name(found))
    }

    /// The text that decides, where it does.
    pub(in crate::manager) fn offered(&self) -> Option<Vec<u8>> {
        match self.decides()? {
            _ if self.warning(STANDS_BACK).is_some() => None,
            Reading::Text(text) => Some(text.clone()),
            // What is in it does not matter any more.
            Reading::TooLarge => Some(vec![0; Token::MAX_RECEIVED_BYTES + 1]),
            Reading::Absent | Reading::Unreadable(_) => None,
        }
    }

    /// What is to be said of them, given what the judged license was found to be
    /// like.
    pub(in crate::manager) fn findings(
        &self,
        shared: &Shared,
        diagnosis: &Diagnosis,
    ) -> Vec<Finding> {
        let failed = diagnosis.license_failed();
        // Of the source itself only a refusal is told by then.
        let refused = diagnosis.findings.iter().any(|it| it.check == Check::Source);
        let Some(found) = &self.found else {
            let text = format!("No source could be read within {}.", patience());
            let late = Finding::failed(Check::Source, SourceFailure::FileUnreadable.as_str(), text)
                .cure("Look at the disk, or the mount, that the license file is on.");
            return if shared.sources.is_empty() { Vec::new() } else { vec![late] };
        };
        let name = shared.source_name(found);
        // Without a license there, what is in force stays in force.
        let in_force = shared.licensing.phase().is_in_force();
        let without = |failure: SourceFailure, text: String| match in_force {
            true => {
                let text = format!("{text} The license in force stays in force.");
                Finding::warning(Check::Source, failure.as_str(), text)
            }
            false => Finding::failed(Check::Source, failure.as_str(), text),
        };
        let mut findings = vec![match self.decides() {
            Some(Reading::Unreadable(why)) => without(
                SourceFailure::FileUnreadable,
                format!("{name} decides and cannot be read: {why}."),
            )
            .cure(match why.as_str() {
                NOT_A_FILE => {
                    "Put the license file itself there. Where a container mounts a file that is \
                     missing outside, a directory is made in its place."
                }
                why if why.starts_with("Permission denied") => {
                    "Let the user under whom the service runs read it, and enter every directory \
                     on the way to it."
                }
                _ => "Put the license file itself there, as a regular file, or correct the path.",
            }),
            Some(_) => Finding::ok(Check::Source, format!("{name} decides.")),
            None if shared.is_missing() => {
                without(SourceFailure::FileMissing, format!("There is no license at {name}."))
                    .cure("Put the license file there, or correct the path. If a link stands there, what it leads to is missing.")
            }
            None => Finding::ok(Check::Source, "No source is set."),
        }];
        for (code, check, cure) in [
            (STANDS_BACK, Check::Source, PUT_NEWEST),
            ("source_overrides", Check::Source, PUT_NEWEST),
            ("source_mounted_alone", Check::Mount, MOUNT_DIRECTORY),
        ] {
            let Some(warning) = self.warning(code) else { continue };
            let text = warning.text.trim_end_matches(cure).trim_end();
            // A renewed license may wait outside, unseen, or have been taken back
            // by an older one.
            let new = match failed && code != STANDS_BACK {
                true => Finding::failed,
                false => Finding::warning,
            };
            findings.push(new(check, code, text).cure(cure));
        }
        findings.extend(self.hidden(shared, found, &name, (failed, refused)));
        findings
    }

    /// Whether it is the sources that there is no license.
    pub(in crate::manager) fn explain_none(&self, diagnosis: &Diagnosis) -> bool {
        let failed = |check| {
            let mut findings = diagnosis.findings.iter();
            findings.any(|it| it.check == check && it.outcome == Outcome::Failed)
        };
        failed(Check::Source) && failed(Check::License)
    }

    /// That a source hides others: bad where one of them would do better than a
    /// license that fails; worth knowing where it would do better than a text
    /// that is refused.
    fn hidden(
        &self,
        shared: &Shared,
        found: &Found,
        name: &str,
        (failed, refused): (bool, bool),
    ) -> Option<Finding> {
        const CODE: &str = "source_hidden";
        found.hides.first()?;
        let hidden: Vec<_> = found.hides.iter().map(|it| shared.sources.name(*it)).collect();
        let are = if hidden.len() == 1 { "is" } else { "are" };
        let text =
            format!("{name} decides and hides {}, which {are} set as well.", hidden.join(", "));
        let is_better = |it: &&usize| (failed || refused) && self.is_good(shared, **it);
        Some(match found.hides.iter().find(is_better) {
            Some(better) => {
                let better = shared.sources.name(*better);
                let text = format!("{text} The license of {better} is good.");
                let new = if failed { Finding::failed } else { Finding::warning };
                new(Check::Source, CODE, text)
                    .cure(format!("Take away {name}, so that {better} decides."))
            }
            None => Finding::warning(Check::Source, CODE, text)
                .cure("Take away what is not meant to decide."),
        })
    }

    fn is_good(&self, shared: &Shared, index: usize) -> bool {
        let Some(Reading::Text(text)) = self.readings.get(index) else { return false };
        let now = shared.licensing.control().judged_time();
        shared.licensing.verify(text).is_ok_and(|it| {
            let term = it.license().term();
            term.has_begun(now) && !term.has_ended(now)
        })
    }
}
