//! Leases: hosts that are connected at the same time.

mod book;
mod handle;
mod holders;
mod hosts;
mod node;
mod registry;
#[cfg(test)]
mod tests;

pub(crate) use self::registry::{LeaseRegistry, run};
pub use self::{handle::Leases, holders::Lease, hosts::LeaseGuard};
