//! The vendor's side: making key pairs and signing licenses. Only with the
//! feature `issue`, which no service needs.

use std::fmt;

use jsonwebtoken::{EncodingKey, Header};
use p256::{
    elliptic_curve::zeroize::Zeroizing,
    pkcs8::{
        self, AssociatedOid, DecodePrivateKey, EncodePrivateKey, ObjectIdentifier, PrivateKeyInfo,
        SecretDocument,
        der::{Decode, pem::LineEnding},
    },
};
use rand::{RngCore, rngs::OsRng};
use rsa::{RsaPrivateKey, pkcs1::EncodeRsaPrivateKey, traits::PublicKeyParts};
use serde_json::{Map, Value};

use super::{algorithm::Algorithm, backend};
use crate::{
    key::{KeyError, Material, PublicKey, RSA_MIN_BITS, check_kid, check_rsa_bits},
    received::{self, Damage, Wanted},
    refusal::InstallErrorKind,
    token::{DecodedToken, LICENSE_JWT, Token},
};

/// A vendor's private key, with the public key that belongs to it.
///
/// `Debug` shows nothing of it; the memory is cleared when it is dropped.
///
/// ```
/// use license_core::{Keyring, key::{Algorithm, SigningKey}};
/// use serde_json::{Map, json};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = SigningKey::generate(Algorithm::Es256, None)?;
/// let mut claims = Map::new();
/// claims.insert("iss".into(), json!("https://acme.example"));
/// claims.insert("aud".into(), json!("acme"));
/// claims.insert("exp".into(), json!(1_798_761_600));
/// let token = key.sign(&claims)?;
///
/// let keyring =
///     Keyring::builder("https://acme.example", "acme").key(key.public_key().clone()).build()?;
/// assert_eq!(keyring.verify(&token)?, claims);
/// # Ok(())
/// # }
/// ```
pub struct SigningKey {
    pkcs8: SecretDocument,
    encoding: EncodingKey,
    public: PublicKey,
}

/// Why claims could not be signed. Holds nothing of the claims or the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The token would exceed [`Token::MAX_BYTES`].
    #[error(
        "the signed license would be larger than 16 KiB, which no verifier accepts; shorten its claims"
    )]
    TooLarge,
    /// The `kid` is empty, too long or holds control characters.
    #[error("a key id has 1 to 64 characters and no control characters")]
    InvalidKid,
    /// The signature backend failed, or its signature does not verify.
    #[error("the signature backend failed; try again, and with another key where it stays so")]
    Backend,
}

/// Bits of a new RSA key unless told otherwise.
const RSA_DEFAULT_BITS: usize = 4096;

const RSA: ObjectIdentifier = rsa::pkcs1::ALGORITHM_OID;
const EC: ObjectIdentifier = p256::elliptic_curve::ALGORITHM_OID;
const ED25519: ObjectIdentifier = ed25519_dalek::pkcs8::ALGORITHM_OID;

impl SigningKey {
    /// Makes a new key pair with the operating system's random numbers.
    ///
    /// `bits` is for RSA alone, at least 3072; 4096 when none. An RSA key
    /// takes seconds.
    ///
    /// # Errors
    ///
    /// [`KeyError::RsaTooSmall`], [`KeyError::RsaTooLarge`] when the signature
    /// backend could not verify with it, [`KeyError::BitsNotApplicable`],
    /// [`KeyError::Generation`].
    pub fn generate(algorithm: Algorithm, bits: Option<usize>) -> Result<Self, KeyError> {
        let document = match (algorithm, bits) {
            (Algorithm::Es256, None) => p256::SecretKey::random(&mut OsRng).to_pkcs8_der(),
            (Algorithm::EdDsa, None) => {
                let mut secret = Zeroizing::new([0; 32]);
                OsRng.try_fill_bytes(secret.as_mut()).map_err(|_| KeyError::Generation)?;
                ed25519(&secret)
            }
            (Algorithm::Es256 | Algorithm::EdDsa, Some(_)) => {
                return Err(KeyError::BitsNotApplicable);
            }
            (_, bits) => {
                let bits = bits.unwrap_or(RSA_DEFAULT_BITS);
                check_rsa_bits(bits, RSA_MIN_BITS)?;
                RsaPrivateKey::new(&mut OsRng, bits)
                    .map_err(|_| KeyError::Generation)?
                    .to_pkcs8_der()
            }
        };
        let document = document.map_err(|_| KeyError::Generation)?;
        Self::pkcs8(document.as_bytes(), RSA_MIN_BITS)?.with_algorithm(algorithm)
    }

