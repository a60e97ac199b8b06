//! The state and the audit history, as statements.

use license_core::{Timestamp, licensing::StoredState, machine::MachineHistory, time::ClockMark};
use sqlx::{AssertSqlSafe, FromRow, PgConnection, Row};

use crate::{
    audit::{AuditChain, AuditRecord, AuditRow},
    store::{
        Loaded, StoreError,
        sql::{self, MachineColumns, RawAuditRow, StateRow, corrupt},
    },
};

const STATE: &str = "SELECT revision, current_token, next_token, newest_issued_at, last_reset_at, \
     installation, clock_mark, clock_latched, corrupt, audit_rows, audit_head, machine, \
     rebind_since, rebind_newest_issued_at, \
     (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT AS now FROM state WHERE id = 1";
/// The state, which nobody else changes before this transaction ends.
const LOCKED_STATE: &str = "SELECT revision, current_token, next_token, newest_issued_at, \
     last_reset_at, installation, clock_mark, clock_latched, corrupt, audit_rows, audit_head, \
     machine, rebind_since, rebind_newest_issued_at \
     FROM state WHERE id = 1 FOR UPDATE";
const AUDIT: &str = "SELECT seq, at, actor, address, license_id, token_digest, outcome, \
     previous, hash FROM audit";

/// Reads the license state.
pub(super) async fn load(connection: &mut PgConnection) -> Result<Loaded, StoreError> {
    let row = sqlx::query(STATE).fetch_one(connection).await.map_err(failed)?;
    let now = row.try_get("now").map(Timestamp::from_millis).map_err(failed)?;
    Ok(StateRow::from_row(&row).map_err(failed)?.loaded()?.read_at(now))
}

/// Replaces the license state and adds an audit row. Returns the revision.
pub(super) async fn install(
    connection: &mut PgConnection,
    revision: u64,
    saved: &StoredState,
    record: AuditRecord,
) -> Result<u64, StoreError> {
    let state = lock(connection).await?.at(revision)?;
    sqlx::query(
        "UPDATE state SET revision = $1, current_token = $2, next_token = $3, \
         newest_issued_at = $4, last_reset_at = $5, clock_mark = $6, clock_latched = $7, \
         corrupt = FALSE",
    )
    .bind(state.revision.saturating_add(1))
    .bind(&saved.current)
    .bind(&saved.next)
    .bind(saved.newest_issued_at.map(Timestamp::as_millis))
    .bind(saved.last_reset.map(Timestamp::as_millis))
    .bind(saved.clock.mark.map(Timestamp::as_millis))
    .bind(saved.clock.latched)
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    append(connection, &state, record).await?;
    Ok(revision.saturating_add(1))
}

