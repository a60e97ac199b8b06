//! One log event for a denial, however many requests it refuses.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{code::DenialCode, denial::Denial};

/// How many requests were denied with one code, since the handle was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DenialCount {
    /// The code.
    pub code: DenialCode,
    /// Denials that were answered to clients.
    pub denied: u64,
    /// Times that a rule in [shadow](crate::Policy::shadow) would have denied
    /// a request.
    pub shadowed: u64,
}

/// Counts denials by code, those in shadow apart, and logs each at most once
/// in ten seconds.
#[derive(Debug)]
pub(crate) struct DenialLog {
    codes: [Counters; DenialCode::ALL.len()],
}

#[derive(Debug, Default)]
struct Counters {
    denied: Counter,
    shadowed: Counter,
}

#[derive(Debug, Default)]
struct Counter {
    total: AtomicU64,
    /// How many of them an event has spoken of.
    logged: AtomicU64,
    /// When the next event is due, in milliseconds of the monotonic clock.
    due: AtomicU64,
}

const INTERVAL_MILLIS: u64 = 10_000;

impl Default for DenialLog {
    fn default() -> Self {
        Self { codes: std::array::from_fn(|_| Counters::default()) }
    }
}

impl DenialLog {
    /// A denial that is answered to a client.
    /// `grounds` tells what it rests on, and is asked where there is an event.
    pub(crate) fn denied(
        &self,
        denial: &Denial,
        monotonic: Duration,
        grounds: impl FnOnce() -> Option<String>,
    ) {
        let counters = self.codes.get(denial.code() as usize);
        if let Some(count) = counters.and_then(|it| it.denied.count(monotonic)) {
            tracing::warn!(
                code = denial.code().as_str(),
                status = denial.status(),
                count,
                grounds = grounds(),
                "request denied by the license"
            );
        }
    }

    /// A denial of a rule that is only observed.
    pub(crate) fn shadowed(
        &self,
        denial: &Denial,
        monotonic: Duration,
        grounds: impl FnOnce() -> Option<String>,
    ) {
        let counters = self.codes.get(denial.code() as usize);
        if let Some(count) = counters.and_then(|it| it.shadowed.count(monotonic)) {
            tracing::warn!(
                code = denial.code().as_str(),
                status = denial.status(),
                count,
                grounds = grounds(),
                "request would have been denied by the license"
            );
        }
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = DenialCount> {
        DenialCode::ALL.into_iter().zip(&self.codes).map(|(code, counters)| DenialCount {
            code,
            denied: counters.denied.total.load(Ordering::Relaxed),
            shadowed: counters.shadowed.total.load(Ordering::Relaxed),
        })
    }
}

impl Counter {
    /// Counts one more. How many an event should speak of now, if one is due.
    fn count(&self, monotonic: Duration) -> Option<u64> {
        let total = self.total.fetch_add(1, Ordering::Relaxed) + 1;
        let now = u64::try_from(monotonic.as_millis()).unwrap_or(u64::MAX);
        let due = self.due.load(Ordering::Relaxed);
        let next = now.saturating_add(INTERVAL_MILLIS);
        let won = now >= due
            && self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        won.then(|| total.saturating_sub(self.logged.fetch_max(total, Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_denials_is_one_event_in_ten_seconds() {
        let counter = Counter::default();
        let count = |millis| counter.count(Duration::from_millis(millis));
        assert_eq!(count(5), Some(1));
        for millis in 6..1_000 {
            assert_eq!(count(millis), None);
        }
        assert_eq!(count(10_005), Some(995));
    }

    #[test]
    fn every_code_counts_by_itself_and_what_is_in_shadow_apart() {
        let log = DenialLog::default();
        let denial = |code: DenialCode| Denial::new(code, code.default_status());
        for code in DenialCode::ALL {
            log.denied(&denial(code), Duration::ZERO, || None);
        }
        log.denied(&denial(DenialCode::ReadOnly), Duration::ZERO, || None);
        log.shadowed(&denial(DenialCode::StoreUnavailable), Duration::ZERO, || None);
        let counts: Vec<DenialCount> = log.counts().collect();
        assert_eq!(counts.len(), DenialCode::ALL.len());
        for count in counts {
            let denied = if count.code == DenialCode::ReadOnly { 2 } else { 1 };
            let shadowed = u64::from(count.code == DenialCode::StoreUnavailable);
            assert_eq!((count.denied, count.shadowed), (denied, shadowed), "{:?}", count.code);
        }
    }
}