    /// Reads a private key: PKCS#8 in PEM, not encrypted.
    ///
    /// The algorithm is ES256, RS256 or EdDSA by the key's type, the `kid`
    /// the RFC 7638 thumbprint of its public key.
    ///
    /// # Errors
    ///
    /// [`KeyError::PublicKey`], [`KeyError::Encrypted`],
    /// [`KeyError::NotPkcs8`] with what to do about it, and every reason for
    /// which [`PublicKey::pem`] would refuse the public half.
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
        let damage = || match Damage::of_bytes(pem, Wanted::PrivateKey) {
            Some(damage) => KeyError::Damaged(damage),
            None => KeyError::NotPem,
        };
        let text = received::text(pem).map_err(|_| damage())?;
        if ["EC", "RSA", "OPENSSH"]
            .iter()
            .any(|kind| text.contains(&format!("-----BEGIN {kind} PRIVATE KEY-----")))
        {
            return Err(KeyError::NotPkcs8);
        }
        let text = received::pem(&text).map(Zeroizing::new).ok_or_else(damage)?;
        let (label, document) = SecretDocument::from_pem(&text).map_err(|error| {
            if matches!(error.kind(), pkcs8::der::ErrorKind::Pem(_)) {
                KeyError::NotPem
            } else {
                KeyError::Malformed
            }
        })?;
        match label {
            "PRIVATE KEY" => Self::pkcs8(document.as_bytes(), min_rsa_bits.max(RSA_MIN_BITS)),
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(KeyError::PublicKey),
            _ => Err(KeyError::OtherPem),
        }
    }

    /// Reads PKCS#8 and writes the key anew, so that whatever else stood in
    /// the file is neither used nor kept.
    fn pkcs8(der: &[u8], min_rsa_bits: usize) -> Result<Self, KeyError> {
        let info = PrivateKeyInfo::from_der(der).map_err(|_| KeyError::Malformed)?;
        let (pkcs8, encoding, material) = match info.algorithm.oid {
            EC => {
                if info.algorithm.parameters_oid() != Ok(p256::NistP256::OID) {
                    return Err(KeyError::WrongCurve);
                }
                let key = p256::SecretKey::from_pkcs8_der(der).map_err(|_| KeyError::Malformed)?;
                let material = Material::p256(&key.public_key().to_sec1_bytes())?;
                let pkcs8 = key.to_pkcs8_der().map_err(|_| KeyError::Malformed)?;
                let encoding = EncodingKey::from_ec_der(pkcs8.as_bytes());
                (pkcs8, encoding, material)
            }
            RSA => {
                let key = RsaPrivateKey::from_pkcs8_der(der).map_err(|_| KeyError::Malformed)?;
                let (modulus, exponent) = (key.n().to_bytes_be(), key.e().to_bytes_be());
                let material = Material::rsa(&modulus, &exponent, min_rsa_bits)?;
                let pkcs8 = key.to_pkcs8_der().map_err(|_| KeyError::Malformed)?;
                let pkcs1 = key.to_pkcs1_der().map_err(|_| KeyError::Malformed)?;
                (pkcs8, EncodingKey::from_rsa_der(pkcs1.as_bytes()), material)
            }
            ED25519 => {
                let key = ed25519_dalek::SigningKey::from_pkcs8_der(der)
                    .map_err(|_| KeyError::Malformed)?;
                let material = Material::ed25519(key.verifying_key().as_bytes())?;
                let pkcs8 = ed25519(key.as_bytes()).map_err(|_| KeyError::Malformed)?;
                let encoding = EncodingKey::from_ed_der(pkcs8.as_bytes());
                (pkcs8, encoding, material)
            }
            _ => return Err(KeyError::UnsupportedType),
        };
        Ok(Self { pkcs8, encoding, public: PublicKey::from_material(material) })
    }

    /// Pins the key to another algorithm.
    ///
    /// # Errors
    ///
    /// [`KeyError::AlgorithmMismatch`] when the key's type cannot serve it.
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Result<Self, KeyError> {
        self.public = self.public.with_algorithm(algorithm)?;
        Ok(self)
    }

    /// Names the key: the `kid` that a token asks for it by.
    ///
    /// # Errors
    ///
    /// [`KeyError::InvalidKid`] as [`PublicKey::with_kid`].
    pub fn with_kid(mut self, kid: impl Into<String>) -> Result<Self, KeyError> {
        self.public = self.public.with_kid(kid)?;
        Ok(self)
    }

    /// The algorithm this key signs with.
    pub const fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The public key, with the same algorithm and `kid`.
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The public key as `PUBLIC KEY` in PEM, for the services.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when the encoder fails.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        self.public.to_pem()
    }

    /// The private key as PKCS#8 in PEM. The text clears itself when dropped.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] when the encoder fails.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        self.pkcs8.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|_| KeyError::Malformed)
    }

    /// Signs `claims` as they are, with `typ` `license+jwt` and this key's
    /// `kid`.
    ///
    /// # Errors
    ///
    /// [`SigningError`].
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<Token, SigningError> {
        self.sign_as(Some(LICENSE_JWT), Some(self.public.kid()), claims)
    }

    /// Signs `claims` as they are, under another `typ` or `kid`, or without.
    ///
    /// # Errors
    ///
    /// [`SigningError`].
    pub fn sign_as(
        &self,
        typ: Option<&str>,
        kid: Option<&str>,
        claims: &Map<String, Value>,
    ) -> Result<Token, SigningError> {
        backend::install();
        if let Some(kid) = kid {
            check_kid(kid).map_err(|_| SigningError::InvalidKid)?;
        }
        let algorithm = self.algorithm().to_jsonwebtoken();
        let mut header = Header::new(algorithm);
        header.typ = typ.map(str::to_owned);
        header.kid = kid.map(str::to_owned);
        let text = jsonwebtoken::encode(&header, claims, &self.encoding)
            .map_err(|_| SigningError::Backend)?;
        let decoded = DecodedToken::read(text.as_bytes()).map_err(|error| match error.kind() {
            InstallErrorKind::TokenTooLarge => SigningError::TooLarge,
            _ => SigningError::Backend,
        })?;
        // A faulty RSA signature can give the private key away.
        let key = self.public.signature_key();
        let verified = key.is_some_and(|key| key.has_signed(&decoded));
        if verified { Ok(decoded.token) } else { Err(SigningError::Backend) }
    }

    /// The signature over any text, in the compact form.
    #[cfg(feature = "testing")]
    pub(crate) fn sign_text(&self, text: &str) -> Result<String, SigningError> {
        backend::install();
        let algorithm = self.algorithm().to_jsonwebtoken();
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.encoding, algorithm)
            .map_err(|_| SigningError::Backend)
    }
}

