//! What a signed license says and what it allows.

mod algorithm;
mod feature;
mod domain;
mod host;
mod backend;
mod install_error;
mod json;
mod key;
mod keyring;
#[cfg(feature = "issue")]
mod signing;
mod time;
mod token;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use feature::{Feature, Name, is_valid_feature_name};
pub use domain::{DomainPattern, DomainPatternError};
pub use host::{Host, HostError};
pub use backend::SelfTestError;
pub use install_error::{InstallError, InstallErrorKind};
pub use key::{KeyError, KeySpec, PublicKey};
pub use keyring::{Keyring, KeyringBuilder, KeyringError};
#[cfg(feature = "issue")]
pub use signing::{SigningError, SigningKey};
pub use time::{ParseTimestampError, Timestamp};
pub use token::{ParseTokenDigestError, Token, TokenDigest, TokenHeader, TokenType};
