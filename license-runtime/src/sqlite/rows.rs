//! The two tables, as statements and as types.

use license_core::{ClockMark, Saved, Timestamp, TokenDigest};
use sqlx::{Executor, FromRow, Row, SqliteConnection, sqlite::SqliteRow};

use crate::{AuditChain, AuditRecord, AuditRow, ChainHash, Loaded, StoreError, StoreErrorKind};

/// The one row of `license_state`.
struct StateRow {
    revision: i64,
    current: Option<String>,
    next: Option<String>,
    newest_issued_at: Option<i64>,
    clock_mark: Option<i64>,
    clock_latched: bool,
    corrupt: bool,
    audit_rows: i64,
    audit_head: Vec<u8>,
}

/// One row of `license_audit`.
struct RawAuditRow {
    seq: i64,
    at: i64,
    actor: String,
    address: Option<String>,
    license_id: Option<String>,
    digest: Option<Vec<u8>>,
    outcome: String,
    previous: Vec<u8>,
    hash: Vec<u8>,
}

/// Reads the license state.
pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Loaded, StoreError> {
    StateRow::read(connection).await?.loaded()
}

/// Replaces the license state and adds an audit row. Returns the revision.
pub(super) async fn install(
    connection: &mut SqliteConnection,
    revision: u64,
    saved: &Saved,
    record: AuditRecord,
) -> Result<u64, StoreError> {
    let state = StateRow::read(connection).await?.at(revision)?;
    sqlx::query(
        "UPDATE license_state SET revision = ?, current_token = ?, next_token = ?, \
         newest_issued_at = ?, clock_mark = ?, clock_latched = ?, corrupt = 0",
    )
    .bind(state.revision.saturating_add(1))
    .bind(&saved.current)
    .bind(&saved.next)
    .bind(saved.newest_issued_at.map(Timestamp::as_millis))
    .bind(saved.clock.mark.map(Timestamp::as_millis))
    .bind(saved.clock.latched)
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    state.append(connection, record).await?;
    Ok(revision.saturating_add(1))
}

/// Replaces the clock mark.
pub(super) async fn save_clock(
    connection: &mut SqliteConnection,
    revision: u64,
    clock: ClockMark,
) -> Result<(), StoreError> {
    StateRow::read(connection).await?.at(revision)?;
    sqlx::query("UPDATE license_state SET clock_mark = ?, clock_latched = ?")
        .bind(clock.mark.map(Timestamp::as_millis))
        .bind(clock.latched)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds an audit row.
pub(super) async fn record(
    connection: &mut SqliteConnection,
    record: AuditRecord,
) -> Result<(), StoreError> {
    StateRow::read(connection).await?.append(connection, record).await
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
    let end = StateRow::read(connection).await?.chain()?;
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
    let noted = connection.execute("UPDATE license_state SET corrupt = 1").await;
    noted.map(drop).map_err(failed)
}

impl StateRow {
    async fn read(connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        sqlx::query_as("SELECT * FROM license_state WHERE id = 1")
            .fetch_one(connection)
            .await
            .map_err(failed)
    }

    /// This row, if its revision is the expected one.
    fn at(self, revision: u64) -> Result<Self, StoreError> {
        if u64::try_from(self.revision) == Ok(revision) {
            Ok(self)
        } else {
            Err(StoreErrorKind::Conflict.into())
        }
    }

    fn loaded(self) -> Result<Loaded, StoreError> {
        let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
        let revision = u64::try_from(self.revision).map_err(corrupt)?;
        let mut saved = Saved::default();
        saved.current = self.current;
        saved.next = self.next;
        saved.newest_issued_at = time(self.newest_issued_at);
        saved.clock = ClockMark::new(time(self.clock_mark), self.clock_latched);
        Ok(Loaded::new(saved, revision).corrupt(self.corrupt))
    }

    /// Where the audit history ends.
    fn chain(&self) -> Result<AuditChain, StoreError> {
        let rows = u64::try_from(self.audit_rows).map_err(corrupt)?;
        Ok(AuditChain::new(rows, hash(&self.audit_head)?))
    }

    /// Adds an audit row behind those that are there.
    async fn append(
        &self,
        connection: &mut SqliteConnection,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        let AuditRow { seq, record, previous, hash } = self.chain()?.append(record);
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
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

impl RawAuditRow {
    fn parse(self) -> Result<AuditRow, StoreError> {
        let mut record =
            AuditRecord::new(Timestamp::from_millis(self.at), self.actor, self.outcome);
        record.address = self.address;
        record.license_id = self.license_id;
        record.digest = match self.digest {
            Some(digest) => Some(TokenDigest::from_bytes(bytes(&digest)?)),
            None => None,
        };
        let seq = u64::try_from(self.seq).map_err(corrupt)?;
        Ok(AuditRow::new(seq, record, hash(&self.previous)?, hash(&self.hash)?))
    }
}

/// Tells damage from everything that may pass.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    // https://sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_NOTADB, with
    // all their extended codes.
    const DAMAGED: [i32; 2] = [11, 26];
    let kind = match &error {
        sqlx::Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse::<i32>().ok());
            match code {
                Some(code) if DAMAGED.contains(&(code & 0xff)) => StoreErrorKind::Corrupt,
                _ => StoreErrorKind::Unavailable,
            }
        }
        sqlx::Error::RowNotFound
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::new(kind).with_source(error)
}

pub(super) fn corrupt(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt).with_source(error)
}

fn bytes(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(corrupt)
}

fn hash(hash: &[u8]) -> Result<ChainHash, StoreError> {
    bytes(hash).map(ChainHash::from_bytes)
}

impl FromRow<'_, SqliteRow> for StateRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            revision: row.try_get("revision")?,
            current: row.try_get("current_token")?,
            next: row.try_get("next_token")?,
            newest_issued_at: row.try_get("newest_issued_at")?,
            clock_mark: row.try_get("clock_mark")?,
            clock_latched: row.try_get("clock_latched")?,
            corrupt: row.try_get("corrupt")?,
            audit_rows: row.try_get("audit_rows")?,
            audit_head: row.try_get("audit_head")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for RawAuditRow {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            actor: row.try_get("actor")?,
            address: row.try_get("address")?,
            license_id: row.try_get("license_id")?,
            digest: row.try_get("token_digest")?,
            outcome: row.try_get("outcome")?,
            previous: row.try_get("previous")?,
            hash: row.try_get("hash")?,
        })
    }
}
