//! What a public key consists of, and the checks it has to pass.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use p256::{
    elliptic_curve::sec1::ToEncodedPoint,
    pkcs8::{
        AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef,
        der::{
            self, Decode, Document, Encode, Reader, SliceReader,
            asn1::{AnyRef, BitStringRef, Null, UintRef},
            pem::LineEnding,
        },
    },
};
use sha2::{Digest, Sha256};

use super::KeyError;
use crate::algorithm::Algorithm;

/// A public key's numbers, checked.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// A P-256 point: `0x04`, x, y.
    P256([u8; 65]),
    /// Big-endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// A compressed Edwards point.
    Ed25519([u8; 32]),
}

/// The shortest RSA key accepted anywhere, in bits.
pub(crate) const RSA_MIN_BITS: usize = 3072;
/// The longest RSA key that the signature backend verifies, in bits.
pub(crate) const RSA_MAX_BITS: usize = if cfg!(feature = "aws-lc") { 8192 } else { 4096 };

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

impl Material {
    /// Reads a `PUBLIC KEY` or `RSA PUBLIC KEY` in PEM (RFC 7468).
    pub(crate) fn from_pem(pem: &[u8], rsa_min_bits: usize) -> Result<Self, KeyError> {
        // Asked first, and of the whole input: the answer must not depend on
        // whether the private key is well-formed, alone, or of a known kind.
        if contains(pem, b"PRIVATE KEY") {
            return Err(KeyError::PrivateKey);
        }
        let text = std::str::from_utf8(pem).map_err(|_| KeyError::NotPem)?.trim_ascii();
        let (label, document) = Document::from_pem(text).map_err(|error| match error.kind() {
            der::ErrorKind::Pem(_) => KeyError::NotPem,
            _ => KeyError::Malformed,
        })?;
        match label {
            "PUBLIC KEY" => Self::from_spki(document.as_bytes(), rsa_min_bits),
            "RSA PUBLIC KEY" => Self::from_pkcs1(document.as_bytes(), rsa_min_bits),
            _ => Err(KeyError::OtherPem),
        }
    }

