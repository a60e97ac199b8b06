//! From bytes to a verified license: the steps that need no state.

use serde_json::{Map, Value};

use super::{
    claims,
    keyring::{Keyring, KeyringError},
    verified::VerifiedLicense,
};
use crate::{
    key::{PublicKey, SelfTestError},
    product::Product,
    refusal::{InstallError, InstallErrorKind},
    token::{DecodedToken, payload_object},
};

/// Verifies tokens for one product with its configured keys.
///
/// ```
/// # #[cfg(feature = "issue")] {
/// # let key = license_core::key::SigningKey::generate(license_core::key::Algorithm::Es256, None).unwrap();
/// # let pem = key.public_pem().unwrap();
/// use license_core::{Product, PublicKey, Verifier};
///
/// let product = Product::builder("acme", "https://acme.example", "acme-server").build()?;
/// let verifier = Verifier::builder(&product).key(PublicKey::pem(pem.as_bytes())?).build()?;
/// assert_eq!(verifier.verify(b"not a token").unwrap_err().code(), "token_malformed");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Verifier {
    product: Product,
    keyring: Keyring,
}

/// A verifier under construction; built by value.
#[derive(Clone, Debug)]
#[must_use]
pub struct VerifierBuilder {
    product: Product,
    keys: Vec<PublicKey>,
}

/// Why a verifier cannot be built. A configuration error: the service should
/// not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// A key is missing, too weak, of the wrong kind, or there twice.
    #[error("the configured public keys are not usable")]
    Keys(#[from] KeyringError),
    /// The signature backend failed its self-test.
    #[error("the signature backend failed its self-test")]
    SelfTest(#[from] SelfTestError),
}

impl Verifier {
    /// Starts a verifier for a product.
    pub fn builder(product: &Product) -> VerifierBuilder {
        VerifierBuilder { product: product.clone(), keys: Vec::new() }
    }

    /// Without the known-answer test, which takes long where signatures do.
    #[cfg(all(test, feature = "testing"))]
    pub(crate) fn untested(product: Product, keyring: Keyring) -> Self {
        Self { product, keyring }
    }

    /// The product.
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// The names of the keys that are trusted.
    pub(crate) fn kids(&self) -> impl Iterator<Item = &str> {
        self.keyring.kids()
    }

    /// Verifies a token: form, header, key, signature, claims, domain
    /// pattern. Machine, term and clock are judged later.
    ///
    /// # Errors
    ///
    /// The first check that fails; see [`InstallErrorKind`](crate::InstallErrorKind).
    pub fn verify(&self, bytes: &[u8]) -> Result<VerifiedLicense, InstallError> {
        self.verify_decoded(DecodedToken::read(bytes)?)
    }

    /// Verifies a token that is decoded already, as [`verify`](Self::verify)
    /// does.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn verify_decoded(&self, decoded: DecodedToken) -> Result<VerifiedLicense, InstallError> {
        decoded.token.check_type(self.product.token_type())?;
        let payload = self.keyring.verify_decoded(&decoded).map_err(|error| {
            // Whatever was compared, the signature was good by then.
            first_of(error, &self.product, || payload_object(&decoded.payload))
        })?;
        let license = claims::read(payload, &self.product)?;
        Ok(VerifiedLicense { license, token: decoded.token, digest: decoded.digest })
    }

    /// Whether claims are this vendor's, and whether for this product, whatever
    /// else they hold; `None` where they do not say.
    pub(crate) fn is_ours(&self, claims: &Map<String, Value>) -> [Option<bool>; 2] {
        let (vendor, ours) = (self.product.issuer(), self.product.audience());
        [claims::is_issued_by(vendor, claims), claims::is_for(ours, claims)]
    }

    /// Checks a payload that is about to be signed, as [`verify`](Self::verify)
    /// would after its signature.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn check_claims(
        product: &Product,
        payload: &serde_json::Map<String, Value>,
    ) -> Result<crate::license::License, InstallError> {
        claims::check_registered(product.issuer(), product.audience(), payload)
            .map_err(|error| first_of(error, product, || Ok(payload.clone())))?;
        claims::read(payload.clone(), product)
    }
}

