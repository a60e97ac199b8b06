//! The public keys a product trusts, and the one place where a signature is
//! believed.

use serde_json::{Map, Value};

use super::claims;
use crate::{
    key::{
        Algorithm, PublicKey, RSA_MIN_BITS, SelfTestError,
        backend::{self, SignatureKey},
    },
    received::{Damage, Found, Wanted},
    refusal::{InstallError, InstallErrorKind},
    token::{DecodedToken, Token, payload_object},
};

/// The keys of one product: `kid` → one key, one algorithm.
///
/// ```
/// use license_core::{InstallErrorKind, Keyring, PublicKey, Token};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = PublicKey::pem(
///     b"-----BEGIN PUBLIC KEY-----
/// MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
/// -----END PUBLIC KEY-----",
/// )?;
/// let keyring = Keyring::builder("https://acme.example", "acme").key(key).build()?;
/// keyring.self_test()?;
///
/// // Signed with the key, but no license: "Example of Ed25519 signing".
/// let token: Token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
///                     hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5B\
///                     hVsPt9g7sVvpAr_MuM0KAg"
///     .parse()?;
/// let refused = keyring.verify(&token).unwrap_err();
/// assert_eq!(refused.kind(), InstallErrorKind::ClaimsInvalid);
/// # Ok(())
/// # }
/// ```
///
/// The key decides the algorithm, never the token. Behind the signature the
/// keyring settles what belongs to every license: one JSON object without
/// duplicate members, `iss` and `aud` as they should be, an integer `exp`.
/// When it is in force is not asked here.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<Key>,
    issuer: String,
    audience: String,
}

/// Collects the keys of a [`Keyring`] and checks them together.
#[derive(Clone, Debug)]
#[must_use]
pub struct KeyringBuilder {
    keys: Vec<PublicKey>,
    issuer: String,
    audience: String,
    algorithms: Option<Vec<Algorithm>>,
    min_rsa_bits: usize,
}

/// Why a set of keys cannot be trusted together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// No key at all.
    #[error("no public key is configured; add the vendor's public key")]
    NoKey,
    /// Two keys have one name.
    #[error("two public keys have the key id {kid:?}; give one of them another")]
    DuplicateKid {
        /// The name they share.
        kid: String,
    },
    /// A key is pinned to an algorithm that the product does not use.
    #[error(
        "the key {kid:?} is for {algorithm}, which this product does not allow; add a key of one that it allows"
    )]
    AlgorithmNotAllowed {
        /// The key's name.
        kid: String,
        /// The key's algorithm.
        algorithm: Algorithm,
    },
    /// An RSA key is shorter than the product asks for.
    #[error(
        "the RSA key {kid:?} has {bits} bits; this product asks for at least {min}: make a longer one"
    )]
    RsaTooSmall {
        /// The key's name.
        kid: String,
        /// Bits of the modulus.
        bits: usize,
        /// The least that is allowed.
        min: usize,
    },
    /// The signature backend cannot use a key.
    #[error(
        "the signature backend refuses the key {kid:?}; take the file again from where it was made"
    )]
    KeyRefused {
        /// The key's name.
        kid: String,
    },
}

/// One key, ready to verify.
#[derive(Debug)]
pub(crate) struct Key {
    kid: String,
    algorithm: Algorithm,
    signature: SignatureKey,
    /// Bytes of each of its signatures.
    signature_bytes: usize,
}

impl Keyring {
    /// Starts a keyring for licenses of one issuer (`iss`) for one product
    /// (`aud`).
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> KeyringBuilder {
        KeyringBuilder {
            keys: Vec::new(),
            issuer: issuer.into(),
            audience: audience.into(),
            algorithms: None,
            min_rsa_bits: RSA_MIN_BITS,
        }
    }

    /// The algorithms of the configured keys, each once.
    pub fn algorithms(&self) -> Vec<Algorithm> {
        let mut algorithms: Vec<_> = self.keys.iter().map(|key| key.algorithm).collect();
        algorithms.sort_unstable();
        algorithms.dedup();
        algorithms
    }

