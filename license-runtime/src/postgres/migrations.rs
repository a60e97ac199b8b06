//! The schema and its tables, brought up to date when a store is opened.

use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};

use super::{connections::within, rows::failed};
use crate::{
    StoreError,
    sql::{self, Script},
};

const SCRIPTS: &[Script] = &[
    (1, "state", include_str!("../../migrations/postgres/0001_state.sql")),
    (2, "leases", include_str!("../../migrations/postgres/0002_leases.sql")),
    (3, "alerts", include_str!("../../migrations/postgres/0003_alerts.sql")),
    (4, "resets", include_str!("../../migrations/postgres/0004_resets.sql")),
];

/// How long it may take, waiting for another node that does the same
/// included.
const PATIENCE: Duration = Duration::from_secs(60);

/// Brings the tables in this schema up to date, the first one of the search
/// path.
pub(super) async fn run(mut connection: PgConnection, schema: &str) -> Result<(), StoreError> {
    within(PATIENCE, async {
        let patience = format!("SET statement_timeout = {}", PATIENCE.as_millis());
        connection.execute(&*patience).await.map_err(failed)?;
        make_schema(&mut connection, schema).await?;
        let refused = |error| sql::refused(error, failed);
        let migrator = sql::migrator(SCRIPTS).await.map_err(refused)?;
        migrator.run_direct(&mut connection).await.map_err(refused)?;
        connection.close().await.map_err(failed)
    })
    .await
}

/// Makes the schema where it is missing. Where it is there no right to make
/// one is needed.
async fn make_schema(connection: &mut PgConnection, schema: &str) -> Result<(), StoreError> {
    let exists = async |connection: &mut PgConnection| {
        let exists: (bool,) = sqlx::query_as("SELECT to_regnamespace($1) IS NOT NULL")
            .bind(schema)
            .fetch_one(connection)
            .await
            .map_err(failed)?;
        Ok::<_, StoreError>(exists.0)
    };
    if exists(connection).await? {
        return Ok(());
    }
    match connection.execute(&*format!("CREATE SCHEMA {schema}")).await {
        Ok(_) => Ok(()),
        // Another node was faster.
        Err(_) if exists(connection).await? => Ok(()),
        Err(error) => Err(failed(error)),
    }
}
