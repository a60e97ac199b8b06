//! Counting: seats, quotas over a month, and leases of connected hosts.

mod error;
pub(crate) mod leases;
pub(crate) mod quota;
mod seats;

pub use self::{
    error::LimitError,
    leases::{Lease, LeaseGuard, Leases},
    quota::Quota,
    seats::{SeatGuard, Seats},
};
