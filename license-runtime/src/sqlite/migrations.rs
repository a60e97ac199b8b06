//! The tables, brought up to date when a file is opened.

use sqlx::SqliteConnection;

use super::rows::failed;
use crate::{
    StoreError,
    sql::{self, Script},
};

const SCRIPTS: &[Script] = &[
    (1, "state", include_str!("../../migrations/sqlite/0001_state.sql")),
    (2, "quotas", include_str!("../../migrations/sqlite/0002_quotas.sql")),
    (3, "alerts", include_str!("../../migrations/sqlite/0003_alerts.sql")),
    (4, "resets", include_str!("../../migrations/sqlite/0004_resets.sql")),
];

/// Brings the tables up to date.
pub(super) async fn run(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let refused = |error| sql::refused(error, failed);
    let migrator = sql::migrator(SCRIPTS).await.map_err(refused)?;
    migrator.run_direct(connection).await.map_err(refused)
}
