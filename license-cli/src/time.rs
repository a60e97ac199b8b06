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

/// So many minutes.
pub(crate) fn minutes(count: u32) -> Duration {
    Duration::from_secs(60).saturating_mul(count)
}

/// A moment: an RFC 3339 time, or a date as its first instant in UTC.
pub(crate) fn moment(text: &str) -> Result<Timestamp, ParseTimestampError> {
    text.parse()
}

/// An end: an RFC 3339 time as it is, or a date as the last day, so that the
/// end is the first instant of the next one in UTC.
pub(crate) fn end(text: &str) -> Result<Timestamp, ParseTimestampError> {
    let at: Timestamp = text.parse()?;
    let date = !text.contains(['T', 't', ' ', '_']);
    Ok(if date { at.saturating_add(DAY) } else { at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_last_day_of_a_term_and_a_time_is_its_end() {
        let end = |text| end(text).unwrap().to_string();
        assert_eq!(end("2026-12-31"), "2027-01-01T00:00:00Z");
        assert_eq!(end("2026-12-31T00:00:00Z"), "2026-12-31T00:00:00Z");
        assert_eq!(end("2026-12-31T01:00:00+01:00"), "2026-12-31T00:00:00Z");
        assert_eq!(end("2028-02-28"), "2028-02-29T00:00:00Z");
        assert_eq!(moment("2026-12-31").unwrap().to_string(), "2026-12-31T00:00:00Z");
        for wrong in ["", "tomorrow", "2026-13-01", "2026-12-31T00:00:00"] {
            assert!(super::end(wrong).is_err(), "{wrong}");
        }
    }
}
