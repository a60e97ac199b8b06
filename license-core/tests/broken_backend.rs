//! A program that has chosen a signature backend of its own, one that does not
//! work. In a process by itself, since there is one choice in each. With aws-lc
//! the program's choice plays no part.
#![cfg(not(feature = "aws-lc"))]

use jsonwebtoken::{
    crypto::{CryptoProvider, rust_crypto::DEFAULT_PROVIDER},
    errors::ErrorKind,
};
use license_core::{Product, PublicKey, Verifier, key::Algorithm, verify::VerifierError};

#[test]
fn a_backend_that_gives_wrong_answers_stops_the_start() {
    let refuses_all = CryptoProvider {
        verifier_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
        ..DEFAULT_PROVIDER.clone()
    };
    assert!(Box::leak(Box::new(refuses_all)).install_default().is_ok());
    // RFC 8037, A.2.
    let key = PublicKey::pem(
        b"-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----",
    )
    .unwrap();
    let product = Product::builder("acme", "https://acme.example", "acme");
    let product = product.algorithms([Algorithm::EdDsa]).build().unwrap();
    let verifier = Verifier::builder(&product).key(key).build();
    assert!(matches!(verifier, Err(VerifierError::SelfTest(_))), "{verifier:?}");
}
