//! Quotas: the two tables, and the session in which one process counts.

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use license_core::Month;
use rand::{RngCore, rngs::OsRng};
use sqlx::{Executor, SqliteConnection};

use super::{
    connection::Connection,
    journal::{Journal, Mark, Slot},
    rows::{corrupt, failed},
};
use crate::{QuotaGrant, QuotaRequest, StoreError};

/// A process that counts quotas; there is one at a time.
#[derive(Debug)]
pub(super) struct Session {
    journal: Journal,
    mark: Mark,
    slots: HashMap<i64, Arc<Slot>>,
}

impl Session {
    /// Settles what an earlier process has left, and begins.
    pub(super) async fn begin(connection: &Connection, path: &Path) -> Result<Self, StoreError> {
        let journal = Journal::open(path)?;
        let mut mark = Mark::default();
        OsRng.fill_bytes(&mut mark);
        let mut turn = connection.write().await?;
        let result = start(turn.connection()?, &journal, mark, boot()).await;
        turn.end(result).await?;
        Ok(Self { journal, mark, slots: HashMap::new() })
    }

    /// Takes units, within a transaction.
    pub(super) async fn take(
        &mut self,
        connection: &mut SqliteConnection,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        let before = taken(connection, limit, month).await?;
        let granted = request.grant(before);
        if granted == 0 {
            return Ok(QuotaGrant::new(0, before));
        }
        let after = before.saturating_add(granted);
        let (slot,): (i64,) = sqlx::query_as(
            "INSERT INTO license_quota (name, month, taken) VALUES (?, ?, ?) \
             ON CONFLICT (name, month) DO UPDATE SET taken = excluded.taken RETURNING slot",
        )
        .bind(limit)
        .bind(month.to_string())
        .bind(i64::try_from(after).map_err(corrupt)?)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
        let mut grant = QuotaGrant::new(granted, after);
        grant.journal = Some(self.slot(slot, before)?);
        Ok(grant)
    }

    /// Where to note what is spent. The first note is there before the units
    /// are: a process that is killed in between has spent none of them.
    fn slot(&mut self, number: i64, spent: u64) -> Result<Arc<Slot>, StoreError> {
        if let Some(slot) = self.slots.get(&number) {
            return Ok(Arc::clone(slot));
        }
        let slot = Arc::new(self.journal.slot(number, self.mark, spent)?);
        Ok(Arc::clone(self.slots.entry(number).or_insert(slot)))
    }
}

/// Makes what was taken what was spent, where that is known, and says who
/// writes notes from now on.
async fn start(
    connection: &mut SqliteConnection,
    journal: &Journal,
    mark: Mark,
    boot: Option<String>,
) -> Result<(), StoreError> {
    let last: Option<(Vec<u8>, Option<String>)> =
        sqlx::query_as("SELECT mark, boot FROM license_quota_session")
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
    if let Some((last, last_boot)) = last
        && last_boot.is_some()
        && last_boot == boot
    {
        let last = Mark::try_from(last).map_err(|_| corrupt("the mark of a session"))?;
        settle(connection, journal, last).await?;
    }
    sqlx::query("INSERT OR REPLACE INTO license_quota_session (id, mark, boot) VALUES (1, ?, ?)")
        .bind(&mark[..])
        .bind(boot)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn settle(
    connection: &mut SqliteConnection,
    journal: &Journal,
    mark: Mark,
) -> Result<(), StoreError> {
    let slots: Vec<(i64,)> = sqlx::query_as("SELECT slot FROM license_quota")
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    for (slot,) in slots {
        let Some(spent) = journal.read(slot, mark)? else { continue };
        // More than the database can count is more than was taken.
        let spent = i64::try_from(spent).unwrap_or(i64::MAX);
        sqlx::query("UPDATE license_quota SET taken = min(taken, ?) WHERE slot = ?")
            .bind(spent)
            .bind(slot)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

/// How many units are taken.
pub(super) async fn taken(
    connection: &mut SqliteConnection,
    limit: &str,
    month: Month,
) -> Result<u64, StoreError> {
    let taken: Option<(i64,)> =
        sqlx::query_as("SELECT taken FROM license_quota WHERE name = ? AND month = ?")
            .bind(limit)
            .bind(month.to_string())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    taken.map_or(Ok(0), |(taken,)| u64::try_from(taken).map_err(corrupt))
}

/// Brings units back.
pub(super) async fn bring_back(
    connection: &mut SqliteConnection,
    limit: &str,
    month: Month,
    units: u64,
) -> Result<(), StoreError> {
    let brought = connection.execute(
        sqlx::query(
            "UPDATE license_quota SET taken = max(taken - ?, 0) WHERE name = ? AND month = ?",
        )
        .bind(i64::try_from(units).unwrap_or(i64::MAX))
        .bind(limit)
        .bind(month.to_string()),
    );
    brought.await.map(drop).map_err(failed)
}

/// Tells one boot of the system from another, where it says.
fn boot() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let boot = boot.trim();
    (!boot.is_empty()).then(|| boot.to_owned())
}
