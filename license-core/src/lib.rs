//! What a signed license says and what it allows.

mod algorithm;
mod feature;
mod domain;
mod host;
mod install_error;
mod time;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use feature::{Feature, Name, is_valid_feature_name};
pub use domain::{DomainPattern, DomainPatternError};
pub use host::{Host, HostError};
pub use install_error::{InstallError, InstallErrorKind};
pub use time::{ParseTimestampError, Timestamp};
