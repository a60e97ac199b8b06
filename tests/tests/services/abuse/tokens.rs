//! SECURITY.md, cases 1 to 20, through the upload route of a
//! running service: the license in force stays, in memory and on disk, and
//! nothing of what was sent stands in an answer or in the log.

use std::{net::Ipv4Addr, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, Mac};
use http::{Method, header};
use license_tests::{ADMINISTRATOR, Answer, Client, PASSWORD, Polygent, vendor};
use p256::ecdsa::Signature;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::{Instant, sleep, timeout},
};

/// A service with a license in force, and what was sent to it.
struct Target {
    polygent: Polygent,
    admin: Client,
    /// The administrator's `Authorization` header.
    credential: String,
    /// The token in force.
    token: String,
    before: Value,
    sent: Vec<String>,
    attempts: u8,
}

/// What every claim that is sent has in it, and no answer or log line may.
const CLAIM_TEXT: &str = "zanzibar";
const BOUNDARY: &str = "boundary-of-the-form";

impl Target {
    async fn new() -> Self {
        Self::of(Polygent::start_with(|start| start.env("RUST_LOG", "trace")).await).await
    }

    async fn of(polygent: Polygent) -> Self {
        let (admin, credential) = signed_in(&polygent).await;
        let license = polygent.license().id("lic_zanzibar").features(["workflows"]);
        let customer = json!({"id": "cust_zanzibar", "name": "Zanzibar zanzibar Ltd"});
        let token = license.claim("customer", customer).sign().as_str().to_owned();
        admin.upload("/api/license", token.clone()).await.is(200);
        let before = status(&admin).await;
        let sent = Vec::new();
        Self { polygent, admin, credential, token, before, sent, attempts: 0 }
    }

    /// The three parts of the token in force.
    fn parts(&self) -> [String; 3] {
        split(&self.token)
    }

    /// The header and the payload of the token in force, decoded.
    fn decoded(&self) -> [String; 2] {
        let [header, payload, _] = self.parts();
        [header, payload].map(|part| String::from_utf8(decode(&part)).unwrap())
    }

    /// Uploads raw, as JSON and as a form, over both versions of HTTP.
    async fn uploads(&mut self, body: impl AsRef<[u8]>) -> Vec<Answer> {
        let body = body.as_ref().to_vec();
        // Thirty refusals a minute are allowed from each address.
        let source = Ipv4Addr::new(127, 0, 1, 1 + self.attempts / 8);
        self.attempts += 1;
        let admin = self.admin.source(source);
        let mut answers = vec![admin.upload("/api/license", body.clone()).await];
        if let Ok(text) = std::str::from_utf8(&body) {
            let json = json!({ "license": text });
            answers.push(admin.http2().post_json("/api/license", &json).await);
            self.sent.extend(text.split(['.', ' ', '"']).map(str::to_owned));
        }
        let form = [
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"license\"; ")
                .as_bytes(),
            b"filename=\"license.jwt\"\r\ncontent-type: application/octet-stream\r\n\r\n",
            &body,
            format!("\r\n--{BOUNDARY}--\r\n").as_bytes(),
        ]
        .concat();
        let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
        let client = admin.http2().with(header::CONTENT_TYPE, &multipart);
        answers.push(client.send(Method::POST, "/api/license", form).await);
        answers
    }

    /// Uploads what must be refused in this way.
    #[track_caller]
    fn refused(
        &mut self,
        body: impl AsRef<[u8]>,
        status: u16,
        code: &str,
    ) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let shown: String = String::from_utf8_lossy(body.as_ref()).chars().take(100).collect();
            for answer in self.uploads(body).await {
                let outcome = answer.outcome();
                let told = String::from_utf8_lossy(&answer.body);
                assert_eq!(outcome, (status, code.to_owned()), "{caller}: {shown}: {told}");
                self.says_nothing(&told);
            }
            self.stays().await;
        }
    }

    async fn stays(&self) {
        assert_eq!(status(&self.admin).await, self.before);
    }

    /// That a text holds nothing of what was sent.
    fn says_nothing(&self, text: &str) {
        assert!(!text.to_lowercase().contains(CLAIM_TEXT), "{text}");
        for part in self.sent.iter().filter(|part| part.len() >= 12) {
            assert!(!text.contains(part), "{part} stands in {text}");
        }
    }

    /// What must hold in the end: nothing in the log, and the same license
    /// after a restart.
    async fn stays_after_a_restart(mut self) {
        // What is on its way into the log arrives.
        sleep(Duration::from_millis(200)).await;
        let log = self.polygent.process().log();
        assert!(log.contains("license installation"), "{log}");
        self.sent.extend(self.parts());
        self.says_nothing(&log);
        self.polygent = self.polygent.restart().await;
        let admin = self.polygent.admin().await;
        assert_eq!(status(&admin).await, self.before);
    }
}

