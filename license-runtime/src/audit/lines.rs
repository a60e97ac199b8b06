//! The audit history as JSON lines: one row on each, oldest first, and on the
//! last line where the chain ends.
//!
//! ```json
//! {"seq":1,"at":"2026-01-01T00:00:00.123Z","actor":"admin@example.com","address":"192.0.2.7","license_id":"lic_01","token_digest":"…","outcome":"installed","previous":"0000…","hash":"…"}
//! {"rows":1,"head":"…"}
//! ```
//!
//! The last line comes from elsewhere in the store than the rows, so that rows
//! missing at the end are noticed. Digests and hashes are 64 hexadecimal
//! digits.

use std::{
    io::{self, BufRead},
    str::FromStr,
};

use license_core::{Timestamp, TokenDigest};
use serde::{Deserialize, Serialize};

use super::{AuditChain, AuditRecord, AuditRow, AuditVerdict, ChainHash};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RowLine {
    seq: u64,
    at: Timestamp,
    actor: String,
    address: Option<String>,
    license_id: Option<String>,
    token_digest: Option<String>,
    outcome: String,
    previous: String,
    hash: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EndLine {
    rows: u64,
    head: String,
}

/// What an exported history turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportVerdict {
    /// Whether the rows are as they were written.
    pub verdict: AuditVerdict,
    /// Whether the line that says where the chain ends was there. Without it
    /// rows missing at the end go unnoticed.
    pub has_end: bool,
}

impl AuditRow {
    /// The row as a line, with its line feed.
    pub fn to_line(&self) -> String {
        let AuditRow { seq, record, previous, hash } = self;
        line(&RowLine {
            seq: *seq,
            at: record.at,
            actor: record.actor.clone(),
            address: record.address.clone(),
            license_id: record.license_id.clone(),
            token_digest: record.digest.as_ref().map(ToString::to_string),
            outcome: record.outcome.clone(),
            previous: previous.to_string(),
            hash: hash.to_string(),
        })
    }
}

impl AuditChain {
    /// The last line of a history that ends so, with its line feed.
    pub fn to_line(&self) -> String {
        line(&EndLine { rows: self.rows, head: self.head.to_string() })
    }
}

/// Judges an exported history. A line that is none of a history counts as an
/// edited row; empty lines count for nothing.
///
/// # Errors
///
/// Only what reading itself fails with.
pub fn verify_export(input: impl BufRead) -> io::Result<ExportVerdict> {
    let mut chain = AuditChain::default();
    let mut end = None;
    for line in input.split(b'\n') {
        let line = line?;
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let next = chain.rows.saturating_add(1);
        let broken = ExportVerdict { verdict: AuditVerdict::Broken { seq: next }, has_end: false };
        if end.is_some() {
            return Ok(broken);
        }
        match serde_json::from_slice::<RowLine>(line).ok().and_then(RowLine::into_row) {
            Some(row) if chain.follow(&row).is_ok() => {}
            Some(_) => return Ok(broken),
            None => match serde_json::from_slice::<EndLine>(line).ok().and_then(EndLine::chain) {
                Some(said) => end = Some(said),
                None => return Ok(broken),
            },
        }
    }
    let verdict = chain.ends_at(end.unwrap_or(chain));
    Ok(ExportVerdict { verdict, has_end: end.is_some() })
}

impl RowLine {
    fn into_row(self) -> Option<AuditRow> {
        let mut record = AuditRecord::new(self.at, self.actor, self.outcome);
        record.address = self.address;
        record.license_id = self.license_id;
        record.digest = match self.token_digest {
            Some(digest) => Some(TokenDigest::from_str(&digest).ok()?),
            None => None,
        };
        Some(AuditRow::new(self.seq, record, hash(&self.previous)?, hash(&self.hash)?))
    }
}

impl EndLine {
    fn chain(self) -> Option<AuditChain> {
        Some(AuditChain::new(self.rows, hash(&self.head)?))
    }
}

fn hash(text: &str) -> Option<ChainHash> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(ChainHash::from_bytes(bytes))
}

fn line(value: &impl Serialize) -> String {
    // Texts and numbers alone: writing them cannot fail.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Outcome;

    fn export() -> Vec<String> {
        let mut chain = AuditChain::default();
        let mut lines: Vec<String> = (0..4)
            .map(|number| {
                let at = Timestamp::from_millis(1_800_000_000_123 + number);
                let mut record = AuditRecord::new(at, "Zoë \"\u{202e}\n", Outcome::Installed);
                record.address = (number > 1).then(|| "2001:db8::1".to_owned());
                record.license_id = (number > 0).then(String::new);
                record.digest = (number > 2).then(|| TokenDigest::from_bytes([7; 32]));
                chain.append(record).to_line()
            })
            .collect();
        lines.push(chain.to_line());
        lines
    }

    fn judged(lines: &[String]) -> ExportVerdict {
        verify_export(lines.concat().as_bytes()).unwrap()
    }

    #[test]
    fn what_was_exported_is_intact() {
        let lines = export();
        assert!(lines.iter().all(|line| line.matches('\n').count() == 1 && line.ends_with('\n')));
        let verdict = AuditVerdict::Intact { rows: 4 };
        assert_eq!(judged(&lines), ExportVerdict { verdict, has_end: true });
        assert_eq!(judged(&lines[..4]), ExportVerdict { verdict, has_end: false });
        let windows = lines.concat().replace('\n', "\r\n\r\n");
        assert!(verify_export(windows.as_bytes()).unwrap().verdict.is_intact());
        assert_eq!(verify_export(&b""[..]).unwrap().verdict, AuditVerdict::Intact { rows: 0 });
    }

    #[test]
    fn an_edited_removed_moved_or_added_line_is_found() {
        let broken = |seq, lines: &[String]| {
            assert_eq!(judged(lines).verdict, AuditVerdict::Broken { seq });
        };
        let edits = [
            ("\"at\":\"2027-01-15T08:00:00.125Z\"", "\"at\":\"2027-01-15T08:00:00.126Z\""),
            ("\"actor\":\"Zo", "\"actor\":\"zo"),
            ("2001:db8::1", "2001:db8::2"),
            ("\"license_id\":\"\"", "\"license_id\":null"),
            ("\"outcome\":\"installed\"", "\"outcome\":\"scheduled\""),
            ("\"seq\":3", "\"seq\":4"),
            ("\"seq\"", "\"sequence\""),
            ("}", ""),
        ];
        for (from, to) in edits {
            let mut lines = export();
            assert!(lines[2].contains(from), "{from} in {}", lines[2]);
            lines[2] = lines[2].replacen(from, to, 1);
            broken(3, &lines);
        }
        let mut lines = export();
        lines.remove(1);
        broken(2, &lines);
        let mut lines = export();
        lines.remove(3);
        broken(4, &lines);
        let mut lines = export();
        lines.swap(0, 1);
        broken(1, &lines);
        let mut lines = export();
        lines.push(lines[4].clone());
        broken(5, &lines);
    }
}
