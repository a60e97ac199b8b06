//! Following the sources: what stands there is verified, stored and put in
//! force, and what is wrong with it is told once.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use license_core::{
    InstallError, InstallErrorKind, LogLine, SourceFailure, Verified, Warning, WarningLevel, text,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{Kept, Shared, install::Read};
use crate::{
    Outcome, Source,
    source::{Belief, Found, News, Reader, Reading},
};

/// The sources, and what administrators should know of them.
pub(super) struct Sources {
    reader: Arc<Reader>,
    notes: Mutex<Notes>,
}

/// What is believed of the sources, and what came of it.
#[derive(Default)]
pub(super) struct Judged {
    belief: Belief,
    stands: Stands,
    /// Whether the license there is stored and in force, or waits.
    asserted: bool,
    /// The failure that was reported last, and where.
    reported: Option<(Found, Failure)>,
}

/// What stands at the source that decides.
#[derive(Default)]
enum Stands {
    #[default]
    Nothing,
    Unreadable(String),
    Token(Box<Read>),
}

/// Why there is no license from the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    kind: SourceFailure,
    /// What is wrong, for people. Holds no claim.
    reason: String,
}

/// What the status says.
#[derive(Default)]
struct Notes {
    /// The source whose license is in force, or waits.
    decides: Option<String>,
    failure: Option<Warning>,
    /// Logged when they are new.
    warnings: Vec<Warning>,
}

/// How often files are read at least.
const POLL: Duration = Duration::from_secs(1);
/// When bad news are looked at again.
const CONFIRM: Duration = Duration::from_millis(200);
/// How long changes are gathered before they are looked at.
const GATHER: Duration = Duration::from_millis(20);

/// The task that follows the sources, until it is told to stop or nobody is
/// left who could.
pub(super) async fn follow(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let reader = Arc::clone(&shared.sources.reader);
    loop {
        let looker = Arc::clone(&shared);
        let mut look = tokio::spawn(async move { looker.look().await });
        let doubtful = tokio::select! {
            _ = stop.changed() => {
                // A look that has begun is carried through; a disk that hangs
                // does not hold up the end for long.
                let _ = timeout(POLL, look).await;
                break;
            }
            result = &mut look => result.unwrap_or_else(|_| {
                tracing::error!("following the license sources failed; it is tried again");
                false
            }),
        };
        tokio::select! {
            _ = stop.changed() => break,
            () = sleep(CONFIRM), if doubtful => {}
            () = sleep(POLL), if !doubtful => {}
            () = reader.changed(), if !doubtful => sleep(GATHER).await,
        }
    }
    reader.unwatch();
}

impl Sources {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        Self { reader: Arc::new(Reader::new(sources)), notes: Mutex::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// Starts watching files for [`follow`].
    pub(super) fn watch(&self) {
        self.reader.watch();
    }

    /// What administrators should know.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let notes = self.notes();
        notes.failure.iter().chain(&notes.warnings).cloned().collect()
    }

    /// What to know before uploading a license.
    pub(super) fn overrides_uploads(&self) -> Option<String> {
        let name = self.notes().decides.clone()?;
        Some(format!("{name} decides: its license takes the place of an uploaded one at once."))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn name(&self, index: usize) -> String {
        let name = self.reader.source(index).map(Source::name);
        text::clean(&name.unwrap_or_default())
    }
}

impl Shared {
    /// Looks at the sources once. Returns whether to look again soon.
    pub(super) async fn look(&self) -> bool {
        if self.sources.is_empty() {
            return false;
        }
        let reader = Arc::clone(&self.sources.reader);
        let Ok(readings) = tokio::task::spawn_blocking(move || reader.read()).await else {
            tracing::error!("reading the license sources failed; it is tried again");
            return false;
        };
        let mut kept = self.kept.lock().await;
        let found = Found::of(&readings);
        if kept.sources.belief.is_new(&found) {
            let stands = self.stands(found.decides, readings).await;
            let is_good = matches!(&stands, Stands::Token(read) if read.verified.is_ok());
            if kept.sources.belief.take(found, is_good) == News::Settled {
                kept.sources.stands = stands;
                kept.sources.asserted = false;
            }
        } else {
            kept.sources.belief.take(found, false);
        }
        self.assert_source(&mut kept).await;
        let doubtful = kept.sources.belief.is_doubtful();
        drop(kept);
        self.announce();
        doubtful
    }

    /// After an upload: lets the source that decides have the last word.
    pub(super) async fn reassert_source(&self, kept: &mut Kept) {
        kept.sources.asserted = false;
        self.assert_source(kept).await;
    }

    async fn stands(&self, decides: Option<usize>, mut readings: Vec<Reading>) -> Stands {
        let reading = decides.filter(|index| *index < readings.len());
        match reading.map(|index| readings.swap_remove(index)) {
            None | Some(Reading::Absent) => Stands::Nothing,
            Some(Reading::Unreadable(why)) => Stands::Unreadable(why),
            Some(Reading::TooLarge) => Stands::Token(Box::new(self.read(None).await)),
            Some(Reading::Text(text)) => Stands::Token(Box::new(self.read(Some(text)).await)),
        }
    }

