//! Hand-made tokens for the tests: any header, any payload, signed with
//! fixed keys that protect nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};

use crate::{
    key::{Material, PublicKey},
    token::Token,
    verify::Keyring,
};

pub(crate) const ISSUER: &str = "https://acme.example";
pub(crate) const AUDIENCE: &str = "acme";
pub(crate) const HEADER: &str = r#"{"alg":"ES256","typ":"license+jwt","kid":"a"}"#;
pub(crate) const PAYLOAD: &str =
    r#"{"iss":"https://acme.example","aud":"acme","exp":1798761600,"extra":{"a":[1,2]}}"#;

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The P-256 key number `n`.
pub(crate) fn p256_secret(n: u8) -> SigningKey {
    SigningKey::from_slice(&[n; 32]).unwrap()
}

/// The public half of key number `n`.
pub(crate) fn p256_public(n: u8) -> PublicKey {
    let point = p256_secret(n).verifying_key().to_encoded_point(false);
    PublicKey::from_material(Material::p256(point.as_bytes()).unwrap())
}

/// A keyring of one key: number 1, named `a`.
pub(crate) fn keyring() -> Keyring {
    let key = p256_public(1).with_kid("a").unwrap();
    Keyring::builder(ISSUER, AUDIENCE).key(key).build().unwrap()
}

/// A token of any header and payload, signed with key number `n`.
pub(crate) fn signed_by(n: u8, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature: Signature = p256_secret(n).sign(input.as_bytes());
    format!("{input}.{}", encode(signature.to_bytes()))
}

/// A token of any header and payload, signed with key number 1.
pub(crate) fn signed(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    signed_by(1, header, payload)
}

/// A good token.
pub(crate) fn good() -> String {
    signed(HEADER, PAYLOAD)
}

/// The code that a text is refused with, on the whole way through a keyring,
/// or `ok`.
pub(crate) fn outcome(keyring: &Keyring, text: impl AsRef<[u8]>) -> &'static str {
    match Token::parse(text.as_ref()).and_then(|token| keyring.verify(&token)) {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}
