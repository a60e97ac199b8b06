//! Case 21: test vectors that nobody on this project wrote, from Wycheproof,
//! RFC 7515 and the JOSE cookbook.

use std::{collections::HashMap, fs, path::PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::tokens::outcome;
use crate::{
    key::{Algorithm, KeyError, Material, PublicKey, RSA_MIN_BITS, backend::SignatureKey},
    token::Token,
    verify::Keyring,
};

/// Most vectors use RSA keys of 2048 bits, which are refused everywhere else.
const VECTOR_RSA_BITS: usize = 2048;

/// A vector file, or none (and a line that says so) without the vectors.
fn vectors(path: &str) -> Option<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    if !folder.is_dir() {
        eprintln!("skipped: ../shared/vectors is absent");
        return None;
    }
    Some(serde_json::from_slice(&fs::read(folder.join(path)).unwrap()).unwrap())
}

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

/// Runs `check` over every test of a Wycheproof file: group, test.
fn each(path: &str, mut check: impl FnMut(&Value, &Value)) {
    let Some(file) = vectors(path) else { return };
    let mut seen = 0;
    for group in array(&file["testGroups"]) {
        for test in array(&group["tests"]) {
            check(group, test);
            seen += 1;
        }
    }
    assert_eq!(Some(seen), file["numberOfTests"].as_u64());
}

/// Checks raw signatures under the key of their group.
fn raw(path: &str, algorithm: Algorithm) {
    let mut good = 0;
    // Whether an RSA modulus is prime takes its time: once for each key.
    let mut keys = HashMap::new();
    each(path, |group, test| {
        let pem = text(group, "publicKeyPem").to_owned();
        let key = keys
            .entry(pem)
            .or_insert_with_key(|pem| Material::from_pem(pem.as_bytes(), VECTOR_RSA_BITS))
            .clone();
        if key.as_ref().err() == Some(&KeyError::RsaExponent) {
            // Good signatures of keys that are not accepted (case 65).
            return;
        }
        let signature = hex::decode(text(test, "sig")).unwrap();
        let message = hex::decode(text(test, "msg")).unwrap();
        let accepted = key.is_ok_and(|key| {
            SignatureKey::new(&key, algorithm).unwrap().verifies(&message, &signature)
        });
        match text(test, "result") {
            "valid" => assert!(accepted, "{path} {}", test["tcId"]),
            "invalid" => assert!(!accepted, "{path} {}", test["tcId"]),
            other => assert_eq!(other, "acceptable"),
        }
        good += u32::from(accepted);
    });
    // With the vectors there, some are good: a key that is never readable
    // would otherwise pass for a strict verifier.
    assert!(good > 0 || vectors(path).is_none());
}

#[test]
fn case_21_wycheproof_jws() {
    let Some(expectations) = vectors("expectations.json") else { return };
    let (mut good, mut bad) = (0, 0);
    let mut keyrings = HashMap::new();
    each("wycheproof/json_web_signature_test.json", |group, test| {
        let id = test["tcId"].to_string();
        let symmetric = group["public"].is_null();
        let key = if symmetric { &group["private"] } else { &group["public"] };
        let expected = match expectations["overrides"][&id]["expect"].as_str() {
            Some(expected) if expected.starts_with("reject") => false,
            // "As test 357", which is an HMAC, and HMACs are never accepted.
            Some(expected) => {
                assert!(symmetric && expected.contains("357"), "{id}");
                false
            }
            None => text(test, "result") == "valid" && !symmetric,
        };
        let keyring = keyrings.entry(key.to_string()).or_insert_with(|| jwks(key));
        assert_eq!(accepted(keyring.as_ref(), text(test, "jws")), expected, "{id}");
        if expected { good += 1 } else { bad += 1 }
    });
    // The 40 that the library by itself accepts, less the 8 HMACs.
    assert_eq!((good, bad), (32, 369));
}

#[test]
fn case_21_wycheproof_jwk() {
    for path in ["wycheproof/json_web_key_test.json", "wycheproof/json_web_crypto_test.json"] {
        let mut good = 0;
        each(path, |group, test| {
            let id = &test["tcId"];
            let key = if group["public"].is_null() { &group["private"] } else { &group["public"] };
            let keys = match key["keys"].as_array() {
                Some(keys) => keys.as_slice(),
                None => std::slice::from_ref(key),
            };
            let symmetric = keys.iter().any(|key| key["kty"] == "oct");
            if text(test, "comment").contains("RocaVulnerability") {
                // Nothing looks for the weakness itself: the one key that has
                // it is refused for its length.
                assert!(keys.iter().all(|key| jwk(key, RSA_MIN_BITS).is_none()), "{path} {id}");
                return;
            }
            // No JWE and no HMAC is ever accepted.
            let expected = text(test, "result") == "valid" && !test["jws"].is_null() && !symmetric;
            let token = test["jws"].as_str().unwrap_or_else(|| text(test, "jwe"));
            assert_eq!(accepted(jwks(key).as_ref(), token), expected, "{path} {id}");
            good += u32::from(expected);
        });
        assert!(good > 0 || vectors(path).is_none(), "{path}");
    }
}

