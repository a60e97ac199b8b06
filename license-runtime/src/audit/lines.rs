//! The audit history as JSON lines: one row on each, oldest first, and on the
//! last line where the chain ends.
//!
//! ```json
//! {"seq":1,"at":"2026-01-01T00:00:00.123Z","actor":"admin@example.com","address":"192.0.2.7","license_id":"lic_01","token_digest":"…","outcome":"installed","previous":"0000…","hash":"…"}
//! {"rows":1,"head":"…"}
//! ```
//!
//! The last line comes from elsewhere in the store than the rows, so that rows
//! missing at the end are noticed. Whoever removes rows at the end of a file
//! can rewrite its last line as well: only a head that was noted elsewhere
//! shows that. Digests and hashes are 64 hexadecimal digits.

use std::{
    io::{self, BufRead},
    str::FromStr,
};

use license_core::{
    Timestamp, TokenDigest,
    received::{self, Damage, Wanted},
};
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
    /// Where the good rows end. Worth noting elsewhere.
    pub end: AuditChain,
    /// The row whose hash is the head that was noted: up to it nothing is
    /// missing and nothing was rewritten. 0 where a history without rows was
    /// noted.
    pub noted_row: Option<u64>,
}

/// Why an exported history could not be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// No line is one of a history; what it is instead, where that is seen.
    #[error("not an audit export")]
    NotAnExport(Option<Damage>),
}

/// Bytes of the longest line that is looked at to name what was given.
const SHOWN: usize = 64 * 1024;

/// Reads a character of UTF-16 in one of its two orders.
type Unit = fn([u8; 2]) -> u16;

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

/// Judges an exported history: UTF-8, or UTF-16 of ASCII as PowerShell's `>`
/// writes it. Empty lines count for nothing; a line that is none of a history
/// counts as an edited row, unless there is no other.
///
/// `noted` is a head that was written down earlier, elsewhere.
///
/// # Errors
///
/// Something else than a history, and what reading itself fails with.
pub fn verify_export(
    input: impl BufRead,
    noted: Option<ChainHash>,
) -> Result<ExportVerdict, ExportError> {
    let mut lines = Lines::of(input)?;
    let mut chain = AuditChain::default();
    let mut noted_row = (noted == Some(chain.head)).then_some(0);
    let mut end = None;
    while let Some(line) = lines.next()? {
        let follows = match Line::read(&line) {
            _ if end.is_some() => false,
            Some(Line::Row(row)) => chain.follow(&row).is_ok(),
            Some(Line::End(said)) => {
                end = Some(said);
                continue;
            }
            None if chain.rows == 0 => {
                lines.find_history(line)?;
                false
            }
            None => false,
        };
        if !follows {
            let verdict = AuditVerdict::Broken { seq: chain.rows.saturating_add(1) };
            return Ok(ExportVerdict { verdict, has_end: false, end: chain, noted_row });
        }
        if noted == Some(chain.head) {
            noted_row = Some(chain.rows);
        }
    }
    if chain.rows == 0 && end.is_none() {
        return Err(ExportError::NotAnExport(Damage::of("", Wanted::AuditExport)));
    }
    let verdict = chain.ends_at(end.unwrap_or(chain));
    Ok(ExportVerdict { verdict, has_end: end.is_some(), end: chain, noted_row })
}

/// One line of a history.
enum Line {
    Row(AuditRow),
    End(AuditChain),
}

/// The lines of an export that are not empty.
struct Lines<R> {
    input: R,
    /// Makes a unit of UTF-16, where the text is that.
    unit: Option<fn([u8; 2]) -> u16>,
}

impl Line {
    fn read(line: &[u8]) -> Option<Self> {
        if let Some(row) = serde_json::from_slice::<RowLine>(line).ok().and_then(RowLine::into_row)
        {
            return Some(Self::Row(row));
        }
        serde_json::from_slice::<EndLine>(line).ok().and_then(EndLine::chain).map(Self::End)
    }
}

