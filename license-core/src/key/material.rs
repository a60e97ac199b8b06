//! What a public key consists of, and the checks it has to pass.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
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

use super::{KeyError, algorithm::Algorithm, prime::is_prime};
use crate::received::{self, Damage, Wanted};

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
        let damage = || match Damage::of_bytes(pem, Wanted::PublicKey) {
            Some(damage) if damage.is_private_key() => KeyError::PrivateKey,
            Some(damage) => KeyError::Damaged(damage),
            None => KeyError::NotPem,
        };
        let text = received::text(pem).map_err(|_| damage())?;
        if text.contains("PRIVATE KEY") {
            return Err(KeyError::PrivateKey);
        }
        let text = received::pem(&text).ok_or_else(damage)?;
        let (label, document) = Document::from_pem(&text).map_err(|error| match error.kind() {
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
        if !is_odd(exponent) || !matches!(bit_length(exponent), 17..=33) {
            return Err(KeyError::RsaExponent);
        }
        if is_prime(modulus) {
            return Err(KeyError::RsaPrime);
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

    /// Bytes of a signature.
    pub(crate) fn signature_bytes(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => modulus.len(),
            Self::P256(_) | Self::Ed25519(_) => 64,
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

/// RFC 8017, A.1.1.
pub(crate) fn pkcs1(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
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

#[cfg(test)]
mod tests {
    use super::super::backend::known_answers;
    use super::*;
    use crate::tests::tokens::decode;

    const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
    const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

    fn pem(label: &'static str, document: &Document) -> String {
        document.to_pem(label, LineEnding::LF).unwrap()
    }

    /// The refusal of a PEM.
    fn refused(pem: impl AsRef<[u8]>) -> KeyError {
        Material::from_pem(pem.as_ref(), RSA_MIN_BITS).err().unwrap()
    }

    fn point() -> Vec<u8> {
        decode(known_answers::P256_POINT)
    }

    fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyError> {
        Material::rsa(modulus, exponent, RSA_MIN_BITS).map(|_| ())
    }

    /// A good key of each type.
    fn good() -> [Material; 3] {
        [
            Material::p256(&point()).unwrap(),
            Material::rsa(&decode(known_answers::RSA_MODULUS), &[1, 0, 1], RSA_MIN_BITS).unwrap(),
            Material::ed25519(&decode(known_answers::ED25519_KEY)).unwrap(),
        ]
    }

    #[test]
    fn what_is_written_is_read_again() {
        for key in good() {
            let pem = key.to_pem().unwrap();
            assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"));
            for text in [pem.clone(), format!("\n  {pem}\r\n"), pem.replace('\n', "\r\n")] {
                let read = Material::from_pem(text.as_bytes(), RSA_MIN_BITS);
                assert!(read.is_ok_and(|read| read == key));
            }
        }
    }

    #[test]
    fn an_rsa_key_is_read_as_pkcs_1_and_with_a_compressed_point_as_well() {
        let modulus = decode(known_answers::RSA_MODULUS);
        let document = Document::try_from(pkcs1(&modulus, &[1, 0, 1]).unwrap()).unwrap();
        let read = Material::from_pem(pem("RSA PUBLIC KEY", &document).as_bytes(), RSA_MIN_BITS);
        assert!(read.is_ok_and(|read| read == good()[1]));

        let compressed = p256::PublicKey::from_sec1_bytes(&point()).unwrap().to_sec1_bytes();
        let document = spki(EC, Some(AnyRef::from(&P256)), &compressed).unwrap();
        let read = Material::from_pem(pem("PUBLIC KEY", &document).as_bytes(), RSA_MIN_BITS);
        assert!(read.is_ok_and(|read| read == good()[0]));
    }

    #[test]
    fn a_private_key_of_any_kind_is_named_as_such_and_not_repeated() {
        for label in [
            "PRIVATE KEY",
            "EC PRIVATE KEY",
            "RSA PRIVATE KEY",
            "ENCRYPTED PRIVATE KEY",
            "OPENSSH PRIVATE KEY",
        ] {
            let private = format!("-----BEGIN {label}-----\nc2VjcmV0\n-----END {label}-----\n");
            let public = good()[0].to_pem().unwrap();
            let parameters = "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n";
            for text in [
                private.clone(),
                format!("{parameters}{private}"),
                format!("{public}{private}"),
                private.replace("c2VjcmV0", "!! not base64 !!"),
                private.replace("-----END", "-----"),
            ] {
                let error = refused(text);
                assert_eq!(error, KeyError::PrivateKey, "{label}");
                assert!(!format!("{error} {error:?}").contains("c2VjcmV0"));
                assert!(error.to_string().contains("private key"));
            }
        }
    }

    #[test]
    fn what_is_no_public_key_is_refused() {
        let good = good()[0].to_pem().unwrap();
        for text in
            ["", "ssh-ed25519 AAAA", "{\"kty\":\"EC\"}", &good[..60], &good.replace("END", "EN")]
        {
            assert!(matches!(refused(text), KeyError::Damaged(_) | KeyError::NotPem), "{text}");
        }
        assert!(matches!(refused([0xff; 8]), KeyError::Damaged(_)));
        for (text, says) in [
            (&good[..60], "cut off: the line -----END is missing"),
            ("ssh-ed25519 AAAA", "a key in OpenSSH's own form; "),
        ] {
            assert!(refused(text).to_string().starts_with(says), "{text}");
        }
        assert_eq!(refused(good.replace("PUBLIC KEY", "CERTIFICATE")), KeyError::OtherPem);
        assert_eq!(refused(good.replace("PUBLIC KEY", "RSA PUBLIC KEY")), KeyError::Malformed);
        let cut = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQY=\n-----END PUBLIC KEY-----\n";
        assert_eq!(refused(cut), KeyError::Malformed);
        // Two keys: which one is meant?
        assert!(Material::from_pem(format!("{good}{good}").as_bytes(), RSA_MIN_BITS).is_err());
    }

    #[test]
    fn an_rsa_key_below_3072_bits_is_refused() {
        let modulus = |bytes: usize| [vec![0x80], vec![1; bytes - 1]].concat();
        for bytes in [64, 128, 256, 383] {
            let error = KeyError::RsaTooSmall { bits: bytes * 8, min: 3072 };
            assert_eq!(rsa(&modulus(bytes), &[1, 0, 1]), Err(error));
        }
        // 3071 bits in 384 bytes, and zeros in front that count for nothing.
        let mut almost = modulus(384);
        almost[0] = 0x7f;
        assert_eq!(rsa(&almost, &[3]), Err(KeyError::RsaTooSmall { bits: 3071, min: 3072 }));
        let padded = [vec![0; 200], modulus(256)].concat();
        assert_eq!(rsa(&padded, &[3]), Err(KeyError::RsaTooSmall { bits: 2048, min: 3072 }));
        assert_eq!(rsa(&[], &[3]), Err(KeyError::RsaTooSmall { bits: 0, min: 3072 }));
        assert_eq!(rsa(&modulus(384), &[1, 0, 1]), Ok(()));
    }

    #[test]
    fn an_rsa_key_that_the_backend_cannot_use_is_refused() {
        let modulus = [vec![0x80], vec![1; RSA_MAX_BITS / 8]].concat();
        let error = KeyError::RsaTooLarge { bits: RSA_MAX_BITS + 8, max: RSA_MAX_BITS };
        assert_eq!(rsa(&modulus, &[1, 0, 1]), Err(error));
        assert_eq!(rsa(&modulus[..RSA_MAX_BITS / 8], &[1, 0, 1]), Ok(()));
    }

    #[test]
    fn case_65_a_small_exponent_and_a_prime_modulus_are_refused() {
        let modulus = decode(known_answers::RSA_MODULUS);
        for exponent in [&[3][..], &[5], &[1, 1], &[0xff, 0xfd]] {
            assert_eq!(rsa(&modulus, exponent), Err(KeyError::RsaExponent), "{exponent:?}");
        }
        // 2^3217 - 1, of which anybody has the private key.
        let prime = [&[1][..], &[0xff; 402]].concat();
        assert_eq!(rsa(&prime, &[1, 0, 1]), Err(KeyError::RsaPrime));
        let document = Document::try_from(pkcs1(&prime, &[1, 0, 1]).unwrap()).unwrap();
        assert_eq!(refused(pem("RSA PUBLIC KEY", &document)), KeyError::RsaPrime);
    }

    #[test]
    fn rsa_numbers_that_make_no_sense_are_refused() {
        let modulus = decode(known_answers::RSA_MODULUS);
        for exponent in [
            &[][..],
            &[0],
            &[1],
            &[0, 1],
            &[2],
            &[3],
            &[17],
            &[0xff, 0xff],
            &[1, 0, 0],
            &[2, 0, 0, 0, 1],
        ] {
            assert_eq!(rsa(&modulus, exponent), Err(KeyError::RsaExponent), "{exponent:?}");
        }
        for exponent in [&[1, 0, 1][..], &[1, 0, 3], &[1, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(rsa(&modulus, exponent), Ok(()), "{exponent:?}");
        }
        let mut even = modulus;
        *even.last_mut().unwrap() &= 0xfe;
        assert_eq!(rsa(&even, &[1, 0, 1]), Err(KeyError::RsaModulus));
    }

    #[test]
    fn another_curve_and_another_type_are_refused() {
        let spki =
            |oid, parameters, key: &[u8]| pem("PUBLIC KEY", &spki(oid, parameters, key).unwrap());
        let p384 = spki(EC, Some(AnyRef::from(&P384)), &[4; 97]);
        assert_eq!(refused(p384), KeyError::WrongCurve);
        // The label decides, even over a point that would fit.
        let p384 = spki(EC, Some(AnyRef::from(&P384)), &point());
        assert_eq!(refused(p384), KeyError::WrongCurve);
        assert_eq!(refused(spki(EC, None, &point())), KeyError::Malformed);
        assert_eq!(refused(spki(EC, Some(Null.into()), &point())), KeyError::Malformed);
        assert_eq!(refused(spki(RSA_PSS, None, &[])), KeyError::UnsupportedType);
        let rsa = pkcs1(&decode(known_answers::RSA_MODULUS), &[1, 0, 1]).unwrap();
        assert_eq!(refused(spki(RSA, Some(AnyRef::from(&P256)), &rsa)), KeyError::Malformed);
        let trailing = [&rsa[..], &[0]].concat();
        assert_eq!(refused(spki(RSA, Some(Null.into()), &trailing)), KeyError::Malformed);
        let ed25519 = decode(known_answers::ED25519_KEY);
        assert_eq!(refused(spki(ED25519, Some(Null.into()), &ed25519)), KeyError::Malformed);
        assert_eq!(refused(spki(ED25519, None, &ed25519[..31])), KeyError::Malformed);
    }

    #[test]
    fn a_point_off_its_curve_is_refused() {
        let mut off = point();
        off[64] ^= 1;
        for point in [&off[..], &point()[..64], &[0], &[], &[4; 65]] {
            assert_eq!(Material::p256(point).err(), Some(KeyError::InvalidPoint));
        }
        // No point of Edwards25519 has y = 2.
        let mut off = [0; 32];
        off[0] = 2;
        assert_eq!(Material::ed25519(&off).err(), Some(KeyError::InvalidPoint));
    }

    #[test]
    fn an_ed25519_key_of_small_order_is_refused() {
        let one = [&[1][..], &[0; 31]].concat();
        for weak in [&one[..], &[0; 32]] {
            assert_eq!(Material::ed25519(weak).err(), Some(KeyError::WeakPoint));
        }
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = Material::rsa(&decode(modulus), &[1, 0, 1], 2048).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        // RFC 8037, A.3.
        let key = decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        let key = Material::ed25519(&key).unwrap();
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        // Worked out by hand, with `sha256sum`, for the key of RFC 7515, A.3.
        let point = [
            vec![4],
            decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
            decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
        ];
        let key = Material::p256(&point.concat()).unwrap();
        assert_eq!(key.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    }
}