/// The administrator, and the `Authorization` header.
async fn signed_in(polygent: &Polygent) -> (Client, String) {
    let body = json!({"email": ADMINISTRATOR, "password": PASSWORD});
    let answer = polygent.client().post_json("/api/auth/sign-in", &body).await;
    answer.is(200);
    let token = answer.json()["token"].as_str().unwrap().to_owned();
    (polygent.client().bearer(&token), format!("Bearer {token}"))
}

async fn status(admin: &Client) -> Value {
    let answer = admin.get("/api/license").await;
    answer.is(200);
    let status = answer.json();
    assert!(status["license"]["id"].is_string(), "{status}");
    status
}

fn split(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(part: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(part).unwrap()
}

/// The header with another `alg`.
fn with_alg(header: &str, alg: &str) -> String {
    let altered = header.replace("\"ES256\"", alg);
    assert_ne!(altered, header);
    altered
}

/// The header with one more member.
fn with_member(header: &str, member: &str) -> String {
    format!("{},{member}}}", header.strip_suffix('}').unwrap())
}

#[tokio::test]
async fn case_01_an_empty_body_is_refused() {
    let mut target = Target::new().await;
    for body in ["", " \r\n\t"] {
        target.refused(body, 400, "token_malformed").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_02_two_dots_alone_are_refused() {
    let mut target = Target::new().await;
    for body in ["..", ".", "..."] {
        target.refused(body, 400, "token_malformed").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_03_seventeen_kib_are_413() {
    let mut target = Target::new().await;
    target.refused(vec![b'a'; 17 * 1024], 413, "token_too_large").await;
    target.refused(vec![b'a'; 100 * 1024], 413, "token_too_large").await;
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_04_a_body_trickled_one_byte_a_second_is_cut_off() {
    let target = Target::new().await;
    let types = ["application/jwt", "application/json", "multipart/form-data; boundary=b"];
    let trickle = async |content_type: &str| {
        let credential = &target.credential;
        let mut stream = target.polygent.client().connect().await;
        let head = format!(
            "POST /api/license HTTP/1.1\r\nHost: {}\r\nAuthorization: {credential}\r\n\
             Content-Type: {content_type}\r\nContent-Length: 1000\r\n\r\n",
            target.polygent.address()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let started = Instant::now();
        let mut answer = [0; 4096];
        let read = loop {
            match timeout(Duration::from_secs(1), stream.read(&mut answer)).await {
                Ok(read) => break read.unwrap(),
                Err(_) => stream.write_all(b"-").await.unwrap(),
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{content_type}");
        };
        let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{content_type}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        assert!(started.elapsed() >= Duration::from_secs(9), "{:?}", started.elapsed());
    };
    tokio::join!(trickle(types[0]), trickle(types[1]), trickle(types[2]));
    target.stays().await;
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_05_line_ends_are_removed_and_other_white_space_inside_is_refused() {
    let mut target = Target::new().await;
    let token = target.token.clone();
    let lines: Vec<&str> =
        token.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    for body in [
        format!("{token}\r\n"),
        format!(" \t\n{token} \n\n"),
        lines.join("\n"),
        lines.join("\r\n"),
        token.replacen('.', "\n.\r", 1),
    ] {
        for answer in target.uploads(body).await {
            answer.is(200);
            assert_eq!(answer.json(), target.before);
        }
    }
    for space in [" ", "\n ", "\t\r\n", "\t"] {
        let body = token.replacen('.', &format!(".{space}"), 1);
        target.refused(body, 400, "token_malformed").await;
        let body = format!("{}{space}{}", &token[..5], &token[5..]);
        target.refused(body, 400, "token_malformed").await;
    }
    target.sent.clear();
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_06_padding_another_alphabet_and_other_serializations_are_refused() {
    let mut target = Target::new().await;
    let token = target.token.clone();
    let [header, payload, signature] = target.parts();
    for body in [
        format!("{header}.{payload}.{signature}=="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!("{header}.{payload}.+/{}", &signature[2..]),
        format!("{header}.{payload}"),
        format!("{token}.{signature}"),
        format!("{header}.{payload}.a.b.{signature}"),
        format!("Bearer {token}"),
        format!("\"{token}\""),
        json!({"protected": header, "payload": payload, "signature": signature}).to_string(),
        json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]})
            .to_string(),
    ] {
        target.refused(body, 400, "token_malformed").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_07_nul_is_refused_and_a_byte_order_mark_and_utf_16_are_read() {
    let mut target = Target::new().await;
    let token = target.token.clone();
    let [header, payload] = target.decoded();
    let utf16: Vec<u8> = token.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [
        format!("\0{token}").into_bytes(),
        utf16[1..].to_vec(),
        format!("{token}\0").into_bytes(),
        token.replacen('.', "\0.", 1).into_bytes(),
        target.polygent.vendor.sign_raw(format!("\u{feff}{header}"), payload).into_bytes(),
    ] {
        target.refused(body, 400, "token_malformed").await;
    }
    let marked = format!("\u{feff}{token}\r\n");
    let marked_utf16 = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for body in [marked.into_bytes(), utf16, marked_utf16] {
        let answer = target.admin.upload("/api/license", body).await;
        answer.is(200);
        assert_eq!(answer.json(), target.before);
    }
    target.sent.clear();
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_08_a_non_canonical_last_character_is_refused_in_each_part() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut target = Target::new().await;
    // Lengths that leave bits of the last character unused.
    let [header, payload] =
        target.decoded().map(|part| format!("{part}{}", " ".repeat((4 - part.len() % 3) % 3)));
    let token = target.polygent.vendor.sign_raw(header, payload);
    for part in 0..3 {
        let mut parts = split(&token);
        let last = parts[part].pop().unwrap();
        let next = ALPHABET.find(last).unwrap() + 1;
        parts[part].push_str(&ALPHABET[next..=next]);
        target.refused(parts.join("."), 400, "token_malformed").await;
    }
    // It was only that: the license is another one, and good.
    for answer in target.uploads(token).await {
        answer.is(200);
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_09_a_payload_not_utf8_not_an_object_with_trailing_data_or_too_deep_is_refused() {
    let mut target = Target::new().await;
    let [header, payload] = target.decoded();
    let open = payload.strip_suffix('}').unwrap();
    let deep = format!("{open},\"b\":{}{}}}", "[".repeat(500), "]".repeat(500));
    for payload in [
        &[open.as_bytes(), b",\"b\":\"\xff\"}"].concat()[..],
        deep.as_bytes(),
        b"",
        b"zanzibar",
        b"[]",
        b"null",
        b"\"zanzibar\"",
        &[payload.as_bytes(), b"{}"].concat(),
        &[payload.as_bytes(), b"\0"].concat(),
        &[b"\xef\xbb\xbf", payload.as_bytes()].concat(),
    ] {
        let token = target.polygent.vendor.sign_raw(&header, payload);
        target.refused(token, 422, "claims_invalid").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_10_an_algorithm_that_is_none_empty_missing_or_a_number_is_refused() {
    let mut target = Target::new().await;
    let [header, payload] = target.decoded();
    for alg in ["\"\"", "1", "null", "[\"ES256\"]"] {
        let token = target.polygent.vendor.sign_raw(with_alg(&header, alg), &payload);
        target.refused(token, 400, "token_malformed").await;
    }
    let token = target.polygent.vendor.sign_raw("{}", &payload);
    target.refused(token, 400, "token_malformed").await;
    for alg in ["\"none\"", "\"nOnE\"", "\"ES256\\nERROR zanzibar forged a log line\""] {
        let token = target.polygent.vendor.sign_raw(with_alg(&header, alg), &payload);
        let (unsigned, _) = token.rsplit_once('.').unwrap();
        for token in [token.clone(), format!("{unsigned}.")] {
            target.refused(token, 422, "algorithm_not_allowed").await;
        }
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_11_an_hmac_keyed_with_the_public_key_is_refused() {
    let mut target = Target::new().await;
    let [header, payload] = target.decoded();
    let pem = target.polygent.vendor.key().public_pem().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    for secret in [pem.as_bytes(), pem.trim_end().as_bytes(), &der, &der[der.len() - 65..]] {
        for (alg, code) in
            [("\"HS256\"", "algorithm_not_allowed"), ("\"ES256\"", "signature_invalid")]
        {
            let header = header.replace("\"ES256\"", alg);
            let text = format!("{}.{}", encode(header), encode(&payload));
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(text.as_bytes());
            let token = format!("{text}.{}", encode(mac.finalize().into_bytes()));
            target.refused(token, 422, code).await;
        }
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_12_another_algorithm_than_the_keys_is_refused() {
    let mut target = Target::new().await;
    let [header, payload] = target.decoded();
    for alg in ["\"PS256\"", "\"RS256\"", "\"EdDSA\"", "\"ES384\"", "\"ES256K\""] {
        let token = target.polygent.vendor.sign_raw(with_alg(&header, alg), &payload);
        target.refused(token, 422, "algorithm_not_allowed").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_13_a_duplicate_alg_is_refused() {
    let mut target = Target::new().await;
    let [header, payload] = target.decoded();
    for member in ["\"alg\":\"ES256\"", "\"alg\":\"none\"", "\"\\u0061lg\":\"none\""] {
        let token = target.polygent.vendor.sign_raw(with_member(&header, member), &payload);
        target.refused(token, 400, "token_malformed").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_14_crit_and_b64_are_refused() {
    let mut target = Target::new().await;
    let [header, payload] = target.decoded();
    for member in ["\"crit\":[\"x\"]", "\"crit\":[]", "\"b64\":false", "\"zip\":\"DEF\""] {
        let token = target.polygent.vendor.sign_raw(with_member(&header, member), &payload);
        target.refused(token, 400, "token_malformed").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_15_a_key_inside_the_token_is_refused() {
    let mut target = Target::new().await;
    let [header, payload] = target.decoded();
    let attacker = vendor();
    let pem = attacker.key().public_pem().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(&body).unwrap();
    let (x, y) = der[der.len() - 64..].split_at(32);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y)});
    for member in [format!("\"jwk\":{jwk}"), format!("\"x5c\":[\"{body}\"]")] {
        for signer in [&attacker, &target.polygent.vendor] {
            let token = signer.sign_raw(with_member(&header, &member), &payload);
            // The borrow of the signer ends here.
            target.sent.push(token);
        }
    }
    for token in std::mem::take(&mut target.sent) {
        target.refused(token, 400, "token_malformed").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_16_a_key_to_be_fetched_is_refused_and_no_connection_made() {
    let mut target = Target::new().await;
    let [header, payload] = target.decoded();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    for member in ["jku", "x5u", "kid", "iss"] {
        let member = format!("\"{member}\":\"http://{address}/keys\"");
        let token = target.polygent.vendor.sign_raw(with_member(&header, &member), &payload);
        target.refused(token, 400, "token_malformed").await;
    }
    // As the only `kid` a URL is a name that nobody has.
    let kid = format!("http://{address}/keys");
    let claims: Value = serde_json::from_str(&payload).unwrap();
    let key = target.polygent.vendor.key();
    let token = key.sign_as(Some("license+jwt"), Some(&kid), claims.as_object().unwrap()).unwrap();
    target.refused(token.as_str().to_owned(), 422, "key_unknown").await;
    let accepted = timeout(Duration::from_millis(500), listener.accept()).await;
    assert!(accepted.is_err(), "somebody connected to fetch a key");
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_17_an_unknown_kid_and_a_kid_that_is_not_the_signers_are_refused() {
    let other = vendor();
    let files = tempfile::tempdir().unwrap();
    let pem = files.path().join("other.pem");
    std::fs::write(&pem, other.key().public_pem().unwrap()).unwrap();
    let polygent =
        Polygent::start_with(|start| start.env("RUST_LOG", "trace").arg("--public-key").arg(&pem))
            .await;
    let mut target = Target::of(polygent).await;
    let [header, payload] = target.decoded();
    let kid = target.polygent.vendor.key().public_key().kid().to_owned();
    let with = |kid_of: &str| header.replace(&kid, kid_of);
    let token = other.sign_raw(&header, &payload);
    target.refused(token, 422, "signature_invalid").await;
    let others_kid = with(other.key().public_key().kid());
    let token = target.polygent.vendor.sign_raw(others_kid, &payload);
    target.refused(token, 422, "signature_invalid").await;
    for unknown in ["zanzibar-key", "", "../zanzibar"] {
        let token = target.polygent.vendor.sign_raw(with(unknown), &payload);
        target.refused(token, 422, "key_unknown").await;
    }
    // Without a name there is no choice between two keys.
    let token =
        target.polygent.vendor.sign_raw("{\"alg\":\"ES256\",\"typ\":\"license+jwt\"}", &payload);
    target.refused(token, 422, "key_unknown").await;
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_18_a_flipped_bit_in_any_part_is_refused() {
    let mut target = Target::new().await;
    for part in 0..3 {
        let bytes = decode(&target.parts()[part]);
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let mut parts = target.parts();
            parts[part] = encode(altered);
            let token = parts.join(".");
            if part > 0 {
                target.refused(token, 422, "signature_invalid").await;
                continue;
            }
            // A flipped header may also stop being a header of ours.
            for answer in target.uploads(token).await {
                let (status, code) = answer.outcome();
                assert!([400, 422].contains(&status), "{status} {code}");
                target.says_nothing(&String::from_utf8_lossy(&answer.body));
            }
            target.stays().await;
        }
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_19_a_signature_empty_short_long_zero_or_der_is_refused() {
    let mut target = Target::new().await;
    let [header, payload, signature] = target.parts();
    let signature = decode(&signature);
    let der = Signature::from_slice(&signature).unwrap().to_der();
    for forged in [
        &b""[..],
        &signature[..63],
        &[&signature[..], b"\0"].concat(),
        &[0; 64],
        &[0xff; 64],
        der.as_bytes(),
        &[&signature[..32], &[0; 32]].concat(),
    ] {
        let token = format!("{header}.{payload}.{}", encode(forged));
        target.refused(token, 422, "signature_invalid").await;
    }
    target.stays_after_a_restart().await;
}

#[tokio::test]
async fn case_20_the_mirrored_signature_of_the_installed_token_changes_nothing() {
    let mut target = Target::new().await;
    let [header, payload, signature] = target.parts();
    let (r, s) = Signature::from_slice(&decode(&signature)).unwrap().split_scalars();
    let mirrored = encode(Signature::from_scalars(r, -s).unwrap().to_bytes());
    assert_ne!(mirrored, signature);
    for answer in target.uploads(format!("{header}.{payload}.{mirrored}")).await {
        answer.is(200);
        assert_eq!(answer.json(), target.before);
    }
    target.stays().await;
    let directory = target.polygent.directory.path();
    let stored = std::fs::read(directory.join("license.db")).unwrap();
    let holds = |text: &str| stored.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(holds(&signature));
    assert!(!holds(&mirrored));
    target.stays_after_a_restart().await;
}