/// The refusal of another vendor's or another product's license; a claim that
/// is missing or mistyped comes first.
fn first_of(
    error: InstallError,
    product: &Product,
    payload: impl FnOnce() -> Result<Map<String, Value>, InstallError>,
) -> InstallError {
    use InstallErrorKind::{AudienceMismatch, ClaimsInvalid, IssuerMismatch};
    if !matches!(error.kind(), IssuerMismatch | AudienceMismatch) {
        return error;
    }
    match payload().and_then(|payload| claims::read(payload, product)) {
        Err(invalid) if invalid.kind() == ClaimsInvalid => invalid,
        _ => error,
    }
}

impl VerifierBuilder {
    /// Trusts a public key.
    pub fn key(mut self, key: PublicKey) -> Self {
        self.keys.push(key);
        self
    }

    /// The verifier, after a known-answer test of every configured algorithm.
    ///
    /// # Errors
    ///
    /// No key, a key that the product does not allow, two keys of one name,
    /// or a backend that gives a wrong answer.
    pub fn build(self) -> Result<Verifier, VerifierError> {
        let mut keyring = Keyring::builder(self.product.issuer(), self.product.audience())
            .algorithms(self.product.algorithms())
            .min_rsa_bits(self.product.min_rsa_bits());
        for key in self.keys {
            keyring = keyring.key(key);
        }
        let keyring = keyring.build()?;
        keyring.self_test()?;
        Ok(Verifier { product: self.product, keyring })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tests::tokens::{AUDIENCE, HEADER, ISSUER, p256_public, signed};

    /// What is wrong with these claims, before they are signed and after.
    fn code(change: impl Fn(&mut Value)) -> Option<&'static str> {
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "jti": "lic_1", "iat": 1, "exp": 2,
            "customer": {"id": "c", "name": "n"}, "plan": "p", "features": [], "limits": {},
        });
        change(&mut claims);
        let product = Product::builder("acme", ISSUER, AUDIENCE).build().unwrap();
        let key = p256_public(1).with_kid("a").unwrap();
        let verifier = Verifier::builder(&product).key(key).build().unwrap();
        let token = signed(HEADER, claims.to_string());
        let signed = verifier.verify(token.as_bytes()).err().map(|error| error.code());
        let unsigned = Verifier::check_claims(&product, claims.as_object().unwrap());
        assert_eq!(unsigned.err().map(|error| error.code()), signed);
        signed
    }

    #[test]
    fn claims_about_to_be_signed_may_name_several_audiences() {
        let named = |audience: Value| code(|claims| claims["aud"] = audience.clone());
        assert_eq!(code(|_| {}), None);
        assert_eq!(named(json!(["other", AUDIENCE])), None);
        assert_eq!(named(json!(["other"])), Some("audience_mismatch"));
        assert_eq!(named(json!([])), Some("claims_invalid"));
        assert_eq!(named(json!(1)), Some("claims_invalid"));
    }

    #[test]
    fn unsound_claims_come_before_a_foreign_vendor_and_that_before_the_domain() {
        let wrong = |depth: usize| {
            code(|claims| {
                let faults: [fn(&mut Value); 4] = [
                    |claims| claims["binding"] = json!({"domain": "*"}),
                    |claims| claims["aud"] = json!("other"),
                    |claims| claims["iss"] = json!("https://other.example"),
                    |claims| claims["clock_reset_from"] = json!("x"),
                ];
                faults.iter().take(depth).for_each(|fault| fault(claims));
            })
        };
        let codes = [1, 2, 3, 4].map(|depth| wrong(depth).unwrap_or_default());
        let wanted = ["domain_invalid", "audience_mismatch", "issuer_mismatch", "claims_invalid"];
        assert_eq!(codes, wanted);
    }
}
