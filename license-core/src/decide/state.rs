//! The one immutable state that everything is decided from.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{installed::Installed, verdict::Verdict};
use crate::time::guard::ClockGuard;

/// Replaced as a whole, never changed.
pub(crate) struct State {
    /// See [`next_id`].
    pub(crate) id: u64,
    pub(crate) installed: Installed,
    pub(crate) guard: ClockGuard,
    pub(crate) verdict: Verdict,
    /// Counts what subscribers are told of.
    pub(crate) revision: u64,
}

/// An id for a state: no other in this process has it, and none is 0.
pub(crate) fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_states_have_one_id_and_none_has_0() {
        let ids = [next_id(), next_id(), next_id()];
        assert!(0 < ids[0] && ids[0] < ids[1] && ids[1] < ids[2]);
    }
}
