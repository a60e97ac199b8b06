//! When a limit is used up, should it go on like this.

use std::{collections::VecDeque, time::Duration};

use crate::{
    license::LimitKind,
    time::{Month, Timestamp},
};

/// How much of a limit was used, counted now and then: at most once in six
/// hours, over the last 30 days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage(VecDeque<(Timestamp, u64)>);

const INTERVAL: Duration = Duration::from_secs(6 * 3600);
const WINDOW: Duration = Duration::from_secs(30 * 86_400);
/// A rate over less than this says nothing.
const LEAST: Duration = Duration::from_secs(86_400);

impl Usage {
    /// So much was used.
    pub(crate) fn note(&mut self, at: Timestamp, used: u64) {
        if self.0.back().is_some_and(|(last, _)| at.saturating_since(*last) < INTERVAL) {
            return;
        }
        self.0.push_back((at, used));
        while self.0.front().is_some_and(|(first, _)| at.saturating_since(*first) > WINDOW) {
            self.0.pop_front();
        }
    }

    /// When `max` is reached at the rate since the first count; for a quota at
    /// the rate since the month began, and only within it. `None` for what comes
    /// and goes, for what does not grow, and where less than a day is known.
    pub(crate) fn full_at(
        &self,
        kind: LimitKind,
        now: Timestamp,
        used: u64,
        max: u64,
    ) -> Option<Timestamp> {
        let (since, before) = match kind {
            LimitKind::Monthly => (Month::of(now).start(), 0),
            LimitKind::Seats => self.0.front().copied()?,
            _ => return None,
        };
        let elapsed = now.saturating_since(since);
        let (more, left) = (used.checked_sub(before)?, max.checked_sub(used)?);
        if elapsed < LEAST || more == 0 || left == 0 {
            return None;
        }
        let wait = u128::from(elapsed.as_secs()) * u128::from(left) / u128::from(more);
        let full = now.saturating_add(Duration::from_secs(u64::try_from(wait).ok()?));
        let ends = (kind == LimitKind::Monthly).then(|| Month::of(now).end());
        // What lies further ahead than ten years is no forecast.
        let far = now.saturating_add(Duration::from_secs(3650 * 86_400));
        (full < ends.unwrap_or(far)).then_some(full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn full(usage: &Usage, kind: LimitKind, now: &str, used: u64, max: u64) -> Option<String> {
        usage.full_at(kind, at(now), used, max).map(|it| it.to_string())
    }

    #[test]
    fn a_quota_is_used_up_at_the_rate_of_its_month_or_not_in_it() {
        let none = Usage::default();
        let full = |now, used| full(&none, LimitKind::Monthly, now, used, 100);
        assert_eq!(full("2026-06-11T00:00:00Z", 50), Some("2026-06-21T00:00:00Z".into()));
        assert_eq!(full("2026-06-11T00:00:00Z", 30), None, "it lasts until July");
        assert_eq!(full("2026-06-01T12:00:00Z", 50), None, "half a day says nothing");
        assert_eq!(full("2026-06-11T00:00:00Z", 100), None, "it is used up already");
        assert_eq!(full("2026-06-11T00:00:00Z", 0), None);
    }

    #[test]
    fn seats_are_used_up_at_the_rate_since_the_first_count() {
        let mut usage = Usage::default();
        let full =
            |usage: &Usage, used| full(usage, LimitKind::Seats, "2026-06-11T00:00:00Z", used, 100);
        assert_eq!(full(&usage, 50), None, "nothing is known");
        usage.note(at("2026-06-01T00:00:00Z"), 40);
        assert_eq!(full(&usage, 60), Some("2026-07-01T00:00:00Z".into()));
        assert_eq!(full(&usage, 40), None, "it does not grow");
        assert_eq!(full(&usage, 39), None, "it shrinks");
        assert_eq!(full(&usage, 101), None, "it is exceeded");
        let leases = usage.full_at(LimitKind::Leases, at("2026-06-11T00:00:00Z"), 60, 100);
        assert_eq!(leases, None, "hosts come and go");
    }

    #[test]
    fn what_is_counted_often_is_kept_now_and_then_and_for_a_month() {
        let mut usage = Usage::default();
        let start = at("2026-06-01T00:00:00Z");
        for hour in 0..24 * 60 {
            usage.note(start.saturating_add(Duration::from_secs(hour * 3600)), hour);
        }
        assert!((100..=122).contains(&usage.0.len()), "{}", usage.0.len());
        let (first, _) = *usage.0.front().unwrap();
        assert!(first >= at("2026-06-30T00:00:00Z"), "{first}");
    }
}
