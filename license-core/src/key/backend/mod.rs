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

use std::panic::{self, AssertUnwindSafe};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

#[cfg(feature = "aws-lc")]
pub(crate) use self::aws_lc::SignatureKey;
#[cfg(not(feature = "aws-lc"))]
pub(crate) use self::jwt::SignatureKey;
use super::algorithm::Algorithm;
use crate::{key::Material, token::DecodedToken};

/// The signature backend gave a wrong answer to a question whose answer is
/// known, so no signature it checks can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("self-test of {algorithm} failed: {failure}")]
pub struct SelfTestError {
    algorithm: Algorithm,
    failure: Failure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Failure {
    #[error("a good signature was refused")]
    GoodRefused,
    #[error("an altered signature was accepted")]
    AlteredAccepted,
    #[error("the signature backend panicked; is one compiled in?")]
    Panicked,
    #[error("the known answer cannot be read")]
    Unreadable,
}

impl SignatureKey {
    /// Whether this is the key that signed a token.
    pub(crate) fn has_signed(&self, decoded: &DecodedToken) -> bool {
        self.verifies(decoded.token.signing_input().as_bytes(), &decoded.signature)
    }
}

impl SelfTestError {
    /// The algorithm that failed.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
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

/// Asks the backend, on the very path that licenses take, to accept a good
/// token and to refuse an altered one, for each of `algorithms`.
pub(crate) fn self_test(
    algorithms: impl IntoIterator<Item = Algorithm>,
) -> Result<(), SelfTestError> {
    for algorithm in algorithms {
        known_answer(algorithm, accepts).map_err(|failure| SelfTestError { algorithm, failure })?;
    }
    Ok(())
}

/// One known-answer test of whatever decides about `(algorithm, token)`.
fn known_answer(
    algorithm: Algorithm,
    accepts: impl Fn(Algorithm, &str) -> Option<bool>,
) -> Result<(), Failure> {
    let good = known_answers::token(algorithm);
    let altered = alter(good).ok_or(Failure::Unreadable)?;
    let ask = |token: &str| {
        panic::catch_unwind(AssertUnwindSafe(|| accepts(algorithm, token)))
            .map_err(|_| Failure::Panicked)?
            .ok_or(Failure::Unreadable)
    };
    if !ask(good)? {
        return Err(Failure::GoodRefused);
    }
    if ask(&altered)? { Err(Failure::AlteredAccepted) } else { Ok(()) }
}

/// Whether the backend accepts `token`; none when its key cannot be read.
fn accepts(algorithm: Algorithm, token: &str) -> Option<bool> {
    let key = SignatureKey::new(&known_key(algorithm)?, algorithm)?;
    Some(key.has_signed(&DecodedToken::read(token.as_bytes()).ok()?))
}

/// The public key of the known answers.
fn known_key(algorithm: Algorithm) -> Option<Material> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    Some(match algorithm {
        Algorithm::Es256 => Material::P256(decode(known_answers::P256_POINT)?.try_into().ok()?),
        Algorithm::EdDsa => Material::Ed25519(decode(known_answers::ED25519_KEY)?.try_into().ok()?),
        _ => Material::Rsa {
            modulus: decode(known_answers::RSA_MODULUS)?,
            exponent: decode(known_answers::RSA_EXPONENT)?,
        },
    })
}

/// The same token with one bit of its signature flipped.
fn alter(token: &str) -> Option<String> {
    let (signed, signature) = token.rsplit_once('.')?;
    let mut signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let middle = signature.len() / 2;
    *signature.get_mut(middle)? ^= 1;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_passes_its_known_answer_test() {
        assert_eq!(self_test(Algorithm::ALL), Ok(()));
    }

    #[test]
    fn a_backend_that_refuses_everything_fails() {
        let failure = known_answer(Algorithm::Es256, |_, _| Some(false));
        assert_eq!(failure, Err(Failure::GoodRefused));
    }

    #[test]
    fn a_backend_that_accepts_everything_fails() {
        let failure = known_answer(Algorithm::Ps384, |_, _| Some(true));
        assert_eq!(failure, Err(Failure::AlteredAccepted));
    }

    #[test]
    fn a_backend_that_panics_is_an_error_that_names_the_algorithm() {
        let failure = known_answer(Algorithm::EdDsa, |_, _| panic!("no backend")).unwrap_err();
        assert_eq!(failure, Failure::Panicked);
        let error = SelfTestError { algorithm: Algorithm::EdDsa, failure };
        assert!(error.to_string().starts_with("self-test of EdDSA failed: "));
    }

    #[test]
    fn the_known_answers_differ_in_their_key_or_algorithm() {
        for token in Algorithm::ALL {
            for key in Algorithm::ALL {
                let accepted = accepts(key, known_answers::token(token));
                assert_eq!(accepted, Some(token == key), "{token} under {key}");
            }
        }
    }
}
