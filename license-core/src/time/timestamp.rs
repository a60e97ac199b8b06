//! Points in time, as the whole framework counts them: milliseconds since
//! the Unix epoch, in UTC.
//!
//! Every instant a license names is a whole second; the milliseconds are
//! there so that "the very second of expiry" can be decided from a clock
//! reading without rounding.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Arithmetic saturates; no value and no operation panics. It is shown, and
/// serialised, as RFC 3339 in UTC with `Z`.
///
/// ```
/// use license_core::Timestamp;
///
/// let expires_at = Timestamp::from_seconds(1_798_761_600);
/// assert_eq!(expires_at.to_string(), "2027-01-01T00:00:00Z");
/// assert_eq!(expires_at.date(), "2027-01-01");
/// assert_eq!(expires_at.last_day(), "2026-12-31");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text was neither a date (`2026-12-31`) nor an RFC 3339 time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date (2026-12-31) or an RFC 3339 time (2026-12-31T23:59:59Z)")]
pub struct ParseTimestampError(());

impl Timestamp {
    /// The earliest representable point.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest representable point: "never".
    pub const MAX: Self = Self(i64::MAX);

    /// The point `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The point `seconds` seconds after the Unix epoch, saturating.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads the end of a term as people write it: an RFC 3339 time as it is, or
    /// a date as the last day, so that the end is the first instant of the next
    /// one in UTC.
    ///
    /// # Errors
    ///
    /// Any other text.
    pub fn parse_end(text: &str) -> Result<Self, ParseTimestampError> {
        const DAY: Duration = Duration::from_secs(86_400);
        match date(text) {
            Some(first) => Ok(first.saturating_add(DAY)),
            None => text.parse(),
        }
    }

    /// Whether this lies further ahead of a clock than honest clocks
    /// [differ](MAX_LEAD).
    pub fn is_ahead_of(self, clock: Self) -> bool {
        self > clock.saturating_add(MAX_LEAD)
    }

    /// Whole seconds since the Unix epoch, rounded towards the past.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This point moved later by `duration`.
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// This point moved earlier by `duration`.
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// How long after `earlier` this point lies; zero when it does not.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        if millis.is_positive() {
            Duration::from_millis(millis.unsigned_abs())
        } else {
            Duration::ZERO
        }
    }

    /// The days since an earlier time, rounded up; 0 where it is not earlier.
    pub(crate) fn days_since(self, earlier: Self) -> u64 {
        let millis = self.saturating_since(earlier).as_millis();
        u64::try_from(millis.div_ceil(86_400_000)).unwrap_or(u64::MAX)
    }

    /// The UTC date, `2026-12-31`.
    pub fn date(self) -> String {
        self.to_jiff().strftime("%Y-%m-%d").to_string()
    }

    /// The UTC date of the last second before this point: the last day of
    /// something that ends here.
    pub fn last_day(self) -> String {
        self.saturating_sub(Duration::from_secs(1)).date()
    }

    /// The nearest time that a calendar can show.
    pub(crate) fn to_jiff(self) -> jiff::Timestamp {
        let nearest =
            if self.0.is_negative() { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(nearest)
    }
}

/// How far two honest clocks may differ: five minutes.
pub const MAX_LEAD: Duration = Duration::from_secs(300);

/// Milliseconds of a duration, saturating.
pub(crate) const fn millis(duration: Duration) -> i64 {
    let millis = duration.as_millis();
    if millis > i64::MAX as u128 { i64::MAX } else { millis as i64 }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Three digits or none, so that a reader need not count them.
        if self.0.rem_euclid(1000) == 0 {
            write!(f, "{}", self.to_jiff())
        } else {
            write!(f, "{:.3}", self.to_jiff())
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    /// Reads an RFC 3339 time, or a date as the first instant of that day in
    /// UTC.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.parse::<jiff::Timestamp>() {
            Ok(timestamp) => timestamp,
            Err(_) => return date(text).ok_or(ParseTimestampError(())),
        };
        Ok(Self(parsed.as_millisecond()))
    }
}

/// A date as the first instant of that day in UTC.
fn date(text: &str) -> Option<Timestamp> {
    let date = jiff::civil::Date::strptime("%Y-%m-%d", text).ok()?;
    let first = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(first.timestamp().as_millisecond()))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_last_day_of_a_term_and_a_time_is_its_end() {
        let end = |text| Timestamp::parse_end(text).unwrap().to_string();
        assert_eq!(end("2026-12-31"), "2027-01-01T00:00:00Z");
        assert_eq!(end("2026-12-31T00:00:00Z"), "2026-12-31T00:00:00Z");
        assert_eq!(end("2026-12-31T01:00:00+01:00"), "2026-12-31T00:00:00Z");
        assert_eq!(end("2028-02-28"), "2028-02-29T00:00:00Z");
        for wrong in ["", "tomorrow", "2026-13-01", "2026-12-31T00:00:00"] {
            assert!(Timestamp::parse_end(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn honest_clocks_differ_by_five_minutes() {
        let now = Timestamp::from_seconds(1_800_000_000);
        assert!(!now.saturating_add(MAX_LEAD).is_ahead_of(now));
        assert!(now.saturating_add(MAX_LEAD + Duration::from_millis(1)).is_ahead_of(now));
        assert!(!now.is_ahead_of(now.saturating_add(MAX_LEAD)));
    }

    #[test]
    fn shows_rfc_3339_in_utc_with_z() {
        assert_eq!(Timestamp::from_seconds(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Timestamp::from_millis(1).to_string(), "1970-01-01T00:00:00.001Z");
        assert_eq!(Timestamp::from_millis(90).to_string(), "1970-01-01T00:00:00.090Z");
        assert_eq!(format!("{:?}", Timestamp::from_millis(90)), "1970-01-01T00:00:00.090Z");
    }

    #[test]
    fn the_extremes_are_shown_without_a_panic() {
        assert!(Timestamp::MIN.to_string().starts_with('-'));
        assert!(Timestamp::MAX.to_string().starts_with("9999-"));
        assert_eq!(Timestamp::from_seconds(i64::MAX), Timestamp::MAX);
        let epoch = Timestamp::from_seconds(0);
        assert_eq!(epoch.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(epoch.saturating_sub(Duration::MAX).as_millis(), -i64::MAX);
    }

    #[test]
    fn a_date_is_its_first_instant() {
        let date: Timestamp = "2027-01-01".parse().unwrap();
        assert_eq!(date, Timestamp::from_seconds(1_798_761_600));
        assert_eq!("2027-01-01T00:00:00Z".parse(), Ok(date));
        assert!("2027-13-01".parse::<Timestamp>().is_err());
        assert!("".parse::<Timestamp>().is_err());
        assert!("2027-01-01 and more".parse::<Timestamp>().is_err());
    }

    #[test]
    fn seconds_are_rounded_towards_the_past() {
        assert_eq!(Timestamp::from_millis(-1).as_seconds(), -1);
        assert_eq!(Timestamp::from_millis(1999).as_seconds(), 1);
    }
}
