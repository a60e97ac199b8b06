//! Following the sources: what stands there is verified, stored and put in
//! force, and what is wrong with it is told once.

mod doctor;
mod telling;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::{InstallError, InstallErrorKind, VerifiedLicense, text};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use self::telling::{Failure, Notes};
use super::{Shared, StoreView, install::Read};
use crate::{
    audit::Outcome,
    source::{Belief, Found, News, Reader, Reading, Replacement, Source},
};

/// The sources, and what administrators should know of them.
pub(super) struct Sources {
    reader: Arc<Reader>,
    notes: Mutex<Notes>,
    /// How often an upload has replaced a file. What was read before that is not
    /// believed any more.
    replaced: AtomicU64,
}

/// What is believed of the sources, and what came of it.
#[derive(Default)]
pub(super) struct Judged {
    belief: Belief,
    stands: Stands,
    /// Whether the license there is stored and in force, or waits.
    asserted: bool,
    /// Whether it stands back behind a newer one that others have accepted.
    yields: bool,
    /// Whether something was found at all since the start.
    looked: bool,
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
        let mut look = tokio::spawn(async move { looker.check_sources().await });
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
        Self {
            reader: Arc::new(Reader::new(sources)),
            notes: Mutex::default(),
            replaced: AtomicU64::new(0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reader.is_empty()
    }

    /// Starts watching files for [`follow`].
    pub(super) fn watch(&self) {
        self.reader.watch();
    }

    fn name(&self, index: usize) -> String {
        let name = self.reader.source(index).map(Source::name);
        text::clean(&name.unwrap_or_default())
    }
}

impl Shared {
    /// Looks at the sources once. Returns whether to look again soon.
    pub(super) async fn check_sources(&self) -> bool {
        if self.sources.is_empty() {
            return false;
        }
        let reader = Arc::clone(&self.sources.reader);
        let replaced = self.sources.replaced.load(Ordering::Acquire);
        let Ok(readings) = tokio::task::spawn_blocking(move || reader.read()).await else {
            tracing::error!("reading the license sources failed; it is tried again");
            return false;
        };
        let mut known = self.known.lock().await;
        if self.sources.replaced.load(Ordering::Acquire) != replaced {
            // An upload came between, and has put its own in force.
            return true;
        }
        self.take_readings(&mut known, readings).await;
        let doubtful = known.sources.belief.is_doubtful();
        drop(known);
        self.announce();
        doubtful
    }

    /// Believes what was read, and puts it in force.
    async fn take_readings(&self, known: &mut StoreView, readings: Vec<Reading>) {
        let found = Found::of(&readings);
        if known.sources.belief.is_new(&found) {
            let stands = self.stands(found.decides, readings).await;
            let is_good = matches!(&stands, Stands::Token(read) if read.verified.is_ok());
            if known.sources.belief.take(found, is_good) == News::Settled {
                let first = !std::mem::replace(&mut known.sources.looked, true);
                known.sources.yields = first && self.is_behind(&stands);
                known.sources.stands = stands;
                known.sources.asserted = false;
            }
        } else {
            known.sources.belief.take(found, false);
        }
        self.assert_source(known).await;
    }

    /// After an upload: lets the source that decides have the last word.
    pub(super) async fn reassert_source(&self, known: &mut StoreView) {
        known.sources.asserted = false;
        self.assert_source(known).await;
    }