    /// The names of the configured keys.
    pub(crate) fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.kid.as_str())
    }

    /// Asks the signature backend for known answers, for every algorithm that
    /// a key here uses. To be called once, before serving.
    ///
    /// # Errors
    ///
    /// [`SelfTestError`] when the backend accepts what it must refuse, refuses
    /// what it must accept, or panics.
    pub fn self_test(&self) -> Result<(), SelfTestError> {
        backend::self_test(self.algorithms())
    }

    /// The key that a token names, when the token also names its algorithm.
    pub(crate) fn select(&self, token: &Token) -> Result<&Key, InstallError> {
        let header = token.header();
        let key = match (&header.kid, self.keys.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.kid == *kid),
            (None, [key]) => Some(key),
            (None, _) => None,
        };
        let key = key.ok_or(InstallErrorKind::KeyUnknown)?;
        if header.alg != key.algorithm.as_str() {
            return Err(InstallErrorKind::AlgorithmNotAllowed.into());
        }
        Ok(key)
    }

    /// Verifies the signature and returns the claims, `iss`, `aud` and the
    /// type of `exp` checked.
    ///
    /// # Errors
    ///
    /// In this order: [`KeyUnknown`](InstallErrorKind::KeyUnknown),
    /// [`AlgorithmNotAllowed`](InstallErrorKind::AlgorithmNotAllowed),
    /// [`SignatureInvalid`](InstallErrorKind::SignatureInvalid),
    /// [`ClaimsInvalid`](InstallErrorKind::ClaimsInvalid) with the claim's
    /// name in the detail, [`IssuerMismatch`](InstallErrorKind::IssuerMismatch),
    /// [`AudienceMismatch`](InstallErrorKind::AudienceMismatch). Nothing of the
    /// payload is looked at before the signature is good.
    pub fn verify(&self, token: &Token) -> Result<Map<String, Value>, InstallError> {
        self.verify_decoded(&DecodedToken::of(token)?)
    }

    /// Verifies a token that is decoded already.
    pub(crate) fn verify_decoded(
        &self,
        decoded: &DecodedToken,
    ) -> Result<Map<String, Value>, InstallError> {
        let key = self.select(&decoded.token)?;
        if !key.signature.has_signed(decoded) {
            return Err(key.refusal(decoded.signature.len()));
        }
        let claims = payload_object(&decoded.payload)?;
        claims::check_registered(&self.issuer, &self.audience, &claims)?;
        Ok(claims)
    }
}

impl Key {
    /// The refusal of a signature of this many bytes.
    fn refusal(&self, bytes: usize) -> InstallError {
        let found = if let missing @ 1.. = self.signature_bytes.saturating_sub(bytes) {
            Found::CutSignature { missing, at_least: false }
        } else if let surplus @ 1.. = bytes.saturating_sub(self.signature_bytes) {
            Found::LongSignature { surplus }
        } else {
            return InstallErrorKind::SignatureInvalid.into();
        };
        let damage = Damage::new(found, Wanted::License);
        InstallError::because(InstallErrorKind::SignatureInvalid, damage)
    }
}

impl KeyringBuilder {
    /// Adds a key.
    pub fn key(mut self, key: PublicKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Adds several keys.
    pub fn keys(mut self, keys: impl IntoIterator<Item = PublicKey>) -> Self {
        self.keys.extend(keys);
        self
    }

    /// Allows only these algorithms. Without this every supported one is
    /// allowed; each key still has just its own.
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = Some(algorithms.to_vec());
        self
    }

    /// Asks for RSA keys of at least `bits` bits. Never below 3072, whatever
    /// is asked.
    pub fn min_rsa_bits(mut self, bits: usize) -> Self {
        self.min_rsa_bits = bits.max(RSA_MIN_BITS);
        self
    }

    /// Test vectors use shorter keys than are accepted anywhere else.
    #[cfg(test)]
    pub(crate) fn short_rsa_keys(mut self, bits: usize) -> Self {
        self.min_rsa_bits = bits;
        self
    }

