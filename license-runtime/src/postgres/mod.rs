//! The store of a cluster: one PostgreSQL database for all instances.
//!
//! ```no_run
//! # async fn open() -> Result<(), license_runtime::StoreError> {
//! use license_runtime::PostgresStore;
//!
//! let store = PostgresStore::open("postgres://acme:secret@db.internal/acme").await?;
//! // Beside another product's in the same database:
//! let store = PostgresStore::builder("postgres://acme@db.internal/acme")?
//!     .schema("acme_license")
//!     .open()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! Everything is in a schema of its own, `license` unless said otherwise, with
//! its own record of migrations: the service's tables and migrations may be in
//! the same database. The user needs the right to make the schema, or to make
//! tables in the one that is there.
//!
//! What is answered is on the server's disk as far as its `synchronous_commit`
//! says so. Every call ends within seconds when the server does not answer.
//! Nothing has to be started again after the server was: connections are made
//! anew when they are needed.
//!
//! Whoever installs a license notifies the others (`LISTEN` and `NOTIFY`),
//! who look every second anyway. `LISTEN` and the settings that are made for each
//! connection need a connection to the server itself, or a pooler in session
//! mode.

mod alerts;
mod connections;
mod leases;
mod listener;
mod migrations;
mod quotas;
mod rows;
mod seats;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use license_core::{ClockMark, Month, Saved};
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::{sync::watch, task::AbortHandle};

use self::{
    connections::{Connections, unavailable, within},
    seats::SeatLocks,
};
use crate::{
    AuditChain, AuditRecord, AuditRow, LeaseAnswers, LeaseChanges, LeaseNode, LeaseStore, Loaded,
    QuotaGrant, QuotaRequest, SeatLock, Store, StoreChanges, StoreError,
};

/// A store in a PostgreSQL database. Clones share it.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

/// A store that is being opened; by value.
#[must_use]
pub struct PostgresStoreBuilder {
    options: PgConnectOptions,
    schema: String,
    connections: usize,
    notifications: bool,
}

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
/// When the server gives up on a statement.
const STATEMENT: Duration = Duration::from_secs(4);
/// When the server gives up on a node that has begun a transaction and is
/// silent.
const SILENCE: Duration = Duration::from_secs(6);
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
        let options = PgConnectOptions::from_str(url).map_err(rows::failed)?;
        Ok(PostgresStoreBuilder {
            options: options.disable_statement_logging(),
            schema: "license".to_owned(),
            connections: 8,
            notifications: true,
        })
    }
}

impl PostgresStoreBuilder {
    /// The schema to use. Starts with a letter or an underscore and goes on
    /// with letters, digits and underscores, at most 40 in all; letters are
    /// small.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// How many connections to use at most, at least 1; 8 unless said
    /// otherwise. Listening takes one more, and reserving seats up to four.
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.max(1);
        self
    }

    /// Whether to notify other nodes and to listen to them; so it is unless
    /// said otherwise. Without, they learn of changes within a second or two:
    /// for databases that speak the protocol and have no `NOTIFY`.
    pub fn notifications(mut self, on: bool) -> Self {
        self.notifications = on;
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    ///
    /// See [`PostgresStore::open`]; `Unavailable` for a schema of another
    /// form.
    pub async fn open(self) -> Result<PostgresStore, StoreError> {
        let schema = self.schema.as_str();
        if !is_name(schema) {
            return Err(unavailable("the name of the schema"));
        }
        let options = self.options.clone().options([
            ("search_path", schema),
            ("statement_timeout", &STATEMENT.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", &SILENCE.as_millis().to_string()),
            // A node that was cut off is noticed, and its locks are let go.
            ("tcp_keepalives_idle", "5"),
            ("tcp_keepalives_interval", "2"),
            ("tcp_keepalives_count", "3"),
        ]);
        let connection =
            within(ANSWER, async { options.connect().await.map_err(rows::failed) }).await?;
        migrations::run(connection, schema).await?;
        let channel = self.notifications.then(|| format!("{schema}_changed"));
        let (sender, news) = watch::channel(());
        let listener = channel.clone().map(|channel| {
            tokio::spawn(listener::listen(options.clone(), channel, sender)).abort_handle()
        });
        Ok(PostgresStore(Arc::new(Inner {
            seats: SeatLocks::new(&options),
            connections: Connections::new(options, self.connections),
            place: place(&self.options, schema),
            channel,
            news,
            listener,
        })))
    }
}

/// Whether a name needs no quotes.
fn is_name(name: &str) -> bool {
    const MOST: usize = 40;
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    name.len() <= MOST
        && name.bytes().next().is_some_and(letter)
        && name.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}

/// Which database it is, without user and password.
fn place(options: &PgConnectOptions, schema: &str) -> String {
    let database = options.get_database().unwrap_or_default();
    format!("{}:{}/{database}/{schema}", options.get_host(), options.get_port())
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
        self.transaction(async |it| leases::change(it, node, changes).await).await
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        self.transaction(async |it| leases::leased(it, limit).await).await
    }

    async fn leave(&self, node: LeaseNode) -> Result<(), StoreError> {
        self.transaction(async |it| leases::leave(it, node).await).await
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
        saved: &Saved,
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

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = place(&self.options, &self.schema);
        f.debug_struct("PostgresStoreBuilder").field("place", &place).finish_non_exhaustive()
    }
}
