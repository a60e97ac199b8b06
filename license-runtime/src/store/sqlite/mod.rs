//! The embedded store: one SQLite file.

mod alerts;
mod connection;
mod file;
mod journal;
mod migrations;
mod quotas;
mod rows;
mod seal;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use license_core::{
    licensing::StoredState,
    machine::MachineHistory,
    time::{ClockMark, Month},
};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use self::{connection::Connection, file::OpenFile, quotas::Session};
use crate::{
    audit::{AuditChain, AuditRecord, AuditRow},
    store::{
        Loaded, QuotaGrant, QuotaRequest, SeatLock, Store, StoreChanges, StoreError,
        StoreErrorKind, forward_leases,
    },
};

/// A store in one file. Clones share it.
///
/// ```no_run
/// # async fn start(licensing: license_core::Licensing) -> Result<(), Box<dyn std::error::Error>> {
/// use license_runtime::{LicenseManager, SqliteStore};
///
/// let store = SqliteStore::open("/var/lib/acme/license.db").await?;
/// let manager = LicenseManager::builder(licensing).store(store).start().await?;
/// # Ok(())
/// # }
/// ```
///
/// A change is on the disk before it is answered (a rollback journal,
/// `synchronous = FULL`): a process that is killed, or a machine that loses
/// power, comes back with exactly the old or exactly the new license. Between
/// two changes everything is in the file, and nothing beside it: a copy of the
/// file alone is a backup, taken while the service runs or after it was killed.
///
/// What a disk has changed by itself is found when the file is opened: the
/// structure of the file is looked at, and the license state carries a digest
/// of itself. A file that was changed or replaced while a process has it open
/// is written no more by that process; the next start reads what is there.
///
/// One process uses a file at a time: the locks for seats do not reach
/// further, and the leases of hosts live in memory: no host outlives the
/// process that it is connected to. A second process waits for five seconds and
/// is refused then ([`StoreErrorKind::InUse`]). Within one process a file may
/// be opened several times, as tests do: all share it, and follow each other;
/// quotas are counted by the first that asks for one, and by nobody else.
///
/// # Quotas
///
/// A block of units is on the disk as taken before the first of them is spent.
/// How many are spent is noted in a second file, `NAME-quota`, with one write
/// for all who spend at the same time and without waiting for the disk. What
/// was written is in the system's hands and outlives the process, but not the
/// system; so the database remembers during which boot of the system the file
/// was written. At the next start,
///
/// - after a shutdown in order, what is taken is what was spent;
/// - after a process was killed, in the same boot, the note counts: exactly
///   what was spent, in any case whatever was acknowledged;
/// - in another boot, or where the boot is not known (anywhere but on Linux),
///   or without the second file, all that is taken counts as spent.
///
/// A copy of the database alone is therefore a sound backup of quotas, too.
#[derive(Clone)]
pub struct SqliteStore(Arc<Opened>);

