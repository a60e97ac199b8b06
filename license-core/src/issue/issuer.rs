//! One product and one signing key.

use serde_json::{Map, Value};

use super::{
    Amendment, IssueError, LicenseSpec, Renewal,
    claims::{check, refuse_unknown},
};
use crate::{
    key::{PublicKey, SigningKey},
    product::Product,
    verify::{VerifiedLicense, Verifier},
};

/// Signs licenses of one product with one key.
#[derive(Debug)]
pub struct Issuer {
    key: SigningKey,
    verifier: Verifier,
}

impl Issuer {
    /// An issuer that signs with the algorithm the key is pinned to.
    ///
    /// # Errors
    ///
    /// [`IssueError::Verifier`] when the product's services would not trust
    /// the key: its algorithm is not allowed, or it is too short.
    pub fn new(product: &Product, key: SigningKey) -> Result<Self, IssueError> {
        let verifier = Verifier::builder(product).key(key.public_key().clone()).build()?;
        Ok(Self { key, verifier })
    }

    /// An issuer that signs with the first algorithm, in the order of the
    /// product's profile, that the key's type can serve.
    ///
    /// # Errors
    ///
    /// [`IssueError::NoAlgorithm`], and as [`new`](Self::new).
    pub fn with_first_algorithm(product: &Product, key: SigningKey) -> Result<Self, IssueError> {
        let serves = |algorithm: &&crate::key::Algorithm| {
            key.public_key().clone().with_algorithm(**algorithm).is_ok()
        };
        let algorithm = *product.algorithms().iter().find(serves).ok_or(IssueError::NoAlgorithm)?;
        Self::new(product, key.with_algorithm(algorithm)?)
    }

    /// The product.
    pub fn product(&self) -> &Product {
        self.verifier.product()
    }

    /// The public key that belongs to the signing key.
    pub fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    /// Signs a license.
    ///
    /// # Errors
    ///
    /// As [`LicenseSpec::claims`] and [`sign`](Self::sign).
    pub fn issue(&self, spec: &LicenseSpec) -> Result<VerifiedLicense, IssueError> {
        self.sign(&spec.claims(self.product())?)
    }

    /// Signs claims as they are, checked as the product's verifier checks
    /// them.
    ///
    /// # Errors
    ///
    /// [`IssueError::Refused`] for what a verifier of the product refuses,
    /// [`IssueError::UnknownFeature`], [`IssueError::UnknownLimit`],
    /// [`IssueError::Signing`].
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<VerifiedLicense, IssueError> {
        refuse_unknown(self.product(), &check(self.product(), claims)?)?;
        self.sign_checked(claims)
    }

    /// Signs a license anew: the same facts, a new term.
    ///
    /// `old` are the claims of the old license. Whoever calls this has
    /// verified them: what they say is signed again. Features and limits that
    /// the product has ceased to know stay in it.
    ///
    /// # Errors
    ///
    /// As [`Renewal::claims`] and [`sign`](Self::sign).
    pub fn renew(
        &self,
        old: &Map<String, Value>,
        renewal: &Renewal,
    ) -> Result<VerifiedLicense, IssueError> {
        self.sign_checked(&renewal.claims(self.product(), old)?)
    }

    /// Signs a license anew: the same term, other facts.
    ///
    /// `old` are the claims of the old license, verified as for
    /// [`renew`](Self::renew).
    ///
    /// # Errors
    ///
    /// As [`Amendment::claims`] and [`sign`](Self::sign).
    pub fn amend(
        &self,
        old: &Map<String, Value>,
        amendment: &Amendment,
    ) -> Result<VerifiedLicense, IssueError> {
        self.sign_checked(&amendment.claims(self.product(), old)?)
    }

    /// Signs, and reads the result as a service would.
    fn sign_checked(&self, claims: &Map<String, Value>) -> Result<VerifiedLicense, IssueError> {
        let token = self.key.sign(claims)?;
        self.verifier.verify(token.as_str().as_bytes()).map_err(IssueError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        key::Algorithm,
        time::Timestamp,
        verify::{KeyringError, VerifierError},
    };

    fn product(algorithms: &[Algorithm]) -> Product {
        Product::builder("acme", "https://acme.example", "acme-server")
            .algorithms(algorithms.to_vec())
            .build()
            .unwrap()
    }

    fn key(algorithm: Algorithm) -> SigningKey {
        SigningKey::generate(algorithm, None).unwrap()
    }

    fn claims() -> Map<String, Value> {
        serde_json::from_value(json!({
            "iss": "https://acme.example", "aud": "acme-server", "jti": "lic_1", "iat": 1, "exp": 2,
            "customer": {"id": "c", "name": "n"}, "plan": "p", "features": [], "limits": {},
        }))
        .unwrap()
    }

    #[test]
    fn the_first_allowed_algorithm_that_fits_the_key_is_used() {
        let both = product(&[Algorithm::Rs256, Algorithm::EdDsa, Algorithm::Es256]);
        let issuer = Issuer::with_first_algorithm(&both, key(Algorithm::Es256)).unwrap();
        assert_eq!(issuer.sign(&claims()).unwrap().token().header().alg(), "ES256");
        let error =
            Issuer::with_first_algorithm(&product(&[Algorithm::Es256]), key(Algorithm::EdDsa));
        assert!(matches!(error, Err(IssueError::NoAlgorithm)));
    }

    #[test]
    fn a_key_that_no_service_would_trust_is_refused() {
        let error = Issuer::new(&product(&[Algorithm::Es256]), key(Algorithm::EdDsa)).unwrap_err();
        assert!(matches!(
            error,
            IssueError::Verifier(VerifierError::Keys(KeyringError::AlgorithmNotAllowed { .. }))
        ));
    }

    #[test]
    fn a_token_is_a_license_jwt_and_names_its_key() {
        let issuer = Issuer::new(&product(&[Algorithm::Es256]), key(Algorithm::Es256)).unwrap();
        let issued = issuer.sign(&claims()).unwrap();
        assert_eq!(issued.token().header().typ(), Some("license+jwt"));
        assert_eq!(issued.token().header().kid(), Some(issuer.key.public_key().kid()));
        assert_eq!(issued.license().term().expires_at, Timestamp::from_seconds(2));
    }

    #[test]
    fn claims_that_a_service_would_refuse_are_not_signed() {
        let issuer = Issuer::new(&product(&[Algorithm::Es256]), key(Algorithm::Es256)).unwrap();
        for (name, value, code) in [
            ("exp", json!("2"), "claims_invalid"),
            ("iss", json!("https://other.example"), "issuer_mismatch"),
            ("aud", json!("other"), "audience_mismatch"),
            ("binding", json!({"domain": "*"}), "domain_invalid"),
            ("features", json!(["unknown"]), "claims_invalid"),
            ("limits", json!({"unknown": 1}), "claims_invalid"),
        ] {
            let mut wrong = claims();
            wrong.insert(name.to_owned(), value);
            assert_eq!(issuer.sign(&wrong).unwrap_err().code(), Some(code), "{name}");
        }
    }
}
