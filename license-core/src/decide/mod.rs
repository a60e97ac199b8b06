//! What the licenses at hand allow at a moment: pure functions of the state,
//! the policy and a reading of the clock.

pub(crate) mod admission;
mod grounds;
mod holdings;
mod snapshot;
mod standing;
mod state;

pub use self::admission::Admission;
pub(crate) use self::{
    holdings::Holdings,
    snapshot::View,
    standing::COARSE_LAG,
    state::{State, next_id},
};
