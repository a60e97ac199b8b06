//! Times as an operator writes them.

use std::time::Duration;

use license_core::{Clock, SystemClock, Timestamp, time::ParseTimestampError};

const DAY: Duration = Duration::from_secs(86_400);

/// This moment.
pub(crate) fn now() -> Timestamp {
    SystemClock::new().now()
}

/// So many days.
pub(crate) fn days(count: u32) -> Duration {
    DAY.saturating_mul(count)
}

/// A moment: an RFC 3339 time, or a date as its first instant in UTC.
pub(crate) fn moment(text: &str) -> Result<Timestamp, ParseTimestampError> {
    text.parse()
}
