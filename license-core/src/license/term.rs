//! From when until when a license runs.

use crate::{
    policy::{Phase, Policy},
    time::Timestamp,
};

/// When a license is valid: `not_before <= now < expires_at`. There is no
/// leeway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Term {
    /// The first moment of validity; valid from ever where it is absent.
    pub not_before: Option<Timestamp>,
    /// The first moment past validity.
    pub expires_at: Timestamp,
}

impl Term {
    /// Whether the license has begun at `now`.
    pub fn has_begun(&self, now: Timestamp) -> bool {
        self.not_before.is_none_or(|not_before| not_before <= now)
    }

    /// Whether the license has ended at `now`.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// The first moment of the warning window.
    pub fn warns_at(&self, policy: &Policy) -> Timestamp {
        self.expires_at.saturating_sub(policy.warn)
    }

    /// The first moment past grace.
    pub fn grace_ends_at(&self, policy: &Policy) -> Timestamp {
        self.expires_at.saturating_add(policy.grace)
    }

    /// The days left at `now`, rounded up; 0 once expired.
    pub fn days_remaining(&self, now: Timestamp) -> u64 {
        self.expires_at.days_since(now)
    }

    /// The phase of a license of this term at `now`, by a clock that is
    /// trusted. The machine and the domain play no part.
    pub fn phase_at(&self, policy: &Policy, now: Timestamp) -> Phase {
        self.phase(policy, now, now)
    }

    /// The phase of a license of this term, whose beginning is judged on
    /// `begun` and whose end on `judged`; they differ only where several
    /// instances have to agree about a beginning.
    pub(crate) fn phase(&self, policy: &Policy, begun: Timestamp, judged: Timestamp) -> Phase {
        if judged >= self.grace_ends_at(policy) {
            Phase::Lapsed
        } else if self.has_ended(judged) {
            Phase::Grace
        } else if !self.has_begun(begun) {
            Phase::Scheduled
        } else if judged >= self.warns_at(policy) {
            Phase::Expiring
        } else {
            Phase::Active
        }
    }

    /// The moments at which the phase changes, in order.
    pub(crate) fn transitions(&self, policy: &Policy) -> impl Iterator<Item = Timestamp> + use<> {
        let ends = [self.warns_at(policy), self.expires_at, self.grace_ends_at(policy)];
        self.not_before.into_iter().chain(ends)
    }
}