struct Opened {
    file: Arc<OpenFile>,
    path: PathBuf,
    /// Begun when a quota is first used.
    session: Mutex<Option<Session>>,
    closed: AtomicBool,
}

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl SqliteStore {
    /// Opens a file, and makes it and its directory where they are missing.
    /// A new file is readable by its owner alone.
    ///
    /// A file that is damaged, no database or one with the tables of others is
    /// kept aside as `NAME.corrupt-SECONDS` (seconds since the Unix epoch),
    /// beside it its `-journal`; the store starts empty, and
    /// [`Loaded::corrupt`] says so until a license is installed. So is an empty
    /// one where a store was ready before: `NAME-lock` remembers that, and
    /// `NAME-quota`. A file that is not there is new.
    ///
    /// # Errors
    ///
    /// `InUse` when another process has it open, five seconds later still;
    /// `Unavailable` when the file or its directory cannot be made, read or
    /// written; `Incompatible` when a newer version has written it.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with time enabled.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let file = OpenFile::open(path).await?;
        let (path, session) = (path.to_owned(), Mutex::default());
        Ok(Self(Arc::new(Opened { file, path, session, closed: AtomicBool::new(false) })))
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        if self.0.closed.load(Ordering::Acquire) {
            return Err(StoreErrorKind::Unavailable.into());
        }
        Ok(&self.0.file.connection)
    }

    /// The session in which quotas are counted, begun where it is not yet.
    async fn session(&self) -> Result<MappedMutexGuard<'_, Session>, StoreError> {
        let mut session = self.0.session.lock().await;
        if session.is_none() {
            let path = file::open::with_suffix(&self.0.path, "-quota");
            *session = Some(Session::begin(self.connection()?, &path).await?);
        }
        MutexGuard::try_map(session, Option::as_mut).map_err(|_| StoreErrorKind::Unavailable.into())
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn changes(&self) -> StoreChanges {
        StoreChanges::new(self.0.file.news.subscribe())
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        let mut turn = self.connection()?.read().await?;
        let result = rows::load(turn.connection()?).await;
        turn.end(result).await
    }

    async fn install(
        &self,
        revision: u64,
        saved: &StoredState,
        record: AuditRecord,
    ) -> Result<u64, StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = rows::install(turn.connection()?, revision, saved, record).await;
        let revision = turn.end(result).await?;
        self.0.file.news.send_replace(());
        Ok(revision)
    }

    async fn save_clock(&self, revision: u64, clock: ClockMark) -> Result<(), StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = rows::save_clock(turn.connection()?, revision, clock).await;
        turn.end(result).await
    }

    async fn name_installation(&self, name: &str) -> Result<String, StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = rows::name_installation(turn.connection()?, name).await;
        turn.end(result).await
    }

    async fn installation_id(&self, id: &str) -> Result<String, StoreError> {
        let mut turn = self.connection()?.read().await?;
        let known = rows::installation_id(turn.connection()?).await;
        if let Some(known) = turn.end(known).await? {
            return Ok(known);
        }
        let mut turn = self.connection()?.write().await?;
        let result = rows::set_installation_id(turn.connection()?, id).await;
        turn.end(result).await
    }

    async fn save_machine(&self, history: &MachineHistory) -> Result<(), StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = rows::save_machine(turn.connection()?, history).await;
        turn.end(result).await
    }

    async fn record(&self, record: AuditRecord) -> Result<(), StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = rows::record(turn.connection()?, record).await;
        turn.end(result).await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let mut turn = self.connection()?.read().await?;
        let result = rows::newest(turn.connection()?, limit).await;
        turn.end(result).await
    }

    async fn record_once(&self, record: AuditRecord) -> Result<(), StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = rows::record_once(turn.connection()?, record).await;
        turn.end(result).await
    }

    async fn audit_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
        let mut turn = self.connection()?.read().await?;
        let result = rows::after(turn.connection()?, seq, limit).await;
        turn.end(result).await
    }

    async fn lock_seats(&self, limit: &str) -> Result<SeatLock, StoreError> {
        // A closed store gives no seats.
        self.connection()?.turn().await?;
        Ok(self.0.file.locks.lock(limit).await)
    }

    async fn take_quota(
        &self,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        let mut session = self.session().await?;
        let mut turn = self.connection()?.write().await?;
        let result = session.take(turn.connection()?, limit, month, request).await;
        turn.end(result).await
    }

    async fn return_quota(&self, limit: &str, month: Month, units: u64) -> Result<(), StoreError> {
        let _session = self.session().await?;
        let mut turn = self.connection()?.write().await?;
        let result = quotas::bring_back(turn.connection()?, limit, month, units).await;
        turn.end(result).await
    }

    async fn quota_taken(&self, limit: &str, month: Month) -> Result<u64, StoreError> {
        let _session = self.session().await?;
        let mut turn = self.connection()?.read().await?;
        let result = quotas::taken(turn.connection()?, limit, month).await;
        turn.end(result).await
    }

    async fn close(&self) {
        if self.0.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        self.0.session.lock().await.take();
        if self.0.file.leave() {
            self.0.file.close().await;
        }
    }
}

forward_leases!([] SqliteStore, store => store.0.file.leases);

impl Drop for Opened {
    fn drop(&mut self) {
        if !*self.closed.get_mut() {
            self.file.leave();
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.0.path).finish_non_exhaustive()
    }
}
