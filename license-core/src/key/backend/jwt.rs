//! Signatures by whichever backend `jsonwebtoken` has.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;

use super::super::algorithm::Algorithm;
use crate::key::Material;

/// A public key, ready to check signatures of one algorithm.
#[derive(Debug)]
pub(crate) struct SignatureKey {
    key: DecodingKey,
    algorithm: jsonwebtoken::Algorithm,
}

impl SignatureKey {
    /// `None` where the backend cannot use the key.
    pub(crate) fn new(material: &Material, algorithm: Algorithm) -> Option<Self> {
        super::install();
        let key = match material {
            Material::P256(point) => DecodingKey::from_ec_der(point),
            Material::Rsa { modulus, exponent } => {
                DecodingKey::from_rsa_raw_components(modulus, exponent)
            }
            Material::Ed25519(key) => DecodingKey::from_ed_der(key),
        };
        Some(Self { key, algorithm: algorithm.to_jsonwebtoken() })
    }

    /// Whether this is the key's signature over `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        // The library takes it encoded.
        let signature = URL_SAFE_NO_PAD.encode(signature);
        jsonwebtoken::crypto::verify(&signature, message, &self.key, self.algorithm) == Ok(true)
    }
}
