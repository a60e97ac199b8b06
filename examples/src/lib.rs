//! What the example services have in common: flags, demo mode, accounts and
//! sessions, serving. Nothing here decides about a license.

mod accounts;
mod answer;
mod demo;
mod keys;
mod serve;
mod settings;

pub use accounts::{Account, Accounts, AccountsError, NewAccount};
pub use answer::{Json, internal, method_not_allowed, not_found};
pub use demo::Demo;
pub use keys::verifier;
pub use serve::{announce, listen, log_to_stderr, serve, stop_signal};
pub use settings::{Settings, StartError};
