//! The tables, brought up to date when a file is opened.

use std::{borrow::Cow, pin::Pin};

use sqlx::{
    SqliteConnection,
    error::BoxDynError,
    migrate::{MigrateError, Migration, MigrationSource, MigrationType, Migrator},
};

use super::rows::failed;
use crate::{StoreError, StoreErrorKind};

/// The migrations that are part of the program, oldest first. A migration
/// that was released is never edited.
#[derive(Debug)]
struct Embedded;

const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "state", include_str!("../../migrations/sqlite/0001_state.sql")),
    (2, "quotas", include_str!("../../migrations/sqlite/0002_quotas.sql")),
    (3, "alerts", include_str!("../../migrations/sqlite/0003_alerts.sql")),
];

/// Brings the tables up to date.
pub(super) async fn run(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let migrator = Migrator::new(Embedded).await.map_err(refused)?;
    migrator.run_direct(connection).await.map_err(refused)
}

fn refused(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
        other => StoreError::new(StoreErrorKind::Incompatible).with_source(other),
    }
}

impl MigrationSource<'static> for Embedded {
    fn resolve(self) -> Pin<Box<dyn Future<Output = Result<Vec<Migration>, BoxDynError>> + Send>> {
        let migrations = MIGRATIONS.map(|(version, description, sql)| {
            let (description, sql) = (Cow::Borrowed(description), Cow::Borrowed(sql));
            Migration::new(version, description, MigrationType::Simple, sql, false)
        });
        Box::pin(async { Ok(migrations.into()) })
    }
}
