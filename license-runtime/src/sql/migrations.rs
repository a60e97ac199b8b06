//! The tables, brought up to date when a store is opened.

use std::{borrow::Cow, pin::Pin};

use sqlx::{
    error::BoxDynError,
    migrate::{MigrateError, Migration, MigrationSource, MigrationType, Migrator},
};

use crate::{StoreError, StoreErrorKind};

/// A migration that is part of the program: its number, its name, its
/// statements. One that was released is never edited.
pub(crate) type Script = (i64, &'static str, &'static str);

/// Migrations, oldest first.
#[derive(Debug)]
struct Embedded(&'static [Script]);

/// What runs these migrations, oldest first.
///
/// # Errors
///
/// Never, with migrations that are part of the program.
pub(crate) async fn migrator(scripts: &'static [Script]) -> Result<Migrator, MigrateError> {
    Migrator::new(Embedded(scripts)).await
}

/// A database that another version has written, or one that failed.
pub(crate) fn refused(
    error: MigrateError,
    failed: impl FnOnce(sqlx::Error) -> StoreError,
) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
        other => StoreError::new(StoreErrorKind::Incompatible).with_source(other),
    }
}

impl MigrationSource<'static> for Embedded {
    fn resolve(self) -> Pin<Box<dyn Future<Output = Result<Vec<Migration>, BoxDynError>> + Send>> {
        let migrations = self.0.iter().map(|&(version, description, sql)| {
            let (description, sql) = (Cow::Borrowed(description), Cow::Borrowed(sql));
            Migration::new(version, description, MigrationType::Simple, sql, false)
        });
        let migrations = migrations.collect();
        Box::pin(async { Ok(migrations) })
    }
}
