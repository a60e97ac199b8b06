//! The signature backend: chosen explicitly, and asked for known answers
//! before it is trusted.
//!
//! `jsonwebtoken` picks a backend by itself only when exactly one is compiled
//! in; with two it panics at the first token. Two crates of one program can
//! bring that about without knowing of each other, so the choice is made
//! here: aws-lc when the feature `aws-lc` is on, else rust_crypto.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(not(feature = "aws-lc"))]
mod jwt;
pub(crate) mod known_answers;
mod self_test;

#[cfg(feature = "aws-lc")]
pub(crate) use self::aws_lc::SignatureKey;
#[cfg(not(feature = "aws-lc"))]
pub(crate) use self::jwt::SignatureKey;
pub use self::self_test::SelfTestError;
pub(crate) use self::self_test::self_test;
use crate::token::DecodedToken;

impl SignatureKey {
    /// Whether this is the key that signed a token.
    pub(crate) fn has_signed(&self, decoded: &DecodedToken) -> bool {
        self.verifies(decoded.token.signing_input().as_bytes(), &decoded.signature)
    }
}

/// Chooses the backend of `jsonwebtoken` for this process, also for whatever
/// else the program decodes with it. Any number of calls; one that is already
/// installed stays.
pub(crate) fn install() {
    #[cfg(feature = "aws-lc")]
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    #[cfg(all(feature = "rust-crypto", not(feature = "aws-lc")))]
    let _ = jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER.install_default();
}
