//! SECURITY.md, case 21: everything that PyJWT signs, under every kind of key
//! that the library below it makes.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
};

use license_core::{Keyring, PublicKey, Token, key::Algorithm};
use license_tests::{now, python};
use serde::Deserialize;
use serde_json::json;

/// Makes keys, and signs the claims of standard input with each algorithm.
const SCRIPT: &str = "
import json, sys, jwt
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, ed448, rsa

claims = json.load(sys.stdin)
keys = {
    'p256': ec.generate_private_key(ec.SECP256R1()),
    'p384': ec.generate_private_key(ec.SECP384R1()),
    'p521': ec.generate_private_key(ec.SECP521R1()),
    'secp256k1': ec.generate_private_key(ec.SECP256K1()),
    'ed25519': ed25519.Ed25519PrivateKey.generate(),
    'ed448': ed448.Ed448PrivateKey.generate(),
    'rsa2048': rsa.generate_private_key(65537, 2048),
    'rsa3072': rsa.generate_private_key(65537, 3072),
}
algorithms = [
    ('ES256', 'p256'), ('ES384', 'p384'), ('ES512', 'p521'), ('ES256K', 'secp256k1'),
    ('EdDSA', 'ed25519'), ('EdDSA', 'ed448'),
    *((name, key) for key in ('rsa2048', 'rsa3072')
      for name in ('RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512')),
]
headers = {'typ': 'license+jwt'}
secrets = {name: 's' * 64 for name in ('HS256', 'HS384', 'HS512')} | {'none': None}
public = lambda key: key.public_key().public_bytes(
    form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo).decode()
private = lambda key: key.private_bytes(
    form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()
made = [(name, key, keys[key]) for name, key in algorithms]
made += [(name, 'none', secret) for name, secret in secrets.items()]
json.dump({
    'public': {name: public(key) for name, key in keys.items()},
    'private': {name: private(key) for name, key in keys.items()},
    'tokens': [(name, key, jwt.encode(claims, secret, algorithm=name, headers=headers))
               for name, key, secret in made],
    # RFC 7797: the payload is sent beside it.
    'detached': [jwt.PyJWS().encode(json.dumps(claims).encode(), keys[key], algorithm=name,
                                    headers=headers, is_payload_detached=True)
                 for name, key in algorithms],
}, sys.stdout)
";

const ISSUER: &str = "https://acme.example";
const AUDIENCE: &str = "acme";

/// What the script makes. Keys are PEM, by their kind.
#[derive(Deserialize)]
struct Foreign {
    public: BTreeMap<String, String>,
    private: BTreeMap<String, String>,
    /// The algorithm, the kind of the key, the token.
    tokens: Vec<(String, String, String)>,
    detached: Vec<String>,
}

impl Foreign {
    /// `None` without PyJWT; then the test is skipped.
    fn make() -> Option<Self> {
        let python = python("jwt, cryptography")?;
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "jti": "lic_foreign",
            "iat": now().as_seconds(), "exp": now().as_seconds() + 86_400,
        });
        let mut command = Command::new(python);
        let command = command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(claims.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// A keyring for each key that can be used and each algorithm it may be
    /// for, with their names.
    fn keyrings(&self) -> Vec<(&str, &str, Keyring)> {
        let pairs = [
            ("p256", &["ES256"][..]),
            ("ed25519", &["EdDSA"]),
            ("rsa3072", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
        ];
        let keyring = |kind: &str, algorithm: &str| {
            let key = PublicKey::pem(self.public[kind].as_bytes()).unwrap();
            let key = key.with_algorithm(algorithm.parse::<Algorithm>().unwrap()).unwrap();
            Keyring::builder(ISSUER, AUDIENCE).key(key).build().unwrap()
        };
        let each = pairs.into_iter().flat_map(|(kind, algorithms)| {
            algorithms.iter().map(move |algorithm| (kind, *algorithm, keyring(kind, algorithm)))
        });
        each.collect()
    }
}

/// The code that a token is refused with, or `ok`.
fn outcome(keyring: &Keyring, token: &str) -> &'static str {
    match Token::parse(token.as_bytes()).and_then(|token| keyring.verify(&token)) {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

#[test]
fn case_21_every_algorithm_of_pyjwt_is_accepted_under_its_own_key_alone() {
    let Some(foreign) = Foreign::make() else { return };
    let mut accepted = 0;
    for (kind, algorithm, keyring) in foreign.keyrings() {
        for (signed_as, signed_by, token) in &foreign.tokens {
            let expected = if signed_as != algorithm {
                "algorithm_not_allowed"
            } else if signed_by != kind {
                "signature_invalid"
            } else {
                accepted += 1;
                "ok"
            };
            let found = outcome(&keyring, token);
            assert_eq!(found, expected, "{signed_as} by {signed_by}: {algorithm} of {kind}");
        }
    }
    assert_eq!((accepted, foreign.tokens.len()), (8, 22));
}

#[test]
fn case_21_keys_of_other_kinds_and_private_ones_are_refused() {
    let Some(foreign) = Foreign::make() else { return };
    let usable = |pem: &String| PublicKey::pem(pem.as_bytes()).is_ok();
    let kinds: Vec<_> = foreign.public.iter().filter(|(_, pem)| usable(pem)).collect();
    let kinds: Vec<&str> = kinds.into_iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["ed25519", "p256", "rsa3072"]);
    assert_eq!((foreign.public.len(), foreign.private.len()), (8, 8));
    assert!(!foreign.private.values().any(usable));
}

#[test]
fn case_21_a_token_by_pyjwt_in_another_form_is_none() {
    let Some(foreign) = Foreign::make() else { return };
    for (_, _, keyring) in foreign.keyrings() {
        for detached in &foreign.detached {
            assert_eq!(outcome(&keyring, detached), "token_malformed", "{detached}");
        }
    }
    // RFC 7515, section 7.2: as JSON, with one signature or several.
    for (_, _, token) in &foreign.tokens {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("{token}") };
        let one = json!({"protected": header, "signature": signature});
        let general = json!({"payload": payload, "signatures": [one, one]});
        let mut flattened = one.clone();
        flattened["payload"] = payload.into();
        for form in [general, flattened] {
            assert!(Token::parse(form.to_string().as_bytes()).is_err(), "{form}");
        }
    }
}
