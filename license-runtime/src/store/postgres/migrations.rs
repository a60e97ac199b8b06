//! The schema and its tables, brought up to date when a store is opened.

use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::{connections::within, rows::failed};
use crate::store::{
    StoreError,
    sql::{self, Script},
};

const SCRIPTS: &[Script] = &[
    (1, "state", include_str!("../../../migrations/postgres/0001_state.sql")),
    (2, "leases", include_str!("../../../migrations/postgres/0002_leases.sql")),
    (3, "alerts", include_str!("../../../migrations/postgres/0003_alerts.sql")),
    (4, "resets", include_str!("../../../migrations/postgres/0004_resets.sql")),
    (5, "machine", include_str!("../../../migrations/postgres/0005_machine.sql")),
];

/// The record of migrations, as sqlx has kept it from the first on.
const RECORD: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
    success BOOLEAN NOT NULL,
    checksum BYTEA NOT NULL,
    execution_time BIGINT NOT NULL
)";

/// How long it may take, waiting for another node that does the same
/// included.
const PATIENCE: Duration = Duration::from_secs(60);

/// Brings the tables in this schema up to date, the first one of the search
/// path. All of it is one transaction, and nodes take turns: one that comes
/// second finds it done.
pub(super) async fn run(mut connection: PgConnection, schema: &str) -> Result<(), StoreError> {
    within(PATIENCE, async {
        let patience = format!("SET statement_timeout = {}", PATIENCE.as_millis());
        connection.execute(AssertSqlSafe(patience)).await.map_err(failed)?;
        connection.execute("BEGIN").await.map_err(failed)?;
        take_turn(&mut connection, schema).await?;
        make_schema(&mut connection, schema).await?;
        make_tables(&mut connection).await?;
        connection.execute("COMMIT").await.map_err(failed)?;
        connection.close().await.map_err(failed)
    })
    .await
}

/// Waits until no other node migrates this schema; to the transaction's end.
async fn take_turn(connection: &mut PgConnection, schema: &str) -> Result<(), StoreError> {
    let digest: [u8; 32] = Sha256::digest(format!("license migrations {schema}")).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Makes the schema where it is missing. Where it is there no right to make
/// one is needed.
async fn make_schema(connection: &mut PgConnection, schema: &str) -> Result<(), StoreError> {
    let (exists,): (bool,) = sqlx::query_as("SELECT to_regnamespace($1) IS NOT NULL")
        .bind(schema)
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    if !exists {
        let make = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        connection.execute(make).await.map_err(failed)?;
    }
    Ok(())
}

async fn make_tables(connection: &mut PgConnection) -> Result<(), StoreError> {
    let exists = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL";
    let (exists,): (bool,) =
        sqlx::query_as(exists).fetch_one(&mut *connection).await.map_err(failed)?;
    if !exists {
        connection.execute(RECORD).await.map_err(failed)?;
    }
    sql::migrate::<sqlx::Postgres>(connection, SCRIPTS, failed).await
}
