//! Once a day at a local time, and sooner after a failure.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};
use license_core::Timestamp;

/// A time of day, `09:00` unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime(Time);

/// A text was not a time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time of day; write it like `09:00`")]
pub struct ParseLocalTimeError(());

/// When to look next.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// The last day that was looked at, in local time.
    done: Option<Date>,
    /// When to try again, on the monotonic clock.
    again: Option<Duration>,
    failures: u32,
}

/// A service that was started after the time of day looks so much later.
const LATE: Duration = Duration::from_secs(5 * 60);
const MINUTE: Duration = Duration::from_secs(60);
/// The longest wait after a failure.
const LONGEST: Duration = Duration::from_secs(60 * 60);

impl Schedule {
    /// Whether it is time; asked every few seconds. Answers yes once.
    pub(super) fn is_time(
        &mut self,
        at: LocalTime,
        zone: &TimeZone,
        now: Timestamp,
        monotonic: Duration,
    ) -> bool {
        let Ok(now) = jiff::Timestamp::from_millisecond(now.as_millis()) else { return false };
        let local = now.to_zoned(zone.clone());
        let (today, reached) = (local.date(), local.time() >= at.0);
        match self.done {
            None if reached => {
                self.done = Some(today);
                self.again = Some(monotonic.saturating_add(LATE));
                return false;
            }
            // Before the time of day: it is still to come.
            None => self.done = today.yesterday().ok(),
            Some(_) => {}
        }
        if reached && self.done.is_none_or(|done| done < today) {
            self.done = Some(today);
            self.again = None;
            return true;
        }
        self.again.take_if(|again| *again <= monotonic).is_some()
    }

    /// It went well; nothing is left to be done until tomorrow.
    pub(super) fn succeeded(&mut self) {
        self.again = None;
        self.failures = 0;
    }

    /// It failed, or is left to another instance that may fail. Returns when it
    /// is tried again.
    pub(super) fn failed(&mut self, monotonic: Duration) -> Duration {
        let wait = MINUTE.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.again = Some(monotonic.saturating_add(wait));
        wait
    }
}

impl Default for LocalTime {
    fn default() -> Self {
        Self(Time::constant(9, 0, 0, 0))
    }
}

impl FromStr for LocalTime {
    type Err = ParseLocalTimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Time::strptime("%H:%M", text).map(Self).map_err(|_| ParseLocalTimeError(()))
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.strftime("%H:%M").fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_reads_as_it_is_written() {
        for text in ["00:00", "09:00", "23:59"] {
            assert_eq!(text.parse::<LocalTime>().unwrap().to_string(), text);
        }
        for bad in ["", "9", "24:00", "09:60", "09:00:00", "nine", "-1:00", "09:00 "] {
            assert!(bad.parse::<LocalTime>().is_err(), "{bad}");
        }
        assert_eq!(LocalTime::default().to_string(), "09:00");
    }

    /// The times (UTC) of a day at which it is time, asked every 10 minutes.
    fn times(zone: &str, at: &str, from: &str, hours: i64) -> Vec<String> {
        let (zone, at) = (TimeZone::get(zone).unwrap(), at.parse().unwrap());
        let from: Timestamp = from.parse().unwrap();
        let mut schedule = Schedule::default();
        let minutes = (0..hours * 60).step_by(10);
        let asked = minutes.filter_map(|minute| {
            let passed = Duration::from_secs(minute.unsigned_abs() * 60);
            let now = from.saturating_add(passed);
            schedule.is_time(at, &zone, now, passed).then(|| now.to_string())
        });
        asked.collect()
    }

    #[test]
    fn it_is_time_once_a_day() {
        let times = times("UTC", "09:00", "2026-03-01T08:00:00Z", 50);
        assert_eq!(times, ["2026-03-01T09:00:00Z", "2026-03-02T09:00:00Z", "2026-03-03T09:00:00Z"]);
    }

    #[test]
    fn the_time_of_day_is_local_when_clocks_change_too() {
        // Clocks go from 2:00 to 3:00 on the 29th, and from 3:00 to 2:00 on
        // the 25th of October.
        let spring = times("Europe/Berlin", "02:30", "2026-03-28T00:00:00Z", 72);
        let expected = ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"];
        assert_eq!(spring, expected);
        let autumn = times("Europe/Berlin", "02:30", "2026-10-24T00:00:00Z", 60);
        let expected = ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"];
        assert_eq!(autumn, expected);
    }

    #[test]
    fn whoever_starts_late_looks_soon_after() {
        let times = times("UTC", "09:00", "2026-03-01T15:00:00Z", 20);
        assert_eq!(times, ["2026-03-01T15:10:00Z", "2026-03-02T09:00:00Z"]);
    }

    #[test]
    fn after_failures_the_waits_double_up_to_an_hour() {
        let mut schedule = Schedule::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            waits.push(schedule.failed(Duration::ZERO).as_secs() / 60);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        schedule.succeeded();
        assert_eq!(schedule.failed(Duration::ZERO), MINUTE);
    }
}
