//! Points in time, months and clocks, and what is believed of a clock that was
//! turned back.

mod clock;
pub(crate) mod guard;
mod month;
mod timestamp;

pub use self::{
    clock::{Clock, SystemClock},
    guard::{ClockMark, SharedTime},
    month::Month,
    timestamp::{MAX_LEAD, ParseTimestampError, Timestamp},
};
