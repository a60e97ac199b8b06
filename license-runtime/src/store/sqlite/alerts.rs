//! Which alerts were sent, and who is sending one.

use std::time::Duration;

use async_trait::async_trait;
use license_core::{Clock, SystemClock, TokenDigest};
use sqlx::SqliteConnection;

use super::{SqliteStore, rows::failed};
use crate::store::{AlertClaim, AlertStore, StoreError, is_sent, sql::corrupt};

#[async_trait]
impl AlertStore for SqliteStore {
    async fn claim_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
        time: Duration,
    ) -> Result<AlertClaim, StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = claim(turn.connection()?, holder, license, milestone, time).await;
        turn.end(result).await
    }

    async fn confirm_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
    ) -> Result<(), StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = confirm(turn.connection()?, holder, license, milestone).await;
        turn.end(result).await
    }

    async fn release_alert(&self, holder: u64, license: TokenDigest) -> Result<(), StoreError> {
        let mut turn = self.connection()?.write().await?;
        let result = release(turn.connection()?, holder, license).await;
        turn.end(result).await
    }

    async fn sent_alert(&self, license: TokenDigest) -> Result<Option<u32>, StoreError> {
        let mut turn = self.connection()?.read().await?;
        let result = sent(turn.connection()?, license).await;
        turn.end(result).await
    }
}

async fn claim(
    connection: &mut SqliteConnection,
    holder: u64,
    license: TokenDigest,
    milestone: u32,
    time: Duration,
) -> Result<AlertClaim, StoreError> {
    let now = SystemClock::new().now();
    let claimed = sqlx::query(
        "INSERT INTO license_alert (token_digest, holder, claimed_until) VALUES (?1, ?2, ?3) \
         ON CONFLICT (token_digest) DO UPDATE \
         SET holder = excluded.holder, claimed_until = excluded.claimed_until \
         WHERE (sent IS NULL OR sent > ?4) \
         AND (holder IS NULL OR holder = excluded.holder OR claimed_until <= ?5)",
    )
    .bind(&license.as_bytes()[..])
    .bind(holder.cast_signed())
    .bind(now.saturating_add(time).as_millis())
    .bind(milestone)
    .bind(now.as_millis())
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
    connection: &mut SqliteConnection,
    holder: u64,
    license: TokenDigest,
    milestone: u32,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO license_alert (token_digest, sent) VALUES (?, ?) \
         ON CONFLICT (token_digest) DO UPDATE \
         SET sent = min(coalesce(sent, excluded.sent), excluded.sent)",
    )
    .bind(&license.as_bytes()[..])
    .bind(milestone)
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    release(connection, holder, license).await
}

async fn release(
    connection: &mut SqliteConnection,
    holder: u64,
    license: TokenDigest,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE license_alert SET holder = NULL, claimed_until = NULL \
         WHERE token_digest = ? AND holder = ?",
    )
    .bind(&license.as_bytes()[..])
    .bind(holder.cast_signed())
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

async fn sent(
    connection: &mut SqliteConnection,
    license: TokenDigest,
) -> Result<Option<u32>, StoreError> {
    let sent: Option<Option<i64>> =
        sqlx::query_scalar("SELECT sent FROM license_alert WHERE token_digest = ?")
            .bind(&license.as_bytes()[..])
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    sent.flatten().map(u32::try_from).transpose().map_err(corrupt)
}
