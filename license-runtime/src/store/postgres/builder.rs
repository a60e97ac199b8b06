//! Opening a store.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::sync::watch;

use super::{
    ANSWER, Inner, PostgresStore,
    connections::{Connections, unavailable, within},
    listener, migrations, rows,
    seats::SeatLocks,
};
use crate::store::StoreError;

/// A store that is being opened; by value.
#[must_use]
pub struct PostgresStoreBuilder {
    options: PgConnectOptions,
    schema: String,
    connections: usize,
    notifications: bool,
}

/// When the server gives up on a statement.
const STATEMENT: Duration = Duration::from_secs(4);
/// When the server gives up on a node that has begun a transaction and is
/// silent.
const SILENCE: Duration = Duration::from_secs(6);

impl PostgresStoreBuilder {
    pub(super) fn new(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url).map_err(rows::failed)?;
        Ok(Self {
            options: options.disable_statement_logging(),
            schema: "license".to_owned(),
            connections: 8,
            notifications: true,
        })
    }

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
        let connections = Connections::new(options.clone(), self.connections);
        Ok(PostgresStore(Arc::new(Inner {
            seats: SeatLocks::new(&connections, options),
            connections,
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

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = place(&self.options, &self.schema);
        f.debug_struct("PostgresStoreBuilder").field("place", &place).finish_non_exhaustive()
    }
}
