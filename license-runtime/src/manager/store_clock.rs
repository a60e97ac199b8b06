//! The clock of a store that several instances share, by which they agree what
//! time it is.
//!
//! Whatever an instance writes for all, it writes as of a time that the store
//! agrees with, so that one whose clock is fast does not stop the others. What
//! it decides for its own requests it decides by its own clock, and whether
//! that was moved back is its own affair.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use license_core::{
    Timestamp, VerifiedLicense, Warning, WarningLevel,
    time::{ClockMark, MAX_LEAD, SharedTime},
};

use super::{Shared, StoreView};

/// What was read of the store's clock.
#[derive(Debug, Default)]
pub(super) struct StoreClock(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The time, and where the monotonic clock stood at it.
    read: Option<(Timestamp, Duration)>,
    /// Whether this machine's clock was found to be wrong.
    skewed: bool,
}

impl StoreClock {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Notes what the store's clock said just now.
    pub(super) fn saw_store_clock(&self, now: Option<Timestamp>) {
        let Some(now) = now else { return };
        self.store_clock.seen().read = Some((now, self.licensing.clock().monotonic()));
        let skewed = self.skew().is_some();
        let before = std::mem::replace(&mut self.store_clock.seen().skewed, skewed);
        match (before, skewed) {
            (false, true) => tracing::warn!(
                "this machine's clock is more than five minutes off the database's; set it right"
            ),
            (true, false) => {
                tracing::info!("this machine's clock agrees with the database's again")
            }
            _ => {}
        }
    }

    /// What time it is by the store's clock, where it has one.
    pub(super) fn store_now(&self) -> Option<Timestamp> {
        let (now, read_at) = self.store_clock.seen().read?;
        Some(now.saturating_add(self.licensing.clock().monotonic().saturating_sub(read_at)))
    }

    /// The latest time that the store agrees with.
    pub(super) fn latest(&self) -> Timestamp {
        self.shared_time().latest
    }

    /// The time by which installations are judged.
    pub(super) fn shared_time(&self) -> SharedTime {
        self.store_now().map_or(SharedTime::NONE, |now| SharedTime::new(now, MAX_LEAD))
    }

    /// The clock mark that the store is to keep; the own one where it is not
    /// shared.
    pub(super) fn mark_to_keep(&self, known: &StoreView, own: ClockMark) -> ClockMark {
        if !self.store.is_shared() {
            return own;
        }
        let agreed = own.mark.map(|mark| mark.min(self.latest()));
        // Latched here and not there: a license has reset the clock.
        let resets = self.licensing.control().clock_mark().latched && !own.latched;
        let mark = if resets { agreed } else { agreed.max(known.clock.mark) };
        ClockMark::new(mark, false)
    }

    /// Whether a waiting license has begun for everybody, also where a clock
    /// is slow.
    pub(super) fn has_begun_for_all(&self, next: &VerifiedLicense) -> bool {
        let begins = next.license().term().not_before;
        let (Some(begins), Some(now)) = (begins, self.store_now()) else { return true };
        now >= begins.saturating_add(MAX_LEAD)
    }

    /// By how much this machine's clock is off the store's, where that is more
    /// than it may be.
    fn skew(&self) -> Option<Duration> {
        let (here, there) = (self.licensing.clock().now(), self.store_now()?);
        let skew = here.saturating_since(there).max(there.saturating_since(here));
        (skew > MAX_LEAD).then_some(skew)
    }

    /// What administrators should know of it.
    pub(super) fn skew_warning(&self) -> Option<Warning> {
        let minutes = self.skew()?.as_secs() / 60;
        let text = format!(
            "This machine's clock is {minutes} minutes off the database's. Set it right: licenses \
             are judged by it here."
        );
        let warning = Warning::new("clock_skewed", WarningLevel::Warning, text);
        Some(warning.with("minutes", minutes))
    }
}
