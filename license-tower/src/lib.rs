//! Tower layers that refuse what a license does not allow.

mod path;
mod recovery;
mod scope;

pub use recovery::{Recovery, RecoveryError};
pub use scope::{Scope, ScopeError};