    fn from_spki(der: &[u8], rsa_min_bits: usize) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Malformed)?;
        let key = info.subject_public_key.as_bytes().ok_or(KeyError::Malformed)?;
        let parameters = info.algorithm.parameters;
        match info.algorithm.oid {
            EC => match parameters.map(|any| any.decode_as::<ObjectIdentifier>()) {
                Some(Ok(P256)) => Self::p256(key),
                Some(Ok(_)) => Err(KeyError::WrongCurve),
                // A curve spelled out, or none.
                _ => Err(KeyError::Malformed),
            },
            RSA => match parameters {
                Some(any) if any != Null.into() => Err(KeyError::Malformed),
                _ => Self::from_pkcs1(key, rsa_min_bits),
            },
            ED25519 if parameters.is_some() => Err(KeyError::Malformed),
            ED25519 => Self::ed25519(key),
            _ => Err(KeyError::UnsupportedType),
        }
    }

    /// RFC 8017, A.1.1: the modulus and the public exponent.
    fn from_pkcs1(der: &[u8], min_bits: usize) -> Result<Self, KeyError> {
        let numbers = |reader: &mut SliceReader<'_>| {
            let numbers = reader.sequence(|reader| {
                let modulus = UintRef::decode(reader)?.as_bytes().to_vec();
                Ok((modulus, UintRef::decode(reader)?.as_bytes().to_vec()))
            })?;
            Ok::<_, der::Error>((numbers, reader.is_finished()))
        };
        match SliceReader::new(der).and_then(|mut reader| numbers(&mut reader)) {
            Ok(((modulus, exponent), true)) => Self::rsa(&modulus, &exponent, min_bits),
            _ => Err(KeyError::Malformed),
        }
    }

    /// An RSA key from its big-endian numbers.
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8], min: usize) -> Result<Self, KeyError> {
        let (modulus, exponent) = (strip_zeros(modulus), strip_zeros(exponent));
        check_rsa_bits(bit_length(modulus), min)?;
        if !is_odd(modulus) {
            return Err(KeyError::RsaModulus);
        }
        // Both backends refuse an exponent of more than 33 bits.
        if !is_odd(exponent) || exponent == [1] || bit_length(exponent) > 33 {
            return Err(KeyError::RsaExponent);
        }
        Ok(Self::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// A P-256 key from an encoded point (SEC 1, 2.3.3).
    pub(crate) fn p256(point: &[u8]) -> Result<Self, KeyError> {
        let key = p256::PublicKey::from_sec1_bytes(point).map_err(|_| KeyError::InvalidPoint)?;
        let point = key.to_encoded_point(false);
        point.as_bytes().try_into().map(Self::P256).map_err(|_| KeyError::InvalidPoint)
    }

    /// An Ed25519 key from its 32 bytes (RFC 8032, 5.1.5).
    pub(crate) fn ed25519(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Malformed)?;
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::InvalidPoint)?;
        if key.is_weak() { Err(KeyError::WeakPoint) } else { Ok(Self::Ed25519(bytes)) }
    }

    /// The algorithm a key of this type uses unless told otherwise.
    pub(crate) const fn default_algorithm(&self) -> Algorithm {
        match self {
            Self::P256(_) => Algorithm::Es256,
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// Whether a key of this type can serve `algorithm`.
    pub(crate) const fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::P256(_) => matches!(algorithm, Algorithm::Es256),
            Self::Rsa { .. } => algorithm.is_rsa(),
            Self::Ed25519(_) => matches!(algorithm, Algorithm::EdDsa),
        }
    }

    /// Bits: of the modulus, or of the curve's field.
    pub(crate) fn bits(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => bit_length(modulus),
            Self::P256(_) | Self::Ed25519(_) => 256,
        }
    }

    /// The RFC 7638 thumbprint: SHA-256 over the required members of the JWK,
    /// in order, base64url.
    pub(crate) fn thumbprint(&self) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let jwk = match self {
            Self::P256(point) => format!(
                r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
                encode(&point[1..33]),
                encode(&point[33..]),
            ),
            Self::Rsa { modulus, exponent } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(exponent), encode(modulus))
            }
            Self::Ed25519(key) => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(key))
            }
        };
        encode(&Sha256::digest(jwk))
    }

    /// The key in the form that the signature library takes.
    pub(crate) fn decoding_key(&self) -> DecodingKey {
        match self {
            Self::P256(point) => DecodingKey::from_ec_der(point),
            Self::Rsa { modulus, exponent } => {
                DecodingKey::from_rsa_raw_components(modulus, exponent)
            }
            Self::Ed25519(key) => DecodingKey::from_ed_der(key),
        }
    }

    /// The key as `PUBLIC KEY` in PEM.
    pub(crate) fn to_pem(&self) -> Result<String, KeyError> {
        let encoded = match self {
            Self::P256(point) => spki(EC, Some(AnyRef::from(&P256)), point),
            Self::Rsa { modulus, exponent } => {
                pkcs1(modulus, exponent).and_then(|key| spki(RSA, Some(Null.into()), &key))
            }
            Self::Ed25519(key) => spki(ED25519, None, key),
        };
        encoded
            .and_then(|document| document.to_pem("PUBLIC KEY", LineEnding::LF))
            .map_err(|_| KeyError::Malformed)
    }
}

/// Whether an RSA key of `bits` bits is long enough, and not too long for the
/// signature backend.
pub(crate) const fn check_rsa_bits(bits: usize, min: usize) -> Result<(), KeyError> {
    if bits < min {
        Err(KeyError::RsaTooSmall { bits, min })
    } else if bits > RSA_MAX_BITS {
        Err(KeyError::RsaTooLarge { bits, max: RSA_MAX_BITS })
    } else {
        Ok(())
    }
}

fn spki(
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'_>>,
    key: &[u8],
) -> der::Result<Document> {
    Document::encode_msg(&SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid, parameters },
        subject_public_key: BitStringRef::from_bytes(key)?,
    })
}

fn pkcs1(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    vec![UintRef::new(modulus)?, UintRef::new(exponent)?].to_der()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn strip_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Bits of a big-endian number without leading zeros.
fn bit_length(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1)
}
