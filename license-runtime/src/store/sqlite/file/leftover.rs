//! What lies beside the file when it is opened: the journal of a process that
//! was killed in the middle of writing, or one of another file.
//!
//! SQLite takes whatever has the right name for the file's own and carries it
//! over, so that a backup that was put in place of a file would become a
//! mixture of both, or what the file was before. A rollback journal holds the
//! first page as it was, and with it the number of its last change: that is
//! how its file is known. A write-ahead log cannot be told apart, but this
//! store has none.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::Path,
};

use super::open::{unavailable, with_suffix};
use crate::store::StoreError;

/// How a rollback journal begins: <https://sqlite.org/fileformat2.html>.
const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// How much of a file says what it is.
pub(super) const HEAD_BYTES: usize = 100;
/// Where the first page has the number of its last change.
const CHANGE: usize = 24;
/// Where it has the versions of its format; 2 is one with a write-ahead log.
const VERSIONS: [usize; 2] = [18, 19];

/// The beginning of the file; shorter where the file is.
pub(super) fn head(path: &Path) -> Result<Vec<u8>, StoreError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(unavailable)?;
    file.take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(unavailable)?;
    Ok(head)
}

/// Moves out of the way what belongs to another file, and says so.
pub(super) fn set_aside(path: &Path, head: &[u8], seconds: i64) -> Result<(), StoreError> {
    let Some(change) = number(head, CHANGE) else { return Ok(()) };
    let journal = read(&with_suffix(path, "-journal"))?;
    if !is_of(&journal, change) {
        rename(path, "-journal", seconds)?;
    }
    let logs = VERSIONS.iter().all(|at| head.get(*at) == Some(&2));
    if !logs && !read(&with_suffix(path, "-wal"))?.is_empty() {
        rename(path, "-wal", seconds)?;
    }
    Ok(())
}

fn rename(path: &Path, suffix: &str, seconds: i64) -> Result<(), StoreError> {
    let from = with_suffix(path, suffix);
    let to = with_suffix(path, &format!("{suffix}.foreign-{seconds}"));
    fs::rename(&from, &to).map_err(unavailable)?;
    tracing::warn!(
        kept = %to.display(),
        "beside the license store lay the journal of another file, as after a backup was put in \
         place of one that was not closed; it was kept aside, and the file is read as it is"
    );
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(unavailable),
    }
}

/// Whether carrying a journal over brings back what the file with this number
/// was: it was begun at this number or, where the file was written since, the
/// one before. Also where it holds nothing that would be carried over.
fn is_of(journal: &[u8], change: u32) -> bool {
    let begun_at = match begun_at(journal) {
        BegunAt::Nothing => return true,
        BegunAt::Unknown => return false,
        BegunAt::Change(number) => number,
    };
    begun_at == change || begun_at.wrapping_add(1) == change
}

enum BegunAt {
    /// There is nothing to be carried over.
    Nothing,
    /// It does not say.
    Unknown,
    Change(u32),
}

/// At which change a journal was begun: its records are the number of a page,
/// the page and a check; they come in segments, each with a header and padded
/// to a sector.
fn begun_at(journal: &[u8]) -> BegunAt {
    let mut start = 0;
    let mut is_empty = true;
    while journal.get(start..).is_some_and(|rest| rest.starts_with(&MAGIC)) {
        let field = |at: usize| number(journal, start + at).and_then(|it| usize::try_from(it).ok());
        let (Some(count), Some(sector), Some(page)) = (field(8), field(20), field(24)) else {
            break;
        };
        if sector == 0 {
            break;
        }
        let mut record = start.saturating_add(sector);
        for _ in 0..count {
            let Some(page_number) = number(journal, record) else { break };
            is_empty = false;
            if page_number == 1 {
                return number(journal, record.saturating_add(4 + CHANGE))
                    .map_or(BegunAt::Unknown, BegunAt::Change);
            }
            record = record.saturating_add(page).saturating_add(8);
        }
        let next = record.div_ceil(sector).saturating_mul(sector);
        if next <= start {
            break;
        }
        start = next;
    }
    if is_empty { BegunAt::Nothing } else { BegunAt::Unknown }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}
