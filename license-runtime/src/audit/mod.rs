//! The audit history: who installed what, and what was refused.
//!
//! Rows are chained from the first one on. The hash of a row is SHA-256 over
//! the hash of the row before it (32 zero bytes for the first) and the row's
//! own fields, each with its length in front; the store keeps the last hash
//! and the number of rows beside the license. An [`AuditChain`] finds a row
//! that was edited, removed or moved afterwards. Whoever can rewrite the
//! whole store can rewrite the whole chain: keep its head elsewhere to
//! notice that too.

mod lines;

use std::{fmt, str::FromStr};

use license_core::{InstallErrorKind, Timestamp, TokenDigest, runtime::AuditEntry};
use sha2::{Digest, Sha256};

pub use self::lines::{ExportError, ExportVerdict, verify_export};

/// What is to be written to the audit history. Holds no token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// The license's id, where its signature and claims were verified.
    pub license_id: Option<String>,
    /// The identity of the license, where the token could be read.
    pub digest: Option<TokenDigest>,
    /// The text of an [`Outcome`].
    pub outcome: String,
}

/// What became of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The license took effect.
    Installed,
    /// It begins later and waits.
    Scheduled,
    /// It was installed already.
    Unchanged,
    /// A waiting license began and replaced the one before it.
    TookOver,
    /// The term of the license in force ended.
    Expired,
    /// It was taken out.
    Removed,
    /// It was refused.
    Refused(InstallErrorKind),
}

/// One row of the audit history, with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditRow {
    /// Its number, from 1 on without gaps.
    pub seq: u64,
    /// What happened.
    pub record: AuditRecord,
    /// The hash of the row before it.
    pub previous: ChainHash,
    /// Its own hash.
    pub hash: ChainHash,
}

/// A link of the chain. Shown as 64 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ChainHash([u8; 32]);

/// A text was not the hash of a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a hash of 64 hexadecimal digits")]
pub struct ParseChainHashError(());

/// The end of the chain: how many rows there are and the hash of the last.
/// To verify a history start from [`default`](Self::default) and let it
/// [`follow`](Self::follow) every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditChain {
    /// The number of rows.
    pub rows: u64,
    /// The hash of the last row.
    pub head: ChainHash,
}

/// Whether the audit history is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditVerdict {
    /// Every row is there, unchanged and in order.
    Intact {
        /// The number of rows.
        rows: u64,
    },
    /// The row of this number is the first that was edited, removed or moved.
    Broken {
        /// Its number, from 1 on.
        seq: u64,
    },
}

const TAG: &[u8] = b"license audit row 1";

impl AuditRecord {
    /// A record without address, license id and digest.
    pub fn new(at: Timestamp, actor: impl Into<String>, outcome: impl fmt::Display) -> Self {
        Self {
            at,
            actor: actor.into(),
            address: None,
            license_id: None,
            digest: None,
            outcome: outcome.to_string(),
        }
    }
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        let record = row.record;
        let mut entry = Self::new(record.at, record.actor, record.outcome);
        entry.row = row.seq;
        entry.address = record.address;
        entry.license_id = record.license_id;
        entry
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Installed => f.write_str("installed"),
            Self::Scheduled => f.write_str("scheduled"),
            Self::Unchanged => f.write_str("unchanged"),
            Self::TookOver => f.write_str("took_over"),
            Self::Expired => f.write_str("expired"),
            Self::Removed => f.write_str("removed"),
            Self::Refused(kind) => write!(f, "refused:{}", kind.as_str()),
        }
    }
}

impl AuditRow {
    /// A row as it was read from a store; nothing is verified.
    pub const fn new(seq: u64, record: AuditRecord, previous: ChainHash, hash: ChainHash) -> Self {
        Self { seq, record, previous, hash }
    }
}

impl ChainHash {
    /// A hash from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of(seq: u64, record: &AuditRecord, previous: Self) -> Self {
        let mut hash = Sha256::new();
        let mut field = |bytes: Option<&[u8]>| match bytes {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        };
        field(Some(TAG));
        field(Some(&previous.0));
        field(Some(&seq.to_be_bytes()));
        field(Some(&record.at.as_millis().to_be_bytes()));
        field(Some(record.actor.as_bytes()));
        field(record.address.as_deref().map(str::as_bytes));
        field(record.license_id.as_deref().map(str::as_bytes));
        field(record.digest.as_ref().map(|digest| &digest.as_bytes()[..]));
        field(Some(record.outcome.as_bytes()));
        Self(hash.finalize().into())
    }
}

impl FromStr for ChainHash {
    type Err = ParseChainHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseChainHashError(()))?;
        Ok(Self(bytes))
    }
}

impl AuditChain {
    /// A chain that ends so.
    pub const fn new(rows: u64, head: ChainHash) -> Self {
        Self { rows, head }
    }

