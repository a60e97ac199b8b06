//! How long a term is by the calendar.

use jiff::{ToSpan, civil::Date, tz::TimeZone};

use super::License;
use crate::time::Timestamp;

impl License {
    /// The end of a term that begins at `from` and is as long as this one,
    /// counted from where [it counts](Self::paid_from). A year stays a year, and
    /// so do months; a term that is neither is as long to the second.
    pub fn as_long_again(&self, from: Timestamp) -> Timestamp {
        let (began_at, ends_at) = (self.paid_from(), self.term().expires_at);
        in_months(began_at, ends_at, from)
            .unwrap_or_else(|| from.saturating_add(ends_at.saturating_since(began_at)))
    }
}

/// The end of a term of as many months by the calendar, up to the end of its
/// last day; `None` where the term is no number of months.
fn in_months(began_at: Timestamp, ends_at: Timestamp, from: Timestamp) -> Option<Timestamp> {
    let date = |at: Timestamp| at.to_jiff().to_zoned(TimeZone::UTC).date();
    let (began_on, ended_on) = (date(began_at), date(ends_at));
    let months = |on: Date| i32::from(on.year()) * 12 + i32::from(on.month());
    let mut count = months(ended_on) - months(began_on);
    if began_on.checked_add(count.months()).ok()? > ended_on {
        count -= 1;
    }
    let rest = began_on.checked_add(count.months()).ok()?.until(ended_on).ok()?.get_days();
    if count < 1 || rest > 1 {
        return None;
    }
    // From the old end on the days are those of the old beginning: the 31st
    // after the 28th of February.
    let ends_on = if from == ends_at {
        began_on.checked_add((2 * count).months()).and_then(|on| on.checked_add(rest.days()))
    } else {
        date(from).checked_add(count.months())
    };
    let time = from.to_jiff().to_zoned(TimeZone::UTC).time();
    let ends = ends_on.ok()?.to_datetime(time).to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(ends.timestamp().as_millisecond()))
}
