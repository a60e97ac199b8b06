//! The public keys a product trusts, and the one place where a signature is
//! believed.
//!
//! The key decides the algorithm, never the token. Behind the signature the
//! keyring settles what belongs to every license: one JSON object without
//! duplicate members, `iss` and `aud` as they should be, an integer `exp`.
//! When it is in force is not asked here.

use jsonwebtoken::{DecodingKey, Validation, errors::ErrorKind};
use serde_json::{Map, Value};

use crate::{
    algorithm::Algorithm,
    backend::{self, SelfTestError},
    install_error::{InstallError, InstallErrorKind},
    json::StrictObject,
    key::{PublicKey, RSA_MIN_BITS},
    token::{Token, payload_object},
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
    #[error("no public key is configured")]
    NoKey,
    /// Two keys have one name.
    #[error("two public keys have the key id {kid:?}")]
    DuplicateKid {
        /// The name they share.
        kid: String,
    },
    /// A key is pinned to an algorithm that the product does not use.
    #[error("the key {kid:?} is for {algorithm}, which this product does not allow")]
    AlgorithmNotAllowed {
        /// The key's name.
        kid: String,
        /// The key's algorithm.
        algorithm: Algorithm,
    },
    /// An RSA key is shorter than the product asks for.
    #[error("the RSA key {kid:?} has {bits} bits; this product asks for at least {min}")]
    RsaTooSmall {
        /// The key's name.
        kid: String,
        /// Bits of the modulus.
        bits: usize,
        /// The least that is allowed.
        min: usize,
    },
}

/// One key, ready to verify.
#[derive(Debug)]
pub(crate) struct Key {
    kid: String,
    algorithm: Algorithm,
    decoding: DecodingKey,
    validation: Validation,
}

/// 9999-12-31T23:59:59Z, the last second that a calendar can show.
const LAST_SECOND: u64 = 253_402_300_799;

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
        if header.alg != key.algorithm.name() {
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
        let key = self.select(token)?;
        match jsonwebtoken::decode::<StrictObject>(token.as_str(), &key.decoding, &key.validation) {
            Ok(data) => {
                // The library lets an array pass for `iss` and a float for `exp`.
                self.check(&data.claims.0)?;
                Ok(data.claims.0)
            }
            Err(error) => Err(self.explain(error.kind(), token)),
        }
    }

    /// Which refusal stands behind the library's. Its own text goes nowhere:
    /// it can hold what a stranger wrote.
    fn explain(&self, error: &ErrorKind, token: &Token) -> InstallError {
        match error {
            // `decode` reaches these only after the signature: the header was
            // read and matched to the key before it was called.
            ErrorKind::Json(_)
            | ErrorKind::MissingRequiredClaim(_)
            | ErrorKind::InvalidClaimFormat(_)
            | ErrorKind::InvalidIssuer
            | ErrorKind::InvalidAudience => {}
            _ => return InstallErrorKind::SignatureInvalid.into(),
        }
        let claims = token.decoded_payload().and_then(|payload| payload_object(&payload));
        match claims.and_then(|claims| self.check(&claims)) {
            Err(refusal) => refusal,
            // The library reads two more claims than are asked for here, and
            // stumbles over an array or an object in their place.
            Ok(()) => invalid("claim `sub` must be a string, `nbf` an integer"),
        }
    }

    /// The claims that every license has.
    fn check(&self, claims: &Map<String, Value>) -> Result<(), InstallError> {
        let issuer = match claims.get("iss") {
            Some(Value::String(issuer)) => issuer,
            Some(_) => return Err(invalid("claim `iss` must be one string")),
            None => return Err(invalid("claim `iss` is missing")),
        };
        let ours = match claims.get("aud") {
            Some(Value::String(audience)) => *audience == self.audience,
            Some(Value::Array(audiences))
                if !audiences.is_empty() && audiences.iter().all(Value::is_string) =>
            {
                audiences.iter().any(|audience| *audience == self.audience)
            }
            Some(_) => {
                return Err(invalid("claim `aud` must be a string or an array of strings"));
            }
            None => return Err(invalid("claim `aud` is missing")),
        };
        match claims.get("exp").map(Value::as_u64) {
            Some(Some(0..=LAST_SECOND)) => {}
            Some(_) => {
                return Err(invalid("claim `exp` must be an integer from 0 to 253402300799"));
            }
            None => return Err(invalid("claim `exp` is missing")),
        }
        if *issuer != self.issuer {
            return Err(InstallErrorKind::IssuerMismatch.into());
        }
        if ours { Ok(()) } else { Err(InstallErrorKind::AudienceMismatch.into()) }
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

    /// Checks the keys together and prepares them.
    ///
    /// Also chooses the signature backend for this process, unless the
    /// program already has.
    ///
    /// # Errors
    ///
    /// [`KeyringError`]: no key, two keys with one `kid`, a key for an
    /// algorithm that is not allowed, an RSA key that is too short.
    pub fn build(self) -> Result<Keyring, KeyringError> {
        backend::install();
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
            keys.push(Key {
                decoding: key.decoding_key(),
                validation: backend::validation(algorithm, &self.issuer, &self.audience),
                kid,
                algorithm,
            });
        }
        Ok(Keyring { keys, issuer: self.issuer, audience: self.audience })
    }
}

fn invalid(what: &'static str) -> InstallError {
    InstallError::because(InstallErrorKind::ClaimsInvalid, what)
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Keyring>();
