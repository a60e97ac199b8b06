//! Quotas: one counter for each limit and month.

use license_core::time::Month;
use sqlx::PgConnection;

use super::rows::failed;
use crate::store::{QuotaGrant, QuotaRequest, StoreError, sql::corrupt};

/// Takes units, within a transaction: the counter is locked before it is
/// read.
pub(super) async fn take(
    connection: &mut PgConnection,
    limit: &str,
    month: Month,
    request: QuotaRequest,
) -> Result<QuotaGrant, StoreError> {
    let (taken,): (i64,) = sqlx::query_as(
        "INSERT INTO quota AS counter (name, month, taken) VALUES ($1, $2, 0) \
         ON CONFLICT (name, month) DO UPDATE SET taken = counter.taken RETURNING taken",
    )
    .bind(limit)
    .bind(month.to_string())
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    let before = u64::try_from(taken).map_err(corrupt)?;
    let granted = request.grant_shared(before);
    let after = before.saturating_add(granted);
    if granted > 0 {
        sqlx::query("UPDATE quota SET taken = $1 WHERE name = $2 AND month = $3")
            .bind(i64::try_from(after).map_err(corrupt)?)
            .bind(limit)
            .bind(month.to_string())
            .execute(connection)
            .await
            .map_err(failed)?;
    }
    Ok(QuotaGrant::new(granted, after))
}

/// Brings units back.
pub(super) async fn bring_back(
    connection: &mut PgConnection,
    limit: &str,
    month: Month,
    units: u64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE quota SET taken = greatest(taken - $1, 0) WHERE name = $2 AND month = $3")
        .bind(i64::try_from(units).unwrap_or(i64::MAX))
        .bind(limit)
        .bind(month.to_string())
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// How many units are taken.
pub(super) async fn taken(
    connection: &mut PgConnection,
    limit: &str,
    month: Month,
) -> Result<u64, StoreError> {
    let taken: Option<(i64,)> =
        sqlx::query_as("SELECT taken FROM quota WHERE name = $1 AND month = $2")
            .bind(limit)
            .bind(month.to_string())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    taken.map_or(Ok(0), |(taken,)| u64::try_from(taken).map_err(corrupt))
}
