//! A license that is about to be installed, and what is kept of one.

use std::sync::Arc;

use crate::{
    decide::{Admission, Holdings},
    report::Difference,
    time::{ClockMark, Timestamp},
    verify::Verified,
};

/// What a store keeps of the license state, for a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// The token of the installed license.
    pub current: Option<String>,
    /// The token of the waiting license.
    pub next: Option<String>,
    /// The newest `iat` ever accepted.
    pub newest_issued_at: Option<Timestamp>,
    /// The `iat` of the last license that reset the clock.
    pub last_reset: Option<Timestamp>,
    /// The clock guard's mark.
    pub clock: ClockMark,
}

/// An installation that was found admissible and is not carried out yet: what
/// to store, then what to [commit](crate::Licensing::commit).
#[derive(Clone, Debug)]
#[must_use]
pub struct Installation {
    pub(super) admission: Admission,
    pub(super) verified: Arc<Verified>,
    pub(super) after: Holdings,
    pub(super) reset: Option<Timestamp>,
    pub(super) clock: ClockMark,
    pub(super) difference: Difference,
}

impl Saved {
    pub(super) fn of(holdings: &Holdings, clock: ClockMark) -> Self {
        let token = |it: &Option<Arc<Verified>>| it.as_ref().map(|it| it.token.as_str().to_owned());
        Self {
            current: token(&holdings.current),
            next: token(&holdings.next),
            newest_issued_at: holdings.newest_issued_at,
            last_reset: holdings.last_reset,
            clock,
        }
    }
}

impl Installation {
    /// What it does.
    pub fn admission(&self) -> Admission {
        self.admission
    }

    /// The license.
    pub fn verified(&self) -> &Verified {
        &self.verified
    }

    /// What it gains and loses against the license that counts now.
    pub fn difference(&self) -> &Difference {
        &self.difference
    }

    /// What is held once it is carried out where this is held now.
    pub(super) fn holdings_after(&self, held: &Holdings) -> Holdings {
        Holdings { machine: held.machine.clone(), ..self.after.clone() }
    }

    /// The mark from which on the clock is trusted, where it is reset.
    pub(super) fn mark_after_reset(&self) -> Option<Timestamp> {
        self.reset
    }

    /// What the store is to keep.
    pub fn saved(&self) -> Saved {
        Saved::of(&self.after, self.clock)
    }
}
