//! What the stores that speak SQL have in common: the rows and the migrations.
//!
//! Each writes its own statements. They differ in more than their dialect:
//! PostgreSQL locks the row and counts time by its own clock, SQLite has the
//! whole file and seals what it writes. A statement that were generic over both
//! would carry more bounds than it has lines.

mod migrations;
mod rows;

pub(crate) use self::{
    migrations::{Script, migrate},
    rows::{MachineColumns, RawAuditRow, StateRow},
};
use crate::store::{StoreError, StoreErrorKind};

/// What is stored makes no sense.
pub(crate) fn corrupt(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt).with_source(error)
}

/// Tells what cannot be read from what cannot be reached; `damaged` knows the
/// database's own errors.
pub(crate) fn failed(
    error: sqlx::Error,
    damaged: impl FnOnce(&dyn sqlx::error::DatabaseError) -> bool,
) -> StoreError {
    let kind = match &error {
        sqlx::Error::Database(database) if damaged(&**database) => StoreErrorKind::Corrupt,
        sqlx::Error::RowNotFound
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind).with_source(error)
}