impl<R: BufRead> Lines<R> {
    fn of(mut input: R) -> io::Result<Self> {
        let (mark, unit): (_, Option<Unit>) = match input.fill_buf()? {
            [0xff, 0xfe, ..] => (2, Some(u16::from_le_bytes)),
            [0xfe, 0xff, ..] => (2, Some(u16::from_be_bytes)),
            [0xef, 0xbb, 0xbf, ..] => (3, None),
            _ => (0, None),
        };
        input.consume(mark);
        Ok(Self { input, unit })
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let mut line = Vec::new();
            if self.input.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            if let Some(unit) = self.unit {
                // The line feed of little-endian text has its zero behind it.
                if line.len() % 2 == 1 && self.input.fill_buf()?.first() == Some(&0) {
                    self.input.consume(1);
                    line.push(0);
                }
                if let Ok(text) = received::utf16(&line, unit) {
                    line = text.into_bytes();
                }
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line.trim_ascii().to_vec()));
            }
        }
    }

    /// Whether anything behind a first line that is none of a history is one.
    fn find_history(&mut self, first: Vec<u8>) -> Result<(), ExportError> {
        let mut seen = first;
        while let Some(line) = self.next()? {
            if Line::read(&line).is_some() {
                return Ok(());
            }
            if seen.len() < SHOWN {
                seen.push(b'\n');
                seen.extend(line);
            }
        }
        Err(ExportError::NotAnExport(Damage::of_bytes(&seen, Wanted::AuditExport)))
    }
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
    text.parse().ok()
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
        verify_export(lines.concat().as_bytes(), None).unwrap()
    }

    #[test]
    fn what_was_exported_is_intact() {
        let lines = export();
        assert!(lines.iter().all(|line| line.matches('\n').count() == 1 && line.ends_with('\n')));
        let intact = AuditVerdict::Intact { rows: 4 };
        for (lines, has_end) in [(&lines[..], true), (&lines[..4], false)] {
            let judged = judged(lines);
            assert_eq!((judged.verdict, judged.has_end), (intact, has_end));
            assert_eq!((judged.end.rows, judged.noted_row), (4, None));
        }
        let empty = judged(&[AuditChain::default().to_line()]);
        assert_eq!((empty.verdict, empty.has_end), (AuditVerdict::Intact { rows: 0 }, true));
    }

    #[test]
    fn an_export_is_read_as_it_was_saved_on_windows() {
        let lines: String = export().concat().replace("Zoë", "Zoe").replace("\u{202e}", "");
        // The first row's hash is that of another name now.
        let seq = AuditVerdict::Broken { seq: 1 };
        assert_eq!(verify_export(lines.as_bytes(), None).unwrap().verdict, seq);
        let mut chain = AuditChain::default();
        let at = Timestamp::from_seconds(1_800_000_000);
        let row = chain.append(AuditRecord::new(at, "admin", Outcome::Installed)).to_line();
        let text = format!("{row}\n{}", chain.to_line()).replace('\n', "\r\n");
        let units = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("\u{feff}{text}").encode_utf16().flat_map(bytes).collect()
        };
        for bytes in [
            text.clone().into_bytes(),
            format!("\u{feff}{text}").into_bytes(),
            units(u16::to_le_bytes),
            units(u16::to_be_bytes),
        ] {
            let judged = verify_export(&bytes[..], None).unwrap();
            assert_eq!((judged.verdict, judged.has_end), (AuditVerdict::Intact { rows: 1 }, true));
        }
    }

    #[test]
    fn case_66_a_cut_tail_with_a_rewritten_end_is_found_by_a_noted_head() {
        let lines = export();
        let noted = judged(&lines).end;
        assert_eq!(lines[4], noted.to_line());
        let mut cut = lines[..2].to_vec();
        let end = judged(&cut).end;
        cut.push(end.to_line());
        let judge = |lines: &[String]| {
            let judged = verify_export(lines.concat().as_bytes(), Some(noted.head)).unwrap();
            (judged.verdict.is_intact() && judged.has_end, judged.noted_row)
        };
        assert_eq!(judge(&cut), (true, None));
        assert_eq!(judge(&lines), (true, Some(4)));
        // A history that went on contains the head that was noted before.
        let grown = verify_export(lines.concat().as_bytes(), Some(end.head)).unwrap();
        assert_eq!(grown.noted_row, Some(2));
    }

    #[test]
    fn case_67_something_else_is_no_export() {
        let license = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
        for (text, name) in [
            ("", "empty"),
            ("\r\n \n", "empty"),
            (license, "a license, not an audit export"),
            (
                r#"{"type":"urn","title":"unauthenticated","status":401,"code":"unauthenticated"}"#,
                "the error answer of a service, not an audit export",
            ),
            (
                "{\n  \"title\": 1,\n  \"status\": 401,\n  \"code\": 2\n}",
                "the error answer of a service, not an audit export",
            ),
            ("<html>\n<body>401</body>\n", "a web page or XML, not an audit export"),
            ("\u{1f600}", ""),
            (r#"[{"at":"2026"}]"#, ""),
        ] {
            match verify_export(text.as_bytes(), None) {
                Err(ExportError::NotAnExport(damage)) => {
                    assert_eq!(damage.map(|it| it.to_string()).unwrap_or_default(), name);
                }
                other => panic!("{other:?}: {text}"),
            }
        }
        let mut garbled = export();
        garbled[0] = "garbled\n".to_owned();
        assert_eq!(judged(&garbled).verdict, AuditVerdict::Broken { seq: 1 });
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