#[test]
fn case_21_wycheproof_es256() {
    raw("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", Algorithm::Es256);
}

#[test]
fn case_21_wycheproof_ecdsa_in_der_is_never_accepted() {
    each("wycheproof/ecdsa_secp256r1_sha256_test.json", |group, test| {
        let key = Material::from_pem(text(group, "publicKeyPem").as_bytes(), RSA_MIN_BITS).unwrap();
        let signature = hex::decode(text(test, "sig")).unwrap();
        let message = hex::decode(text(test, "msg")).unwrap();
        let key = SignatureKey::new(&key, Algorithm::Es256).unwrap();
        assert!(!key.verifies(&message, &signature), "{}", test["tcId"]);
    });
}

#[test]
fn case_21_wycheproof_rsa() {
    raw("wycheproof/rsa_signature_2048_sha256_test.json", Algorithm::Rs256);
    raw("wycheproof/rsa_signature_4096_sha256_test.json", Algorithm::Rs256);
    raw("wycheproof/rsa_signature_4096_sha384_test.json", Algorithm::Rs384);
    raw("wycheproof/rsa_signature_4096_sha512_test.json", Algorithm::Rs512);
}

#[test]
fn case_21_wycheproof_rsa_pss() {
    raw("wycheproof/rsa_pss_4096_sha256_mgf1_32_test.json", Algorithm::Ps256);
}

#[test]
fn case_21_wycheproof_ed25519() {
    raw("wycheproof/ed25519_test.json", Algorithm::EdDsa);
}

#[test]
fn case_21_rfc_7515_appendix_a() {
    let Some(file) = vectors("rfc7515/appendix_a.json") else { return };
    for case in array(&file["cases"]) {
        let (id, key) = (text(case, "id"), &case["jwk"]);
        let expected = text(case, "signature") == "valid" && key["kty"] != "oct";
        assert_eq!(accepted(jwks(key).as_ref(), text(case, "jws")), expected, "{id}");
        // As a product would configure it, the short RSA key does not exist.
        assert_eq!(jwk(key, RSA_MIN_BITS).is_some(), expected && key["kty"] == "EC", "{id}");
    }
    let token = |at: usize| Token::parse(text(&file["cases"][at], "jws").as_bytes()).unwrap();
    assert_ne!(token(2), token(3));
    assert_eq!(token(2).digest(), token(3).digest());
}

#[test]
fn case_21_jose_cookbook() {
    for (path, expected) in [
        ("jws/4_1.rsa_v15_signature.json", true),
        ("jws/4_2.rsa-pss_signature.json", true),
        ("jws/4_3.ecdsa_signature.json", false),
        ("jws/4_4.hmac-sha2_integrity_protection.json", false),
        ("jws/4_5.signature_with_detached_content.json", false),
        ("jws/4_6.protecting_specific_header_fields.json", false),
        ("jws/4_7.protecting_content_only.json", false),
        ("jws/4_8.multiple_signatures.json", false),
        ("rfc7797/4.2.hmac-sha2_b64_false.json", false),
        ("curve25519/jws.json", true),
    ] {
        let Some(file) = vectors(&format!("ietf-jose-cookbook/{path}")) else { return };
        let mut key = file["input"]["key"].clone();
        if let Some(members) = key.as_object_mut() {
            // The examples give the private key, and the algorithm beside it.
            members.remove("d");
            members.insert("alg".into(), file["input"]["alg"].clone());
        }
        let output = &file["output"];
        let compact = text(output, "compact");
        assert_eq!(accepted(jwks(&key).as_ref(), compact), expected, "{path}");
        for form in [&output["json"], &output["json_flat"]] {
            assert!(Token::parse(form.to_string().as_bytes()).is_err(), "{path}");
        }
    }
}

#[test]
fn case_21_jose_cookbook_keys() {
    for (path, usable) in [
        // P-521.
        ("3_1.ec_public_key.json", false),
        ("3_2.ec_private_key.json", false),
        ("3_3.rsa_public_key.json", true),
        ("3_4.rsa_private_key.json", false),
    ] {
        let Some(key) = vectors(&format!("ietf-jose-cookbook/jwk/{path}")) else { return };
        assert_eq!(jwk(&key, VECTOR_RSA_BITS).is_some(), usable, "{path}");
        assert!(jwk(&key, RSA_MIN_BITS).is_none(), "{path}");
    }
}
