//! From bytes to a verified license: the steps that need no state.

use serde_json::Value;

use crate::{
    InstallError, Keyring, KeyringError, Product, PublicKey, SelfTestError, Token, Verified,
    claims, keyring::check_registered,
};

/// Verifies tokens for one product with its configured keys.
///
/// ```
/// # #[cfg(feature = "issue")] {
/// # let key = license_core::SigningKey::generate(license_core::Algorithm::Es256, None).unwrap();
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

    /// The product.
    pub fn product(&self) -> &Product {
        &self.product
    }

    /// Verifies a token: form, header, key, signature, claims, domain
    /// pattern. Machine, term and clock are judged later.
    ///
    /// # Errors
    ///
    /// The first check that fails; see [`InstallErrorKind`](crate::InstallErrorKind).
    pub fn verify(&self, bytes: &[u8]) -> Result<Verified, InstallError> {
        let token = Token::parse(bytes)?;
        token.check_type(self.product.token_type())?;
        let payload = self.keyring.verify(&token)?;
        let license = claims::read(payload, &self.product)?;
        let digest = token.digest();
        Ok(Verified { license, token, digest })
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
    ) -> Result<crate::License, InstallError> {
        check_registered(product.issuer(), product.audience(), payload)?;
        claims::read(payload.clone(), product)
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
    use serde_json::{Map, json};

    use super::*;

    fn check(audience: Value) -> Result<crate::License, InstallError> {
        let product = Product::builder("test", "https://vendor.example", "test").build().unwrap();
        let claims = json!({
            "iss": "https://vendor.example", "aud": audience, "jti": "lic_1", "iat": 1, "exp": 2,
            "customer": {"id": "c", "name": "n"}, "plan": "p", "features": [], "limits": {},
        });
        let claims: Map<_, _> = serde_json::from_value(claims).unwrap();
        Verifier::check_claims(&product, &claims)
    }

    #[test]
    fn claims_about_to_be_signed_may_name_several_audiences() {
        assert!(check(json!("test")).is_ok());
        assert!(check(json!(["other", "test"])).is_ok());
        assert_eq!(check(json!(["other"])).unwrap_err().code(), "audience_mismatch");
        assert_eq!(check(json!([])).unwrap_err().code(), "claims_invalid");
        assert_eq!(check(json!(1)).unwrap_err().code(), "claims_invalid");
    }
}
