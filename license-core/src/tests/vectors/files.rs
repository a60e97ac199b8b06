//! Vectors that no crate carries, from the directory that
//! `LICENSE_TEST_VECTORS` names; without it these tests are skipped.
//!
//! - `wycheproof`: the folder `testvectors_v1` of
//!   <https://github.com/C2SP/wycheproof>, as of commit `dac1dd4`;
//! - `ietf-jose-cookbook`: <https://github.com/ietf-jose/cookbook>, the
//!   examples of RFC 7520, RFC 7797 and RFC 8037, as of commit `13692b6`.

use std::{collections::HashMap, env, fs, path::Path};

use serde_json::Value;

use super::{VECTOR_RSA_BITS, accepted, array, jwk, jwks, text};
use crate::{key::RSA_MIN_BITS, token::Token};

/// What names the directory.
const DIRECTORY: &str = "LICENSE_TEST_VECTORS";

/// Reads a file below the directory. `None`, aloud, without the directory.
fn vectors(path: &str) -> Option<Value> {
    let Some(directory) = env::var_os(DIRECTORY) else {
        license_test_skips::extra(DIRECTORY);
        return None;
    };
    let path = Path::new(&directory).join(path);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_slice(&bytes).unwrap())
}

/// Runs `check` over every test of a Wycheproof file: group, test.
fn each(file: &Value, mut check: impl FnMut(&Value, &Value)) {
    let mut seen = 0;
    for group in array(&file["testGroups"]) {
        for test in array(&group["tests"]) {
            check(group, test);
            seen += 1;
        }
    }
    assert_eq!(Some(seen), file["numberOfTests"].as_u64());
}

/// What is labeled as valid and is not accepted: a `?` within base64url (372,
/// 373), the algorithm PS384 under a key for PS256 (346, 350), a key for
/// `ES521`, which is none (347, 351).
const REFUSED: [u64; 6] = [346, 347, 350, 351, 372, 373];

#[test]
fn wycheproof_jws() {
    let Some(file) = vectors("wycheproof/json_web_signature_test.json") else { return };
    let (mut good, mut bad) = (0, 0);
    let mut keyrings = HashMap::new();
    each(&file, |group, test| {
        let id = test["tcId"].as_u64().unwrap();
        let symmetric = group["public"].is_null();
        let key = if symmetric { &group["private"] } else { &group["public"] };
        let expected = text(test, "result") == "valid" && !symmetric && !REFUSED.contains(&id);
        let keyring = keyrings.entry(key.to_string()).or_insert_with(|| jwks(key));
        assert_eq!(accepted(keyring.as_ref(), text(test, "jws")), expected, "{id}");
        if expected { good += 1 } else { bad += 1 }
    });
    assert_eq!((good, bad), (32, 369));
}

#[test]
fn wycheproof_jwk() {
    for path in ["wycheproof/json_web_key_test.json", "wycheproof/json_web_crypto_test.json"] {
        let Some(file) = vectors(path) else { return };
        let mut good = 0;
        each(&file, |group, test| {
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
        assert!(good > 0, "{path}");
    }
}

#[test]
fn jose_cookbook() {
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
fn jose_cookbook_keys() {
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
