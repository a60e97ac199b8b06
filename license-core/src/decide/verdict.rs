//! Where the service stands at a moment: one pure function of the state, the
//! policy and a reading of the clock.

use std::time::Duration;

use crate::{
    policy::{Phase, Policy, Restriction},
    time::Timestamp,
};

/// What holds from one transition to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) phase: Phase,
    /// What is refused; `None` while the license is in force.
    pub(crate) restriction: Option<Restriction>,
    /// Whether the waiting license has begun and replaces the current one.
    pub(crate) next_has_begun: bool,
    /// Whether this machine's identity is another than the one that the license
    /// was found to be for.
    pub(crate) moved: bool,
    /// Whether a license waits that does not cover what comes after the
    /// current one.
    pub(crate) uncovered: bool,
    /// A coarse reading from here on...
    pub(super) valid_from: Timestamp,
    /// ...and surely before this finds everything as it is.
    pub(super) valid_before: Timestamp,
}

/// A coarse reading may be this much late, so that much before a change the
/// exact clock decides.
pub(crate) const COARSE_LAG: Duration = Duration::from_millis(20);

/// How long a verdict is believed without bringing the mark forward.
pub(super) const REFRESH: Duration = Duration::from_secs(60);

impl Verdict {
    /// Of a phase alone, whenever that may be.
    pub(crate) fn of(phase: Phase, policy: &Policy) -> Self {
        Self {
            phase,
            restriction: policy.restriction(phase),
            next_has_begun: false,
            moved: false,
            uncovered: false,
            valid_from: Timestamp::MAX,
            valid_before: Timestamp::MAX,
        }
    }

    /// Whether a coarse reading proves that nothing has changed since.
    pub(crate) fn is_valid_at(&self, coarse: Timestamp) -> bool {
        coarse >= self.valid_from && coarse < self.valid_before
    }

    /// Whether requests find the same as before.
    pub(crate) fn same_for_requests(&self, other: &Self) -> bool {
        self.phase == other.phase && self.next_has_begun == other.next_has_begun
    }

    /// When something may change next, in the time on which licenses are judged.
    pub(crate) fn next_change(&self) -> Timestamp {
        self.valid_before.saturating_add(COARSE_LAG)
    }
}