/// PKCS#8 of an Ed25519 key, in version 1: without the public key, which
/// older programs stumble over.
fn ed25519(secret: &[u8; 32]) -> pkcs8::Result<SecretDocument> {
    ed25519_dalek::pkcs8::KeypairBytes { secret_key: *secret, public_key: None }.to_pkcs8_der()
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<SigningKey>();

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        tests::tokens::{AUDIENCE, ISSUER, PAYLOAD},
        token::TokenType,
        verify::Keyring,
    };

    fn claims() -> Map<String, Value> {
        serde_json::from_str(PAYLOAD).unwrap()
    }

    /// Signs with `key` and verifies with the public key read from its PEM.
    fn passes(key: &SigningKey) {
        let public = PublicKey::pem(key.public_pem().unwrap().as_bytes())
            .and_then(|public| public.with_algorithm(key.algorithm()))
            .unwrap();
        assert_eq!(&public, key.public_key());
        let token = key.sign(&claims()).unwrap();
        assert_eq!(token.check_type(TokenType::LicenseJwt).map_err(|error| error.code()), Ok(()));
        assert_eq!(token.header().kid(), Some(public.kid()));
        let keyring = Keyring::builder(ISSUER, AUDIENCE).key(public).build().unwrap();
        assert_eq!(keyring.verify(&token).unwrap(), claims());
        // What is written is read again, as the same key.
        let again = SigningKey::pem(key.to_pkcs8_pem().unwrap().as_bytes())
            .and_then(|again| again.with_algorithm(key.algorithm()))
            .unwrap();
        assert_eq!(again.public_key(), key.public_key());
        assert!(keyring.verify(&again.sign(&claims()).unwrap()).is_ok());
    }

    #[test]
    fn a_new_p256_key_signs_what_its_public_key_verifies() {
        passes(&SigningKey::generate(Algorithm::Es256, None).unwrap());
    }

    #[test]
    fn a_new_ed25519_key_signs_what_its_public_key_verifies() {
        passes(&SigningKey::generate(Algorithm::EdDsa, None).unwrap());
    }

    #[test]
    fn a_new_rsa_key_signs_with_every_rsa_algorithm() {
        let key = SigningKey::generate(Algorithm::Ps256, Some(3072)).unwrap();
        assert_eq!((key.algorithm(), key.public_key().bits()), (Algorithm::Ps256, 3072));
        let pem = key.to_pkcs8_pem().unwrap();
        for algorithm in Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_rsa()) {
            let key = SigningKey::pem(pem.as_bytes()).unwrap();
            assert_eq!(key.algorithm(), Algorithm::Rs256);
            passes(&key.with_algorithm(algorithm).unwrap());
        }
    }

    #[test]
    fn two_new_keys_differ() {
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let new = || SigningKey::generate(algorithm, None).unwrap();
            assert_ne!(new().public_key(), new().public_key());
        }
    }

    #[test]
    fn a_size_that_makes_no_sense_is_refused() {
        let refused = |algorithm, bits| SigningKey::generate(algorithm, Some(bits)).err();
        for bits in [0, 1024, 2048, 3071] {
            let error = KeyError::RsaTooSmall { bits, min: 3072 };
            assert_eq!(refused(Algorithm::Rs256, bits), Some(error));
        }
        assert!(matches!(refused(Algorithm::Rs256, 16_384), Some(KeyError::RsaTooLarge { .. })));
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            assert_eq!(refused(algorithm, 4096), Some(KeyError::BitsNotApplicable));
        }
    }

    #[test]
    fn a_key_in_another_form_is_refused_with_the_cure() {
        let refused = |label: &str| {
            let pem = format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
            SigningKey::pem(pem.as_bytes()).err().unwrap()
        };
        assert_eq!(refused("PUBLIC KEY"), KeyError::PublicKey);
        assert_eq!(refused("RSA PUBLIC KEY"), KeyError::PublicKey);
        assert_eq!(refused("ENCRYPTED PRIVATE KEY"), KeyError::Encrypted);
        assert_eq!(refused("EC PRIVATE KEY"), KeyError::NotPkcs8);
        assert_eq!(refused("RSA PRIVATE KEY"), KeyError::NotPkcs8);
        assert_eq!(refused("OPENSSH PRIVATE KEY"), KeyError::NotPkcs8);
        assert_eq!(refused("CERTIFICATE"), KeyError::OtherPem);
        assert_eq!(refused("PRIVATE KEY"), KeyError::Malformed);
        assert_eq!(
            SigningKey::pem(b"no key").err().map(|it| it.to_string()),
            Some("no PEM text, which begins with -----BEGIN".into())
        );
    }

    #[test]
    fn a_private_key_that_no_verifier_accepts_is_refused() {
        let short = RsaPrivateKey::new(&mut OsRng, 1024).unwrap();
        let pem = short.to_pkcs8_pem(LineEnding::LF).unwrap();
        let error = KeyError::RsaTooSmall { bits: 1024, min: 3072 };
        assert_eq!(SigningKey::pem(pem.as_bytes()).err(), Some(error));

        let p384 = ObjectIdentifier::new_unwrap("1.3.132.0.34");
        let private = |oid, parameters| {
            let algorithm = pkcs8::AlgorithmIdentifierRef { oid, parameters };
            let info = PrivateKeyInfo { algorithm, private_key: &[4, 1, 7], public_key: None };
            let pem = SecretDocument::encode_msg(&info).unwrap();
            let pem = pem.to_pem("PRIVATE KEY", LineEnding::LF).unwrap();
            SigningKey::pem(pem.as_bytes()).err()
        };
        let curve = Some(pkcs8::der::asn1::AnyRef::from(&p384));
        assert_eq!(private(EC, curve), Some(KeyError::WrongCurve));
        assert_eq!(private(EC, None), Some(KeyError::WrongCurve));
        assert_eq!(private(p384, None), Some(KeyError::UnsupportedType));
        assert_eq!(private(ED25519, None), Some(KeyError::Malformed));
        assert_eq!(private(RSA, Some(pkcs8::der::asn1::Null.into())), Some(KeyError::Malformed));
    }

    #[test]
    fn the_header_is_what_was_asked_for_and_nothing_else() {
        let key = SigningKey::generate(Algorithm::Es256, None).unwrap().with_kid("k").unwrap();
        let header = |token: &Token| {
            let (header, _) = token.as_str().split_once('.').unwrap();
            serde_json::from_slice::<Value>(&crate::tests::tokens::decode(header)).unwrap()
        };
        let token = key.sign(&claims()).unwrap();
        assert_eq!(header(&token), json!({"typ": "license+jwt", "alg": "ES256", "kid": "k"}));
        let token = key.sign_as(None, None, &claims()).unwrap();
        assert_eq!(header(&token), json!({"alg": "ES256"}));
        let token = key.sign_as(Some("JWT"), Some("other"), &claims()).unwrap();
        assert_eq!(header(&token), json!({"typ": "JWT", "alg": "ES256", "kid": "other"}));
        let error = key.sign_as(None, Some(""), &claims());
        assert_eq!(error.err(), Some(SigningError::InvalidKid));
    }

    #[test]
    fn a_license_too_large_to_be_read_is_not_issued() {
        let key = SigningKey::generate(Algorithm::Es256, None).unwrap();
        let mut claims = claims();
        claims.insert("note".into(), json!("x".repeat(13 * 1024)));
        assert_eq!(key.sign(&claims).err(), Some(SigningError::TooLarge));
    }

    #[test]
    fn debug_shows_nothing_of_the_private_key() {
        let key = SigningKey::generate(Algorithm::EdDsa, None).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains(key.public_key().kid()) && shown.len() < 200, "{shown}");
    }
}
