//! From a token to a license that is trusted: the keys, the signature, the
//! claims.

mod claims;
mod keyring;
mod verified;
mod verifier;

pub use self::{
    keyring::{Keyring, KeyringBuilder, KeyringError},
    verified::VerifiedLicense,
    verifier::{Verifier, VerifierBuilder, VerifierError},
};
