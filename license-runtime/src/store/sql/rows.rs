//! The license state and the audit history, as rows.

use license_core::{
    Timestamp, TokenDigest,
    licensing::StoredState,
    machine::{MachineHistory, Rebind},
    time::ClockMark,
};
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use super::corrupt;
use crate::{
    audit::{AuditChain, AuditRecord, AuditRow, ChainHash},
    store::{Loaded, StoreError, StoreErrorKind},
};

/// The one row of the license state.
#[derive(Debug)]
pub(crate) struct StateRow {
    pub(crate) revision: i64,
    current: Option<String>,
    next: Option<String>,
    newest_issued_at: Option<i64>,
    last_reset_at: Option<i64>,
    installation: Option<String>,
    clock_mark: Option<i64>,
    clock_latched: bool,
    corrupt: bool,
    audit_rows: i64,
    audit_head: Vec<u8>,
    machine: Option<String>,
    rebind_since: Option<i64>,
    rebind_newest_issued_at: Option<i64>,
}

/// The columns of what is remembered of the machine.
pub(crate) struct MachineColumns {
    pub(crate) machine: Option<String>,
    pub(crate) rebind_since: Option<i64>,
    pub(crate) rebind_newest_issued_at: Option<i64>,
}

/// One row of the audit history.
#[derive(Debug)]
pub(crate) struct RawAuditRow {
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

impl StateRow {
    /// This row, if its revision is the expected one.
    pub(crate) fn at(self, revision: u64) -> Result<Self, StoreError> {
        if u64::try_from(self.revision) == Ok(revision) {
            Ok(self)
        } else {
            Err(StoreErrorKind::Conflict.into())
        }
    }

    pub(crate) fn loaded(self) -> Result<Loaded, StoreError> {
        let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
        let revision = u64::try_from(self.revision).map_err(corrupt)?;
        let mut saved = StoredState::default();
        saved.current = self.current;
        saved.next = self.next;
        saved.newest_issued_at = time(self.newest_issued_at);
        saved.last_reset = time(self.last_reset_at);
        saved.clock = ClockMark::new(time(self.clock_mark), self.clock_latched);
        // A fingerprint of a form that is not known here is as good as forgotten.
        let verified = self.machine.and_then(|it| it.parse().ok());
        let rebind = time(self.rebind_since).zip(time(self.rebind_newest_issued_at));
        let rebind = rebind.map(|(since, newest)| Rebind::new(since, newest));
        let loaded = Loaded::new(saved, revision).corrupt(self.corrupt).named(self.installation);
        Ok(loaded.remembering(MachineHistory::new(verified, rebind)))
    }

    /// Where the audit history ends.
    pub(crate) fn chain(&self) -> Result<AuditChain, StoreError> {
        let rows = u64::try_from(self.audit_rows).map_err(corrupt)?;
        Ok(AuditChain::new(rows, hash(&self.audit_head)?))
    }
}

impl MachineColumns {
    pub(crate) fn of(history: &MachineHistory) -> Self {
        Self {
            machine: history.verified.as_ref().map(ToString::to_string),
            rebind_since: history.rebind.map(|it| it.since.as_millis()),
            rebind_newest_issued_at: history.rebind.map(|it| it.newest_issued_at.as_millis()),
        }
    }
}

impl RawAuditRow {
    pub(crate) fn parse(self) -> Result<AuditRow, StoreError> {
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

fn bytes(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(corrupt)
}

fn hash(hash: &[u8]) -> Result<ChainHash, StoreError> {
    bytes(hash).map(ChainHash::from_bytes)
}

impl<'r, R> FromRow<'r, R> for StateRow
where
    R: Row,
    for<'c> &'c str: ColumnIndex<R>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            revision: row.try_get("revision")?,
            current: row.try_get("current_token")?,
            next: row.try_get("next_token")?,
            newest_issued_at: row.try_get("newest_issued_at")?,
            last_reset_at: row.try_get("last_reset_at")?,
            installation: row.try_get("installation")?,
            clock_mark: row.try_get("clock_mark")?,
            clock_latched: row.try_get("clock_latched")?,
            corrupt: row.try_get("corrupt")?,
            audit_rows: row.try_get("audit_rows")?,
            audit_head: row.try_get("audit_head")?,
            machine: row.try_get("machine")?,
            rebind_since: row.try_get("rebind_since")?,
            rebind_newest_issued_at: row.try_get("rebind_newest_issued_at")?,
        })
    }
}

impl<'r, R> FromRow<'r, R> for RawAuditRow
where
    R: Row,
    for<'c> &'c str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
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
