//! Signatures by aws-lc. `jsonwebtoken` would have it read the key anew for
//! every signature, which for RSA costs a fifth of the check itself; here a
//! key is read once.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};

use super::super::algorithm::Algorithm;
use crate::key::{Material, pkcs1};

/// A public key, ready to check signatures of one algorithm.
#[derive(Debug)]
pub(crate) struct SignatureKey(ParsedPublicKey);

impl SignatureKey {
    /// `None` where the backend cannot use the key.
    pub(crate) fn new(material: &Material, algorithm: Algorithm) -> Option<Self> {
        super::install();
        let rules: &'static dyn VerificationAlgorithm = match algorithm {
            Algorithm::Es256 => &ECDSA_P256_SHA256_FIXED,
            Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
            Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
            Algorithm::EdDsa => &ED25519,
        };
        let key = match material {
            Material::P256(point) => ParsedPublicKey::new(rules, point),
            Material::Rsa { modulus, exponent } => {
                ParsedPublicKey::new(rules, pkcs1(modulus, exponent).ok()?)
            }
            Material::Ed25519(key) => ParsedPublicKey::new(rules, key),
        };
        key.ok().map(Self)
    }

    /// Whether this is the key's signature over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}