/// Replaces the clock mark by a later one.
pub(super) async fn save_clock(
    connection: &mut PgConnection,
    revision: u64,
    clock: ClockMark,
) -> Result<(), StoreError> {
    lock(connection).await?.at(revision)?;
    sqlx::query("UPDATE state SET clock_mark = greatest(clock_mark, $1), clock_latched = $2")
        .bind(clock.mark.map(Timestamp::as_millis))
        .bind(clock.latched)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Names the installation unless it has a name. Returns the one it has.
pub(super) async fn name_installation(
    connection: &mut PgConnection,
    name: &str,
) -> Result<String, StoreError> {
    sqlx::query_scalar(
        "UPDATE state SET installation = coalesce(installation, $1) RETURNING installation",
    )
    .bind(name)
    .fetch_one(connection)
    .await
    .map_err(failed)
}

/// The id by which the installation is known as a machine: this one unless it has
/// one.
pub(super) async fn installation_id(
    connection: &mut PgConnection,
    id: &str,
) -> Result<String, StoreError> {
    let known: Option<String> = sqlx::query_scalar("SELECT installation_id FROM state")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    if let Some(known) = known {
        return Ok(known);
    }
    sqlx::query_scalar(
        "UPDATE state SET installation_id = coalesce(installation_id, $1) \
         RETURNING installation_id",
    )
    .bind(id)
    .fetch_one(connection)
    .await
    .map_err(failed)
}

/// Replaces what is remembered of the machine.
pub(super) async fn save_machine(
    connection: &mut PgConnection,
    history: &MachineHistory,
) -> Result<(), StoreError> {
    let columns = MachineColumns::of(history);
    sqlx::query("UPDATE state SET machine = $1, rebind_since = $2, rebind_newest_issued_at = $3")
        .bind(columns.machine)
        .bind(columns.rebind_since)
        .bind(columns.rebind_newest_issued_at)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Adds an audit row.
pub(super) async fn record(
    connection: &mut PgConnection,
    record: AuditRecord,
) -> Result<(), StoreError> {
    let state = lock(connection).await?;
    append(connection, &state, record).await
}

/// The newest audit rows, newest first.
pub(super) async fn newest(
    connection: &mut PgConnection,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows: Vec<RawAuditRow> =
        sqlx::query_as(AssertSqlSafe(format!("{AUDIT} ORDER BY seq DESC LIMIT $1")))
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    rows.into_iter().map(RawAuditRow::parse).collect()
}

/// Audit rows behind the row of this number, oldest first, and where the
/// history ends in the same moment.
pub(super) async fn after(
    connection: &mut PgConnection,
    seq: u64,
    limit: u32,
) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
    let end = lock(connection).await?.chain()?;
    // A row whose number was made 0 or less is behind none: the next is missed.
    let rows: Vec<RawAuditRow> =
        sqlx::query_as(AssertSqlSafe(format!("{AUDIT} WHERE seq > $1 ORDER BY seq LIMIT $2")))
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    let rows: Result<_, _> = rows.into_iter().map(RawAuditRow::parse).collect();
    Ok((rows?, end))
}

/// Adds an audit row unless one of this outcome and digest is there.
pub(super) async fn record_once(
    connection: &mut PgConnection,
    record: AuditRecord,
) -> Result<(), StoreError> {
    let state = lock(connection).await?;
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM audit WHERE outcome = $1 \
         AND token_digest IS NOT DISTINCT FROM $2)",
    )
    .bind(&record.outcome)
    .bind(record.digest.map(|digest| digest.as_bytes().to_vec()))
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    if known { Ok(()) } else { append(connection, &state, record).await }
}

/// Reads the license state; nobody else changes it before the transaction
/// ends.
async fn lock(connection: &mut PgConnection) -> Result<StateRow, StoreError> {
    sqlx::query_as(LOCKED_STATE).fetch_one(connection).await.map_err(failed)
}

/// Adds an audit row behind those that are there.
async fn append(
    connection: &mut PgConnection,
    state: &StateRow,
    record: AuditRecord,
) -> Result<(), StoreError> {
    let AuditRow { seq, record, previous, hash } = state.chain()?.append(record);
    let seq = i64::try_from(seq).map_err(corrupt)?;
    sqlx::query("INSERT INTO audit VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(seq)
        .bind(record.at.as_millis())
        .bind(record.actor)
        .bind(record.address)
        .bind(record.license_id)
        .bind(record.digest.map(|digest| digest.as_bytes().to_vec()))
        .bind(record.outcome)
        .bind(&previous.as_bytes()[..])
        .bind(&hash.as_bytes()[..])
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    sqlx::query("UPDATE state SET audit_rows = $1, audit_head = $2")
        .bind(seq)
        .bind(&hash.as_bytes()[..])
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Tells damage from everything that may pass.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    // https://www.postgresql.org/docs/current/errcodes-appendix.html:
    // data_corrupted and index_corrupted.
    const DAMAGED: [&str; 2] = ["XX001", "XX002"];
    sql::failed(error, |database| database.code().is_some_and(|code| DAMAGED.contains(&&*code)))
}
