//! Where time comes from. This is the only file that reads the system's
//! clocks; everything else takes its time from a [`Clock`], so that tests
//! move it by hand.

use std::{fmt, time::Duration};

use super::timestamp::Timestamp;

/// A source of time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The wall clock, exactly.
    fn now(&self) -> Timestamp;

    /// The wall clock as it was at most 20 ms ago, never ahead of
    /// [`now`](Self::now); cheap.
    fn now_coarse(&self) -> Timestamp {
        self.now()
    }

    /// The time since some fixed moment; never goes back, whatever happens
    /// to the wall clock.
    fn monotonic(&self) -> Duration;
}

/// The clocks of the operating system.
///
/// On Linux the coarse wall clock is `CLOCK_REALTIME_COARSE`: a fifth of the
/// cost of an exact reading, late by at most one tick of the kernel (at most
/// 10 ms) and never ahead.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl SystemClock {
    /// The system's clocks.
    pub const fn new() -> Self {
        Self
    }
}

#[cfg(unix)]
mod system {
    use std::time::Duration;

    use rustix::time::{ClockId, Timespec, clock_gettime};

    use super::super::timestamp::Timestamp;

    fn timestamp(time: Timespec) -> Timestamp {
        let millis = time.tv_sec.saturating_mul(1000).saturating_add(time.tv_nsec / 1_000_000);
        Timestamp::from_millis(millis)
    }

    pub(super) fn now() -> Timestamp {
        timestamp(clock_gettime(ClockId::Realtime))
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn now_coarse() -> Timestamp {
        timestamp(clock_gettime(ClockId::RealtimeCoarse))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn now_coarse() -> Timestamp {
        now()
    }

    pub(super) fn monotonic() -> Duration {
        let time = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    }
}

#[cfg(not(unix))]
#[allow(clippy::disallowed_methods, reason = "this is where the clocks are read")]
mod system {
    use std::{
        sync::OnceLock,
        time::{Duration, Instant, SystemTime, UNIX_EPOCH},
    };

    use super::super::timestamp::Timestamp;

    pub(super) fn now() -> Timestamp {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp::from_seconds(0).saturating_add(since),
            Err(before) => Timestamp::from_seconds(0).saturating_sub(before.duration()),
        }
    }

    pub(super) fn now_coarse() -> Timestamp {
        now()
    }

    pub(super) fn monotonic() -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        system::now()
    }

    fn now_coarse(&self) -> Timestamp {
        system::now_coarse()
    }

    fn monotonic(&self) -> Duration {
        system::monotonic()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_clock_lags_by_at_most_20_ms_and_never_leads() {
        let clock = SystemClock::new();
        for _ in 0..1000 {
            let before = clock.now();
            let coarse = clock.now_coarse();
            let after = clock.now();
            assert!(coarse <= after, "{coarse} leads {after}");
            assert!(coarse.saturating_add(Duration::from_millis(20)) >= before);
        }
    }

    #[test]
    fn the_monotonic_clock_goes_on_and_never_back() {
        let clock = SystemClock::new();
        let start = clock.monotonic();
        let mut last = start;
        for _ in 0..1000 {
            let now = clock.monotonic();
            assert!(now >= last);
            last = now;
        }
        assert!(last > start, "a thousand readings take no time");
    }
}
