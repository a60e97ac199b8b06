//! Notices a clock that was moved back.
//!
//! The guard keeps `mark`, the latest time it trusts, anchored to a monotonic
//! instant: while the process runs, the mark advances with the monotonic
//! clock at 99.5 % of its speed, and jumps forward with the wall clock. A
//! wall clock more than a day behind the mark *latches*: the license is not
//! trusted until the wall clock reaches the mark again.

use std::time::Duration;

use super::timestamp::{Timestamp, millis};

/// What of a guard survives a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockMark {
    /// The latest trusted time, if any was recorded.
    pub mark: Option<Timestamp>,
    /// Whether the clock was found moved back and has not caught up.
    pub latched: bool,
}

impl ClockMark {
    /// A mark as it was recorded.
    pub const fn new(mark: Option<Timestamp>, latched: bool) -> Self {
        Self { mark, latched }
    }

    /// Whether it should be recorded again: it was latched or reset, or has
    /// moved this far from what is recorded.
    pub fn is_worth_recording(self, recorded: Self, apart: Duration) -> bool {
        recorded.latched != self.latched
            || match (recorded.mark, self.mark) {
                (Some(old), Some(new)) => new.saturating_since(old) >= apart || new < old,
                (old, new) => old != new,
            }
    }
}

/// What time it is where several instances have to agree about it, by a clock
/// that they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharedTime {
    /// What it shows. What a clock that is ahead of it shows has not come yet:
    /// a license that begins later would stop the others.
    pub now: Timestamp,
    /// The latest mark that all may have; a later one does not count.
    pub latest: Timestamp,
}

impl SharedTime {
    /// Nothing is shared: the own clock decides.
    pub const NONE: Self = Self { now: Timestamp::MAX, latest: Timestamp::MAX };

    /// A shared clock that shows `now`, and how far clocks may be ahead of it.
    pub const fn new(now: Timestamp, lead: Duration) -> Self {
        Self { now, latest: now.saturating_add(lead) }
    }
}

/// The guard: a mark, where the monotonic clock stood at it, and the latch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockGuard {
    mark: Option<Timestamp>,
    /// The monotonic time at which `mark` was right.
    anchor: Duration,
    latched: bool,
}

/// One look at the clock, judged by the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockReading {
    /// The wall clock as read.
    pub(crate) wall: Timestamp,
    /// The trusted mark, brought forward to this moment.
    pub(crate) mark: Option<Timestamp>,
    pub(crate) latched: bool,
    pub(crate) trust: Trust,
    /// What has not come yet by a clock that is shared.
    ahead: Timestamp,
}

/// Whether a reading may be used to judge a license.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    Sound,
    NotSet,
    RolledBack,
}

/// Any wall clock before this is not set: 2024-01-01T00:00:00Z.
pub(crate) const EARLIEST_PLAUSIBLE: Timestamp = Timestamp::from_seconds(1_704_067_200);
/// Any wall clock after this is not set: 9999-12-31T23:59:59Z.
pub(crate) const LATEST_PLAUSIBLE: Timestamp = Timestamp::from_seconds(253_402_300_799);
/// How far the wall clock may lie behind the mark.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(86_400);

impl ClockReading {
    fn new(wall: Timestamp, mark: Option<Timestamp>, latched: bool, trust: Trust) -> Self {
        Self { wall, mark, latched, trust, ahead: Timestamp::MAX }
    }

    /// A reading that is trusted as it is.
    pub(crate) fn sound(wall: Timestamp) -> Self {
        Self::new(wall, None, false, Trust::Sound)
    }

    /// This reading by a clock that is not ahead of the shared one.
    pub(crate) fn agreeing(&self, time: SharedTime) -> Self {
        let mark = self.mark.map(|mark| mark.min(time.latest));
        Self { wall: self.wall.min(time.now), mark, ahead: time.now, ..*self }
    }

    /// The time on which licenses are judged, so that one ends and the next
    /// begins by the same: the wall clock, or the mark where that is later.
    pub(crate) fn judged(&self) -> Timestamp {
        self.mark.map_or(self.wall, |mark| mark.max(self.wall))
    }

    /// The time on which beginnings are judged: nobody may see one before the
    /// shared clock does.
    pub(crate) fn begun(&self) -> Timestamp {
        self.judged().min(self.ahead)
    }
}

