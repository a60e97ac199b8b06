//! What a store and a quota say to each other.
//!
//! A quota is counted in *units*. Whoever serves uses takes a block of units
//! from the store, spends it in memory, and brings back what is left when it
//! shuts down. The store counts units as *taken*, so that a block whose taker
//! has crashed counts as spent.

use std::{fmt, sync::Arc};

use crate::store::StoreError;

/// A wish for units of a quota in one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaRequest {
    /// With fewer nothing is done; at least 1.
    pub least: u64,
    /// More than this is not needed; at least `least`.
    pub most: u64,
    /// How many may be taken within the month by all; `None` is unlimited.
    pub cap: Option<u64>,
}

/// What a store has answered.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct QuotaGrant {
    /// How many units the asker has now: 0, or from `least` to `most`.
    pub granted: u64,
    /// How many are taken in the month by all, these included.
    pub taken: u64,
    /// Where to note what is really spent, if the store cares.
    pub journal: Option<Arc<dyn QuotaJournal>>,
}

/// Where the only user of a store notes how many units of one quota and month
/// are spent, so that what is left of an open block survives a killed process.
pub trait QuotaJournal: fmt::Debug + Send + Sync {
    /// Notes that this many units are spent. A lower number than before is
    /// ignored. Called for every use: it waits for no disk.
    ///
    /// # Errors
    ///
    /// `Unavailable` when it could not be noted.
    fn note(&self, spent: u64) -> Result<(), StoreError>;
}

/// Of what is left for all, one asker of a shared store gets at most this part
/// at a time.
const PART: u64 = 8;

impl QuotaRequest {
    /// A wish for `least` to `most` units while at most `cap` are taken.
    pub const fn new(least: u64, most: u64, cap: Option<u64>) -> Self {
        Self { least, most, cap }
    }

    /// What a store grants that has no other askers: as much as there is.
    pub fn grant(&self, taken: u64) -> u64 {
        let remaining = self.remaining(taken);
        if remaining < self.least { 0 } else { remaining.min(self.most) }
    }

    /// What a store grants that others ask, too: blocks that shrink to the
    /// least near the cap, so that nobody sits on units that another needs.
    pub fn grant_shared(&self, taken: u64) -> u64 {
        let remaining = self.remaining(taken);
        if remaining < self.least {
            0
        } else {
            (remaining / PART).clamp(self.least, self.most.max(self.least))
        }
    }

    /// Units are counted in what every database can keep.
    fn remaining(&self, taken: u64) -> u64 {
        const CAP: u64 = i64::MAX.unsigned_abs();
        self.cap.unwrap_or(CAP).min(CAP).saturating_sub(taken)
    }
}

impl QuotaGrant {
    /// An answer without a journal.
    pub const fn new(granted: u64, taken: u64) -> Self {
        Self { granted, taken, journal: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_at_most_what_is_left_and_nothing_below_the_least() {
        let request = QuotaRequest::new(3, 10, Some(100));
        let granted = [0, 89, 90, 91, 97, 98, 100, 200].map(|taken| request.grant(taken));
        assert_eq!(granted, [10, 10, 10, 9, 3, 0, 0, 0]);
    }

    #[test]
    fn shared_blocks_shrink_to_one_near_the_cap() {
        let request = QuotaRequest::new(1, 10, Some(100));
        let granted = [0, 20, 21, 60, 85, 99, 100].map(|taken| request.grant_shared(taken));
        assert_eq!(granted, [10, 10, 9, 5, 1, 1, 0]);
        assert_eq!(QuotaRequest::new(7, 10, Some(100)).grant_shared(93), 7);
        assert_eq!(QuotaRequest::new(8, 10, Some(100)).grant_shared(93), 0);
    }

    #[test]
    fn unlimited_ends_where_a_database_cannot_count_further() {
        let request = QuotaRequest::new(1, 10, None);
        let end = i64::MAX.unsigned_abs();
        let granted = [0, end - 4, end, u64::MAX].map(|taken| request.grant(taken));
        assert_eq!(granted, [10, 4, 0, 0]);
    }
}
