//! Which alerts were sent, and who is sending one.

use std::time::Duration;

use async_trait::async_trait;
use license_core::TokenDigest;
use sqlx::PgConnection;

use super::{PostgresStore, rows::failed};
use crate::store::{AlertClaim, AlertStore, StoreError, is_sent, sql::corrupt};

#[async_trait]
impl AlertStore for PostgresStore {
    async fn claim_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
        time: Duration,
    ) -> Result<AlertClaim, StoreError> {
        self.transaction(async |it| claim(it, holder, license, milestone, time).await).await
    }

    async fn confirm_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
    ) -> Result<(), StoreError> {
        self.transaction(async |it| confirm(it, holder, license, milestone).await).await
    }

    async fn release_alert(&self, holder: u64, license: TokenDigest) -> Result<(), StoreError> {
        self.transaction(async |it| release(it, holder, license).await).await
    }

    async fn sent_alert(&self, license: TokenDigest) -> Result<Option<u32>, StoreError> {
        self.transaction(async |it| sent(it, license).await).await
    }
}

async fn claim(
    connection: &mut PgConnection,
    holder: u64,
    license: TokenDigest,
    milestone: u32,
    time: Duration,
) -> Result<AlertClaim, StoreError> {
    let claimed = sqlx::query(
        "INSERT INTO alert AS known (token_digest, holder, claimed_until) \
         VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3)) \
         ON CONFLICT (token_digest) DO UPDATE \
         SET holder = excluded.holder, claimed_until = excluded.claimed_until \
         WHERE (known.sent IS NULL OR known.sent > $4) AND (known.holder IS NULL \
         OR known.holder = excluded.holder OR known.claimed_until <= clock_timestamp())",
    )
    .bind(&license.as_bytes()[..])
    .bind(holder.cast_signed())
    .bind(time.as_secs_f64())
    .bind(i64::from(milestone))
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    if claimed.rows_affected() > 0 {
        return Ok(AlertClaim::Granted);
    }
    let is_sent = is_sent(sent(connection, license).await?, milestone);
    Ok(if is_sent { AlertClaim::Sent } else { AlertClaim::Busy })
}

async fn confirm(
    connection: &mut PgConnection,
    holder: u64,
    license: TokenDigest,
    milestone: u32,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO alert AS known (token_digest, sent) VALUES ($1, $2) \
         ON CONFLICT (token_digest) DO UPDATE SET sent = least(known.sent, excluded.sent)",
    )
    .bind(&license.as_bytes()[..])
    .bind(i64::from(milestone))
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    release(connection, holder, license).await
}

async fn release(
    connection: &mut PgConnection,
    holder: u64,
    license: TokenDigest,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE alert SET holder = NULL, claimed_until = NULL \
         WHERE token_digest = $1 AND holder = $2",
    )
    .bind(&license.as_bytes()[..])
    .bind(holder.cast_signed())
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

async fn sent(
    connection: &mut PgConnection,
    license: TokenDigest,
) -> Result<Option<u32>, StoreError> {
    let sent: Option<Option<i64>> =
        sqlx::query_scalar("SELECT sent FROM alert WHERE token_digest = $1")
            .bind(&license.as_bytes()[..])
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    sent.flatten().map(u32::try_from).transpose().map_err(corrupt)
}
