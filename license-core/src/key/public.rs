//! One public key: what it is, its name, and the one algorithm it is for.

use std::fmt;

use super::{KeyError, Material, RSA_MIN_BITS, algorithm::Algorithm, backend::SignatureKey};
use crate::token::MAX_KID_CHARS;

/// A vendor's public key, pinned to one algorithm and one `kid`.
///
/// ```
/// use license_core::{PublicKey, key::Algorithm};
///
/// # fn main() -> Result<(), license_core::key::KeyError> {
/// let key = PublicKey::pem(
///     b"-----BEGIN PUBLIC KEY-----
/// MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
/// -----END PUBLIC KEY-----",
/// )?;
/// assert_eq!(key.algorithm(), Algorithm::EdDsa);
/// assert_eq!(key.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
///
/// let key = key.with_kid("2026")?;
/// assert_eq!(key.kid(), "2026");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    material: Material,
    algorithm: Algorithm,
    kid: String,
}

impl PublicKey {
    /// Reads a PEM file: `PUBLIC KEY` (any type) or `RSA PUBLIC KEY`.
    ///
    /// A byte order mark, UTF-16 of ASCII, quotes around it, indentation, and
    /// line ends of any kind, `\n` as two characters included, are read over.
    ///
    /// The algorithm is ES256, RS256 or EdDSA by the key's type, the `kid`
    /// the key's RFC 7638 thumbprint; both can be changed.
    ///
    /// # Errors
    ///
    /// Every way in which a key is unusable or unsafe has its own
    /// [`KeyError`]: a private key, an RSA key below 3072 bits, another
    /// curve than P-256, a point that is not on its curve.
    pub fn pem(pem: &[u8]) -> Result<Self, KeyError> {
        Self::pem_of_bits(pem, RSA_MIN_BITS)
    }

    /// Reads PEM as [`pem`](Self::pem) does and asks for RSA keys of at least
    /// `min_rsa_bits`, so that the message names what the product asks for.
    /// Never below 3072, whatever is asked.
    ///
    /// # Errors
    ///
    /// As [`pem`](Self::pem).
    pub fn pem_of_bits(pem: &[u8], min_rsa_bits: usize) -> Result<Self, KeyError> {
        Material::from_pem(pem, min_rsa_bits.max(RSA_MIN_BITS)).map(Self::from_material)
    }

    pub(crate) fn from_material(material: Material) -> Self {
        Self { algorithm: material.default_algorithm(), kid: material.thumbprint(), material }
    }

    /// Pins the key to another algorithm.
    ///
    /// # Errors
    ///
    /// [`KeyError::AlgorithmMismatch`] when the key's type cannot serve it.
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Result<Self, KeyError> {
        if !self.material.fits(algorithm) {
            return Err(KeyError::AlgorithmMismatch { algorithm });
        }
        self.algorithm = algorithm;
        Ok(self)
    }

    /// Names the key: the `kid` that a token asks for it by.
    ///
    /// # Errors
    ///
    /// [`KeyError::InvalidKid`] when the name is empty, has more than 64
    /// characters or holds a control character.
    pub fn with_kid(mut self, kid: impl Into<String>) -> Result<Self, KeyError> {
        let kid = kid.into();
        check_kid(&kid)?;
        self.kid = kid;
        Ok(self)
    }

    /// The algorithm the key is pinned to.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key's name, which tokens carry as `kid`.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key's size in bits: of the modulus, or of the curve's field.
    pub fn bits(&self) -> usize {
        self.material.bits()
    }

    /// Bytes of each of its signatures.
    pub(crate) fn signature_bytes(&self) -> usize {
        self.material.signature_bytes()
    }

    /// The key as `PUBLIC KEY` in PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when the encoder fails.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.material.to_pem()
    }

    /// The key in the backend's form; `None` where the backend refuses it.
    pub(crate) fn signature_key(&self) -> Option<SignatureKey> {
        SignatureKey::new(&self.material, self.algorithm)
    }
}

/// Checks a key's name.
pub(crate) fn check_kid(kid: &str) -> Result<(), KeyError> {
    let length = kid.chars().count();
    let valid = (1..=MAX_KID_CHARS).contains(&length) && !kid.chars().any(char::is_control);
    if valid { Ok(()) } else { Err(KeyError::InvalidKid) }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("bits", &self.bits())
            .finish_non_exhaustive()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<PublicKey>();

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::tokens::p256_public;

    #[test]
    fn a_key_is_pinned_to_an_algorithm_of_its_type_only() {
        let key = p256_public(1);
        for algorithm in Algorithm::ALL {
            let expected = if algorithm == Algorithm::Es256 {
                Ok(Algorithm::Es256)
            } else {
                Err(KeyError::AlgorithmMismatch { algorithm })
            };
            let pinned = key.clone().with_algorithm(algorithm);
            assert_eq!(pinned.map(|key| key.algorithm()), expected);
        }
    }

    #[test]
    fn a_kid_has_1_to_64_characters_and_none_that_controls_a_terminal() {
        let key = p256_public(1);
        for kid in ["a", "2026-key", "é", "a b", &"é".repeat(64)] {
            assert_eq!(key.clone().with_kid(kid).unwrap().kid(), kid);
        }
        for kid in ["", "a\nb", "\u{1b}[31m", "a\0", &"a".repeat(65)] {
            assert_eq!(key.clone().with_kid(kid).err(), Some(KeyError::InvalidKid), "{kid:?}");
        }
    }

    #[test]
    fn the_name_is_the_thumbprint_and_debug_shows_no_numbers() {
        let key = p256_public(1);
        assert_eq!(key.kid().len(), 43);
        assert_ne!(key.kid(), p256_public(2).kid());
        let shown = format!("{key:?}");
        assert!(shown.contains("Es256") && shown.contains("256") && shown.len() < 130, "{shown}");
    }
}
