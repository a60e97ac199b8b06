//! The first use of a keyring in a process, by itself: nothing else may have
//! chosen the signature backend before, or with two of them compiled in the
//! choice would go unnoticed.

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use license_core::{InstallErrorKind, Keyring, PublicKey, Token};

#[test]
fn building_a_keyring_chooses_the_signature_backend() {
    // RFC 8037, A.4: signed, but not a license.
    let key = PublicKey::pem(
        b"-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----",
    )
    .unwrap();
    let token = Token::parse(
        b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    )
    .unwrap();
    let keyring = Keyring::builder("issuer", "audience").key(key).build().unwrap();
    let error = keyring.verify(&token).unwrap_err();
    assert_eq!(error.kind(), InstallErrorKind::ClaimsInvalid);

    // And the program can decode tokens of its own with the same library.
    let claims = serde_json::json!({"exp": 253_402_300_799_u64});
    let secret = EncodingKey::from_secret(b"secret");
    let own = jsonwebtoken::encode(&Header::default(), &claims, &secret).unwrap();
    let secret = DecodingKey::from_secret(b"secret");
    let decoded =
        jsonwebtoken::decode::<serde_json::Value>(own, &secret, &Validation::default()).unwrap();
    assert_eq!(decoded.claims, claims);
}
