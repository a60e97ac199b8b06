//! Where the license state is kept: one seam for every store.
//!
//! A [`Store`] keeps the installed and the waiting license, the newest issue
//! time, the clock mark and the audit history, lends the locks under which
//! seats are reserved, counts quotas, and holds the leases of hosts.
//! [`MemoryStore`] forgets everything at the end of the process; `SqliteStore`
//! keeps one file; `PostgresStore` is shared by the instances of a service.
//! The `conformance` suite says
//! exactly what a store must do.

mod alerts;
mod changes;
mod error;
mod leases;
mod local_leases;
mod locks;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod quota;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use license_core::{
    Timestamp,
    licensing::StoredState,
    machine::MachineHistory,
    time::{ClockMark, Month},
};

pub(crate) use self::alerts::AlertState;
#[cfg(any(feature = "alerts", feature = "postgres", feature = "sqlite"))]
pub(crate) use self::alerts::is_sent;
pub(crate) use self::leases::forward_leases;
#[cfg(feature = "postgres")]
pub(crate) use self::leases::{LeaseJudge, longest_silence, settling_time};
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresStore, PostgresStoreBuilder};
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
pub use self::{
    alerts::{AlertClaim, AlertStore},
    changes::StoreChanges,
    error::{StoreError, StoreErrorKind},
    leases::{
        LeaseAnswers, LeaseBasis, LeaseChanges, LeaseClaim, LeaseNode, LeaseRelease, LeaseStore,
        LeaseVerdict,
    },
    local_leases::LocalLeases,
    locks::{NamedLocks, SeatLock},
    memory::MemoryStore,
    quota::{QuotaGrant, QuotaJournal, QuotaRequest},
};
use crate::audit::{AuditChain, AuditRecord, AuditRow, AuditVerdict};

/// Durable license state, perhaps shared with other instances of the service.
/// Used as `Arc<dyn Store>`.
///
/// Every change of the license raises the revision by one and names the
/// revision it is based on; a store refuses a change that is based on
/// another. Calls end in bounded time: a store that cannot be reached says so
/// within seconds.
#[async_trait]
pub trait Store: AlertStore + LeaseStore + fmt::Debug + Send + Sync {
    /// Whether other instances of the service install into it, so that it is
    /// to be looked at every second.
    fn is_shared(&self) -> bool {
        false
    }

    /// Tells when another instance may have changed the license. It may miss
    /// a change, and tell of one that this instance has made.
    fn changes(&self) -> StoreChanges {
        StoreChanges::never()
    }

    /// Reads everything but the audit history.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Corrupt` when what is stored cannot be read.
    async fn load(&self) -> Result<Loaded, StoreError>;

    /// Replaces the license state and adds an audit row, both or neither, if
    /// the revision still is this one. Durable when it returns the new
    /// revision.
    ///
    /// # Errors
    ///
    /// `Conflict` when the revision is another; `Unavailable`.
    async fn install(
        &self,
        revision: u64,
        saved: &StoredState,
        record: AuditRecord,
    ) -> Result<u64, StoreError>;

    /// Replaces the clock mark alone, if the revision still is this one. A
    /// shared store keeps the later one of both marks.
    ///
    /// # Errors
    ///
    /// `Conflict` when the revision is another; `Unavailable`.
    async fn save_clock(&self, revision: u64, clock: ClockMark) -> Result<(), StoreError>;

    /// What this installation is called: `name` where it has no name yet, and
    /// from then on for good. Durable when it returns.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn name_installation(&self, name: &str) -> Result<String, StoreError>;

    /// The id by which this installation is known as a machine: `id` where it
    /// has none yet, and from then on for good. Durable when it returns. Unlike
    /// the name it is a secret of the store's.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn installation_id(&self, id: &str) -> Result<String, StoreError>;

    /// Replaces what is remembered of the machine, whatever the revision.
    /// Durable when it returns. Installations leave it as it is.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn save_machine(&self, history: &MachineHistory) -> Result<(), StoreError>;

    /// Adds an audit row alone.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn record(&self, record: AuditRecord) -> Result<(), StoreError>;

    /// At most `limit` rows of the audit history, newest first.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError>;

    /// Adds an audit row unless one of the same outcome and digest is there: for
    /// what several instances notice, and restarts notice again.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn record_once(&self, record: AuditRecord) -> Result<(), StoreError>;