impl ClockGuard {
    /// A guard that goes on from what was recorded.
    pub(crate) fn resume(recorded: ClockMark, monotonic: Duration) -> Self {
        Self { mark: recorded.mark, anchor: monotonic, latched: recorded.latched }
    }

    /// What is to be recorded now.
    pub(crate) fn recorded(&self, monotonic: Duration, cap: Option<Timestamp>) -> ClockMark {
        ClockMark { mark: self.mark_at(monotonic, cap), latched: self.latched }
    }

    /// Judges a reading. `cap` bounds what is recorded: the last transition
    /// of any license plus a day; `None` while none is installed, and then
    /// nothing is recorded.
    pub(crate) fn observe(
        self,
        wall: Timestamp,
        monotonic: Duration,
        cap: Option<Timestamp>,
    ) -> (Self, ClockReading) {
        if wall < EARLIEST_PLAUSIBLE || wall > LATEST_PLAUSIBLE {
            let mark = self.mark_at(monotonic, cap);
            let latched = self.latched;
            return (self, ClockReading::new(wall, mark, latched, Trust::NotSet));
        }
        let mut guard = self;
        let mark = guard.mark_at(monotonic, cap);
        if mark.is_none_or(|mark| wall >= mark) {
            guard.latched = false;
            guard.anchor = monotonic;
            // Never lower than it was: a cap bounds growth only.
            guard.mark = cap.map(|cap| wall.min(cap)).max(mark);
        } else if mark.is_some_and(|mark| mark.saturating_since(wall) > TOLERANCE) && !guard.latched
        {
            guard.mark = mark;
            guard.anchor = monotonic;
            guard.latched = true;
        }
        let trust = if guard.latched { Trust::RolledBack } else { Trust::Sound };
        let mark = guard.mark_at(monotonic, cap);
        (guard, ClockReading::new(wall, mark, guard.latched, trust))
    }

    /// A guard that knows that `at` has come. `cap` is the one of
    /// [`observe`](Self::observe).
    pub(crate) fn note_time(
        self,
        at: Timestamp,
        monotonic: Duration,
        cap: Option<Timestamp>,
    ) -> Self {
        let known = self.mark_at(monotonic, cap);
        match cap.map(|cap| at.min(cap)) {
            Some(at) if known.is_none_or(|known| at > known) => {
                Self { mark: Some(at), anchor: monotonic, ..self }
            }
            _ => self,
        }
    }

    /// Starts over at `mark`, unlatched: a signed license said so.
    pub(crate) fn reset(mark: Timestamp, monotonic: Duration) -> Self {
        Self { mark: Some(mark), anchor: monotonic, latched: false }
    }

    pub(crate) fn is_latched(&self) -> bool {
        self.latched
    }

