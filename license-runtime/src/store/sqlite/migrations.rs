//! The tables, brought up to date when a file is opened.

use sqlx::{Executor, SqliteConnection};

use super::rows::failed;
use crate::store::{
    StoreError,
    sql::{self, Script, corrupt},
};

const SCRIPTS: &[Script] = &[
    (1, "state", include_str!("../../../migrations/sqlite/0001_state.sql")),
    (2, "quotas", include_str!("../../../migrations/sqlite/0002_quotas.sql")),
    (3, "alerts", include_str!("../../../migrations/sqlite/0003_alerts.sql")),
    (4, "resets", include_str!("../../../migrations/sqlite/0004_resets.sql")),
    (5, "seal", include_str!("../../../migrations/sqlite/0005_seal.sql")),
    (6, "machine", include_str!("../../../migrations/sqlite/0006_machine.sql")),
];

/// The record of migrations, as sqlx has kept it from the first on.
const RECORD: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
)";

/// Finds a database that is not this store's: one with tables of others alone,
/// and one without tables that had some.
///
/// # Errors
///
/// `Corrupt`.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    had_tables: bool,
) -> Result<(), StoreError> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    if tables.iter().any(|table| table == "license_state") {
        return Ok(());
    }
    // The record alone is what a first start may have come to.
    match tables.iter().any(|table| table != "_sqlx_migrations") {
        true => Err(corrupt("the tables: they are those of another database")),
        false if had_tables => Err(corrupt("the file: it is empty, and a license store was here")),
        false => Ok(()),
    }
}

/// Brings the tables up to date, within one transaction that nobody else can
/// come into.
pub(super) async fn run(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    connection.execute(RECORD).await.map_err(failed)?;
    sql::migrate::<sqlx::Sqlite>(connection, SCRIPTS, failed).await
}
