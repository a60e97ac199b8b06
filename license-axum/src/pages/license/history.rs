//! The audit history, a part at a time.

use license_core::{runtime::AuditEntry, text};
use license_texts::Language;

/// A part of the audit history.
#[derive(Default)]
pub(in crate::pages) struct History {
    pub(in crate::pages) rows: Vec<HistoryRow>,
    /// Before which row the older ones are.
    pub(in crate::pages) before: Option<u64>,
}

pub(in crate::pages) struct HistoryRow {
    pub(in crate::pages) number: u64,
    pub(in crate::pages) when: String,
    pub(in crate::pages) datetime: String,
    pub(in crate::pages) outcome: String,
    pub(in crate::pages) license: String,
    pub(in crate::pages) who: String,
    pub(in crate::pages) address: String,
}

/// How many rows of the history a page has.
pub(in crate::pages) const ROWS: u32 = 20;

impl History {
    pub(in crate::pages) fn of(language: &Language, rows: Vec<AuditEntry>) -> Self {
        let before = rows.last().map(|it| it.row).filter(|row| *row > 1);
        let rows = rows.into_iter().map(|it| HistoryRow {
            number: it.row,
            when: language.moment(it.at),
            datetime: it.at.to_string(),
            outcome: language.outcome(&it.outcome),
            license: text::shown(&it.license_id.unwrap_or_default()),
            who: text::shown(&it.actor),
            address: it.address.unwrap_or_default(),
        });
        Self { rows: rows.collect(), before }
    }
}
