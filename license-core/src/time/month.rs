//! Calendar months in UTC, in which quotas are counted.

use std::fmt;

use jiff::tz::Offset;

use super::timestamp::Timestamp;

/// A month of the UTC calendar, from January 1970 on. It is shown as
/// `2026-12`.
///
/// ```
/// use license_core::{Timestamp, time::Month};
///
/// let end_of_year: Timestamp = "2026-12-31T23:59:59Z".parse()?;
/// let month = Month::of(end_of_year);
/// assert_eq!(month.to_string(), "2026-12");
/// assert_eq!(Month::from_index(month.index() + 1).to_string(), "2027-01");
/// # Ok::<(), license_core::time::ParseTimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(u32);

impl Month {
    /// The month in which a moment lies; the first one for any before it.
    pub fn of(at: Timestamp) -> Self {
        let date = Offset::UTC.to_datetime(at.to_jiff());
        let month = (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1;
        Self(u32::try_from(month).unwrap_or(0))
    }

    /// The month that is `index` months after January 1970.
    pub const fn from_index(index: u32) -> Self {
        Self(index)
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        let year = i16::try_from(1970 + self.0 / 12).unwrap_or(i16::MAX);
        let month = i8::try_from(self.0 % 12 + 1).unwrap_or(1);
        let first = jiff::civil::Date::new(year, month, 1).unwrap_or(jiff::civil::Date::MAX);
        let first = Offset::UTC.to_timestamp(first.at(0, 0, 0, 0)).unwrap_or(jiff::Timestamp::MAX);
        Timestamp::from_millis(first.as_millisecond())
    }

    /// The first moment behind it.
    pub fn end(self) -> Timestamp {
        Self(self.0.saturating_add(1)).start()
    }

    /// How many months after January 1970 it is.
    pub const fn index(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", 1970 + self.0 / 12, self.0 % 12 + 1)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(at: &str) -> String {
        Month::of(at.parse().unwrap()).to_string()
    }

    #[test]
    fn a_month_begins_where_the_one_before_it_ends() {
        let month = Month::of("2026-12-15T10:00:00Z".parse().unwrap());
        assert_eq!(month.start().to_string(), "2026-12-01T00:00:00Z");
        assert_eq!(month.end().to_string(), "2027-01-01T00:00:00Z");
        assert!(Month::from_index(u32::MAX).end() >= month.end());
    }

    #[test]
    fn a_month_includes_its_first_moment_and_excludes_its_end() {
        assert_eq!(month("2026-11-30T23:59:59.999Z"), "2026-11");
        assert_eq!(month("2026-12-01T00:00:00Z"), "2026-12");
        assert_eq!(month("2026-12-31T23:59:59.999Z"), "2026-12");
        assert_eq!(month("2027-01-01T00:00:00Z"), "2027-01");
        assert_eq!(month("2028-02-29T23:59:59Z"), "2028-02");
        assert_eq!(month("1970-01-01T00:00:00Z"), "1970-01");
    }

    #[test]
    fn the_extremes_have_a_month_without_a_panic() {
        assert_eq!(Month::of(Timestamp::MIN).index(), 0);
        assert_eq!(Month::of(Timestamp::MAX).to_string(), "9999-12");
        assert!(Month::from_index(u32::MAX).to_string().ends_with("-04"));
    }

    #[test]
    fn an_index_counts_months() {
        assert_eq!(Month::of("1971-02-01".parse().unwrap()).index(), 13);
        assert_eq!(Month::from_index(13).to_string(), "1971-02");
        assert_eq!(format!("{:?}", Month::from_index(13)), "1971-02");
    }
}
