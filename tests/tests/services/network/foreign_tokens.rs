//! SECURITY.md, case 21: tokens that other programs have signed, PyJWT and the
//! `openssl` command line.

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use license_tests::{
    ADMINISTRATOR, Client, PASSWORD, Process, Start, example, now, program, python,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Key pairs made by `openssl`, and what signs with them.
struct Tools {
    directory: TempDir,
}

/// Signs with PyJWT what standard input asks for.
const PYJWT: &str = "
import json, sys, jwt
ask = json.load(sys.stdin)
key = open(ask['key']).read() if ask['key'] else ''
sys.stdout.write(jwt.encode(ask['claims'], key, algorithm=ask['alg'], headers=ask['headers']))
";

/// The claims of a license of 30 days for a product of one name.
fn claims(product: &str) -> Value {
    let now = now().as_seconds();
    json!({
        "iss": format!("https://{product}.example"), "aud": product, "jti": "lic_foreign",
        "iat": now, "exp": now + 30 * 86_400,
        "customer": {"id": "cust_1", "name": "Acme Corp", "email": "it@acme.example"},
        "plan": "enterprise", "features": ["workflows", "export"], "limits": {"users": 5},
    })
}

fn run(command: &mut Command, input: &[u8]) -> Option<Output> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().ok()?;
    child.stdin.take().unwrap().write_all(input).unwrap();
    Some(child.wait_with_output().unwrap())
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

impl Tools {
    /// `None` without `openssl`; then the test is skipped.
    fn find() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            license_test_skips::missing("openssl");
            return None;
        }
        let tools = Self { directory: tempfile::tempdir().unwrap() };
        tools.openssl("ecparam -name prime256v1 -genkey -noout -out ec.sec1", b"");
        tools.openssl("pkcs8 -topk8 -nocrypt -in ec.sec1 -out ec.pem", b"");
        tools.openssl("ec -in ec.pem -pubout -out ec.pub.pem", b"");
        Some(tools)
    }

    /// A signer with an RSA key of 3072 bits.
    fn with_rsa() -> Option<Self> {
        let tools = Self::find()?;
        tools.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out rsa.pem", b"");
        tools.openssl("rsa -in rsa.pem -pubout -out rsa.pub.pem", b"");
        Some(tools)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn openssl(&self, line: &str, input: &[u8]) -> Vec<u8> {
        let mut command = Command::new("openssl");
        command.args(line.split(' ')).current_dir(self.directory.path());
        let output = run(&mut command, input).expect("openssl is installed");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// A token by PyJWT; `None` without it, and then the test is skipped.
    fn pyjwt(&self, alg: &str, key: &str, headers: &Value, claims: &Value) -> Option<String> {
        let python = python("jwt, cryptography")?;
        let key =
            if key.is_empty() { String::new() } else { self.path(key).to_str().unwrap().into() };
        let ask = json!({"alg": alg, "key": key, "headers": headers, "claims": claims});
        let mut command = Command::new(python);
        let output = run(command.args(["-c", PYJWT]), ask.to_string().as_bytes()).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).unwrap())
    }

    /// A token whose signature `openssl dgst` makes.
    fn dgst(&self, alg: &str, key: &str, header: &Value, claims: &Value) -> String {
        let input = format!("{}.{}", part(header), part(claims));
        let options = match alg {
            "PS256" => " -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
            _ => "",
        };
        let line = format!("dgst -sha256 -sign {key}{options}");
        let signature = self.openssl(&line, input.as_bytes());
        let signature = if alg == "ES256" { raw(&signature) } else { signature };
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A token with the MAC that `openssl` makes with the bytes of a file.
    fn hmac(&self, key: &str, header: &Value, claims: &Value) -> String {
        let input = format!("{}.{}", part(header), part(claims));
        let bytes = std::fs::read(self.path(key)).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("dgst -sha256 -mac HMAC -macopt hexkey:{hex} -binary");
        let mac = self.openssl(&line, input.as_bytes());
        assert_eq!(mac.len(), 32);
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// `polygent` that trusts the ES256 key, and its administrator.
    async fn polygent(&self) -> (Process, Client) {
        let process = Start::new(&example("polygent"))
            .arg("--data-dir")
            .arg(self.path("data"))
            .arg("--public-key")
            .arg(self.path("ec.pub.pem"))
            .arg("--admin-password")
            .arg(PASSWORD)
            .start()
            .await;
        let client = Client::new(process.address());
        let sign_in = json!({"email": ADMINISTRATOR, "password": PASSWORD});
        let answer = client.post_json("/api/auth/sign-in", &sign_in).await;
        let admin = client.bearer(answer.json()["token"].as_str().unwrap());
        (process, admin)
    }

    /// What `hyper` makes of a token: the status of its licensed route.
    async fn hyper(&self, key: &str, token: &str) -> (u16, Process) {
        let file = self.path("foreign.lic");
        std::fs::write(&file, token).unwrap();
        let (algorithm, name) = key.split_once(':').unwrap();
        let process = Start::new(&example("hyper"))
            .arg("--public-key")
            .arg(format!("{algorithm}:{}", self.path(name).display()))
            .arg("--license-file")
            .arg(file)
            .start()
            .await;
        let answer = Client::new(process.address()).get("/api/export").await;
        (answer.status.as_u16(), process)
    }

    /// What `license verify` makes of a token: its exit status and its code.
    fn verify(&self, key: &str, token: &str) -> (Option<i32>, Value) {
        let (algorithm, name) = key.split_once(':').unwrap();
        let mut command = Command::new(program("license"));
        command
            .args([
                "verify",
                "-",
                "--issuer",
                "https://hyper.example",
                "--audience",
                "hyper",
                "--json",
            ])
            .arg("--public-key")
            .arg(format!("{algorithm}:{}", self.path(name).display()));
        let output = run(&mut command, token.as_bytes()).unwrap();
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(verdict["valid"], output.status.code() == Some(0), "{verdict}");
        (output.status.code(), verdict["code"].clone())
    }
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

/// A token in each of whose parts one character is another.
fn altered(token: &str) -> [String; 3] {
    [0, 1, 2].map(|which| {
        let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let at = parts[which].len() / 2;
        let other = if parts[which].as_bytes()[at] == b'A' { "B" } else { "A" };
        parts[which].replace_range(at..=at, other);
        parts.join(".")
    })
}

/// Accepted as it is, and refused altered.
async fn good_until_altered(admin: &Client, token: &str) {
    for altered in altered(token) {
        let answer = admin.upload("/api/license", altered).await;
        assert!(matches!(answer.outcome().0, 400 | 422), "{:?}", answer.outcome());
    }
    let [_, payload, signature] = altered(token);
    for altered in [payload, signature] {
        admin.upload("/api/license", altered).await.refused(422, "signature_invalid");
    }
    let answer = admin.upload("/api/license", token.to_owned()).await;
    answer.is(200);
    assert_eq!(answer.json()["license"]["customer"], "Acme Corp");
    admin.get("/api/workflows").await.is(200);
}

#[tokio::test]
async fn case_21_an_es256_token_by_pyjwt_is_accepted_as_it_is_alone() {
    let Some(tools) = Tools::find() else { return };
    let typed = json!({"typ": "license+jwt"});
    let claims = claims("polygent");
    let Some(token) = tools.pyjwt("ES256", "ec.pem", &typed, &claims) else { return };
    let (_process, admin) = tools.polygent().await;
    // Nothing but a license is a license.
    let jwt = tools.pyjwt("ES256", "ec.pem", &json!({}), &claims).unwrap();
    admin.upload("/api/license", jwt).await.refused(400, "token_malformed");
    let at_jwt = tools.pyjwt("ES256", "ec.pem", &json!({"typ": "at+jwt"}), &claims).unwrap();
    admin.upload("/api/license", at_jwt).await.refused(400, "token_malformed");
    let none = tools.pyjwt("none", "", &typed, &claims).unwrap();
    assert!(none.ends_with('.'));
    let (status, _) = admin.upload("/api/license", none).await.outcome();
    assert!(matches!(status, 400 | 422));
    let unknown = json!({"typ": "license+jwt", "kid": "2020-01"});
    let unknown = tools.pyjwt("ES256", "ec.pem", &unknown, &claims).unwrap();
    admin.upload("/api/license", unknown).await.refused(422, "key_unknown");
    let critical = json!({"typ": "license+jwt", "crit": ["x"], "x": 1});
    let critical = tools.pyjwt("ES256", "ec.pem", &critical, &claims).unwrap();
    admin.upload("/api/license", critical).await.refused(400, "token_malformed");
    assert_eq!(admin.get("/api/license").await.json()["license"], Value::Null);
    good_until_altered(&admin, &token).await;
}

#[tokio::test]
async fn case_21_an_es256_token_by_openssl_is_accepted_as_it_is_alone() {
    let Some(tools) = Tools::find() else { return };
    let (_process, admin) = tools.polygent().await;
    let header = json!({"alg": "ES256", "typ": "license+jwt"});
    let token = tools.dgst("ES256", "ec.pem", &header, &claims("polygent"));
    // The signature as openssl writes it, in DER, is none.
    let input = token.rsplit_once('.').unwrap().0;
    let der = tools.openssl("dgst -sha256 -sign ec.pem", input.as_bytes());
    let der = format!("{input}.{}", URL_SAFE_NO_PAD.encode(der));
    admin.upload("/api/license", der).await.refused(422, "signature_invalid");
    let jwt = json!({"alg": "ES256", "typ": "JWT"});
    let jwt = tools.dgst("ES256", "ec.pem", &jwt, &claims("polygent"));
    admin.upload("/api/license", jwt).await.refused(400, "token_malformed");
    let untyped = tools.dgst("ES256", "ec.pem", &json!({"alg": "ES256"}), &claims("polygent"));
    admin.upload("/api/license", untyped).await.refused(400, "token_malformed");
    good_until_altered(&admin, &token).await;
}

#[tokio::test]
async fn case_21_a_mac_keyed_with_the_public_key_is_no_signature() {
    let Some(tools) = Tools::find() else { return };
    let (_process, admin) = tools.polygent().await;
    tools.openssl("pkey -pubin -in ec.pub.pem -outform DER -out ec.pub.der", b"");
    for key in ["ec.pub.pem", "ec.pub.der"] {
        for alg in ["HS256", "ES256"] {
            let header = json!({"alg": alg, "typ": "license+jwt"});
            let token = tools.hmac(key, &header, &claims("polygent"));
            let (status, code) = admin.upload("/api/license", token).await.outcome();
            assert_eq!(status, 422, "{code}");
            let wanted = if alg == "ES256" { "signature_invalid" } else { "algorithm_not_allowed" };
            assert_eq!(code, wanted);
        }
    }
    assert_eq!(admin.get("/api/license").await.json()["license"], Value::Null);
}

#[tokio::test]
async fn case_21_rsa_tokens_by_openssl_fit_the_algorithm_of_their_key_alone() {
    let Some(tools) = Tools::with_rsa() else { return };
    let header = |alg: &str| json!({"alg": alg, "typ": "license+jwt"});
    let claims = claims("hyper");
    for (alg, other) in [("RS256", "PS256"), ("PS256", "RS256")] {
        let token = tools.dgst(alg, "rsa.pem", &header(alg), &claims);
        let (key, other) = (format!("{alg}:rsa.pub.pem"), format!("{other}:rsa.pub.pem"));
        assert_eq!(tools.verify(&key, &token), (Some(0), Value::Null), "{alg}");
        assert_eq!(
            tools.verify(&other, &token),
            (Some(1), json!("algorithm_not_allowed")),
            "{alg}"
        );
        for altered in &altered(&token)[1..] {
            assert_eq!(tools.verify(&key, altered), (Some(1), json!("signature_invalid")), "{alg}");
        }
        assert_eq!(tools.hyper(&key, &token).await.0, 200, "{alg}");
        let (status, process) = tools.hyper(&other, &token).await;
        assert_eq!(status, 503);
        process.logged("algorithm_not_allowed").await;
        // Signed with the one and labeled as the other.
        let label = if alg == "RS256" { "PS256" } else { "RS256" };
        let mislabeled = tools.dgst(alg, "rsa.pem", &header(label), &claims);
        let refused = (Some(1), json!("signature_invalid"));
        assert_eq!(tools.verify(&other, &mislabeled), refused, "{alg}");
    }
}

#[tokio::test]
async fn case_21_rsa_and_ed25519_tokens_by_pyjwt_are_accepted() {
    let Some(tools) = Tools::with_rsa() else { return };
    tools.openssl("genpkey -algorithm ED25519 -out ed.pem", b"");
    tools.openssl("pkey -in ed.pem -pubout -out ed.pub.pem", b"");
    let typed = json!({"typ": "license+jwt"});
    let claims = claims("hyper");
    for (alg, name) in [("RS256", "rsa"), ("PS256", "rsa"), ("EdDSA", "ed"), ("ES256", "ec")] {
        let private = format!("{name}.pem");
        let Some(token) = tools.pyjwt(alg, &private, &typed, &claims) else { return };
        let key = format!("{alg}:{name}.pub.pem");
        assert_eq!(tools.verify(&key, &token), (Some(0), Value::Null), "{alg}");
        assert_eq!(tools.hyper(&key, &token).await.0, 200, "{alg}");
        let jwt = tools.pyjwt(alg, &private, &json!({}), &claims).unwrap();
        assert_eq!(tools.verify(&key, &jwt), (Some(1), json!("token_malformed")), "{alg}");
    }
    let short = tools.pyjwt("RS512", "rsa.pem", &typed, &claims).unwrap();
    let refused = (Some(1), json!("algorithm_not_allowed"));
    assert_eq!(tools.verify("RS256:rsa.pub.pem", &short), refused);
}