    /// At most `limit` rows of the audit history behind the row of this
    /// number, oldest first, from the first one behind 0; and where the
    /// history ends in the same moment, which is kept apart from the rows.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Corrupt` when one of the rows cannot be read.
    async fn audit_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, AuditChain), StoreError>;

    /// Whether the audit history is as it was written. Reads all of it. Where
    /// rows cannot even be read, the first of their page counts as broken.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn verify_audit(&self) -> Result<AuditVerdict, StoreError> {
        let mut chain = AuditChain::default();
        loop {
            let broken = AuditVerdict::Broken { seq: chain.rows.saturating_add(1) };
            let (page, end) = match self.audit_after(chain.rows, AUDIT_PAGE).await {
                Ok(read) => read,
                Err(error) if error.kind() == StoreErrorKind::Corrupt => return Ok(broken),
                Err(error) => return Err(error),
            };
            if page.is_empty() {
                return Ok(chain.ends_at(end));
            }
            for row in page {
                if let Err(seq) = chain.follow(&row) {
                    return Ok(AuditVerdict::Broken { seq });
                }
            }
        }
    }

    /// Waits for the lock of one limit: over all users of the store at most
    /// one holds it. Cancel-safe.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn lock_seats(&self, limit: &str) -> Result<SeatLock, StoreError>;

    /// Takes a block of units of a quota, or none where fewer than the least
    /// are left below the cap. Over all users of the store the units taken in
    /// a month never exceed the cap by it. Durable when it returns.
    ///
    /// # Errors
    ///
    /// `Unavailable`. The units may be taken all the same, and then count as
    /// spent.
    async fn take_quota(
        &self,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError>;

    /// Brings back units that were taken and not spent.
    ///
    /// # Errors
    ///
    /// `Unavailable`. Whether they were brought back is not known then.
    async fn return_quota(&self, limit: &str, month: Month, units: u64) -> Result<(), StoreError>;

    /// How many units of a quota are taken in a month. Where the last process
    /// was killed and the store has a journal: how many were spent.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn quota_taken(&self, limit: &str, month: Month) -> Result<u64, StoreError>;

    /// Lets go of files and connections; later calls fail. Closing twice does
    /// no harm.
    async fn close(&self);
}

/// How many audit rows are read at a time.
pub(crate) const AUDIT_PAGE: u32 = 500;

/// What a store held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The tokens, newest issue time and clock mark.
    pub saved: StoredState,
    /// How often the license state was replaced; 0 for a new store.
    pub revision: u64,
    /// Whether a state was there that could not be read and was kept aside,
    /// and nothing was installed since.
    pub corrupt: bool,
    /// What time it was by the clock of a store that is shared.
    pub now: Option<Timestamp>,
    /// What the installation is called, where it has a name.
    pub installation: Option<String>,
    /// What is remembered of the machine.
    pub machine: MachineHistory,
}

impl Loaded {
    /// What a store held, readable.
    pub const fn new(saved: StoredState, revision: u64) -> Self {
        let machine = MachineHistory::new(None, None);
        Self { saved, revision, corrupt: false, now: None, installation: None, machine }
    }

    /// Says whether an unreadable state was kept aside.
    #[must_use]
    pub fn corrupt(mut self, corrupt: bool) -> Self {
        self.corrupt = corrupt;
        self
    }

    /// Says what the installation is called.
    #[must_use]
    pub fn named(mut self, installation: Option<String>) -> Self {
        self.installation = installation;
        self
    }

    /// Says what is remembered of the machine.
    #[must_use]
    pub fn remembering(mut self, machine: MachineHistory) -> Self {
        self.machine = machine;
        self
    }

    /// Says what time it was by the store's clock.
    #[must_use]
    pub fn read_at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }
}

#[async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    fn is_shared(&self) -> bool {
        (**self).is_shared()
    }

    fn changes(&self) -> StoreChanges {
        (**self).changes()
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        (**self).load().await
    }

    async fn install(
        &self,
        revision: u64,
        saved: &StoredState,
        record: AuditRecord,
    ) -> Result<u64, StoreError> {
        (**self).install(revision, saved, record).await
    }

    async fn save_clock(&self, revision: u64, clock: ClockMark) -> Result<(), StoreError> {
        (**self).save_clock(revision, clock).await
    }

    async fn name_installation(&self, name: &str) -> Result<String, StoreError> {
        (**self).name_installation(name).await
    }

    async fn installation_id(&self, id: &str) -> Result<String, StoreError> {
        (**self).installation_id(id).await
    }

    async fn save_machine(&self, history: &MachineHistory) -> Result<(), StoreError> {
        (**self).save_machine(history).await
    }

    async fn record(&self, record: AuditRecord) -> Result<(), StoreError> {
        (**self).record(record).await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        (**self).audit(limit).await
    }

    async fn record_once(&self, record: AuditRecord) -> Result<(), StoreError> {
        (**self).record_once(record).await
    }

    async fn audit_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
        (**self).audit_after(seq, limit).await
    }

    async fn verify_audit(&self) -> Result<AuditVerdict, StoreError> {
        (**self).verify_audit().await
    }

    async fn lock_seats(&self, limit: &str) -> Result<SeatLock, StoreError> {
        (**self).lock_seats(limit).await
    }

    async fn take_quota(
        &self,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        (**self).take_quota(limit, month, request).await
    }

    async fn return_quota(&self, limit: &str, month: Month, units: u64) -> Result<(), StoreError> {
        (**self).return_quota(limit, month, units).await
    }

    async fn quota_taken(&self, limit: &str, month: Month) -> Result<u64, StoreError> {
        (**self).quota_taken(limit, month).await
    }

    async fn close(&self) {
        (**self).close().await;
    }
}

forward_leases!([S: Store + ?Sized] Arc<S>, store => **store);
