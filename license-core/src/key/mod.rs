//! The vendor's keys: read strictly, checked when they are configured.
//!
//! A key that could never verify a license, or should not be trusted to,
//! stops the start with a [`KeyError`] instead of refusing every license
//! later: see SECURITY.md, boundary 2.

mod algorithm;
pub(crate) mod backend;
mod error;
mod material;
mod prime;
mod public;
#[cfg(feature = "issue")]
mod signing;
mod spec;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use backend::SelfTestError;
pub use error::KeyError;
pub use public::PublicKey;
#[cfg(feature = "issue")]
pub use signing::{SigningError, SigningKey};
pub use spec::KeySpec;

#[cfg(feature = "aws-lc")]
pub(crate) use material::pkcs1;
pub(crate) use material::{Material, RSA_MIN_BITS};
#[cfg(feature = "issue")]
pub(crate) use {material::check_rsa_bits, public::check_kid};