    /// Stores the license of the source that decides and puts it in force,
    /// unless that is done.
    async fn assert_source(&self, kept: &mut Kept) {
        let Some(found) = kept.sources.belief.settled().cloned() else { return };
        // Out of the way while the rest of what is kept changes.
        let stands = std::mem::take(&mut kept.sources.stands);
        let failure = match &stands {
            Stands::Nothing => self.is_missing().then(Failure::missing),
            Stands::Unreadable(why) => Some(Failure::unreadable(why)),
            Stands::Token(read) => self.assert_token(kept, &found, read).await,
        };
        self.report(kept, &found, &stands, failure.as_ref()).await;
        self.note(&found, &stands, failure.as_ref());
        kept.sources.stands = stands;
    }

    async fn assert_token(&self, kept: &mut Kept, found: &Found, read: &Read) -> Option<Failure> {
        let verified = match &read.verified {
            Ok(verified) => verified,
            Err(error) => return Some(error.into()),
        };
        if kept.sources.asserted {
            return None;
        }
        self.settle(kept).await;
        self.find_machine().await;
        let record = self.audit_record(&self.actor(found), None, read);
        let prepare = || self.licensing.prepare_source(verified);
        match self.apply(kept, prepare, &record).await {
            Ok(outcome) => {
                kept.sources.asserted = true;
                if outcome != Outcome::Unchanged {
                    tracing::info!(%outcome, "license installation from a source");
                }
                None
            }
            // Reported as a failure of the store.
            Err(error) if error.kind() == InstallErrorKind::StoreUnavailable => None,
            Err(error) => Some((&error).into()),
        }
    }

    /// Whether a file should be there, where nothing is.
    fn is_missing(&self) -> bool {
        self.sources.reader.has_files()
    }

    fn actor(&self, found: &Found) -> String {
        let source = found.decides.and_then(|index| self.sources.reader.source(index));
        source.map(Source::actor).unwrap_or_default()
    }

    /// The source that decides, or the file that should be there.
    fn source_name(&self, found: &Found) -> String {
        let file = || self.sources.reader.sources().position(Source::is_file);
        found.decides.or_else(file).map(|index| self.sources.name(index)).unwrap_or_default()
    }

    /// Tells once what is wrong.
    async fn report(
        &self,
        kept: &mut Kept,
        found: &Found,
        stands: &Stands,
        failure: Option<&Failure>,
    ) {
        let reported = failure.map(|failure| (found.clone(), failure.clone()));
        if reported == kept.sources.reported {
            return;
        }
        kept.sources.reported = reported;
        let Some(failure) = failure else {
            tracing::info!("the license source gives a license again");
            return;
        };
        let source = self.source_name(found);
        self.licensing.source_failed(failure.kind, &source).iter().for_each(LogLine::log);
        if failure.is_particular() {
            tracing::warn!("{source}: {}", failure.reason);
        }
        if let (SourceFailure::Refused(kind), Stands::Token(read)) = (failure.kind, stands) {
            let record = self.audit_record(&self.actor(found), None, read);
            self.record_refusal(kind, record).await;
        }
    }

    /// Brings the status up to date, and logs the warnings that are new.
    fn note(&self, found: &Found, stands: &Stands, failure: Option<&Failure>) {
        let name = self.source_name(found);
        let warning = |code, text| Warning::new(code, WarningLevel::Warning, text);
        let mut warnings = Vec::new();
        if !found.hides.is_empty() {
            let hidden: Vec<_> = found.hides.iter().map(|it| self.sources.name(*it)).collect();
            let hidden = hidden.join(", ");
            let text = format!("{name} decides and hides {hidden}, which is set as well.");
            warnings.push(Warning::new("source_hidden", WarningLevel::Info, text));
        }
        let license = match stands {
            Stands::Token(read) if failure.is_none() => read.verified.as_ref().ok(),
            _ => None,
        };
        if license.is_some_and(|license| self.is_older(license)) {
            let text = format!(
                "{name} decides, and its license was issued before another that was installed. \
                 Put the newest license there."
            );
            warnings.push(warning("source_overrides", text));
        }
        if let Some(source) = self.sources.reader.mounted_alone() {
            let text = format!(
                "{} is mounted as a single file (a subPath or bind mount), so that a license \
                 that replaces it outside is not seen here. Mount its directory instead.",
                text::clean(&source.name())
            );
            warnings.push(warning("source_mounted_alone", text));
        }
        let mut notes = self.sources.notes();
        for warning in warnings.iter().filter(|warning| !notes.warnings.contains(warning)) {
            tracing::warn!("{}", warning.text);
        }
        let failure = failure.map(|Failure { kind, reason }| {
            let text = format!(
                "No license from {name}: {reason} ({kind}). What was in force stays in force."
            );
            warning(kind.code(), text)
        });
        *notes = Notes { decides: license.map(|_| name), failure, warnings };
    }

    /// Whether a license issued later was accepted before.
    fn is_older(&self, license: &Verified) -> bool {
        let newest = self.licensing.saved().newest_issued_at;
        newest.is_some_and(|newest| newest > license.license().issued_at())
    }
}

impl Failure {
    fn missing() -> Self {
        Self { kind: SourceFailure::FileMissing, reason: "the file is missing".to_owned() }
    }

    fn unreadable(why: &str) -> Self {
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
