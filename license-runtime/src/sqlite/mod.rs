//! The embedded store: one SQLite file.
//!
//! A change is on the disk before it is answered (write-ahead log,
//! `synchronous = FULL`): a process that is killed, or a machine that loses
//! power, comes back with exactly the old or exactly the new license.
//!
//! One process uses a file at a time: the locks for seats do not reach
//! further, and the leases of hosts live in memory: no host outlives the
//! process that it is connected to. A second process that changes the license all the same is
//! noticed, and its change adopted; quotas it cannot use.
//!
//! # Quotas
//!
//! A block of units is on the disk as taken before the first of them is spent.
//! How many are spent is noted in a second file, `NAME-quota`, with one write
//! for all who spend at the same time and without waiting for the disk. What
//! was written is in the system's hands and outlives the process, but not the
//! system; so the database remembers during which boot of the system the file
//! was written. At the next start,
//!
//! - after a shutdown in order, what is taken is what was spent;
//! - after a process was killed, in the same boot, the note counts: exactly
//!   what was spent, in any case whatever was acknowledged;
//! - in another boot, or where the boot is not known (anywhere but on Linux),
//!   or without the second file, all that is taken counts as spent.
//!
//! A copy of the database alone is therefore a sound backup.

mod alerts;
mod connection;
mod journal;
mod migrations;
mod open;
mod quotas;
mod rows;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use license_core::{Clock, ClockMark, Month, Saved, SystemClock};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use self::{connection::Connection, quotas::Session};
use crate::{
    AuditChain, AuditRecord, AuditRow, Loaded, LocalLeases, NamedLocks, QuotaGrant, QuotaRequest,
    SeatLock, Store, StoreError, StoreErrorKind, store::forward_leases,
};

/// A store in one file. Clones share it.
#[derive(Clone)]
pub struct SqliteStore {
    connection: Arc<Connection>,
    path: PathBuf,
    locks: NamedLocks,
    leases: LocalLeases,
    /// Begun when a quota is first used.
    session: Arc<Mutex<Option<Session>>>,
}

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl SqliteStore {
    /// Opens a file, and makes it and its directory where they are missing.
    /// A new file is readable by its owner alone.
    ///
    /// A file that is damaged or no database is kept aside as
    /// `NAME.corrupt-SECONDS` (seconds since the Unix epoch), beside it its
    /// `-wal` and `-shm`; the store starts empty, and
    /// [`Loaded::corrupt`] says so until a license is installed.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the file or its directory cannot be made, read or
    /// written; `Incompatible` when a newer version has written it.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match Self::connect(path).await {
            Err(error) if error.kind() == StoreErrorKind::Corrupt => {
                open::set_aside(path, SystemClock::new().now().as_seconds())?;
                let store = Self::connect(path).await?;
                rows::note_corrupt(store.connection.turn().await?.connection()?).await?;
                Ok(store)
            }
            other => other,
        }
    }

    async fn connect(path: &Path) -> Result<Self, StoreError> {
        open::make(path)?;
        let connection = Arc::new(Connection::open(path).await?);
        let (path, session) = (path.to_owned(), Arc::default());
        let (locks, leases) = (NamedLocks::default(), LocalLeases::new());
        let store = Self { connection, path, locks, leases, session };
        match store.make_ready().await {
            Ok(()) => Ok(store),
            Err(error) => {
                // A file is moved only when it is closed: closing it later
                // would remove the write-ahead log of the next one.
                store.connection.close().await;
                Err(error)
            }
        }
    }

    /// The session in which quotas are counted, begun where it is not yet.
    async fn session(&self) -> Result<MappedMutexGuard<'_, Session>, StoreError> {
        let mut session = self.session.lock().await;
        if session.is_none() {
            let path = open::with_suffix(&self.path, "-quota");
            *session = Some(Session::begin(&self.connection, &path).await?);
        }
        MutexGuard::try_map(session, Option::as_mut).map_err(|_| StoreErrorKind::Unavailable.into())
    }

    async fn make_ready(&self) -> Result<(), StoreError> {
        let mut turn = self.connection.turn().await?;
        let connection = turn.connection()?;
        open::prepare(connection).await?;
        migrations::run(connection).await?;
        rows::load(connection).await?;
        Ok(())
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self) -> Result<Loaded, StoreError> {
        rows::load(self.connection.turn().await?.connection()?).await
    }

    async fn install(
        &self,
        revision: u64,
        saved: &Saved,
        record: AuditRecord,
    ) -> Result<u64, StoreError> {
        let mut turn = self.connection.write().await?;
        let result = rows::install(turn.connection()?, revision, saved, record).await;
        turn.end(result).await
    }

    async fn save_clock(&self, revision: u64, clock: ClockMark) -> Result<(), StoreError> {
        let mut turn = self.connection.write().await?;
        let result = rows::save_clock(turn.connection()?, revision, clock).await;
        turn.end(result).await
    }

    async fn name_installation(&self, name: &str) -> Result<String, StoreError> {
        let mut turn = self.connection.write().await?;
        let result = rows::name_installation(turn.connection()?, name).await;
        turn.end(result).await
    }

    async fn record(&self, record: AuditRecord) -> Result<(), StoreError> {
        let mut turn = self.connection.write().await?;
        let result = rows::record(turn.connection()?, record).await;
        turn.end(result).await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        rows::newest(self.connection.turn().await?.connection()?, limit).await
    }

    async fn record_once(&self, record: AuditRecord) -> Result<(), StoreError> {
        let mut turn = self.connection.write().await?;
        let result = rows::record_once(turn.connection()?, record).await;
        turn.end(result).await
    }

    async fn audit_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
        let mut turn = self.connection.read().await?;
        let result = rows::after(turn.connection()?, seq, limit).await;
        turn.end(result).await
    }

    async fn lock_seats(&self, limit: &str) -> Result<SeatLock, StoreError> {
        // A closed store gives no seats.
        self.connection.turn().await?;
        Ok(self.locks.lock(limit).await)
    }

    async fn take_quota(
        &self,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        let mut session = self.session().await?;
        let mut turn = self.connection.write().await?;
        let result = session.take(turn.connection()?, limit, month, request).await;
        turn.end(result).await
    }

    async fn return_quota(&self, limit: &str, month: Month, units: u64) -> Result<(), StoreError> {
        let _session = self.session().await?;
        let mut turn = self.connection.write().await?;
        let result = quotas::bring_back(turn.connection()?, limit, month, units).await;
        turn.end(result).await
    }

    async fn quota_taken(&self, limit: &str, month: Month) -> Result<u64, StoreError> {
        let _session = self.session().await?;
        quotas::taken(self.connection.turn().await?.connection()?, limit, month).await
    }

    async fn close(&self) {
        self.leases.close();
        self.session.lock().await.take();
        self.connection.close().await;
    }
}

forward_leases!([] SqliteStore, store => store.leases);

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}
