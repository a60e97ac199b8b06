//! One log event for a denial, however many requests it refuses.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{Denial, DenialCode};

/// Counts denials by code and logs each code at most once in ten seconds.
#[derive(Debug)]
pub(crate) struct DenialLog {
    codes: [Counter; DenialCode::ALL.len()],
}

#[derive(Debug, Default)]
struct Counter {
    /// Denials since the last event.
    unlogged: AtomicU64,
    /// When the next event is due, in milliseconds of the monotonic clock.
    due: AtomicU64,
}

const INTERVAL_MILLIS: u64 = 10_000;

impl Default for DenialLog {
    fn default() -> Self {
        Self { codes: std::array::from_fn(|_| Counter::default()) }
    }
}

impl DenialLog {
    pub(crate) fn record(&self, denial: &Denial, monotonic: Duration) {
        if let Some(count) = self.due(denial.code(), monotonic) {
            tracing::warn!(
                code = denial.code().as_str(),
                status = denial.status(),
                count,
                "request denied by the license"
            );
        }
    }

    /// How many denials of this code an event should speak of now, if one is
    /// due.
    fn due(&self, code: DenialCode, monotonic: Duration) -> Option<u64> {
        let counter = self.codes.get(code as usize)?;
        counter.unlogged.fetch_add(1, Ordering::Relaxed);
        let now = u64::try_from(monotonic.as_millis()).unwrap_or(u64::MAX);
        let due = counter.due.load(Ordering::Relaxed);
        let next = now.saturating_add(INTERVAL_MILLIS);
        let won = now >= due
            && counter
                .due
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        won.then(|| counter.unlogged.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_denials_is_one_event_in_ten_seconds() {
        let log = DenialLog::default();
        let due = |millis| log.due(DenialCode::ReadOnly, Duration::from_millis(millis));
        assert_eq!(due(5), Some(1));
        for millis in 6..1_000 {
            assert_eq!(due(millis), None);
        }
        assert_eq!(due(10_005), Some(995));
        assert_eq!(log.due(DenialCode::LimitReached, Duration::from_millis(6)), Some(1));
    }
}
