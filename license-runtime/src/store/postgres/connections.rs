//! Connections to the server, and transactions on them.
//!
//! A transaction begins with the question whether the connection is still
//! good, and a connection whose last transaction did not end in order is not
//! used again: the server rolls back what it finds open. So a caller that goes
//! away, a server that was restarted and a network that swallows everything
//! leave nothing behind, and no call waits for more than its own time. While
//! the server is away only one in every half second finds out by waiting.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use super::rows::failed;
use crate::store::{StoreError, StoreErrorKind};

/// At most so many connections, made when they are needed.
pub(super) struct Connections {
    options: PgConnectOptions,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<PgConnection>>,
    /// When the server was last looked for and was not there.
    away: Arc<Mutex<Option<Instant>>>,
}

/// A transaction. Dropping it rolls it back and closes the connection.
pub(super) struct Transaction {
    connection: PgConnection,
    home: Arc<Connections>,
    _permit: OwnedSemaphorePermit,
}

/// How long connecting may take.
const REACH: Duration = Duration::from_secs(3);
/// How long a server that was not there is not looked for again.
const AWAY: Duration = Duration::from_millis(500);
/// How long closing a connection in order may take.
const CLOSING: Duration = Duration::from_secs(1);

/// Carries out what may take so long.
///
/// # Errors
///
/// `Unavailable` when it takes longer.
pub(super) async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    timeout(time, work).await.unwrap_or_else(|_| Err(unavailable("the server does not answer")))
}

pub(super) fn unavailable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable).with_source(error)
}

impl Connections {
    pub(super) fn new(options: PgConnectOptions, most: usize) -> Arc<Self> {
        Self::knowing(Arc::default(), options, most)
    }

    /// More connections to the same server, with other settings. Where one
    /// finds the server away, or back, all know.
    pub(super) fn beside(&self, options: PgConnectOptions, most: usize) -> Arc<Self> {
        Self::knowing(Arc::clone(&self.away), options, most)
    }

    fn knowing(
        away: Arc<Mutex<Option<Instant>>>,
        options: PgConnectOptions,
        most: usize,
    ) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(most));
        Arc::new(Self { options, permits, idle: Mutex::default(), away })
    }

    /// Begins a transaction, once a connection is free. Cancel-safe.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<Transaction, StoreError> {
        let permits = Arc::clone(&self.permits);
        let permit =
            permits.acquire_owned().await.map_err(|_| unavailable("the store is closed"))?;
        if self.away().is_some_and(|since| since.elapsed() < AWAY) {
            return Err(unavailable("the server was away a moment ago"));
        }
        let begun = within(REACH, self.begun()).await;
        *self.away() = begun.is_err().then(Instant::now);
        if begun.is_err() {
            // As dead as the one that was tried, without knowing it perhaps.
            self.idle().clear();
        }
        Ok(Transaction { connection: begun?, home: Arc::clone(self), _permit: permit })
    }

    async fn begun(&self) -> Result<PgConnection, StoreError> {
        loop {
            let idle = self.idle().pop();
            let fresh = idle.is_none();
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.options.connect().await.map_err(failed)?,
            };
            match connection.execute("BEGIN").await {
                Ok(_) => return Ok(connection),
                Err(error) if fresh => return Err(failed(error)),
                // The server has closed it meanwhile.
                Err(_) => {}
            }
        }
    }

    /// Closes what is idle; nothing is lent from now on.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            // What does not close in order is closed all the same.
            let _ = timeout(CLOSING, connection.close()).await;
        }
    }

    fn away(&self) -> MutexGuard<'_, Option<Instant>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transaction {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Ends the transaction: keeps what was written if all went well.
    pub(super) async fn end<T>(self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        match result {
            Ok(value) => self.finish("COMMIT").await.map(|()| value),
            Err(error) => {
                // Where the connection is broken the server rolls back itself.
                let _ = self.finish("ROLLBACK").await;
                Err(error)
            }
        }
    }

    async fn finish(self, statement: &'static str) -> Result<(), StoreError> {
        let Self { mut connection, home, _permit } = self;
        connection.execute(statement).await.map_err(failed)?;
        if !home.permits.is_closed() {
            home.idle().push(connection);
        }
        Ok(())
    }
}
