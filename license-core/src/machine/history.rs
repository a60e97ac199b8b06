//! What is remembered of a machine beside its license.

use super::Fingerprint;
use crate::time::Timestamp;

/// What a store keeps of the machine, for a restart. Whoever has another
/// identity at the next start is told what it was, and may be given time
/// ([`Policy::rebind`](crate::Policy::rebind)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MachineHistory {
    /// The fingerprint by which a license was last found to be for this
    /// machine.
    pub verified: Option<Fingerprint>,
    /// The time that was given last.
    pub rebind: Option<Rebind>,
}

/// That a license goes on for a while although this machine has another
/// identity now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebind {
    /// When the other identity was first seen, by the time on which licenses
    /// are judged.
    pub since: Timestamp,
    /// The newest `iat` that had been accepted then: no license that is not
    /// newer is given time again.
    pub newest_issued_at: Timestamp,
}

impl MachineHistory {
    /// What was remembered.
    pub const fn new(verified: Option<Fingerprint>, rebind: Option<Rebind>) -> Self {
        Self { verified, rebind }
    }
}

impl Rebind {
    /// Time that is given from `since` on.
    pub const fn new(since: Timestamp, newest_issued_at: Timestamp) -> Self {
        Self { since, newest_issued_at }
    }
}
