//! Whether the backend verifies what it should, and nothing else.

use std::panic::{self, AssertUnwindSafe};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{SignatureKey, known_answers};
use crate::{
    key::{Material, algorithm::Algorithm},
    token::DecodedToken,
};

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

impl SelfTestError {
    /// The algorithm that failed.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
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

/// Flips one bit of a token's signature.
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
