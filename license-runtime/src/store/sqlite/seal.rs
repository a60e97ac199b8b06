//! The check over the license state: a digest of every column of its row but
//! the one in which the digest stands.
//!
//! A column that was added after there were checks counts once it holds
//! something, so that a row which was written before is as sound as it was.
//!
//! It finds what a disk has changed by itself. Whoever can write the file can
//! write a digest, too.

use sha2::{Digest, Sha256};
use sqlx::{
    Column, Decode, Row, Sqlite, TypeInfo, ValueRef,
    sqlite::{SqliteRow, SqliteValueRef},
};

use super::rows::failed;
use crate::store::{StoreError, sql::corrupt};

/// Where the digest stands.
const COLUMN: &str = "seal";
/// What was added after it.
const ADDED: [&str; 4] = ["installation_id", "machine", "rebind_since", "rebind_newest_issued_at"];

/// The digest that belongs to this row.
pub(super) fn of(row: &SqliteRow) -> Result<[u8; 32], StoreError> {
    let mut digest = Sha256::new();
    for column in row.columns().iter().filter(|column| column.name() != COLUMN) {
        let value = row.try_get_raw(column.ordinal()).map_err(failed)?;
        if value.is_null() && ADDED.contains(&column.name()) {
            continue;
        }
        add(&mut digest, column.name().as_bytes());
        let kind = value.type_info().name().to_owned();
        add(&mut digest, kind.as_bytes());
        match &*kind {
            "NULL" => {}
            "INTEGER" => add(&mut digest, &decode::<i64>(value)?.to_be_bytes()),
            "TEXT" => add(&mut digest, decode::<String>(value)?.as_bytes()),
            "BLOB" => add(&mut digest, &decode::<Vec<u8>>(value)?),
            _ => return Err(corrupt("a column of the license state")),
        }
    }
    Ok(digest.finalize().into())
}

/// What stands in the row; nothing where the row was written before there
/// were digests.
pub(super) fn in_row(row: &SqliteRow) -> Result<Option<Vec<u8>>, StoreError> {
    row.try_get(COLUMN).map_err(failed)
}

/// Finds a row that is not as it was written.
pub(super) fn check(row: &SqliteRow) -> Result<(), StoreError> {
    match in_row(row)? {
        Some(seal) if seal != of(row)? => Err(corrupt("the check over the license state")),
        _ => Ok(()),
    }
}

fn add(digest: &mut Sha256, bytes: &[u8]) {
    digest.update(bytes.len().to_be_bytes());
    digest.update(bytes);
}

fn decode<'r, T: Decode<'r, Sqlite>>(value: SqliteValueRef<'r>) -> Result<T, StoreError> {
    T::decode(value).map_err(corrupt)
}
