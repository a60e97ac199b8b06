//! Verifying a token, beside the signature check alone.

use std::hint::black_box;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use license_core::{
    Product, Token, Verifier,
    key::{Algorithm, SigningKey},
    testing::Vendor,
};

use crate::{
    Group, Row,
    fixture::{self, DOMAIN},
};

/// The backend in use, for the heading.
#[cfg(feature = "aws-lc")]
const TITLE: &str = "Verifying a token, aws-lc";
#[cfg(not(feature = "aws-lc"))]
const TITLE: &str = "Verifying a token, RustCrypto";

/// What both rows of a pair work on.
struct Signed {
    verifier: Verifier,
    key: SigningKey,
    token: Token,
}

impl Signed {
    fn new(algorithm: Algorithm, bits: Option<usize>) -> Self {
        let product = Product::builder("acme", "https://acme.example", "acme-server")
            .algorithms([algorithm])
            .build()
            .expect("the product is valid");
        let key = SigningKey::generate(algorithm, bits).expect("a key can be generated");
        let vendor = Vendor::of(product.clone());
        let claims = fixture::license(&vendor, Some(DOMAIN)).claims().clone();
        let token = key.sign(&claims).expect("the license can be signed");
        let verifier = Verifier::builder(&product).key(key.public_key().clone()).build();
        Self { verifier: verifier.expect("the key is accepted"), key, token }
    }
}

/// A check of one fixed signature, with the key parsed and the signature
/// decoded beforehand.
type BareCheck = Box<dyn FnMut(&[u8], &[u8]) -> bool>;

#[cfg(not(feature = "aws-lc"))]
fn bare_check(key: &SigningKey) -> BareCheck {
    use p256::ecdsa::signature::Verifier as _;
    use rsa::pkcs8::DecodePublicKey;

    let pem = key.public_pem().expect("the key can be written");
    match key.public_key().bits() {
        256 => {
            let key = p256::ecdsa::VerifyingKey::from_public_key_pem(&pem).expect("a key");
            Box::new(move |message, signature| {
                p256::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok())
            })
        }
        _ => {
            let key = rsa::RsaPublicKey::from_public_key_pem(&pem).expect("a key");
            let key = rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key);
            Box::new(move |message, signature| {
                rsa::pkcs1v15::Signature::try_from(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok())
            })
        }
    }
}

#[cfg(feature = "aws-lc")]
fn bare_check(key: &SigningKey) -> BareCheck {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    };
    use p256::elliptic_curve::sec1::ToEncodedPoint;
    use rsa::{pkcs1::EncodeRsaPublicKey, pkcs8::DecodePublicKey};

    let pem = key.public_pem().expect("the key can be written");
    let key = match key.public_key().bits() {
        256 => {
            let key = p256::PublicKey::from_public_key_pem(&pem).expect("a key");
            let point = key.to_encoded_point(false);
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.as_bytes())
        }
        _ => {
            let key = rsa::RsaPublicKey::from_public_key_pem(&pem).expect("a key");
            let der = key.to_pkcs1_der().expect("the key can be written");
            ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_bytes())
        }
    };
    let key = key.expect("the key is accepted");
    Box::new(move |message, signature| key.verify_sig(message, signature).is_ok())
}

/// The pair for one key.
fn rows(ids: [&'static str; 2], name: &str, signed: Signed) -> [Row; 2] {
    let Signed { verifier, key, token } = signed;
    let (message, signature) = token.as_str().rsplit_once('.').expect("a token has three parts");
    let message = message.to_owned().into_bytes();
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("the token is base64url");
    let mut check = bare_check(&key);
    let bare = move |times| {
        let good = (0..times).all(|_| check(black_box(&message), black_box(&signature)));
        if good { 200 } else { 422 }
    };
    let verify = move |times| {
        let good = (0..times)
            .all(|_| black_box(verifier.verify(black_box(token.as_str().as_bytes()))).is_ok());
        if good { 200 } else { 422 }
    };
    [
        Row::new(ids[0], format!("{name}: signature check alone"), bare),
        Row::new(ids[1], format!("{name}: `Verifier::verify`"), verify).beyond(ids[0]),
    ]
}

pub(crate) fn group() -> Group {
    let es256 = Signed::new(Algorithm::Es256, None);
    let rs256 = Signed::new(Algorithm::Rs256, Some(3072));
    let mut group = Group { title: TITLE, beyond: "the signature check alone", rows: Vec::new() };
    group.rows.extend(rows(["verify/es256-bare", "verify/es256"], "ES256", es256));
    group.rows.extend(rows(["verify/rs256-bare", "verify/rs256"], "RS256, 3072 bits", rs256));
    group
}
