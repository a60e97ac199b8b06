//! The time of the simulation: that of the paused runtime.

use std::time::Duration;

use license_core::{Clock, Timestamp, testing::START};
use tokio::time::Instant;

/// The clock of one machine.
#[derive(Debug)]
pub(crate) struct MachineClock {
    pub(crate) origin: Instant,
    /// By how many seconds it is ahead.
    pub(crate) ahead: i64,
}

/// An hour before a month ends, so that it ends half way.
const BEGIN: i64 = START.as_seconds() + 30 * 86_400 - 3600;

/// What time it is so long after the beginning.
pub(crate) fn wall(elapsed: Duration) -> Timestamp {
    Timestamp::from_seconds(BEGIN).saturating_add(elapsed)
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let now = wall(self.origin.elapsed());
        Timestamp::from_millis(now.as_millis() + self.ahead * 1000)
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}
