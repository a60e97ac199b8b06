//! Values as the server has them.

use std::time::Duration;

use sqlx::postgres::types::PgInterval;

use crate::store::{StoreError, sql::corrupt};

pub(super) fn number(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(corrupt)
}

pub(super) fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

pub(super) fn duration(interval: &PgInterval) -> Result<Duration, StoreError> {
    const DAY: Duration = Duration::from_secs(86_400);
    let days = u32::try_from(interval.days).map_err(corrupt)?;
    let microseconds = u64::try_from(interval.microseconds).map_err(corrupt)?;
    Ok(DAY.saturating_mul(days).saturating_add(Duration::from_micros(microseconds)))
}
