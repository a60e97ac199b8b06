//! Telling what is wrong with the sources: in the log once, in the status
//! as long as it lasts.

use std::sync::{MutexGuard, PoisonError};

use license_core::{
    InstallError, License, VerifiedLicense, Warning, WarningLevel,
    product::{LogLine, SourceFailure},
    refusal::Delivery,
    text,
};

use super::{Sources, Stands};
use crate::{
    manager::{Shared, StoreView},
    source::{Found, Source},
};

/// Why there is no license from the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    kind: SourceFailure,
    /// What is wrong, for people. Holds no claim.
    reason: String,
}

/// What the status says.
#[derive(Default)]
pub(super) struct Notes {
    /// The source whose license is in force, or waits.
    decides: Option<String>,
    failure: Option<Warning>,
    /// Logged when they are new.
    warnings: Vec<Warning>,
}

/// What to do about a source that is not the latest word.
pub(super) const PUT_NEWEST: &str = "Put the newest license there.";
/// What to do about a file that is mounted by itself.
pub(super) const MOUNT_DIRECTORY: &str = "Mount its directory instead.";

impl Sources {
    /// What administrators should know.
    pub(in crate::manager) fn warnings(&self) -> Vec<Warning> {
        let notes = self.notes();
        notes.failure.iter().chain(&notes.warnings).cloned().collect()
    }

    /// What to know before uploading a license: the source that decides keeps
    /// what it says, or is replaced as well.
    pub(in crate::manager) fn before_upload(&self) -> Option<Warning> {
        let name = self.notes().decides.clone()?;
        let source = self.reader.sources().find(|it| text::clean(&it.name()) == name);
        let (code, level, text) = match source.and_then(Source::replaceable) {
            Some(_) => (
                "source_replaced",
                WarningLevel::Info,
                format!("The license file {name} is replaced as well."),
            ),
            None => (
                "source_decides",
                WarningLevel::Warning,
                format!("{name} decides: its license takes the place of an uploaded one at once."),
            ),
        };
        Some(Warning::new(code, level, text).with("source", name))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Tells once what is wrong.
    pub(super) async fn report(
        &self,
        known: &mut StoreView,
        found: &Found,
        stands: &Stands,
        failure: Option<&Failure>,
    ) {
        let reported = failure.map(|failure| (found.clone(), failure.clone()));
        if reported == known.sources.reported {
            return;
        }
        known.sources.reported = reported;
        let Some(failure) = failure else {
            tracing::info!("the license source gives a license again");
            return;
        };
        let source = self.source_name(found);
        self.licensing.control().source_failed(failure.kind, &source).iter().for_each(LogLine::log);
        if failure.is_particular() {
            tracing::warn!("{source}: {}", failure.reason);
        }
        if let (SourceFailure::Refused(kind), Stands::Token(read)) = (failure.kind, stands) {
            let record = self.audit_record(&self.actor(found), None, read);
            self.record_refusal(kind, record).await;
        }
    }

    /// Brings the status up to date, and logs the warnings that are new.
    pub(super) fn note(
        &self,
        found: &Found,
        stands: &Stands,
        failure: Option<&Failure>,
        yields: bool,
    ) {
        let name = self.source_name(found);
        self.licensing.control().set_delivery(self.delivery(found));
        let warning = |code, text| Warning::new(code, WarningLevel::Warning, text);
        let mut warnings = Vec::new();
        if !found.hides.is_empty() {
            let hidden: Vec<_> = found.hides.iter().map(|it| self.sources.name(*it)).collect();
            let hidden = hidden.join(", ");
            let text = format!("{name} decides and hides {hidden}, which is set as well.");
            let warning = Warning::new("source_hidden", WarningLevel::Info, text);
            warnings.push(warning.with("source", name.as_str()).with("hidden", hidden));
        }
        let license = match stands {
            Stands::Token(read) if failure.is_none() => read.verified.as_ref().ok(),
            _ => None,
        };
        if let Some(license) = license.filter(|_| yields) {
            let warning = warning("source_older", self.stands_back(&name, license.license()));
            warnings.push(warning.with("source", name.as_str()));
        } else if license.is_some_and(|license| self.is_older(license)) {
            let text = format!(
                "{name} decides, and its license was issued before another that was installed. \
                 {PUT_NEWEST}"
            );
            warnings.push(warning("source_overrides", text).with("source", name.as_str()));
        }
        if let Some(source) = self.sources.reader.mounted_alone() {
            let name = text::clean(&source.name());
            let text = format!(
                "{name} is mounted as a single file (a subPath or bind mount), so that a license \
                 that replaces it outside is not seen here. {MOUNT_DIRECTORY}"
            );
            warnings.push(warning("source_mounted_alone", text).with("source", name));
        }
        let mut notes = self.sources.notes();
        for warning in warnings.iter().filter(|warning| !notes.warnings.contains(warning)) {
            tracing::warn!("{}", warning.text);
        }
        let failure = failure.map(|Failure { kind, reason }| {
            let text = format!(
                "No license from {name}: {reason} ({kind}). What was in force stays in force."
            );
            let warning = warning(kind.as_str(), text).variant("source");
            warning.with("source", name.as_str())
        });
        let decides = license.filter(|_| !yields).map(|_| name);
        *notes = Notes { decides, failure, warnings };
    }

    /// That the license of a source stands back behind a newer one.
    fn stands_back(&self, name: &str, license: &License) -> String {
        let status = self.licensing.status(|_| None);
        let held = status.license.iter().chain(&status.next);
        let newest = held
            .max_by_key(|held| held.issued_at)
            .map(|held| format!("license {}, issued {}", text::clean(&held.id), held.issued_at));
        format!(
            "{name} holds license {}, issued {}, and the instances that share the database have \
             accepted a newer one ({}), which stays in force. {PUT_NEWEST}",
            text::clean(license.id()),
            license.issued_at(),
            newest.unwrap_or_default()
        )
    }

    /// How a renewed license gets here.
    fn delivery(&self, found: &Found) -> Delivery {
        let decides = found.decides.and_then(|index| self.sources.reader.source(index));
        match decides.map_or(self.sources.reader.has_files(), Source::is_file) {
            true => Delivery::File,
            false => Delivery::Start,
        }
    }

    /// Whether a license issued later was accepted before.
    pub(super) fn is_older(&self, license: &VerifiedLicense) -> bool {
        let newest = self.licensing.control().saved().newest_issued_at;
        newest.is_some_and(|newest| newest > license.license().issued_at())
    }
}

impl Failure {
    pub(super) fn missing() -> Self {
        Self { kind: SourceFailure::FileMissing, reason: "the file is missing".to_owned() }
    }

    pub(super) fn unreadable(why: &str) -> Self {
        Self { kind: SourceFailure::FileUnreadable, reason: why.to_owned() }
    }

    /// Whether the reason says more than the code.
    fn is_particular(&self) -> bool {
        match self.kind {
            SourceFailure::FileMissing => false,
            SourceFailure::Refused(kind) => self.reason != kind.title(),
            _ => true,
        }
    }
}

impl From<&InstallError> for Failure {
    fn from(error: &InstallError) -> Self {
        Self { kind: error.kind().into(), reason: error.reason().to_owned() }
    }
}
