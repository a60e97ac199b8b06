//! Why a key was refused.

use super::algorithm::Algorithm;
use crate::received::Damage;

/// Why a key cannot be used. Holds nothing of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No PEM, or a damaged one.
    #[error("not a PEM file: expected text that begins with -----BEGIN PUBLIC KEY-----")]
    NotPem,
    /// Something whose name is known: in a code fence, the body of a key alone,
    /// a license.
    #[error("{0}")]
    Damaged(Damage),
    /// A private key where a public one is asked for.
    #[error(
        "this is a private key, which must never be near a service: configure the public key that \
         belongs to it, and replace the pair if this file ever left the vendor"
    )]
    PrivateKey,
    /// A public key where a private one is asked for.
    #[error("this is a public key; signing needs the private key that belongs to it")]
    PublicKey,
    /// A private key under a passphrase.
    #[error("the private key is encrypted; decrypt it with `openssl pkcs8` first")]
    Encrypted,
    /// A private key, but not as PKCS#8.
    #[error("the private key is not PKCS#8; convert it with `openssl pkcs8 -topk8 -nocrypt`")]
    NotPkcs8,
    /// A PEM of something else: a certificate, parameters.
    #[error("the PEM holds no key; expected PUBLIC KEY or RSA PUBLIC KEY")]
    OtherPem,
    /// The PEM's content is not the structure that its label promises.
    #[error("the key's encoding is damaged; take the file again from where it was made")]
    Malformed,
    /// Neither RSA nor P-256 nor Ed25519.
    #[error("the key is of an unsupported type; use RSA, P-256 or Ed25519")]
    UnsupportedType,
    /// An elliptic curve key on another curve.
    #[error(
        "the key is not on the curve P-256, which ES256 asks for; make one with `license keygen`"
    )]
    WrongCurve,
    /// The public point is not on its curve.
    #[error(
        "the public key is not a point on its curve; take the file again from where it was made"
    )]
    InvalidPoint,
    /// An Ed25519 point of small order, for which anybody can sign.
    #[error(
        "the Ed25519 key is a point of small order, which anybody could sign for; make another pair"
    )]
    WeakPoint,
    /// An RSA key shorter than allowed.
    #[error("the RSA key has {bits} bits; at least {min} are needed: make another pair")]
    RsaTooSmall {
        /// Bits of the modulus.
        bits: usize,
        /// The least that is allowed.
        min: usize,
    },
    /// An RSA key longer than the signature backend can use.
    #[error("the RSA key has {bits} bits; this build verifies at most {max}: make a smaller one")]
    RsaTooLarge {
        /// Bits of the modulus.
        bits: usize,
        /// The most that is possible.
        max: usize,
    },
    /// An RSA modulus that is even.
    #[error("the RSA modulus is even, which no such key is; make another pair")]
    RsaModulus,
    /// An RSA modulus that is a prime number: whoever sees the public key has
    /// the private one.
    #[error("the RSA modulus is a prime number, with which anybody can sign; make another pair")]
    RsaPrime,
    /// An RSA public exponent that is even, below 65537 or of more than 33 bits.
    #[error("the RSA public exponent is not an odd number from 65537 to 2^33 - 1; use 65537")]
    RsaExponent,
    /// A number of bits for a key whose size is fixed.
    #[error("a number of bits applies to RSA keys only; leave it out")]
    BitsNotApplicable,
    /// An algorithm that the key's type cannot serve.
    #[error("the key cannot be used with {algorithm}")]
    AlgorithmMismatch {
        /// The algorithm asked for.
        algorithm: Algorithm,
    },
    /// A key specification that names an unknown algorithm.
    #[error(
        "unknown signature algorithm before `:`; use ES256, RS256, RS384, RS512, PS256, PS384, PS512 or EdDSA"
    )]
    UnknownAlgorithm,
    /// A key specification without a file.
    #[error("expected [KID=][ALG:]FILE.pem")]
    NoFile,
    /// A key specification that is neither a key in PEM nor the name of a file.
    #[error(
        "neither a key in PEM, which begins with -----BEGIN, nor the name of a file; it is not \
         shown, for it may be secret"
    )]
    NotAFileName,
    /// A `kid` that is empty, too long or holds control characters.
    #[error("a key id has 1 to 64 characters and no control characters")]
    InvalidKid,
    /// Random numbers or the key generation failed.
    #[error("the key could not be generated: no random numbers, or the backend failed; try again")]
    Generation,
}
