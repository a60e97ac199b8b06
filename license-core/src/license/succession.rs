//! How a license follows another: without a gap and for longer, or not.

use super::License;
use crate::time::Timestamp;

/// How one license follows another.
///
/// It *covers* what comes after the other's end where it begins by then and
/// ends later. Where it does not, what is missing is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Succession {
    /// From when to when neither is in force.
    pub gap: Option<(Timestamp, Timestamp)>,
    /// When the new one ends, where that is not later than the other.
    pub earlier_end: Option<Timestamp>,
}

impl Succession {
    /// How `new` follows `old`.
    pub fn of(old: &License, new: &License) -> Self {
        let (old, new) = (old.term(), new.term());
        let begins = new.not_before.filter(|begins| *begins > old.expires_at);
        Self {
            gap: begins.map(|begins| (old.expires_at, begins)),
            earlier_end: Some(new.expires_at).filter(|ends| *ends <= old.expires_at),
        }
    }

    /// Whether the new license covers what comes after the old one.
    pub fn covers(&self) -> bool {
        self.gap.is_none() && self.earlier_end.is_none()
    }
}
