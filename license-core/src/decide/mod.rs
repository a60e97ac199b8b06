//! What the licenses at hand allow at a moment: pure functions of the state,
//! the policy and a reading of the clock.

pub(crate) mod admission;
pub(crate) mod grounds;
mod installed;
mod rebind;
mod snapshot;
mod state;
mod verdict;

pub use self::admission::Admission;
pub(crate) use self::{
    installed::Installed,
    snapshot::Snapshot,
    state::{State, next_id},
    verdict::{COARSE_LAG, Verdict},
};
