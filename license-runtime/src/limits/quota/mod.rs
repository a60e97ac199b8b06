//! Quotas: units of a limit that are used up within a calendar month (UTC).

mod balance;
mod books;
mod counter;
mod handle;
mod pace;
mod registry;

pub use self::handle::Quota;
pub(crate) use self::registry::Quotas;