    /// Adds a record at the end; the row is what is to be stored.
    pub fn append(&mut self, record: AuditRecord) -> AuditRow {
        let (seq, previous) = (self.rows.saturating_add(1), self.head);
        let hash = ChainHash::of(seq, &record, previous);
        *self = Self { rows: seq, head: hash };
        AuditRow { seq, record, previous, hash }
    }

    /// Goes on to the next row of a history.
    ///
    /// # Errors
    ///
    /// The number of the row that should stand here, if this is not it.
    pub fn follow(&mut self, row: &AuditRow) -> Result<(), u64> {
        let seq = self.rows.saturating_add(1);
        let fits = row.seq == seq
            && row.previous == self.head
            && row.hash == ChainHash::of(seq, &row.record, self.head);
        if !fits {
            return Err(seq);
        }
        *self = Self { rows: seq, head: row.hash };
        Ok(())
    }

    /// Judges rows, oldest first, against this end of their chain.
    pub fn verify<'r>(&self, rows: impl IntoIterator<Item = &'r AuditRow>) -> AuditVerdict {
        let mut chain = Self::default();
        for row in rows {
            if let Err(seq) = chain.follow(row) {
                return AuditVerdict::Broken { seq };
            }
        }
        chain.ends_at(*self)
    }

    /// The verdict after the last row, where the store says the chain ends.
    pub fn ends_at(&self, end: Self) -> AuditVerdict {
        if *self == end {
            AuditVerdict::Intact { rows: self.rows }
        } else if self.rows == end.rows {
            // As many rows as there should be, so the last one was replaced.
            AuditVerdict::Broken { seq: self.rows }
        } else {
            AuditVerdict::Broken { seq: self.rows.min(end.rows).saturating_add(1) }
        }
    }
}

impl AuditVerdict {
    /// Whether nothing was changed.
    pub const fn is_intact(self) -> bool {
        matches!(self, Self::Intact { .. })
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(actor: &str) -> AuditRecord {
        AuditRecord::new(Timestamp::from_seconds(1_800_000_000), actor, Outcome::Installed)
    }

    fn history() -> (AuditChain, Vec<AuditRow>) {
        let mut chain = AuditChain::default();
        let rows = ["a", "b", "c", "d"].map(|actor| chain.append(record(actor)));
        (chain, rows.into())
    }

    #[test]
    fn an_untouched_history_is_intact() {
        let (chain, rows) = history();
        assert_eq!(chain.verify(&rows), AuditVerdict::Intact { rows: 4 });
        assert_eq!(AuditChain::default().verify([]), AuditVerdict::Intact { rows: 0 });
    }

    #[test]
    fn a_row_with_any_field_edited_is_found() {
        let edits: [fn(&mut AuditRow); 8] = [
            |row| row.record.at = Timestamp::from_seconds(1),
            |row| row.record.actor = "x".into(),
            |row| row.record.address = Some("192.0.2.1".into()),
            |row| row.record.license_id = Some(String::new()),
            |row| row.record.digest = Some(TokenDigest::from_bytes([0; 32])),
            |row| row.record.outcome = "unchanged".into(),
            |row| row.previous = ChainHash::default(),
            |row| row.hash = ChainHash::default(),
        ];
        for edit in edits {
            let (chain, mut rows) = history();
            edit(&mut rows[2]);
            assert_eq!(chain.verify(&rows), AuditVerdict::Broken { seq: 3 });
        }
    }

    #[test]
    fn a_removed_row_is_found_the_last_one_too() {
        for removed in 0..4 {
            let (chain, mut rows) = history();
            rows.remove(removed);
            assert_eq!(chain.verify(&rows), AuditVerdict::Broken { seq: removed as u64 + 1 });
        }
        let (chain, _) = history();
        assert_eq!(chain.verify([]), AuditVerdict::Broken { seq: 1 });
    }

    #[test]
    fn moved_and_added_rows_are_found() {
        let (chain, mut rows) = history();
        rows.swap(1, 2);
        assert_eq!(chain.verify(&rows), AuditVerdict::Broken { seq: 2 });
        // Renumbered as well.
        let (chain, mut rows) = history();
        rows.swap(1, 2);
        (rows[1].seq, rows[2].seq) = (2, 3);
        assert_eq!(chain.verify(&rows), AuditVerdict::Broken { seq: 2 });
        let (mut longer, mut rows) = history();
        let chain = longer;
        rows.push(longer.append(record("e")));
        assert_eq!(chain.verify(&rows), AuditVerdict::Broken { seq: 5 });
    }

    #[test]
    fn text_cannot_wander_from_one_field_into_the_next() {
        let mut one = record("admin1");
        one.address = Some("92.0.2.1".into());
        let mut two = record("admin");
        two.address = Some("192.0.2.1".into());
        let hash = |record| AuditChain::default().append(record).hash;
        assert_ne!(hash(one), hash(two));
    }
}
