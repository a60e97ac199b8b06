//! The one connection to the file, and transactions on it.
//!
//! Transactions are plain statements here: SQLite ends one by itself on some
//! failures, a full disk among them, and whoever counts them separately is
//! out of step from then on.

use std::path::{Path, PathBuf};

use sqlx::{
    ConnectOptions, Connection as _, Executor, SqliteConnection, sqlite::SqliteConnectOptions,
};
use tokio::sync::{Mutex, MutexGuard};

use super::{
    BUSY_TIMEOUT,
    rows::{changed, failed},
};
use crate::store::{StoreError, StoreErrorKind};

/// The connection; nothing once it is closed. Callers take turns.
#[derive(Debug)]
pub(super) struct Connection(Mutex<Option<Open>>);

#[derive(Debug)]
struct Open {
    connection: SqliteConnection,
    /// A transaction was begun, and nobody knows that it has ended.
    in_transaction: bool,
    /// What SQLite counts of changes that others have made to the file. There
    /// are no others.
    others: Option<i64>,
    path: PathBuf,
    /// Which file it is, whatever its name becomes.
    identity: Option<Identity>,
}

/// Device and number, where files have one.
type Identity = (u64, u64);

/// The caller's turn.
#[derive(Debug)]
pub(super) struct Turn<'a>(MutexGuard<'a, Option<Open>>);

impl Connection {
    /// Opens the file. Nothing is read yet, so that a damaged one leaves
    /// behind no connection that is not closed in order.
    pub(super) async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let connection = options.connect().await.map_err(failed)?;
        Ok(Self(Mutex::new(Some(Open {
            connection,
            in_transaction: false,
            others: None,
            path: path.to_owned(),
            identity: identity(path),
        }))))
    }

    /// Waits for the caller's turn. Cancel-safe.
    pub(super) async fn turn(&self) -> Result<Turn<'_>, StoreError> {
        let mut turn = Turn(self.0.lock().await);
        if turn.open()?.in_transaction {
            // Its caller has gone away in the middle.
            turn.roll_back().await?;
        }
        Ok(turn)
    }

    /// Waits for the caller's turn and begins a transaction that is going to
    /// write: no other process can come in between.
    pub(super) async fn write(&self) -> Result<Turn<'_>, StoreError> {
        self.begin("BEGIN IMMEDIATE").await
    }

    /// Waits for the caller's turn and begins a transaction that sees one
    /// moment.
    pub(super) async fn read(&self) -> Result<Turn<'_>, StoreError> {
        self.begin("BEGIN").await
    }

    async fn begin(&self, statement: &'static str) -> Result<Turn<'_>, StoreError> {
        let mut turn = self.turn().await?;
        let open = turn.open()?;
        open.in_transaction = true;
        match open.begin(statement).await {
            Ok(()) => Ok(turn),
            Err(error) => turn.end(Err(error)).await,
        }
    }

    /// Closes the file in order.
    pub(super) async fn close(&self) {
        if let Some(open) = self.0.lock().await.take()
            && let Err(error) = open.connection.close().await
        {
            tracing::warn!(%error, "closing the license store");
        }
    }
}

impl Open {
    /// Begins a transaction, on the file that was opened and nobody else has
    /// written since.
    async fn begin(&mut self, statement: &'static str) -> Result<(), StoreError> {
        if identity(&self.path) != self.identity {
            return Err(changed());
        }
        self.connection.execute(statement).await.map_err(failed)?;
        let (others,): (i64,) = sqlx::query_as("PRAGMA data_version")
            .fetch_one(&mut self.connection)
            .await
            .map_err(failed)?;
        if *self.others.get_or_insert(others) == others { Ok(()) } else { Err(changed()) }
    }
}

impl Turn<'_> {
    fn open(&mut self) -> Result<&mut Open, StoreError> {
        self.0.as_mut().ok_or_else(|| StoreErrorKind::Unavailable.into())
    }

    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        Ok(&mut self.open()?.connection)
    }

    /// Ends the transaction: keeps what was written if all went well.
    pub(super) async fn end<T>(mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        let result = match result {
            Ok(value) => {
                let committed = self.connection()?.execute("COMMIT").await;
                committed.map(|_| value).map_err(failed)
            }
            Err(error) => Err(error),
        };
        match &result {
            Ok(_) => self.open()?.in_transaction = false,
            Err(_) => self.roll_back().await?,
        }
        result
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        let open = self.open()?;
        // It fails where SQLite has rolled back by itself.
        let _ = open.connection.execute("ROLLBACK").await;
        open.in_transaction = false;
        Ok(())
    }
}

/// Which file is at this place.
#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;

    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// A file that is open cannot be replaced here.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}
