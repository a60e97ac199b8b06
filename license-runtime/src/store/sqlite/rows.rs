//! The two tables, as statements and as types.

use license_core::{Timestamp, licensing::StoredState, machine::MachineHistory, time::ClockMark};
use sqlx::{Executor, FromRow, Row, SqliteConnection, error::DatabaseError, sqlite::SqliteRow};

use super::seal;
use crate::{
    audit::{AuditChain, AuditRecord, AuditRow},
    store::{
        Loaded, StoreError, StoreErrorKind,
        sql::{self, MachineColumns, RawAuditRow, StateRow, corrupt},
    },
};

/// Reads the license state.
pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Loaded, StoreError> {
    read(connection).await?.loaded()
}

/// Replaces the license state and adds an audit row. Returns the revision.
pub(super) async fn install(
    connection: &mut SqliteConnection,
    revision: u64,
    saved: &StoredState,
    record: AuditRecord,
) -> Result<u64, StoreError> {
    let state = read(connection).await?.at(revision)?;
    sqlx::query(
        "UPDATE license_state SET revision = ?, current_token = ?, next_token = ?, \
         newest_issued_at = ?, last_reset_at = ?, clock_mark = ?, clock_latched = ?, corrupt = 0",
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

/// Replaces the clock mark.
pub(super) async fn save_clock(
    connection: &mut SqliteConnection,
    revision: u64,
    clock: ClockMark,
) -> Result<(), StoreError> {
    read(connection).await?.at(revision)?;
    sqlx::query("UPDATE license_state SET clock_mark = ?, clock_latched = ?")
        .bind(clock.mark.map(Timestamp::as_millis))
        .bind(clock.latched)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    reseal(connection).await
}

/// Names the installation unless it has a name. Returns the one it has.
pub(super) async fn name_installation(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<String, StoreError> {
    read(connection).await?;
    let name = sqlx::query_scalar(
        "UPDATE license_state SET installation = coalesce(installation, ?) RETURNING installation",
    )
    .bind(name)
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    reseal(connection).await?;
    Ok(name)
}

/// The id by which the installation is known as a machine, where it has one.
pub(super) async fn installation_id(
    connection: &mut SqliteConnection,
) -> Result<Option<String>, StoreError> {
    let row = state(connection).await?;
    seal::check(&row)?;
    row.try_get("installation_id").map_err(failed)
}

/// Gives the installation an id unless it has one. Returns the one it has.
pub(super) async fn set_installation_id(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<String, StoreError> {
    read(connection).await?;
    let id = sqlx::query_scalar(
        "UPDATE license_state SET installation_id = coalesce(installation_id, ?) \
         RETURNING installation_id",
    )
    .bind(id)
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    reseal(connection).await?;
    Ok(id)
}

/// Replaces what is remembered of the machine.
pub(super) async fn save_machine(
    connection: &mut SqliteConnection,
    history: &MachineHistory,
) -> Result<(), StoreError> {
    read(connection).await?;
    let columns = MachineColumns::of(history);
    sqlx::query(
        "UPDATE license_state SET machine = ?, rebind_since = ?, rebind_newest_issued_at = ?",
    )
    .bind(columns.machine)
    .bind(columns.rebind_since)
    .bind(columns.rebind_newest_issued_at)
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    reseal(connection).await
}

/// Adds an audit row.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    record: AuditRecord,
) -> Result<(), StoreError> {
    let state = read(connection).await?;
    append(connection, &state, record).await
}

/// The newest audit rows, newest first.
pub(super) async fn newest(
    connection: &mut SqliteConnection,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows: Vec<RawAuditRow> =
        sqlx::query_as("SELECT * FROM license_audit ORDER BY seq DESC LIMIT ?")
            .bind(limit)
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    rows.into_iter().map(RawAuditRow::parse).collect()
}

/// Audit rows behind the row of this number, oldest first, and where the
/// history ends.
pub(super) async fn after(
    connection: &mut SqliteConnection,
    seq: u64,
    limit: u32,
) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
    let end = read(connection).await?.chain()?;
    // A row whose number was made 0 or less is behind none: the next is missed.
    let rows: Vec<RawAuditRow> =
        sqlx::query_as("SELECT * FROM license_audit WHERE seq > ? ORDER BY seq LIMIT ?")
            .bind(i64::try_from(seq).unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    let rows: Result<_, _> = rows.into_iter().map(RawAuditRow::parse).collect();
    Ok((rows?, end))
}

/// Adds an audit row unless one of this outcome and digest is there.
pub(super) async fn record_once(
    connection: &mut SqliteConnection,
    record: AuditRecord,
) -> Result<(), StoreError> {
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM license_audit WHERE outcome = ? AND token_digest IS ?)",
    )
    .bind(&record.outcome)
    .bind(record.digest.map(|digest| digest.as_bytes().to_vec()))
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    if known { Ok(()) } else { self::record(connection, record).await }
}

/// Says that an unreadable file was kept aside.
pub(super) async fn note_corrupt(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    connection.execute("UPDATE license_state SET corrupt = 1").await.map_err(failed)?;
    reseal(connection).await
}

/// Finds a state that nobody has written, and an audit history that does not
/// end where the state says; seals a state that was not sealed yet.
pub(super) async fn check(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let row = state(connection).await?;
    seal::check(&row)?;
    let end = StateRow::from_row(&row).map_err(failed)?.chain()?;
    let last: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT seq, hash FROM license_audit ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
    let (rows, head) = last.unwrap_or((0, vec![0; 32]));
    if u64::try_from(rows) != Ok(end.rows) || head != end.head.as_bytes() {
        return Err(corrupt("the end of the audit history"));
    }
    if seal::in_row(&row)?.is_none() { reseal(connection).await } else { Ok(()) }
}

async fn read(connection: &mut SqliteConnection) -> Result<StateRow, StoreError> {
    let row = state(connection).await?;
    seal::check(&row)?;
    StateRow::from_row(&row).map_err(failed)
}

async fn state(connection: &mut SqliteConnection) -> Result<SqliteRow, StoreError> {
    sqlx::query("SELECT * FROM license_state WHERE id = 1")
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Makes the check anew. Whatever changes the state ends with it.
async fn reseal(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let seal = seal::of(&state(connection).await?)?;
    sqlx::query("UPDATE license_state SET seal = ?")
        .bind(&seal[..])
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Adds an audit row behind those that are there.
async fn append(
    connection: &mut SqliteConnection,
    state: &StateRow,
    record: AuditRecord,
) -> Result<(), StoreError> {
    let AuditRow { seq, record, previous, hash } = state.chain()?.append(record);
    let seq = i64::try_from(seq).map_err(corrupt)?;
    sqlx::query("INSERT INTO license_audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
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
    sqlx::query("UPDATE license_state SET audit_rows = ?, audit_head = ?")
        .bind(seq)
        .bind(&hash.as_bytes()[..])
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    reseal(connection).await
}

/// Tells damage from everything that may pass.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    // https://sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_NOTADB, with
    // all their extended codes.
    const DAMAGED: [i32; 2] = [11, 26];
    sql::failed(error, |error| result_code(error).is_some_and(|code| DAMAGED.contains(&code)))
}

/// The file is not what it was when it was opened.
pub(super) fn changed() -> StoreError {
    StoreError::new(StoreErrorKind::Replaced).with_source(
        "the file was changed or replaced by somebody else while the service runs; nothing more \
         is written to it: start the service again to go on with what it holds now",
    )
}

/// The code of SQLite's, without what extends it.
pub(super) fn result_code(error: &dyn DatabaseError) -> Option<i32> {
    error.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}
