//! What is known beside the balance.

use std::sync::Arc;

use license_core::time::Month;

use crate::store::{QuotaGrant, QuotaJournal, StoreError};

/// The account of one month.
///
/// `taken` always includes what is in the balance, so that what is spent is
/// the difference. Whoever changes both does it under the lock of the books;
/// spending alone needs no lock.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) month: Option<Month>,
    /// Units taken by all, as the store said last.
    pub(super) taken: u64,
    /// Whether the store has said so in this month.
    pub(super) known: bool,
    pub(super) journal: Option<Arc<dyn QuotaJournal>>,
}

impl Books {
    pub(super) fn open(month: Option<Month>) -> Self {
        Self { month, ..Self::default() }
    }

    /// What the store has said.
    pub(super) fn learn(&mut self, grant: QuotaGrant) {
        self.taken = grant.taken;
        self.known = true;
        if grant.journal.is_some() {
            self.journal = grant.journal;
        }
    }

    /// How much is used, while this much is left.
    pub(super) fn used(&self, left: u64) -> u64 {
        self.taken.saturating_sub(left)
    }

    /// Notes what is used.
    pub(super) fn note(&self, left: u64) -> Result<(), StoreError> {
        match &self.journal {
            Some(journal) => journal.note(self.used(left)),
            None => Ok(()),
        }
    }
}
