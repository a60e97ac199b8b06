//! The locks under which seats are reserved: a row for each limit, locked by a
//! transaction that is open for as long as the lock is held.
//!
//! When the holder dies its connection does, and the server lets go. One that
//! is only silent for too long is thrown out; releasing the lock then fails.

use std::{sync::Arc, time::Duration};

use sqlx::postgres::PgConnectOptions;
use tokio::runtime::Handle;

use super::{
    ANSWER,
    connections::{Connections, Transaction, unavailable, within},
    rows::failed,
};
use crate::store::{NamedLocks, SeatLock, StoreError};

/// Locks by name over all nodes.
pub(super) struct SeatLocks {
    connections: Arc<Connections>,
    /// Within this process one for each limit asks the server; the others
    /// wait without a connection.
    local: NamedLocks,
}

/// A transaction that holds a lock. Dropping it rolls it back.
struct Held {
    transaction: Option<Transaction>,
    runtime: Handle,
}

/// Over how many limits seats can be reserved at the same time. Connections of
/// their own, so that waiting for a lock keeps nothing else waiting.
const CONNECTIONS: usize = 4;
/// How long to wait for a lock.
const WAIT: Duration = Duration::from_secs(10);
/// How long a holder may take between one statement and the next.
const HOLD: Duration = Duration::from_secs(8);

impl SeatLocks {
    /// Locks on the server that `others` are connected to.
    pub(super) fn new(others: &Connections, options: PgConnectOptions) -> Self {
        let options = options.options([
            ("statement_timeout", WAIT.as_millis()),
            ("idle_in_transaction_session_timeout", HOLD.as_millis()),
        ]);
        let local = NamedLocks::default();
        Self { connections: others.beside(options, CONNECTIONS), local }
    }

    /// Waits for a lock. Cancel-safe.
    pub(super) async fn lock(&self, limit: &str) -> Result<SeatLock, StoreError> {
        within(WAIT, async {
            let local = self.local.lock(limit).await;
            let mut transaction = self.connections.begin().await?;
            sqlx::query(
                "INSERT INTO seats (name) VALUES ($1) \
                 ON CONFLICT (name) DO UPDATE SET name = excluded.name",
            )
            .bind(limit)
            .execute(transaction.connection())
            .await
            .map_err(failed)?;
            let held = Held { transaction: Some(transaction), runtime: Handle::current() };
            Ok(SeatLock::new((held, local), |(held, local)| async {
                let released = held.release().await;
                drop(local);
                released
            }))
        })
        .await
    }

    pub(super) async fn close(&self) {
        self.connections.close().await;
    }
}

impl Held {
    /// Fails when the server has ended the transaction before, and with it the
    /// lock.
    async fn release(mut self) -> Result<(), StoreError> {
        match self.transaction.take() {
            Some(transaction) => within(ANSWER, transaction.end(Ok(()))).await,
            None => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            let given_back = transaction.end(Err::<(), _>(unavailable("given back")));
            self.runtime.spawn(within(ANSWER, given_back));
        }
    }
}
