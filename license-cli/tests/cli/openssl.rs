//! Tokens that other tools have signed.

use std::process::Command;

use crate::program::{Place, standard};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Runs `openssl` in the place; `None` where there is none; then the
/// test is skipped.
fn openssl(place: &Place, line: &str) -> Option<Vec<u8>> {
    let run =
        Command::new("openssl").args(line.split_whitespace()).current_dir(place.path(".")).output();
    match run {
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl {line}: {error}");
            Some(output.stdout)
        }
        Err(_) => {
            license_test_skips::missing("openssl");
            None
        }
    }
}

/// What is signed: a header and the standard claims.
fn signing_input(alg: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(json!({"alg": alg, "typ": "JWT"})), part(standard()))
}

/// The two numbers of an ECDSA signature in DER, 32 bytes each.
fn raw(der: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    let mut rest = &der[2..];
    for _ in 0..2 {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let number = number.strip_prefix(&[0]).unwrap_or(number);
        raw.extend(std::iter::repeat_n(0, 32 - number.len()));
        raw.extend(number);
        rest = &rest[2 + length..];
    }
    raw
}

/// The license is accepted with this key, and refused once altered.
fn accepted(place: &Place, alg: &str, input: &str, signature: &[u8]) {
    let verify = format!(
        "--issuer https://polygent.example --audience polygent --typ any --at 2026-06-01 \
         --json --public-key {alg}:foreign.pub.pem"
    );
    let code = |token: &str| {
        let run = place.run_with(&format!("verify - {verify}"), &[], token);
        let verdict: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(run.status, i32::from(verdict["valid"] == false), "{run:?}");
        verdict["code"].clone()
    };
    let good = format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_eq!(code(&good), Value::Null);
    let mut flipped = signature.to_vec();
    flipped[20] ^= 1;
    assert_eq!(code(&format!("{input}.{}", URL_SAFE_NO_PAD.encode(flipped))), "signature_invalid");
    let altered = input.replacen(".eyJ", ".eyA", 1);
    assert_eq!(code(&good.replace(input, &altered)), "signature_invalid");
    // Its type is no license's unless any is asked for.
    let strict = verify.replace("--typ any ", "");
    let run = place.run_with(&format!("verify - {strict}"), &[], &good);
    assert!(run.out.contains("token_malformed"), "{}", run.out);
}

#[test]
fn rs256_and_ps256_tokens_from_openssl_are_accepted() {
    let place = Place::empty();
    let key = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out foreign.pem";
    if openssl(&place, key).is_none() {
        return;
    }
    openssl(&place, "pkey -in foreign.pem -pubout -out foreign.pub.pem").unwrap();
    let pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest";
    for (alg, options) in [("RS256", ""), ("PS256", pss)] {
        let input = signing_input(alg);
        place.write("input", &input);
        let sign = format!("dgst -sha256 -sign foreign.pem {options} input");
        accepted(&place, alg, &input, &openssl(&place, &sign).unwrap());
    }
}

#[test]
fn an_es256_token_from_openssl_is_accepted() {
    let place = Place::empty();
    let key = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out foreign.pem";
    if openssl(&place, key).is_none() {
        return;
    }
    openssl(&place, "pkey -in foreign.pem -pubout -out foreign.pub.pem").unwrap();
    let input = signing_input("ES256");
    place.write("input", &input);
    let der = openssl(&place, "dgst -sha256 -sign foreign.pem input").unwrap();
    accepted(&place, "ES256", &input, &raw(&der));
}

#[test]
fn an_eddsa_token_from_openssl_is_accepted() {
    let place = Place::empty();
    if openssl(&place, "genpkey -algorithm ED25519 -out foreign.pem").is_none() {
        return;
    }
    openssl(&place, "pkey -in foreign.pem -pubout -out foreign.pub.pem").unwrap();
    let input = signing_input("EdDSA");
    place.write("input", &input);
    let sign = "pkeyutl -sign -rawin -inkey foreign.pem -in input";
    accepted(&place, "EdDSA", &input, &openssl(&place, sign).unwrap());
}

#[test]
fn openssl_reads_the_keys_and_verifies_the_signatures_made_here() {
    let place = Place::empty();
    place.write("profile.toml", &crate::program::POLYGENT.replace("ES256", "RS256"));
    if openssl(&place, "version").is_none() {
        return;
    }
    place.good("keygen --alg rs256 --bits 3072 --out .");
    openssl(&place, "pkey -in private.pem -check -noout").unwrap();
    let token = place.sign(&standard());
    let (input, signature) = token.rsplit_once('.').unwrap();
    place.write("input", input);
    std::fs::write(place.path("signature"), URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    openssl(&place, "dgst -sha256 -verify public.pem -signature signature input").unwrap();
}

#[test]
fn a_key_from_openssl_signs() {
    let place = Place::empty();
    place.write("profile.toml", crate::program::POLYGENT);
    let key = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem";
    if openssl(&place, key).is_none() {
        return;
    }
    openssl(&place, "pkey -in private.pem -pubout -out public.pem").unwrap();
    place.write("acme.lic", &place.sign(&standard()));
    let verdict = place.verdict("acme.lic --product profile.toml --at 2026-06-01");
    assert_eq!(verdict["valid"], true);
}
