//! Bringing the tables up to date. Each store has scripts of its own, and a
//! lock that covers all of it.

use sha2::{Digest, Sha384};
use sqlx::{Database, Encode, Executor, FromRow, IntoArguments, Type};

use super::corrupt;
use crate::store::{StoreError, StoreErrorKind};

/// A migration that is part of the program: its number, its name, its
/// statements. One that was released is never edited.
pub(crate) type Script = (i64, &'static str, &'static str);

/// What the database's record says of a migration: its number, the checksum
/// of its statements, whether it was carried through.
type Applied = (i64, Vec<u8>, bool);

/// Runs the migrations that the record does not have yet, and adds them to it.
/// The record is there, and nobody else migrates meanwhile.
///
/// # Errors
///
/// What the database `failed` with, and as [`pending`].
pub(crate) async fn migrate<D>(
    connection: &mut D::Connection,
    scripts: &'static [Script],
    failed: impl Fn(sqlx::Error) -> StoreError,
) -> Result<(), StoreError>
where
    D: Database,
    D::Arguments: IntoArguments<D>,
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
    for<'r> Applied: FromRow<'r, D::Row>,
    for<'q> i64: Encode<'q, D> + Type<D>,
    for<'q> &'q str: Encode<'q, D> + Type<D>,
    for<'q> Vec<u8>: Encode<'q, D> + Type<D>,
{
    let applied: Vec<Applied> =
        sqlx::query_as("SELECT version, checksum, success FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&mut *connection)
            .await
            .map_err(&failed)?;
    for (number, name, statements) in pending(scripts, &applied)? {
        sqlx::raw_sql(*statements).execute(&mut *connection).await.map_err(&failed)?;
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
             execution_time) VALUES ($1, $2, TRUE, $3, 0)",
        )
        .bind(*number)
        .bind(*name)
        .bind(checksum(statements))
        .execute(&mut *connection)
        .await
        .map_err(&failed)?;
    }
    Ok(())
}

/// The migrations that are still to be run, of all and of what the record
/// says, both oldest first.
///
/// # Errors
///
/// `Incompatible` when a newer version has added to them; `Corrupt` when the
/// record differs in those that are known.
fn pending(
    scripts: &'static [Script],
    applied: &[Applied],
) -> Result<&'static [Script], StoreError> {
    for ((number, _, statements), (recorded, digest, complete)) in scripts.iter().zip(applied) {
        if number != recorded || *digest != checksum(statements) || !complete {
            return Err(corrupt("the record of migrations"));
        }
    }
    scripts.get(applied.len()..).ok_or_else(|| StoreErrorKind::Incompatible.into())
}

/// The checksum of a migration's statements, as it is recorded.
fn checksum(statements: &str) -> Vec<u8> {
    Sha384::digest(statements.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPTS: &[Script] = &[(1, "one", "CREATE 1"), (2, "two", "CREATE 2")];

    fn applied(number: i64, statements: &str) -> Applied {
        (number, checksum(statements), true)
    }

    #[test]
    fn what_is_not_recorded_is_pending() {
        assert_eq!(pending(SCRIPTS, &[]).unwrap(), SCRIPTS);
        assert_eq!(pending(SCRIPTS, &[applied(1, "CREATE 1")]).unwrap(), &SCRIPTS[1..]);
        let both = [applied(1, "CREATE 1"), applied(2, "CREATE 2")];
        assert!(pending(SCRIPTS, &both).unwrap().is_empty());
    }

    #[test]
    fn a_record_that_goes_on_is_a_newer_versions() {
        let more = [applied(1, "CREATE 1"), applied(2, "CREATE 2"), applied(3, "CREATE 3")];
        let error = pending(SCRIPTS, &more).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Incompatible);
    }

    #[test]
    fn a_record_that_differs_is_damaged() {
        for record in
            [applied(1 + 256, "CREATE 1"), applied(1, "CREATE 3"), (1, checksum("CREATE 1"), false)]
        {
            let error = pending(SCRIPTS, &[record]).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        }
    }
}
