//! Whatever arrives as a token: what is read has one spelling, and every way
//! of reading it says the same.
#![no_main]

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use license_core::{
    InstallErrorKind as Kind, Token,
    token::{DecodedToken, TokenDigest, TokenType},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

fuzz_target!(|received: &[u8]| {
    let token = match Token::parse(received) {
        Ok(token) => token,
        Err(error) => {
            assert!(matches!(error.kind(), Kind::TokenMalformed | Kind::TokenTooLarge));
            assert!(error.detail().len() < 1024);
            return;
        }
    };
    let text = token.as_str();
    assert!(text.len() <= Token::MAX_BYTES);
    assert!(
        text.bytes().all(|byte| matches!(byte, b'.' | b'-' | b'_') || byte.is_ascii_alphanumeric())
    );

    // One spelling: each part is what its bytes are encoded as.
    let parts: Vec<&str> = text.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let [header, payload, signature] = [header, payload, signature].map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64url");
        assert_eq!(URL_SAFE_NO_PAD.encode(&bytes), part);
        bytes
    });
    assert_eq!(
        token.signing_input().len() + 1 + signature.len().div_ceil(3) * 4
            - (3 - signature.len() % 3) % 3,
        text.len()
    );

    // The header as another reader sees it.
    let read: Value = serde_json::from_slice(&header).expect("JSON");
    let members = read.as_object().expect("an object");
    assert!(members.keys().all(|name| matches!(name.as_str(), "alg" | "typ" | "kid")));
    let member = |name: &str| members.get(name).map(|it| it.as_str().expect("a string"));
    assert_eq!(Some(token.header().alg()), member("alg"));
    assert_eq!(token.header().typ(), member("typ"));
    assert_eq!(token.header().kid(), member("kid"));
    let strict = token.check_type(TokenType::LicenseJwt).is_ok();
    assert_eq!(strict, member("typ") == Some("license+jwt"));
    assert!(!strict || token.check_type(TokenType::Any).is_ok());

    // So is the payload, where it is accepted.
    if let Ok(claims) = token.dangerous_unverified_claims() {
        let read: Value = serde_json::from_slice(&payload).expect("JSON");
        assert_eq!(read, Value::Object(claims));
    }

    let digest: [u8; 32] = Sha256::digest(token.signing_input()).into();
    assert_eq!(token.digest(), TokenDigest::from_bytes(digest));
    assert_eq!(token.digest().to_string().parse(), Ok(token.digest()));
    assert_eq!(DecodedToken::read(received).expect("the same").digest(), token.digest());

    // It is the same token in lines, and in UTF-16.
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    let lines = format!(" {}\r\n", lines.join("\r\n"));
    let utf16: Vec<u8> = lines.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for again in [text.as_bytes(), lines.as_bytes(), &utf16] {
        assert_eq!(Token::parse(again).as_ref().ok(), Some(&token));
    }
});
