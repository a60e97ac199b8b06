//! The examples of RFC 7515, appendix A (<https://www.rfc-editor.org/rfc/rfc7515#appendix-A>),
//! and of RFC 8037, appendix A (<https://www.rfc-editor.org/rfc/rfc8037#appendix-A>).

use p256::ecdsa::Signature;
use serde_json::{Value, json};

use super::{VECTOR_RSA_BITS, accepted, jwk, jwks};
use crate::{
    key::RSA_MIN_BITS,
    tests::tokens::{decode, encode},
    token::Token,
};

/// The payload of RFC 7515, A.1.1 to A.3.1 and A.5:
/// `{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}`.
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv\
                       bS9pc19yb290Ijp0cnVlfQ";
/// A.1.1, with the header `{"typ":"JWT",\r\n "alg":"HS256"}`.
const A_1_HEADER: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
const A_1_SIGNATURE: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const A_1_KEY: &str = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwj\
                       AzZr1Z9CAow";
/// A.2.1, with the header `{"alg":"RS256"}`.
const A_2_HEADER: &str = "eyJhbGciOiJSUzI1NiJ9";
const A_2_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4B\
                             h-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZ\
                             LgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d\
                             O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6\
                             LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
const A_2_MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qP\
                           CJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47s\
                           oMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2\
                           R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoud\
                           F8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
/// A.3.1, with the header `{"alg":"ES256"}`.
const A_3_HEADER: &str = "eyJhbGciOiJFUzI1NiJ9";
const A_3_SIGNATURE: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKT\
                             UJqPP3-Kg6NU1Q";
/// A.5, with the header `{"alg":"none"}`.
const A_5_HEADER: &str = "eyJhbGciOiJub25lIn0";

fn a_2_key() -> Value {
    json!({"kty": "RSA", "alg": "RS256", "n": A_2_MODULUS, "e": "AQAB"})
}

fn a_3_key() -> Value {
    json!({"kty": "EC", "crv": "P-256", "alg": "ES256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})
}

fn compact(header: &str, signature: &str) -> String {
    format!("{header}.{PAYLOAD}.{signature}")
}

#[test]
fn case_21_rfc_7515_appendix_a() {
    let secret = json!({"kty": "oct", "alg": "HS256", "k": A_1_KEY});
    let (rsa, ec) = (a_2_key(), a_3_key());
    for (id, key, header, signature, expected) in [
        ("A.1", &secret, A_1_HEADER, A_1_SIGNATURE, false),
        ("A.2", &rsa, A_2_HEADER, A_2_SIGNATURE, true),
        ("A.3", &ec, A_3_HEADER, A_3_SIGNATURE, true),
        ("A.5", &Value::Null, A_5_HEADER, "", false),
        // None of them with the key, the header or the signature of another.
        ("A.1 with the key of A.3", &ec, A_1_HEADER, A_1_SIGNATURE, false),
        ("A.2 with the key of A.3", &ec, A_2_HEADER, A_2_SIGNATURE, false),
        ("A.3 with the key of A.2", &rsa, A_3_HEADER, A_3_SIGNATURE, false),
        ("A.5 with the key of A.2", &rsa, A_5_HEADER, "", false),
        ("A.5 with the signature of A.3", &ec, A_5_HEADER, A_3_SIGNATURE, false),
        ("A.3 with the signature of A.2", &ec, A_3_HEADER, A_2_SIGNATURE, false),
    ] {
        let jws = compact(header, signature);
        assert_eq!(accepted(jwks(key).as_ref(), &jws), expected, "{id}");
    }
    // As a product would configure it, the short RSA key does not exist.
    assert!(jwk(&rsa, VECTOR_RSA_BITS).is_some() && jwk(&rsa, RSA_MIN_BITS).is_none());
    assert!(jwk(&ec, RSA_MIN_BITS).is_some());
}

#[test]
fn case_21_rfc_7515_the_mirrored_signature_of_a_3_is_the_same_token() {
    let signature = Signature::from_slice(&decode(A_3_SIGNATURE)).unwrap();
    // The one of the appendix is the higher of the two.
    let mirrored = encode(signature.normalize_s().unwrap().to_bytes());
    let (given, mirrored) = (compact(A_3_HEADER, A_3_SIGNATURE), compact(A_3_HEADER, &mirrored));
    let keyring = jwks(&a_3_key());
    assert!(accepted(keyring.as_ref(), &given) && accepted(keyring.as_ref(), &mirrored));
    let token = |text: &str| Token::parse(text.as_bytes()).unwrap();
    assert_ne!(token(&given), token(&mirrored));
    assert_eq!(token(&given).digest(), token(&mirrored).digest());
}

#[test]
fn case_21_rfc_7515_a_6_and_a_7_are_no_tokens() {
    let first = json!({"protected": A_2_HEADER, "header": {"kid": "2010-12-29"},
        "signature": A_2_SIGNATURE});
    let kid = "e9bc097a-ce51-4036-9562-d2ade882db0d";
    let second = json!({"protected": A_3_HEADER, "header": {"kid": kid},
        "signature": A_3_SIGNATURE});
    let general = json!({"payload": PAYLOAD, "signatures": [first, second]});
    let mut flattened = second.clone();
    flattened["payload"] = json!(PAYLOAD);
    for form in [general, flattened] {
        assert!(Token::parse(form.to_string().as_bytes()).is_err(), "{form}");
    }
    // Appendix F: what is signed is sent beside it.
    let detached = format!("{A_3_HEADER}..{A_3_SIGNATURE}");
    assert!(!accepted(jwks(&a_3_key()).as_ref(), &detached));
}

#[test]
fn case_21_rfc_8037_appendix_a() {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    // A.4, of "Example of Ed25519 signing" with the header {"alg":"EdDSA"}.
    let jws = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
               hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5B\
               hVsPt9g7sVvpAr_MuM0KAg";
    assert!(accepted(jwks(&key).as_ref(), jws));
    assert!(!accepted(jwks(&key).as_ref(), &jws.replace("hgyY0", "hgyY1")));
    // A.1 is the private key.
    let mut private = key.clone();
    private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    assert!(jwk(&private, RSA_MIN_BITS).is_none());
}