    /// Writes an uploaded token beside the file that it is to replace; `None`
    /// where no file is replaced by uploads. Where nothing decides the store
    /// alone will do, and a file that cannot be written is no hindrance.
    ///
    /// # Errors
    ///
    /// `license_file_read_only` for a file that decides and cannot be written.
    pub(super) async fn replacement(
        &self,
        known: &StoreView,
        token: &str,
    ) -> Result<Option<Replacement>, InstallError> {
        let decides = known.sources.belief.settled().and_then(|found| found.decides);
        let source = match decides {
            Some(index) => self.sources.reader.source(index),
            None => self.sources.reader.sources().find(|source| source.replaceable().is_some()),
        };
        let Some((source, path)) = source.and_then(|it| Some((it, it.replaceable()?.to_owned())))
        else {
            return Ok(None);
        };
        let contents = format!("{token}\n");
        let task =
            tokio::task::spawn_blocking(move || Replacement::write(&path, contents.as_bytes()));
        let written = task.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        match written {
            Ok(replacement) => Ok(Some(replacement)),
            Err(error) => {
                let name = text::clean(&source.name());
                tracing::warn!(%error, "the license file {name} cannot be written");
                if decides.is_none() {
                    return Ok(None);
                }
                let reason = format!(
                    "the license file {name} decides, and the service cannot write it; replace it \
                     where it comes from"
                );
                Err(InstallError::because(InstallErrorKind::FileReadOnly, reason))
            }
        }
    }

    /// Whether the file could be written that this upload would replace.
    ///
    /// # Errors
    ///
    /// Those of [`replacement`](Self::replacement).
    pub(super) async fn can_replace(&self, verified: &VerifiedLicense) -> Result<(), InstallError> {
        if self.sources.is_empty() {
            return Ok(());
        }
        let known = self.known.lock().await;
        self.replacement(&known, verified.token().as_str()).await.map(drop)
    }

    /// Puts the file in its place and reads it.
    ///
    /// # Errors
    ///
    /// `store_unavailable` where it cannot take the place.
    pub(super) async fn replace_file(
        &self,
        known: &mut StoreView,
        replacement: Replacement,
    ) -> Result<(), InstallError> {
        let reader = Arc::clone(&self.sources.reader);
        let task = tokio::task::spawn_blocking(move || {
            replacement.replace()?;
            Ok::<_, std::io::Error>(reader.read())
        });
        let readings = task.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        self.sources.replaced.fetch_add(1, Ordering::AcqRel);
        match readings {
            Ok(readings) => {
                self.take_readings(known, readings).await;
                Ok(())
            }
            Err(error) => {
                let error =
                    InstallError::from(InstallErrorKind::StoreUnavailable).with_source(error);
                Err(error)
            }
        }
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
    async fn assert_source(&self, known: &mut StoreView) {
        let Some(found) = known.sources.belief.settled().cloned() else { return };
        // Out of the way while the rest of what is kept changes.
        let stands = std::mem::take(&mut known.sources.stands);
        let failure = match &stands {
            Stands::Nothing => self.is_missing().then(Failure::missing),
            Stands::Unreadable(why) => Some(Failure::unreadable(why)),
            Stands::Token(read) => self.assert_token(known, &found, read).await,
        };
        self.report(known, &found, &stands, failure.as_ref()).await;
        self.note(&found, &stands, failure.as_ref(), known.sources.yields);
        known.sources.stands = stands;
    }

    async fn assert_token(
        &self,
        known: &mut StoreView,
        found: &Found,
        read: &Read,
    ) -> Option<Failure> {
        let verified = match &read.verified {
            Ok(verified) => verified,
            Err(error) => return Some(error.into()),
        };
        if known.sources.asserted || known.sources.yields {
            return None;
        }
        self.settle(known).await;
        self.find_machine().await;
        let record = self.audit_record(&self.actor(found), None, read);
        let time = self.shared_time();
        let prepare = || self.licensing.control().prepare_source_by(time, verified);
        match self.apply(known, prepare, &record).await {
            Ok(outcome) => {
                known.sources.asserted = true;
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

    /// Whether what stands there is older than what the instances that share
    /// the store have accepted: a node that starts with the file of last year
    /// does not take the license of this year from the others.
    fn is_behind(&self, stands: &Stands) -> bool {
        let Stands::Token(read) = stands else { return false };
        let saved = self.licensing.control().saved();
        let holds = saved.current.is_some() || saved.next.is_some();
        let older = read.verified.as_ref().is_ok_and(|verified| self.is_older(verified));
        self.store.is_shared() && holds && older
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
}