    /// The mark brought forward to `monotonic`. A latched mark stands still.
    ///
    /// The stored mark and anchor are left alone, so that looking often does
    /// not lose the fractions that rounding cuts off.
    fn mark_at(&self, monotonic: Duration, cap: Option<Timestamp>) -> Option<Timestamp> {
        let mark = self.mark?;
        let (false, Some(cap)) = (self.latched, cap) else { return Some(mark) };
        let elapsed = millis(monotonic.saturating_sub(self.anchor));
        // 0.995 in whole numbers; an i64 of milliseconds times 995 may not fit.
        let trusted = i128::from(elapsed) * 995 / 1000;
        let trusted = i64::try_from(trusted).unwrap_or(i64::MAX);
        let advanced = Timestamp::from_millis(mark.as_millis().saturating_add(trusted));
        Some(advanced.min(cap).max(mark))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const FAR: Option<Timestamp> = Some(Timestamp::from_seconds(4_000_000_000));
    const DAY: u64 = 86_400;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn started() -> ClockGuard {
        let guard = ClockGuard::resume(ClockMark::default(), Duration::ZERO);
        guard.observe(START, Duration::ZERO, FAR).0
    }

    #[test]
    fn case_38_back_86_400_s_is_valid_and_86_401_s_is_clock_rolled_back() {
        let (_, reading) =
            started().observe(START.saturating_sub(seconds(DAY)), Duration::ZERO, FAR);
        assert_eq!(reading.trust, Trust::Sound);
        let (_, reading) =
            started().observe(START.saturating_sub(seconds(DAY + 1)), Duration::ZERO, FAR);
        assert_eq!(reading.trust, Trust::RolledBack);
    }

    #[test]
    fn case_39_then_forward_to_mark_minus_1_still_refused_to_mark_valid() {
        let (guard, _) =
            started().observe(START.saturating_sub(seconds(DAY + 1)), Duration::ZERO, FAR);
        let (guard, reading) = guard.observe(START.saturating_sub(seconds(1)), seconds(9), FAR);
        assert_eq!(reading.trust, Trust::RolledBack);
        let (_, reading) = guard.observe(START, seconds(9), FAR);
        assert_eq!(reading.trust, Trust::Sound);
    }

    #[test]
    fn case_40_a_restart_does_not_unlatch() {
        let (guard, _) =
            started().observe(START.saturating_sub(seconds(DAY + 1)), Duration::ZERO, FAR);
        let recorded = guard.recorded(seconds(5), FAR);
        assert_eq!(recorded, ClockMark::new(Some(START), true));
        let resumed = ClockGuard::resume(recorded, seconds(1000));
        let (_, reading) = resumed.observe(START.saturating_sub(seconds(60)), seconds(1000), FAR);
        assert_eq!(reading.trust, Trust::RolledBack);
    }

    /// Serves for a year with a license of 60 days while `attack` sets the
    /// wall clock once a day, given the wall clock and the mark. Returns the
    /// hours served.
    fn hours_served(attack: impl Fn(Timestamp, Timestamp) -> Timestamp) -> u64 {
        let expires_at = START.saturating_add(seconds(60 * DAY));
        let mut guard = started();
        let (mut wall, mut monotonic, mut served) = (START, Duration::ZERO, 0);
        for _day in 0..365 {
            for _hour in 0..24 {
                let (after, reading) = guard.observe(wall, monotonic, FAR);
                guard = after;
                served += u64::from(reading.trust == Trust::Sound && reading.judged() < expires_at);
                wall = wall.saturating_add(seconds(3600));
                monotonic += seconds(3600);
            }
            let (after, reading) = guard.observe(wall, monotonic, FAR);
            guard = after;
            wall = attack(wall, reading.mark.unwrap());
        }
        served
    }

    #[test]
    fn case_41_a_23_hour_sawtooth_for_a_year_gains_at_most_half_a_percent() {
        let honest = hours_served(|wall, _| wall);
        assert_eq!(honest, 60 * 24);
        let most = honest + honest / 200 + 1;
        let sawtooth = hours_served(|wall, _| wall.saturating_sub(seconds(23 * 3600)));
        assert!(sawtooth <= most, "{sawtooth} of {most} hours");
        // Staying just within the tolerance, so that nothing ever latches.
        let patient = hours_served(|_, mark| mark.saturating_sub(seconds(23 * 3600)));
        assert!(patient <= most, "{patient} of {most} hours");
        assert!(patient > honest, "the attack was not carried out");
    }

    #[test]
    fn case_42_1969_0_and_i64_extremes_are_clock_not_set_and_touch_nothing() {
        let guard = started();
        for wall in [i64::MIN, -1, -31_536_000_000, 0, 1_704_067_199_999, i64::MAX] {
            let (after, reading) = guard.observe(Timestamp::from_millis(wall), seconds(1), FAR);
            assert_eq!(reading.trust, Trust::NotSet, "{wall}");
            assert_eq!(after, guard, "{wall}");
        }
    }

    #[test]
    fn the_first_and_the_last_plausible_second_are_times() {
        for wall in [EARLIEST_PLAUSIBLE, LATEST_PLAUSIBLE] {
            let guard = ClockGuard::resume(ClockMark::default(), Duration::ZERO);
            assert_eq!(guard.observe(wall, Duration::ZERO, FAR).1.trust, Trust::Sound, "{wall}");
        }
    }

    #[test]
    fn a_mark_is_worth_recording_when_it_has_moved_or_the_latch_has() {
        let mark = |seconds: u64| Some(START.saturating_add(self::seconds(seconds)));
        for (recorded, new, worth) in [
            ((mark(0), false), (mark(0), false), false),
            ((mark(0), false), (mark(59), false), false),
            ((mark(0), false), (mark(60), false), true),
            ((mark(0), false), (mark(61), false), true),
            // It goes back by a reset only, and never far enough to wait.
            ((mark(1), false), (mark(0), false), true),
            ((mark(0), false), (mark(0), true), true),
            ((mark(0), true), (mark(0), false), true),
            ((mark(0), true), (mark(1), true), false),
            ((None, false), (None, false), false),
            ((None, false), (mark(0), false), true),
            ((mark(0), false), (None, false), true),
        ] {
            let [of_recorded, of_new] =
                [recorded, new].map(|(mark, latched)| ClockMark::new(mark, latched));
            let found = of_new.is_worth_recording(of_recorded, seconds(60));
            assert_eq!(found, worth, "{recorded:?}, then {new:?}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_of_the_shared_one_counts_as_that() {
        let (ahead, shared) =
            (START.saturating_add(seconds(100)), SharedTime::new(START, seconds(10)));
        let (_, reading) = started().observe(ahead, seconds(1), FAR);
        let agreed = reading.agreeing(shared);
        let latest = START.saturating_add(seconds(10));
        assert_eq!((agreed.wall, agreed.mark), (START, Some(latest)));
        // Something may have ended by the mark; nothing has begun by it.
        assert_eq!((agreed.judged(), agreed.begun()), (latest, START));
        assert_eq!(reading.agreeing(SharedTime::NONE), reading);
    }

    #[test]
    fn what_has_been_is_the_mark_from_that_moment_on() {
        let (at, moment) = (START.saturating_add(seconds(100)), seconds(10));
        let guard = started().note_time(at, moment, FAR);
        assert_eq!(guard.recorded(moment, FAR).mark, Some(at));
        let later = guard.recorded(moment + seconds(10), FAR).mark;
        assert_eq!(later, Some(Timestamp::from_millis(at.as_millis() + 9_950)));
        // Told again of what is known it loses no fraction of a millisecond.
        let mut guard = started();
        for millisecond in 1..=10_000 {
            guard = guard.note_time(START, Duration::from_millis(millisecond), FAR);
        }
        let mark = Timestamp::from_millis(START.as_millis() + 9_950);
        assert_eq!(guard.recorded(seconds(10), FAR).mark, Some(mark));
    }

    #[test]
    fn nothing_is_recorded_while_no_license_is_installed() {
        let guard = ClockGuard::resume(ClockMark::default(), Duration::ZERO);
        let (guard, reading) = guard.observe(START, seconds(1), None);
        assert_eq!(reading.judged(), START);
        assert_eq!(guard.recorded(seconds(2), None), ClockMark::default());
    }

    #[test]
    fn what_is_recorded_is_capped() {
        let cap = START.saturating_add(seconds(DAY));
        let (guard, _) =
            started().observe(START.saturating_add(seconds(3650 * DAY)), seconds(1), Some(cap));
        assert_eq!(guard.recorded(seconds(1), Some(cap)).mark, Some(cap));
    }

    #[test]
    fn looking_often_does_not_slow_the_mark_down() {
        let mut guard = started();
        let behind = START.saturating_sub(seconds(3600));
        for millisecond in 1..=10_000 {
            guard = guard.observe(behind, Duration::from_millis(millisecond), FAR).0;
        }
        assert_eq!(
            guard.recorded(seconds(10), FAR).mark,
            Some(Timestamp::from_millis(START.as_millis() + 9_950))
        );
    }

    proptest! {
        #[test]
        fn the_mark_never_goes_back_without_a_reset(
            steps in prop::collection::vec((-200_000i64..200_000, 0u64..100_000), 1..60),
        ) {
            let mut guard = started();
            let mut wall = START;
            let mut monotonic = Duration::ZERO;
            let mut newest = START;
            for (step, elapsed) in steps {
                wall = Timestamp::from_millis(wall.as_millis() + step * 1000);
                monotonic += seconds(elapsed);
                let (after, reading) = guard.observe(wall, monotonic, FAR);
                guard = after;
                let mark = reading.mark.unwrap();
                prop_assert!(mark >= newest);
                if reading.trust == Trust::Sound {
                    prop_assert!(mark.saturating_since(wall) <= TOLERANCE);
                }
                newest = mark;
            }
        }

        #[test]
        fn an_honest_clock_is_never_refused(
            steps in prop::collection::vec(0u64..10_000_000, 1..60),
        ) {
            let mut guard = started();
            let mut elapsed = 0;
            for step in steps {
                elapsed += step;
                let wall = START.saturating_add(seconds(elapsed));
                let (after, reading) = guard.observe(wall, seconds(elapsed), FAR);
                guard = after;
                prop_assert_eq!(reading.trust, Trust::Sound);
                prop_assert_eq!(reading.judged(), wall);
            }
        }
    }
}
