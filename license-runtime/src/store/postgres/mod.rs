//! The store of a cluster: one PostgreSQL database for all instances.

mod alerts;
mod builder;
mod connections;
mod lease_limit;
mod leases;
mod listener;
mod migrations;
mod quotas;
mod rows;
mod seats;
mod values;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use license_core::{
    licensing::StoredState,
    machine::MachineHistory,
    time::{ClockMark, Month},
};
use sqlx::PgConnection;
use tokio::{sync::watch, task::AbortHandle};

pub use self::builder::PostgresStoreBuilder;
use self::{
    connections::{Connections, within},
    leases::Swept,
    seats::SeatLocks,
};
use crate::{
    audit::{AuditChain, AuditRecord, AuditRow},
    store::{
        LeaseAnswers, LeaseChanges, LeaseNode, LeaseStore, Loaded, QuotaGrant, QuotaRequest,
        SeatLock, Store, StoreChanges, StoreError,
    },
};

/// A store in a PostgreSQL database. Clones share it.
///
/// ```no_run
/// # async fn open() -> Result<(), license_runtime::StoreError> {
/// use license_runtime::PostgresStore;
///
/// let store = PostgresStore::open("postgres://acme:secret@db.internal/acme").await?;
/// // Beside another product's in the same database:
/// let store = PostgresStore::builder("postgres://acme@db.internal/acme")?
///     .schema("acme_license")
///     .open()
///     .await?;
/// # Ok(())
/// # }
/// ```
///
/// Everything is in a schema of its own, `license` unless said otherwise, with
/// its own record of migrations: the service's tables and migrations may be in
/// the same database. The user needs the right to make the schema, or to make
/// tables in the one that is there.
///
/// What is answered is on the server's disk as far as its `synchronous_commit`
/// says so. Every call ends within seconds when the server does not answer.
/// Nothing has to be started again after the server was: connections are made
/// anew when they are needed.
///
/// Whoever installs a license notifies the others (`LISTEN` and `NOTIFY`),
/// who look every second anyway. `LISTEN` and the settings that are made for each
/// connection need a connection to the server itself, or a pooler in session
/// mode.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    connections: Arc<Connections>,
    seats: SeatLocks,
    /// For the log.
    place: String,
    /// Where installations are announced.
    channel: Option<String>,
    news: watch::Receiver<()>,
    listener: Option<AbortHandle>,
}

/// How long a call may take, connecting included.
const ANSWER: Duration = Duration::from_secs(5);

impl PostgresStore {
    /// Opens the store in the database of this URL, in the schema `license`,
    /// and makes the schema and its tables where they are missing.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the URL is none or the server does not let in;
    /// `Incompatible` when a newer version has made the tables.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::builder(url)?.open().await
    }

    /// Begins to open a store in the database of this URL.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the URL is none.
    pub fn builder(url: &str) -> Result<PostgresStoreBuilder, StoreError> {
        PostgresStoreBuilder::new(url)
    }
}

impl PostgresStore {
    /// Carries out something in a transaction, all of it or nothing.
    async fn transaction<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        within(ANSWER, async {
            let mut transaction = self.0.connections.begin().await?;
            let result = work(transaction.connection()).await;
            transaction.end(result).await
        })
        .await
    }

    /// Tells the other nodes, once the transaction is committed.
    async fn announce(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let Some(channel) = &self.0.channel else { return Ok(()) };
        let announced = sqlx::query("SELECT pg_notify($1, '')").bind(channel).execute(connection);
        announced.await.map(drop).map_err(rows::failed)
    }
}

/// The leases of dead nodes are removed first, in as many transactions as that
/// takes: each is short, and others come in between.
#[async_trait]
impl LeaseStore for PostgresStore {
    async fn beat(&self, node: Option<LeaseNode>, ttl: Duration) -> Result<LeaseNode, StoreError> {
        self.transaction(async |it| leases::beat(it, node, ttl).await).await
    }

    async fn change_leases(
        &self,
        node: LeaseNode,
        changes: LeaseChanges,
    ) -> Result<Option<LeaseAnswers>, StoreError> {
        loop {
            let swept = self.transaction(async |it| leases::change(it, node, &changes).await);
            if let Swept::Done(answer) = swept.await? {
                return Ok(answer);
            }
        }
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        loop {
            let swept = self.transaction(async |it| leases::leased(it, limit).await);
            if let Swept::Done(answer) = swept.await? {
                return Ok(answer);
            }
        }
    }

    async fn leave(&self, node: LeaseNode) -> Result<(), StoreError> {
        loop {
            let swept = self.transaction(async |it| leases::leave(it, node).await);
            if let Swept::Done(answer) = swept.await? {
                return Ok(answer);
            }
        }
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn is_shared(&self) -> bool {
        true
    }

    fn changes(&self) -> StoreChanges {
        StoreChanges::new(self.0.news.clone())
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        self.transaction(async |it| rows::load(it).await).await
    }

    async fn install(
        &self,
        revision: u64,
        saved: &StoredState,
        record: AuditRecord,
    ) -> Result<u64, StoreError> {
        self.transaction(async |it| {
            let revision = rows::install(it, revision, saved, record).await?;
            self.announce(it).await?;
            Ok(revision)
        })
        .await
    }

    async fn save_clock(&self, revision: u64, clock: ClockMark) -> Result<(), StoreError> {
        self.transaction(async |it| rows::save_clock(it, revision, clock).await).await
    }

    async fn name_installation(&self, name: &str) -> Result<String, StoreError> {
        self.transaction(async |it| rows::name_installation(it, name).await).await
    }

    async fn installation_id(&self, id: &str) -> Result<String, StoreError> {
        self.transaction(async |it| rows::installation_id(it, id).await).await
    }

    async fn save_machine(&self, history: &MachineHistory) -> Result<(), StoreError> {
        self.transaction(async |it| rows::save_machine(it, history).await).await
    }

    async fn record(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.transaction(async |it| rows::record(it, record).await).await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.transaction(async |it| rows::newest(it, limit).await).await
    }

    async fn record_once(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.transaction(async |it| rows::record_once(it, record).await).await
    }

    async fn audit_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
        self.transaction(async |it| rows::after(it, seq, limit).await).await
    }

    async fn lock_seats(&self, limit: &str) -> Result<SeatLock, StoreError> {
        self.0.seats.lock(limit).await
    }

    async fn take_quota(
        &self,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        self.transaction(async |it| quotas::take(it, limit, month, request).await).await
    }

    async fn return_quota(&self, limit: &str, month: Month, units: u64) -> Result<(), StoreError> {
        self.transaction(async |it| quotas::bring_back(it, limit, month, units).await).await
    }

    async fn quota_taken(&self, limit: &str, month: Month) -> Result<u64, StoreError> {
        self.transaction(async |it| quotas::taken(it, limit, month).await).await
    }

    async fn close(&self) {
        if let Some(listener) = &self.0.listener {
            listener.abort();
        }
        self.0.seats.close().await;
        self.0.connections.close().await;
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("place", &self.0.place).finish_non_exhaustive()
    }
}