    /// Checks the keys together and prepares them.
    ///
    /// Also chooses the signature backend for this process, unless the
    /// program already has.
    ///
    /// # Errors
    ///
    /// [`KeyringError`]: no key, two keys with one `kid`, a key for an
    /// algorithm that is not allowed, an RSA key that is too short, a key that
    /// the backend cannot use.
    pub fn build(self) -> Result<Keyring, KeyringError> {
        if self.keys.is_empty() {
            return Err(KeyringError::NoKey);
        }
        let mut keys: Vec<Key> = Vec::with_capacity(self.keys.len());
        for key in self.keys {
            let (kid, algorithm, bits) = (key.kid().to_owned(), key.algorithm(), key.bits());
            if keys.iter().any(|other| other.kid == kid) {
                return Err(KeyringError::DuplicateKid { kid });
            }
            if self.algorithms.as_ref().is_some_and(|allowed| !allowed.contains(&algorithm)) {
                return Err(KeyringError::AlgorithmNotAllowed { kid, algorithm });
            }
            if algorithm.is_rsa() && bits < self.min_rsa_bits {
                return Err(KeyringError::RsaTooSmall { kid, bits, min: self.min_rsa_bits });
            }
            let Some(signature) = key.signature_key() else {
                return Err(KeyringError::KeyRefused { kid });
            };
            keys.push(Key { kid, algorithm, signature, signature_bytes: key.signature_bytes() });
        }
        Ok(Keyring { keys, issuer: self.issuer, audience: self.audience })
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Keyring>();

#[cfg(test)]
mod tests {
    use hmac::{Hmac, Mac};
    use sha2::Sha256;

    use super::*;
    use crate::{
        key::backend::known_answers,
        tests::tokens::{
            AUDIENCE, HEADER, ISSUER, PAYLOAD, decode, encode, good, keyring, outcome, p256_public,
            signed, signed_by,
        },
    };

    /// A keyring of the known answers' RSA key, pinned to `algorithm`.
    fn rsa_keyring(algorithm: Algorithm) -> Keyring {
        let modulus = decode(known_answers::RSA_MODULUS);
        let material = crate::key::Material::rsa(&modulus, &[1, 0, 1], RSA_MIN_BITS).unwrap();
        let key = PublicKey::from_material(material).with_algorithm(algorithm).unwrap();
        let name = known_answers::NAME;
        Keyring::builder(name, name).key(key).build().unwrap()
    }

    /// The refusal of a payload that key 1 has signed.
    fn claims_refused(payload: impl AsRef<[u8]>) -> InstallError {
        let token = Token::parse(signed(HEADER, payload).as_bytes()).unwrap();
        keyring().verify(&token).unwrap_err()
    }

    #[test]
    fn a_good_token_gives_its_claims() {
        let token = Token::parse(good().as_bytes()).unwrap();
        let claims = keyring().verify(&token).unwrap();
        assert_eq!(Value::Object(claims), serde_json::from_str::<Value>(PAYLOAD).unwrap());
    }

    #[test]
    fn case_09_payload_not_utf8_not_an_object_trailing_data_or_too_deep_is_refused() {
        let object = PAYLOAD.as_bytes();
        let latin1 = [&object[..object.len() - 1], b",\"b\":\"\xff\"}"].concat();
        let deep = format!(
            "{},\"b\":{}{}}}",
            &PAYLOAD[..PAYLOAD.len() - 1],
            "[".repeat(500),
            "]".repeat(500)
        );
        for payload in [
            &latin1[..],
            deep.as_bytes(),
            b"",
            b"foo",
            b"[]",
            b"null",
            b"\"text\"",
            &[object, b"{}"].concat(),
            &[object, b"\0"].concat(),
            &[b"\xef\xbb\xbf", object].concat(),
        ] {
            let error = claims_refused(payload);
            assert_eq!(error.kind(), InstallErrorKind::ClaimsInvalid, "{payload:?}");
            assert!(error.detail().starts_with("The payload: "), "{}", error.detail());
        }
    }

    #[test]
    fn case_11_an_hmac_keyed_with_the_public_key_is_refused() {
        let key = p256_public(1).with_kid("a").unwrap();
        let pem = key.to_pem().unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap();
        let point = &der[der.len() - 65..];
        for secret in [pem.as_bytes(), pem.trim_end().as_bytes(), &der, point] {
            for alg in ["HS256", "ES256"] {
                let input = format!("{}.{}", encode(HEADER.replace("ES256", alg)), encode(PAYLOAD));
                let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
                mac.update(input.as_bytes());
                let text = format!("{input}.{}", encode(mac.finalize().into_bytes()));
                let expected =
                    if alg == "HS256" { "algorithm_not_allowed" } else { "signature_invalid" };
                assert_eq!(outcome(&keyring(), text), expected);
            }
        }
    }

    #[test]
    fn case_12_another_algorithm_on_a_pinned_key_is_refused() {
        for pinned in Algorithm::ALL.into_iter().filter(|algorithm| algorithm.is_rsa()) {
            let keyring = rsa_keyring(pinned);
            for signed in Algorithm::ALL {
                // Every RSA token here is good under the same key.
                let expected = if signed == pinned { "ok" } else { "algorithm_not_allowed" };
                let token = known_answers::token(signed);
                assert_eq!(outcome(&keyring, token), expected, "{signed} on {pinned}");
            }
        }
    }

    #[test]
    fn case_17_an_unknown_kid_and_a_kid_that_is_not_the_signers_are_refused() {
        let two = Keyring::builder(ISSUER, AUDIENCE)
            .key(p256_public(1).with_kid("a").unwrap())
            .key(p256_public(2).with_kid("b").unwrap())
            .build()
            .unwrap();
        let with = |kid: &str| HEADER.replace(r#""a""#, &format!("\"{kid}\""));
        assert_eq!(outcome(&two, signed_by(1, with("a"), PAYLOAD)), "ok");
        assert_eq!(outcome(&two, signed_by(2, with("b"), PAYLOAD)), "ok");
        assert_eq!(outcome(&two, signed_by(2, with("a"), PAYLOAD)), "signature_invalid");
        assert_eq!(outcome(&two, signed_by(1, with("b"), PAYLOAD)), "signature_invalid");
        for kid in ["c", "", "A", "../a", "a\\u0000", "http://127.0.0.1:9/a"] {
            assert_eq!(outcome(&two, signed(with(kid), PAYLOAD)), "key_unknown", "{kid}");
            assert_eq!(outcome(&keyring(), signed(with(kid), PAYLOAD)), "key_unknown", "{kid}");
        }
        // Without a name: only when there is nothing to choose.
        let nameless = signed(r#"{"alg":"ES256"}"#, PAYLOAD);
        assert_eq!(outcome(&two, &nameless), "key_unknown");
        assert_eq!(outcome(&keyring(), &nameless), "ok");
    }

    #[test]
    fn case_18_a_flipped_bit_in_any_part_is_refused() {
        let text = good();
        let parts: Vec<Vec<u8>> = text.split('.').map(decode).collect();
        let keyring = keyring();
        for (part, bytes) in parts.iter().enumerate() {
            for at in [0, bytes.len() / 2, bytes.len() - 1] {
                for bit in [0, 7] {
                    let mut altered = parts.clone();
                    altered[part][at] ^= 1 << bit;
                    let altered: Vec<String> = altered.iter().map(encode).collect();
                    let outcome = outcome(&keyring, altered.join("."));
                    // A flipped header can also stop being a header of ours.
                    assert_ne!(outcome, "ok");
                    assert!(part == 0 || outcome == "signature_invalid", "{part} {outcome}");
                }
            }
        }
    }

    #[test]
    fn case_19_a_signature_empty_short_long_zero_or_der_is_refused() {
        let text = good();
        let (input, signature) = text.rsplit_once('.').unwrap();
        let signature = decode(signature);
        let der = p256::ecdsa::Signature::from_slice(&signature).unwrap().to_der();
        let long = [&signature[..], b"\0"].concat();
        for forged in [
            &b""[..],
            &signature[..63],
            &signature[1..],
            &long,
            &[0; 64],
            &[0xff; 64],
            der.as_bytes(),
            &[&signature[..32], &[0; 32]].concat(),
            &[&[0; 32], &signature[32..]].concat(),
        ] {
            let text = format!("{input}.{}", encode(forged));
            assert_eq!(outcome(&keyring(), &text), "signature_invalid", "{} bytes", forged.len());
            let error = Token::parse(text.as_bytes()).and_then(|it| keyring().verify(&it));
            let name = match forged.len() {
                63 => "Cut off: the signature is 1 byte short. ".to_owned(),
                0..63 => format!("Cut off: the signature is {} bytes short. ", 64 - forged.len()),
                64 => "The file may be damaged".to_owned(),
                65 => "Its signature is 1 byte too long. ".to_owned(),
                long => format!("Its signature is {} bytes too long. ", long - 64),
            };
            let error = error.unwrap_err();
            assert!(error.detail().starts_with(&name), "{}", error.detail());
        }
    }

    #[test]
    fn case_20_the_mirrored_signature_is_the_same_license() {
        let text = good();
        let (input, signature) = text.rsplit_once('.').unwrap();
        let (r, s) =
            p256::ecdsa::Signature::from_slice(&decode(signature)).unwrap().split_scalars();
        let mirrored = p256::ecdsa::Signature::from_scalars(r, -s).unwrap();
        let twin = format!("{input}.{}", encode(mirrored.to_bytes()));
        assert_ne!(twin, text);
        let (token, twin): (Token, Token) = (text.parse().unwrap(), twin.parse().unwrap());
        let keyring = keyring();
        assert_eq!(keyring.verify(&token).unwrap(), keyring.verify(&twin).unwrap());
        assert_eq!(token.digest(), twin.digest());
    }

    #[test]
    fn case_22_an_exp_missing_or_not_an_integer_in_range_is_refused() {
        for exp in [
            "null",
            "\"1798761600\"",
            "true",
            "1798761600.0",
            "1798761600.5",
            "-1",
            "[]",
            "{}",
            "18446744073709551616",
            "18446744073709551615",
            "253402300800",
            "1e3",
            "-0",
        ] {
            let error = claims_refused(PAYLOAD.replace("1798761600", exp));
            assert_eq!(error.kind(), InstallErrorKind::ClaimsInvalid, "{exp}");
            assert!(error.detail().contains("claim `exp` must"), "{exp}: {}", error.detail());
        }
        let error = claims_refused(PAYLOAD.replace("\"exp\"", "\"expires\""));
        assert!(error.detail().contains("claim `exp` is missing"));
        for exp in ["0", "1", "253402300799"] {
            let text = signed(HEADER, PAYLOAD.replace("1798761600", exp));
            assert_eq!(outcome(&keyring(), text), "ok", "{exp}");
        }
    }

    #[test]
    fn case_25_a_duplicate_claim_is_refused_at_every_level() {
        for extra in [
            r#""exp":1798761600"#,
            r#""\u0065xp":1"#,
            r#""iss":"https://acme.example""#,
            r#""b":{"c":1,"c":1}"#,
            r#""b":[{"c":1,"c":1}]"#,
        ] {
            let error = claims_refused(format!("{},{extra}}}", &PAYLOAD[..PAYLOAD.len() - 1]));
            assert_eq!(error.kind(), InstallErrorKind::ClaimsInvalid, "{extra}");
            assert!(error.detail().contains("twice"), "{extra}: {}", error.detail());
        }
    }

    #[test]
    fn case_28_another_issuer_and_an_issuer_that_is_no_string_are_refused() {
        let with = |iss: &str| PAYLOAD.replace(r#""https://acme.example""#, iss);
        for (iss, code) in [
            (r#""https://evil.example""#, "issuer_mismatch"),
            (r#""HTTPS://acme.example""#, "issuer_mismatch"),
            (r#""""#, "issuer_mismatch"),
            ("7", "claims_invalid"),
            ("null", "claims_invalid"),
            ("{}", "claims_invalid"),
            (r#"["https://acme.example"]"#, "claims_invalid"),
        ] {
            assert_eq!(claims_refused(with(iss)).code(), code, "{iss}");
        }
        let error = claims_refused(PAYLOAD.replace("\"iss\"", "\"issuer\""));
        assert!(error.detail().contains("claim `iss` is missing"));
    }

    #[test]
    fn case_29_another_audience_is_refused_and_an_array_with_ours_accepted() {
        let with = |aud: &str| PAYLOAD.replace(r#""acme""#, aud);
        for (aud, code) in [
            (r#""other""#, "audience_mismatch"),
            (r#""""#, "audience_mismatch"),
            (r#"["other"]"#, "audience_mismatch"),
            ("[]", "claims_invalid"),
            ("7", "claims_invalid"),
            ("null", "claims_invalid"),
            ("{}", "claims_invalid"),
            (r#"["acme",7]"#, "claims_invalid"),
            (r#"[["acme"]]"#, "claims_invalid"),
        ] {
            assert_eq!(claims_refused(with(aud)).code(), code, "{aud}");
        }
        let error = claims_refused(PAYLOAD.replace("\"aud\"", "\"audience\""));
        assert!(error.detail().contains("claim `aud` is missing"));
        for aud in [r#"["acme"]"#, r#"["other","acme"]"#] {
            assert_eq!(outcome(&keyring(), signed(HEADER, with(aud))), "ok", "{aud}");
        }
    }

    #[test]
    fn case_30_claims_that_nobody_knows_are_accepted() {
        for extra in [r#""sub":{}"#, r#""sub":7"#, r#""nbf":[1]"#, r#""x":{"y":[null,1.5]}"#] {
            let payload = format!("{},{extra}}}", &PAYLOAD[..PAYLOAD.len() - 1]);
            assert_eq!(outcome(&keyring(), signed(HEADER, payload)), "ok", "{extra}");
        }
    }

    #[test]
    fn an_unsigned_payload_is_never_looked_at() {
        for payload in ["foo", "{}", r#"{"iss":7}"#, r#"{"a":1,"a":1}"#] {
            assert_eq!(outcome(&keyring(), signed_by(2, HEADER, payload)), "signature_invalid");
        }
    }

    #[test]
    fn a_refusal_holds_no_text_of_the_token() {
        let payload = PAYLOAD.replace("https://acme.example", "SECRET");
        let header = HEADER.replace("ES256", "SECRET\\nforged line");
        let keyring = keyring();
        for text in [
            signed(HEADER, payload),
            signed(HEADER, PAYLOAD.replace("1798761600", r#""SECRET""#)),
            signed(HEADER, r#"{"SECRET":1,"SECRET":1}"#),
            signed(HEADER, "SECRET"),
            signed(header, PAYLOAD),
            signed(HEADER.replace("\"a\"", "\"SECRET\""), PAYLOAD),
        ] {
            let token = Token::parse(text.as_bytes()).unwrap();
            let error = keyring.verify(&token).unwrap_err();
            let shown = format!("{error} {error:?} {}", error.detail());
            assert!(!shown.contains("SECRET") && !shown.contains("forged"), "{shown}");
            assert!(std::error::Error::source(&error).is_none());
        }
    }

    #[test]
    fn a_keyring_without_a_key_is_refused() {
        assert_eq!(Keyring::builder(ISSUER, AUDIENCE).build().err(), Some(KeyringError::NoKey));
    }

    #[test]
    fn two_keys_with_one_name_are_refused() {
        let one = p256_public(1).with_kid("a").unwrap();
        let two = p256_public(2).with_kid("a").unwrap();
        let built = Keyring::builder(ISSUER, AUDIENCE).keys([one, two]).build();
        assert_eq!(built.err(), Some(KeyringError::DuplicateKid { kid: "a".into() }));
    }

    #[test]
    fn a_key_for_an_algorithm_that_is_not_allowed_is_refused() {
        let key = p256_public(1).with_kid("a").unwrap();
        let builder = Keyring::builder(ISSUER, AUDIENCE).key(key);
        assert!(builder.clone().algorithms(&[Algorithm::Rs256, Algorithm::Es256]).build().is_ok());
        let error =
            KeyringError::AlgorithmNotAllowed { kid: "a".into(), algorithm: Algorithm::Es256 };
        assert_eq!(
            builder.clone().algorithms(&[Algorithm::Rs256]).build().err(),
            Some(error.clone())
        );
        assert_eq!(builder.algorithms(&[]).build().err(), Some(error));
    }

    #[test]
    fn an_rsa_key_below_what_the_product_asks_for_is_refused() {
        let modulus = decode(known_answers::RSA_MODULUS);
        let material = crate::key::Material::rsa(&modulus, &[1, 0, 1], RSA_MIN_BITS).unwrap();
        let key = PublicKey::from_material(material).with_kid("a").unwrap();
        let builder = Keyring::builder(ISSUER, AUDIENCE).key(key);
        assert!(builder.clone().min_rsa_bits(3072).build().is_ok());
        let error = KeyringError::RsaTooSmall { kid: "a".into(), bits: 3072, min: 4096 };
        assert_eq!(builder.min_rsa_bits(4096).build().err(), Some(error));
        // An elliptic curve key has no modulus to measure.
        let builder = Keyring::builder(ISSUER, AUDIENCE).key(p256_public(1));
        assert!(builder.min_rsa_bits(4096).build().is_ok());
        // The floor cannot be lowered.
        assert_eq!(Keyring::builder(ISSUER, AUDIENCE).min_rsa_bits(1).min_rsa_bits, RSA_MIN_BITS);
    }

    #[test]
    fn each_algorithm_is_named_once_and_tests_itself() {
        let keys = [1, 2, 3].map(p256_public);
        let keyring = Keyring::builder(ISSUER, AUDIENCE).keys(keys).build().unwrap();
        assert_eq!(keyring.algorithms(), [Algorithm::Es256]);
        assert_eq!(keyring.self_test(), Ok(()));
    }
}
