//! What a signed license says and what it allows.

mod algorithm;
mod install_error;
mod time;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use install_error::{InstallError, InstallErrorKind};
pub use time::{ParseTimestampError, Timestamp};
