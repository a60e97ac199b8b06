//! What is left of a block, in one word.

use std::sync::atomic::{AtomicU64, Ordering};

use license_core::time::Month;

/// The units that may be spent without asking anybody, and the month in which:
/// together in one word, so that a use of one month is never paid for with a
/// unit of another.
#[derive(Debug)]
pub(super) struct Balance(AtomicU64);

const UNIT_BITS: u32 = 44;
const UNITS: u64 = (1 << UNIT_BITS) - 1;
/// A month that never is.
const NEVER: u64 = !UNITS;

/// How many units may be spent at once.
pub(super) const MOST: u64 = UNITS / 2;

impl Balance {
    /// No units, of no month.
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(NEVER))
    }

    /// Spends units of this month, all or none. Returns how many are left.
    pub(super) fn spend(&self, month: Month, units: u64) -> Option<u64> {
        let month = word(month);
        let spend = |word: u64| {
            let enough = word & !UNITS == month && word & UNITS >= units;
            enough.then(|| word - units)
        };
        let before = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, spend).ok()?;
        Some((before & UNITS) - units)
    }

    /// Adds units, then spends some of them, all or none.
    pub(super) fn add_and_spend(&self, adding: u64, spending: u64) -> bool {
        let mut spent = false;
        let change = |word: u64| {
            let units = (word & UNITS).saturating_add(adding).min(UNITS);
            let left = units.checked_sub(spending);
            spent = left.is_some();
            Some(word & !UNITS | left.unwrap_or(units))
        };
        // It never gives up.
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, change);
        spent
    }

    /// How many units are left.
    pub(super) fn left(&self) -> u64 {
        self.0.load(Ordering::Acquire) & UNITS
    }

    /// Takes all units out.
    pub(super) fn drain(&self) -> u64 {
        self.0.fetch_and(!UNITS, Ordering::AcqRel) & UNITS
    }

    /// Begins a month, or none, without units.
    pub(super) fn reset(&self, month: Option<Month>) {
        self.0.store(month.map_or(NEVER, word), Ordering::Release);
    }
}

/// The upper part of the word.
fn word(month: Month) -> u64 {
    u64::from(month.index()) << UNIT_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Month = Month::from_index(683);

    fn balance(units: u64) -> Balance {
        let balance = Balance::new();
        balance.reset(Some(MONTH));
        balance.add_and_spend(units, 0);
        balance
    }

    #[test]
    fn units_are_spent_all_or_none() {
        let balance = balance(5);
        assert_eq!(balance.spend(MONTH, 3), Some(2));
        assert_eq!(balance.spend(MONTH, 3), None);
        assert_eq!(balance.spend(MONTH, u64::MAX), None);
        assert_eq!(balance.spend(MONTH, 2), Some(0));
        assert_eq!(balance.spend(MONTH, 1), None);
    }

    #[test]
    fn units_of_another_month_are_not_spent() {
        let balance = balance(5);
        for month in [682, 684, 0, u32::MAX] {
            assert_eq!(balance.spend(Month::from_index(month), 1), None);
        }
        assert_eq!(balance.left(), 5);
        assert_eq!(Balance::new().spend(MONTH, 0), None);
    }

    #[test]
    fn what_is_added_is_spent_in_the_same_moment_or_kept() {
        let balance = balance(2);
        assert!(balance.add_and_spend(3, 4));
        assert_eq!(balance.left(), 1);
        assert!(!balance.add_and_spend(3, 5));
        assert_eq!(balance.left(), 4);
        assert_eq!((balance.drain(), balance.left()), (4, 0));
        assert_eq!(balance.spend(MONTH, 0), Some(0), "the month stays");
    }

    #[test]
    fn too_many_units_stay_within_their_bits() {
        let balance = balance(u64::MAX);
        balance.add_and_spend(u64::MAX, 0);
        assert_eq!(balance.left(), UNITS);
        assert_eq!(balance.spend(MONTH, MOST), Some(UNITS - MOST));
    }
}
