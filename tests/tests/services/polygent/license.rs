//! `polygent`: status, machine info, installing, the audit history, licenses
//! that expire and that wait.

use std::{collections::BTreeSet, path::Path, time::Duration};

use http::{Method, header};
use license_core::{Clock, Fingerprint, SystemClock, Timestamp, testing::LicenseBuilder};
use license_tests::{
    ADMINISTRATOR, Answer, Client, PASSWORD, Polygent, Start, example, now, program, python, root,
    until,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

const LICENSE: &str = "/api/license";
const DAY: Duration = Duration::from_secs(86_400);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Now, to the millisecond.
fn instant() -> Timestamp {
    SystemClock::new().now()
}

/// The names of an object's members.
#[track_caller]
fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[track_caller]
fn has_exactly(value: &Value, names: &str) {
    assert_eq!(members(value), names.split_whitespace().collect(), "{value}");
}

/// A token whose signature is sound, with this header and these claims.
fn signed(polygent: &Polygent, header: Value, claims: &Value) -> String {
    polygent.vendor.sign_raw(header.to_string(), claims.to_string())
}

fn header(polygent: &Polygent) -> Value {
    json!({"alg": "ES256", "typ": "license+jwt", "kid": polygent.vendor.key().public_key().kid()})
}

fn claims(license: &LicenseBuilder<'_>) -> Value {
    Value::Object(license.claims().clone())
}

fn text(license: LicenseBuilder<'_>) -> String {
    license.sign().as_str().to_owned()
}

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().expect("a detail").to_owned()
}

async fn machine_of(admin: &Client) -> Fingerprint {
    let info = admin.get("/api/license/machine-info").await;
    info.is(200);
    info.json()["fingerprint"].as_str().unwrap().parse().unwrap()
}

const FULL: &str = "phase restricted license next machine problem warnings timeline";
const LICENSE_MEMBERS: &str = "id customer plan issued_at not_before expires_at days_remaining \
     grace_ends_at grace_remaining_seconds features limits machine domain";

#[tokio::test]
async fn everybody_learns_the_phase_and_administrators_everything() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    for client in [polygent.client(), polygent.client().http2(), polygent.client().bearer("x")] {
        let answer = client.get(LICENSE).await;
        answer.is(200);
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        let wanted = json!({"phase": "unlicensed", "restricted": true, "days_remaining": null,
            "code": "license_missing"});
        assert_eq!(answer.json(), wanted);
    }
    let status = admin.get(LICENSE).await.json();
    has_exactly(&status, FULL);
    assert_eq!(status["phase"], "unlicensed");
    assert_eq!(status["restricted"], true);
    assert_eq!((&status["license"], &status["next"]), (&Value::Null, &Value::Null));
    assert_eq!(status["machine"], machine_of(&admin).await.as_str());
    has_exactly(&status["problem"], "code detail");
    assert_eq!(status["problem"]["code"], "license_missing");
    assert_eq!(status["timeline"], json!([]));

    let issued_at = now();
    let license = polygent
        .license()
        .issued_at(issued_at)
        .id("lic_01")
        .features(["workflows", "sso-saml"])
        .domain("*.acme.internal")
        .claim("customer", json!({"id": "c", "name": "Acme Corp", "email": "it@acme.example"}))
        .limit("users", 50)
        .limit("session_hosts", 10)
        .limit("deploy_hosts", Value::Null)
        .days(40);
    let installed = admin.upload("/api/license?force=true", text(license)).await;
    installed.is(200);
    assert_eq!(installed.headers[header::CACHE_CONTROL], "no-store");
    let inside = admin.host("api.acme.internal");
    let status = inside.get(LICENSE).await.json();
    assert_eq!(installed.json(), status);
    has_exactly(&status, FULL);
    has_exactly(&status["license"], LICENSE_MEMBERS);
    let expires_at = issued_at.saturating_add(40 * DAY);
    let wanted = json!({
        "id": "lic_01", "customer": "Acme Corp", "plan": "enterprise",
        "issued_at": issued_at.to_string(), "not_before": null,
        "expires_at": expires_at.to_string(), "days_remaining": 40,
        "grace_ends_at": expires_at.to_string(), "grace_remaining_seconds": 0,
        "features": ["sso-saml", "workflows"],
        "limits": {
            "users": {"max": 50, "used": 1},
            "session_hosts": status["license"]["limits"]["session_hosts"],
            "deploy_hosts": status["license"]["limits"]["deploy_hosts"],
        },
        "machine": null, "domain": "*.acme.internal",
    });
    assert_eq!(status["license"], wanted);
    assert_eq!(status["license"]["limits"]["session_hosts"]["max"], 10);
    assert_eq!(status["license"]["limits"]["deploy_hosts"]["max"], Value::Null);
    has_exactly(&status["license"]["limits"]["deploy_hosts"], "max used");
    assert_eq!((&status["phase"], &status["restricted"]), (&json!("active"), &json!(false)));
    assert_eq!((&status["problem"], &status["next"]), (&Value::Null, &Value::Null));
    assert_eq!(status["warnings"], json!([]));
    let timeline = status["timeline"].as_array().unwrap();
    for transition in timeline {
        has_exactly(transition, "at phase effect");
    }
    let at: Vec<_> = timeline.iter().map(|it| (it["at"].clone(), it["phase"].clone())).collect();
    let warned_at = expires_at.saturating_sub(30 * DAY).to_string();
    assert_eq!(
        at,
        [(json!(warned_at), json!("expiring")), (json!(expires_at.to_string()), json!("lapsed")),]
    );
    assert!(expires_at.to_string().ends_with('Z'));

    let wanted =
        json!({"phase": "active", "restricted": false, "days_remaining": 40, "code": null});
    assert_eq!(polygent.client().get(LICENSE).await.json(), wanted);
    // Somebody who is signed in but no administrator sees no more.
    let user = json!({"email": "u@example.com", "password": "secret", "role": "user"});
    inside.post_json("/api/users", &user).await.is(201);
    let user = polygent.signed_in("u@example.com", "secret").await;
    assert_eq!(user.get(LICENSE).await.json(), wanted);
}

#[tokio::test]
async fn a_limit_that_is_not_named_is_zero_and_the_last_days_warn() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let license = polygent.license().claim("limits", json!({})).days(7);
    let answer = admin.upload(LICENSE, text(license)).await;
    answer.is(200);
    let status = answer.json();
    assert_eq!(status["phase"], "expiring");
    assert_eq!(status["restricted"], false);
    assert_eq!(status["license"]["days_remaining"], 7);
    for limit in ["users", "session_hosts", "deploy_hosts"] {
        assert_eq!(status["license"]["limits"][limit]["max"], 0, "{limit}");
    }
    assert_eq!(status["warnings"].as_array().unwrap().len(), 1, "{status}");
    let user = json!({"email": "u@example.com", "password": "secret", "role": "user"});
    admin.post_json("/api/users", &user).await.refused(400, "limit_reached");
}

#[tokio::test]
async fn machine_info_is_a_download_for_administrators_at_any_time() {
    let polygent = Polygent::start().await;
    let path = "/api/license/machine-info";
    for client in [polygent.client(), polygent.client().http2()] {
        client.get(path).await.refused(401, "unauthenticated");
    }
    let admin = polygent.admin().await;
    let answer = admin.get(path).await;
    answer.is(200);
    let disposition = &answer.headers[header::CONTENT_DISPOSITION];
    assert_eq!(disposition, "attachment; filename=\"machine-info.json\"");
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let info = answer.json();
    assert_eq!(info["product"], "polygent");
    let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    assert!(id.trim().is_empty() || !info.to_string().contains(id.trim()), "{info}");
    let again = admin.http2().get(path).await.json();
    assert_eq!(again["fingerprint"], info["fingerprint"]);
    // It names the installation.
    assert_eq!(again["nonce"], info["nonce"]);
}

#[tokio::test]
async fn who_installs_is_asked_before_anything_is_read() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    polygent.install(polygent.license()).await;
    let user = json!({"email": "u@example.com", "password": "secret", "role": "user"});
    admin.post_json("/api/users", &user).await.is(201);
    let user = polygent.signed_in("u@example.com", "secret").await;
    for (client, status, code) in
        [(polygent.client(), 401, "unauthenticated"), (user, 403, "forbidden")]
    {
        for client in [client.clone(), client.http2()] {
            // Neither the type nor the size matters yet.
            let wrong = client.with(header::CONTENT_TYPE, "image/png");
            wrong.send(Method::POST, LICENSE, vec![b'a'; 1000]).await.refused(status, code);
            client.upload(LICENSE, text(polygent.license())).await.refused(status, code);
            client.upload("/api/license?dry_run=true", "x").await.refused(status, code);
            client.get("/api/license/audit").await.refused(status, code);
            client.get("/api/license/machine-info").await.refused(status, code);
        }
    }
    // A body that never comes does not keep the refusal back.
    let mut stream = TcpStream::connect(polygent.address()).await.unwrap();
    let head = "POST /api/license HTTP/1.1\r\nhost: x\r\ncontent-type: application/jwt\r\n\
                content-length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    timeout(seconds(5), stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}

#[tokio::test]
async fn a_license_is_taken_in_every_form_and_nothing_else_is() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let token = text(polygent.license());
    let form = |name: &str| {
        format!(
            "--b\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"a.lic\"\r\n\r\n\
             {token}\r\n--b--\r\n"
        )
    };
    let good = [
        ("application/jwt", token.clone()),
        ("application/jwt", format!("\r\n{token}\r\n")),
        ("text/plain; charset=utf-8", token.clone()),
        ("application/octet-stream", token.clone()),
        ("application/json", json!({ "license": token }).to_string()),
        ("multipart/form-data; boundary=b", form("license")),
    ];
    for (form, body) in good {
        for client in [admin.clone(), admin.http2()] {
            let client = client.with(header::CONTENT_TYPE, form);
            client.send(Method::POST, LICENSE, body.clone()).await.is(200);
        }
    }
    let before = admin.get(LICENSE).await.json();
    let too_large = vec![b'a'; 17 * 1024];
    let bad: [(&str, Vec<u8>, u16, &str); 10] = [
        ("image/png", token.clone().into(), 415, "unsupported_media_type"),
        ("image/png", too_large.clone(), 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", token.clone().into(), 415, "unsupported_media_type"),
        ("application/jwt", too_large.clone(), 413, "token_too_large"),
        ("application/jwt", vec![b'a'; 1024 * 1024], 413, "token_too_large"),
        ("application/jwt", vec![], 400, "token_malformed"),
        ("application/jwt", b"..".to_vec(), 400, "token_malformed"),
        ("application/json", json!({ "token": token }).to_string().into(), 400, "token_malformed"),
        ("application/json", token.clone().into(), 400, "token_malformed"),
        ("multipart/form-data; boundary=b", form("file").into(), 400, "token_malformed"),
    ];
    for (form, body, status, code) in bad {
        let client = admin.with(header::CONTENT_TYPE, form);
        client.send(Method::POST, LICENSE, body).await.refused(status, code);
    }
    admin.send(Method::POST, LICENSE, token).await.refused(415, "unsupported_media_type");
    assert_eq!(admin.get(LICENSE).await.json(), before);
}

#[tokio::test]
async fn each_thing_that_is_wrong_has_its_code_and_the_first_one_counts() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    admin.upload(LICENSE, text(polygent.license().id("installed"))).await.is(200);
    let before = admin.get(LICENSE).await.json();

    // Everything is wrong; then one thing after the other is put right.
    let other = "fp1:machine-id:".to_owned() + &"0".repeat(64);
    let stale = now().saturating_sub(31 * DAY).as_seconds();
    let mut head = json!({"alg": "RS256", "typ": "JWT", "kid": "unknown"});
    let mut body = json!({
        "iss": "https://other.example", "aud": "other", "jti": 5,
        "iat": stale, "exp": stale + 60,
        "customer": {"id": "c", "name": "n"}, "plan": "standard", "features": [], "limits": {},
        "binding": {"machine": other},
    });
    let flipped = |token: String| {
        let at = token.rfind('.').unwrap() + 1;
        let other = if token.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    };
    let expect = async |token: String, status: u16, code: &str| {
        let answer = admin.upload(LICENSE, token).await;
        answer.refused(status, code);
        detail(&answer)
    };
    expect(flipped(signed(&polygent, head.clone(), &body)), 400, "token_malformed").await;
    head["typ"] = "license+jwt".into();
    expect(flipped(signed(&polygent, head.clone(), &body)), 422, "key_unknown").await;
    head["kid"] = header(&polygent)["kid"].clone();
    expect(flipped(signed(&polygent, head, &body)), 422, "algorithm_not_allowed").await;
    let head = header(&polygent);
    expect(flipped(signed(&polygent, head.clone(), &body)), 422, "signature_invalid").await;
    let detail = expect(signed(&polygent, head.clone(), &body), 422, "claims_invalid").await;
    assert!(detail.contains("jti"), "{detail}");
    body["jti"] = "lic_02".into();
    expect(signed(&polygent, head.clone(), &body), 422, "issuer_mismatch").await;
    body["iss"] = "https://polygent.example".into();
    expect(signed(&polygent, head.clone(), &body), 422, "audience_mismatch").await;
    body["aud"] = "polygent".into();
    let detail = expect(signed(&polygent, head.clone(), &body), 422, "machine_mismatch").await;
    assert!(detail.contains("machine identity changed"), "{detail}");
    body["binding"] = json!({"domain": "*"});
    body["plan"] = "enterprise".into();
    expect(signed(&polygent, head.clone(), &body), 422, "domain_invalid").await;
    body["binding"] = json!({"domain": "*.acme.internal"});
    expect(signed(&polygent, head.clone(), &body), 422, "license_expired").await;
    body["exp"] = now().saturating_add(DAY).as_seconds().into();
    expect(signed(&polygent, head.clone(), &body), 422, "license_not_fresh").await;
    body["iat"] = now().saturating_add(seconds(6 * 60)).as_seconds().into();
    expect(signed(&polygent, head.clone(), &body), 422, "issued_in_future").await;
    body["iat"] = now().saturating_sub(DAY).as_seconds().into();
    let detail = expect(signed(&polygent, head.clone(), &body), 422, "domain_mismatch").await;
    assert!(detail.contains("License domain mismatch"), "{detail}");
    body.as_object_mut().unwrap().remove("binding");
    expect(signed(&polygent, head.clone(), &body), 409, "older_than_installed").await;
    assert_eq!(admin.get(LICENSE).await.json(), before, "nothing was installed");
    body["iat"] = now().saturating_add(seconds(4 * 60)).as_seconds().into();
    admin.upload(LICENSE, signed(&polygent, head, &body)).await.is(200);
    assert_eq!(admin.get(LICENSE).await.json()["license"]["id"], "lic_02");
}

#[tokio::test]
async fn claims_that_a_plan_forbids_or_that_are_missing_are_named() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let machine = machine_of(&admin).await;
    let license = || polygent.license();
    let bad = [
        (license().plan("standard"), "machine"),
        (license().plan("standard").machine(&machine).domain("*.acme.internal"), "domain"),
        (license().machine(&machine), "machine"),
        (license().plan("gold"), "plan"),
        (license().without("iss"), "iss"),
        (license().without("aud"), "aud"),
        (license().without("jti"), "jti"),
        (license().without("iat"), "iat"),
        (license().without("exp"), "exp"),
        (license().without("customer"), "customer"),
        (license().claim("customer", json!({"id": "x"})), "customer"),
        (license().claim("customer", json!({"name": "x"})), "customer"),
        (license().without("plan"), "plan"),
        (license().without("features"), "features"),
        (license().without("limits"), "limits"),
        (license().claim("iss", json!(["https://polygent.example"])), "iss"),
        (license().claim("exp", json!("tomorrow")), "exp"),
    ];
    for (license, claim) in bad {
        let claims = claims(&license);
        let token = signed(&polygent, header(&polygent), &claims);
        let answer = admin.upload(LICENSE, token).await;
        assert_eq!(answer.outcome(), (422, "claims_invalid".to_owned()), "{claims}");
        assert!(detail(&answer).contains(claim), "{claim}: {}", detail(&answer));
    }
    assert_eq!(admin.get(LICENSE).await.json()["license"], Value::Null);
    // Unknown claims and features are no error.
    let license = license().claim("color", "red").features(["teleport"]);
    admin.upload(LICENSE, text(license)).await.is(200);
}

#[tokio::test]
async fn a_license_that_locks_the_uploader_out_needs_force() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let token = text(polygent.license().domain("*.acme.internal").features(["workflows"]));
    for path in [LICENSE, "/api/license?force=false"] {
        for client in [admin.clone(), admin.http2(), admin.host("a.b.acme.internal")] {
            let answer = client.upload(path, token.clone()).await;
            answer.refused(422, "domain_mismatch");
            assert!(detail(&answer).contains("License domain mismatch"));
        }
    }
    let inside = admin.host("api.acme.internal");
    inside.http2().upload(LICENSE, token.clone()).await.is(200);
    inside.get("/api/workflows").await.is(200);
    inside.http2().get("/api/workflows").await.is(200);
    let answer = admin.get("/api/workflows").await;
    answer.refused(403, "domain_mismatch");
    assert!(detail(&answer).contains("License domain mismatch"));
    // What cures a wrong domain stays open to every host.
    admin.get(LICENSE).await.is(200);
    admin.upload("/api/license?force=true", token).await.is(200);
    admin.get("/api/workflows").await.refused(403, "domain_mismatch");
    admin.get("/agents/session?host=a").await.refused(403, "domain_mismatch");
    admin.get("/healthz").await.is(200);
}

#[tokio::test]
async fn a_standard_license_is_for_the_machine_of_its_machine_info_alone() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let directory = polygent.directory.path();
    let info = directory.join("machine-info.json");
    let answer = admin.get("/api/license/machine-info").await;
    std::fs::write(&info, &answer.body).unwrap();
    let key = directory.join("private.pem");
    let pem = polygent.vendor.key().to_pkcs8_pem().unwrap();
    std::fs::write(&key, pem.as_bytes()).unwrap();
    let mode: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, mode).unwrap();
    let issued = std::process::Command::new(program("license"))
        .current_dir(license_tests::root())
        .args(["issue", "--product", "examples/polygent/polygent.toml", "--plan", "standard"])
        .args(["--customer-id", "c", "--customer", "Acme", "--feature", "workflows"])
        .args(["--limit", "users=5", "--days", "30", "--key"])
        .arg(&key)
        .arg("--machine-info")
        .arg(&info)
        .output()
        .unwrap();
    assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));

    let other: Fingerprint = format!("fp1:machine-id:{}", "0".repeat(64)).parse().unwrap();
    let elsewhere = polygent.license().plan("standard").machine(&other);
    let answer = admin.upload(LICENSE, text(elsewhere)).await;
    answer.refused(422, "machine_mismatch");
    assert!(detail(&answer).contains("machine identity changed"));
    // One for an operator's id never fits a system's.
    let digits = machine_of(&admin).await.as_str().rsplit(':').next().unwrap().to_owned();
    let custom: Fingerprint = format!("fp1:custom:{digits}").parse().unwrap();
    let custom = polygent.license().plan("standard").machine(&custom);
    admin.upload(LICENSE, text(custom)).await.refused(422, "machine_mismatch");

    let answer = admin.upload(LICENSE, issued.stdout).await;
    answer.is(200);
    let license = &answer.json()["license"];
    assert_eq!(license["machine"], answer.json()["machine"]);
    assert_eq!((&license["plan"], &license["domain"]), (&json!("standard"), &Value::Null));
    admin.get("/api/workflows").await.is(200);
}

/// `polygent` on a machine with this id; `None` where that cannot be played.
async fn on_machine(polygent: Polygent, id: &str) -> Option<Polygent> {
    let file = polygent.directory.path().join("machine-id");
    std::fs::write(&file, id).unwrap();
    let start = Start::on_machine(&example("polygent"), &file)?;
    let start = |vendor: &_, directory: &Path| Polygent::configure(start, vendor, directory);
    Some(polygent.replace(start).await)
}

#[tokio::test]
async fn a_machine_that_changed_or_cannot_be_read_is_refused_and_cured() {
    let polygent = Polygent::start().await;
    let Some(polygent) = on_machine(polygent, &("1".repeat(32) + "\n")).await else { return };
    let admin = polygent.admin().await;
    let bound = |machine: &Fingerprint| {
        text(polygent.license().plan("standard").machine(machine).features(["workflows"]))
    };
    let token = bound(&machine_of(&admin).await);
    admin.upload(LICENSE, token.clone()).await.is(200);
    admin.get("/api/workflows").await.is(200);

    let polygent = on_machine(polygent, "").await.unwrap();
    let admin = polygent.admin().await;
    admin.get("/api/workflows").await.refused(503, "fingerprint_unavailable");
    let status = admin.get(LICENSE).await.json();
    assert_eq!((&status["phase"], &status["machine"]), (&json!("invalid"), &Value::Null));
    assert_eq!(status["problem"]["code"], "fingerprint_unavailable");
    admin.upload(LICENSE, token.clone()).await.refused(422, "fingerprint_unavailable");
    let info = admin.get("/api/license/machine-info").await;
    assert_eq!(info.outcome().1, "fingerprint_unavailable");

    let polygent = on_machine(polygent, &("2".repeat(32) + "\n")).await.unwrap();
    let admin = polygent.admin().await;
    let answer = admin.get("/api/workflows").await;
    answer.refused(503, "machine_mismatch");
    assert!(detail(&answer).contains("machine identity changed"));
    let status = admin.get(LICENSE).await.json();
    assert_eq!((&status["phase"], &status["restricted"]), (&json!("invalid"), &json!(true)));
    let problem = &status["problem"];
    assert_eq!(problem["code"], "machine_mismatch");
    assert!(problem["detail"].as_str().unwrap().contains("machine identity changed"));
    admin.upload(LICENSE, token).await.refused(422, "machine_mismatch");
    let reissued = polygent.license().plan("standard").features(["workflows"]);
    let reissued = reissued.machine(&machine_of(&admin).await);
    admin.upload(LICENSE, text(reissued)).await.is(200);
    admin.get("/api/workflows").await.is(200);
}

#[tokio::test]
async fn case_69_an_id_that_the_operator_sets_is_the_same_for_the_service_and_the_program() {
    let set = |start: Start, text: &str| start.env("MACHINE_ID", text);
    let polygent = Polygent::start_with(|start| set(start, "cluster-a/node-17")).await;
    let admin = polygent.admin().await;
    let machine = machine_of(&admin).await;
    assert_eq!(machine.scheme().as_str(), "custom");
    let profile = root().join("examples/polygent/polygent.toml");
    let told = std::process::Command::new(program("license"))
        .args(["machine-info", "--product"])
        .arg(profile)
        .env("MACHINE_ID", "cluster-a/node-17")
        .output();
    let told: Value = serde_json::from_slice(&told.unwrap().stdout).unwrap();
    assert_eq!(told["fingerprint"], machine.as_str());
    let license = || polygent.license().plan("standard").features(["workflows"]).machine(&machine);
    admin.upload(LICENSE, text(license())).await.is(200);
    admin.get("/api/workflows").await.is(200);
    let log = polygent.process().logged("the machine identity was read").await;
    assert!(log.contains("scheme=custom") && !log.contains("node-17"), "{log}");

    // Another one is another machine.
    let polygent = polygent
        .replace(|vendor, directory| set(Polygent::command(vendor, directory), "cluster-a/node-18"))
        .await;
    let admin = polygent.admin().await;
    admin.get("/api/workflows").await.refused(503, "machine_mismatch");
    let warnings = admin.get(LICENSE).await.json()["warnings"].to_string();
    assert!(warnings.contains(machine.as_str()), "{warnings}");
    let page = admin.with(header::ACCEPT, "text/html").get("/license").await;
    assert!(String::from_utf8_lossy(&page.body).contains(machine.as_str()));

    // And what is no id is none.
    let (vendor, directory, process) = polygent.into_parts();
    process.terminate().await;
    let (status, log) =
        set(Polygent::command(&vendor, directory.path()), "too short").fails().await;
    assert_eq!(status, Some(2), "{log}");
    assert!(log.contains("MACHINE_ID is set and is no machine id"), "{log}");
    assert!(!log.contains("too short"), "{log}");
}

#[tokio::test]
async fn a_clock_moved_back_or_not_set_refuses_until_it_is_right() {
    let polygent = Polygent::start().await;
    let faked = |offset: &str| {
        let start = Start::under_faketime(&example("polygent"), offset)?;
        Some(move |vendor: &_, directory: &Path| Polygent::configure(start, vendor, directory))
    };
    let Some(ahead) = faked("+3 days") else { return };
    let polygent = polygent.replace(ahead).await;
    let token = text(polygent.license().features(["workflows"]));
    polygent.admin().await.upload(LICENSE, token.clone()).await.is(200);
    let polygent = polygent.restart().await;
    let admin = polygent.admin().await;
    admin.get("/api/workflows").await.refused(503, "clock_rolled_back");
    assert_eq!(admin.get(LICENSE).await.json()["problem"]["code"], "clock_rolled_back");
    let newer = text(polygent.license().id("newer"));
    admin.upload(LICENSE, newer.clone()).await.refused(422, "clock_rolled_back");
    // Signed for exactly this, from machine info that tells of the mark.
    let info = admin.get("/api/license/machine-info").await.json();
    assert_eq!(info["latched"], true);
    let mark: Timestamp = serde_json::from_value(info["clock_mark"].clone()).unwrap();
    let reset = polygent.license().features(["workflows"]).id("reset");
    let reset = reset.claim("clock_reset_from", mark.as_seconds());
    let elsewhere = reset.clone().claim("clock_reset_for", "elsewhere");
    admin.upload(LICENSE, text(elsewhere)).await.refused(422, "clock_rolled_back");
    let reset = reset.claim("clock_reset_for", info["nonce"].clone());
    admin.upload(LICENSE, text(reset)).await.is(200);
    admin.get("/api/workflows").await.is(200);

    let polygent = polygent.replace(faked("-19000 days").unwrap()).await;
    let admin = polygent.admin().await;
    admin.get("/api/workflows").await.refused(503, "clock_not_set");
    admin.upload(LICENSE, newer).await.refused(422, "issued_in_future");
    let of_then = polygent.license().issued_at(now().saturating_sub(19_000 * DAY)).days(36_500);
    admin.upload(LICENSE, text(of_then)).await.refused(422, "clock_not_set");
    let polygent = polygent.restart().await;
    polygent.admin().await.get("/api/workflows").await.is(200);
}

#[tokio::test]
async fn a_dry_run_tells_and_installs_nothing() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    // Both end together, however long it takes to get to the second.
    let ends = now().saturating_add(Duration::from_secs(365 * 86_400));
    let license = polygent.license().id("old").features(["workflows", "insights"]).expires_at(ends);
    admin.upload(LICENSE, text(license.limit("session_hosts", 3))).await.is(200);
    for number in 0..2 {
        let user = json!({"email": format!("u{number}@x.example"), "password": "p", "role": "x"});
        admin.post_json("/api/users", &user).await.is(201);
    }
    let before = admin.get(LICENSE).await.json();
    let audit = admin.get("/api/license/audit").await.json();
    let dry_run = async |token: String| {
        let answer = admin.upload("/api/license?dry_run=true", token).await;
        answer.is(200);
        let outcome = answer.json();
        has_exactly(
            &outcome,
            "would_install code digest begins gained lost warnings timeline_now timeline_then",
        );
        outcome
    };
    let new = polygent.license().id("new").features(["workflows", "planner"]).expires_at(ends);
    let outcome = dry_run(text(new.limit("users", 2).limit("session_hosts", Value::Null))).await;
    assert_eq!((&outcome["would_install"], &outcome["code"]), (&json!(true), &Value::Null));
    assert_eq!(outcome["gained"], json!(["planner", "session_hosts: 0 used, unlimited"]));
    assert_eq!(outcome["lost"], json!(["insights", "users: 3 used, 2 allowed"]));
    let warnings = outcome["warnings"].to_string();
    assert!(warnings.contains("users: 3 in use, 2 licensed."), "{warnings}");

    let outcome = dry_run(text(polygent.license().domain("*.acme.internal"))).await;
    assert_eq!(outcome["would_install"], false);
    assert_eq!(outcome["code"], "domain_mismatch");
    let outcome = dry_run("..".to_owned()).await;
    assert_eq!(
        (&outcome["would_install"], &outcome["code"]),
        (&json!(false), &json!("token_malformed"))
    );
    let waiting = polygent.license().not_before(now().saturating_add(DAY));
    assert_eq!(dry_run(text(waiting)).await["would_install"], true);

    assert_eq!(admin.get(LICENSE).await.json(), before);
    assert_eq!(admin.get("/api/license/audit").await.json(), audit);
}

#[tokio::test]
async fn the_audit_history_has_every_attempt_newest_first() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let first = text(polygent.license().id("first"));
    admin.upload(LICENSE, first.clone()).await.is(200);
    admin.upload(LICENSE, first).await.is(200);
    let domain = text(polygent.license().id("bound").domain("*.acme.internal"));
    admin.upload(LICENSE, domain).await.refused(422, "domain_mismatch");
    admin.upload(LICENSE, "garbage").await.refused(400, "token_malformed");
    let next = polygent.license().id("next").not_before(now().saturating_add(DAY));
    admin.upload(LICENSE, text(next)).await.is(200);
    let answer = admin.get("/api/license/audit").await;
    answer.is(200);
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    let rows = answer.json();
    let rows = rows.as_array().unwrap();
    for row in rows {
        has_exactly(row, "at actor address license_id outcome");
        assert_eq!(
            (&row["actor"], &row["address"]),
            (&json!("admin@example.com"), &json!("127.0.0.1"))
        );
        assert!(row["at"].as_str().unwrap().ends_with('Z'));
    }
    let told: Vec<_> =
        rows.iter().map(|row| (row["license_id"].clone(), row["outcome"].clone())).collect();
    let wanted = [
        (json!("next"), json!("scheduled")),
        (Value::Null, json!("refused:token_malformed")),
        (json!("bound"), json!("refused:domain_mismatch")),
        (json!("first"), json!("unchanged")),
        (json!("first"), json!("installed")),
    ];
    assert_eq!(told, wanted);
    let at: Vec<Timestamp> =
        rows.iter().map(|row| serde_json::from_value(row["at"].clone()).unwrap()).collect();
    assert!(at.is_sorted_by(|a, b| a >= b), "{at:?}");
    let two = admin.get("/api/license/audit?limit=2").await.json();
    assert_eq!(two.as_array().unwrap(), &rows[..2]);
    admin.get("/api/license/audit?limit=x").await.refused(400, "invalid_query");
}

/// Asks until `moment` has passed by a good while, and checks each answer
/// against the moment: `before` until then, `after` from then on.
async fn turns(
    client: &Client,
    path: &str,
    moment: Timestamp,
    before: (u16, &str),
    after: (u16, &str),
) {
    let mut checked = (0, 0);
    while instant() < moment.saturating_add(Duration::from_millis(700)) {
        let asked = instant();
        let (status, code) = client.get(path).await.outcome();
        let answered = instant();
        if answered < moment {
            assert_eq!((status, code.as_str()), before);
            checked.0 += 1;
        } else if asked >= moment {
            assert_eq!((status, code.as_str()), after);
            checked.1 += 1;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert!(checked.0 > 0 && checked.1 > 0, "{checked:?}");
}

async fn background(polygent: &Polygent, state: &str) {
    let wanted = json!({"queue": state, "automations": state, "sync": state});
    let client = polygent.client();
    until(state, seconds(3), async || {
        let answer = client.get("/background").await;
        answer.is(200);
        has_exactly(&answer.json(), "queue automations sync");
        answer.json() == wanted
    })
    .await;
}

#[tokio::test]
async fn a_license_expires_to_the_second_and_a_renewal_cures_it_while_the_process_runs() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    background(&polygent, "paused").await;
    let id = polygent.process().id();
    let license = || polygent.license().features(["workflows"]);
    let expires_at = now().saturating_add(seconds(3));
    admin.upload(LICENSE, text(license().expires_at(expires_at))).await.is(200);
    background(&polygent, "running").await;
    turns(&admin, "/api/workflows", expires_at, (200, ""), (503, "license_expired")).await;
    background(&polygent, "paused").await;
    let answer = admin.http2().get("/api/workflows").await;
    answer.refused(503, "license_expired");
    assert_eq!(answer.json()["expires_at"], expires_at.to_string());
    let wanted = json!({"phase": "lapsed", "restricted": true, "days_remaining": 0,
        "code": "license_expired"});
    assert_eq!(polygent.client().get(LICENSE).await.json(), wanted);
    let status = admin.get(LICENSE).await.json();
    assert_eq!(status["problem"]["code"], "license_expired");
    assert_eq!(status["license"]["grace_remaining_seconds"], 0);
    polygent.client().get("/agents/session?host=a").await.refused(503, "license_expired");

    admin.upload(LICENSE, text(license().id("renewed"))).await.is(200);
    admin.get("/api/workflows").await.is(200);
    background(&polygent, "running").await;
    assert_eq!(polygent.process().id(), id);
    assert_eq!(admin.get(LICENSE).await.json()["problem"], Value::Null);
}

#[tokio::test]
async fn a_license_that_begins_later_waits_and_takes_over_by_itself() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let later = now().saturating_add(DAY);
    let first = polygent.license().id("now").features(["workflows"]);
    admin.upload(LICENSE, text(first)).await.is(200);
    let waiting = polygent.license().id("replaced").features(["memory"]).not_before(later);
    let answer = admin.upload(LICENSE, text(waiting)).await;
    answer.is(200);
    let status = answer.json();
    assert_eq!(
        (&status["license"]["id"], &status["next"]["id"]),
        (&json!("now"), &json!("replaced"))
    );
    has_exactly(&status["next"], LICENSE_MEMBERS);
    assert_eq!(status["next"]["not_before"], later.to_string());
    assert_eq!(status["phase"], "active");
    admin.get("/api/memory").await.refused(403, "feature_not_licensed");

    // Over a restart too.
    let polygent = polygent.restart().await;
    assert_eq!(admin_status(&polygent).await["next"]["id"], "replaced");
    let admin = polygent.admin().await;
    let begins = now().saturating_add(seconds(3));
    let waiting = polygent.license().id("then").features(["planner"]).not_before(begins);
    admin.upload(LICENSE, text(waiting)).await.is(200);
    let status = admin.get(LICENSE).await.json();
    assert_eq!((&status["license"]["id"], &status["next"]["id"]), (&json!("now"), &json!("then")));
    let not_licensed = (403, "feature_not_licensed");
    let lost = turns(&admin, "/api/workflows", begins, (200, ""), not_licensed);
    tokio::join!(turns(&admin, "/api/planner", begins, not_licensed, (200, "")), lost);
    let status = admin.get(LICENSE).await.json();
    assert_eq!((&status["license"]["id"], &status["next"]), (&json!("then"), &Value::Null));
    until("the audit row", seconds(3), async || {
        let rows = admin.get("/api/license/audit?limit=1").await.json();
        rows[0]["outcome"] == "took_over" && rows[0]["license_id"] == "then"
    })
    .await;
    let polygent = polygent.crash().await;
    assert_eq!(admin_status(&polygent).await["license"]["id"], "then");
}

async fn admin_status(polygent: &Polygent) -> Value {
    polygent.admin().await.get(LICENSE).await.json()
}

#[tokio::test]
async fn a_license_that_waits_alone_refuses_until_it_begins() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let begins = now().saturating_add(seconds(3));
    let waiting = polygent.license().features(["planner"]).not_before(begins);
    let answer = admin.upload(LICENSE, text(waiting)).await;
    answer.is(200);
    assert_eq!(answer.json()["phase"], "scheduled");
    assert_eq!(answer.json()["problem"]["code"], "license_not_yet_valid");
    let refused = (503, "license_not_yet_valid");
    turns(&admin, "/api/planner", begins, refused, (200, "")).await;
}

/// The token of a new session of the administrator.
async fn session(polygent: &Polygent) -> String {
    let sign_in = json!({"email": ADMINISTRATOR, "password": PASSWORD});
    let answer = polygent.client().post_json("/api/auth/sign-in", &sign_in).await;
    answer.json()["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_restart_keeps_license_users_and_sessions() {
    let polygent = Polygent::start().await;
    let token = session(&polygent).await;
    let admin = polygent.client().bearer(&token);
    admin.upload(LICENSE, text(polygent.license().features(["workflows"]))).await.is(200);
    let user = json!({"email": "u@example.com", "password": "secret", "role": "user"});
    admin.post_json("/api/users", &user).await.is(201);
    let kept = |address| Client::new(address).bearer(&token);
    let before = admin.get(LICENSE).await.json();
    let users = admin.get("/api/users").await.json();
    let polygent = polygent.restart().await;
    let admin = kept(polygent.address());
    assert_eq!(admin.get(LICENSE).await.json(), before);
    let polygent = polygent.crash().await;
    let admin = kept(polygent.address());
    assert_eq!(admin.get("/api/users").await.json(), users);
    admin.get("/api/workflows").await.is(200);
    polygent.signed_in("u@example.com", "secret").await.get("/api/workflows").await.is(200);
}

#[tokio::test]
async fn thirty_refused_uploads_within_a_minute_are_enough() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let good = text(polygent.license());
    for _ in 0..30 {
        admin.upload(LICENSE, good.clone()).await.is(200);
        admin.upload(LICENSE, "garbage").await.refused(400, "token_malformed");
    }
    for _ in 0..2 {
        let answer = admin.upload(LICENSE, good.clone()).await;
        answer.refused(429, "too_many_attempts");
        let wait: u64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    // It comes before the type is looked at, and after who asks.
    let wrong = admin.with(header::CONTENT_TYPE, "image/png");
    wrong.send(Method::POST, LICENSE, "x").await.refused(429, "too_many_attempts");
    polygent.client().upload(LICENSE, good.clone()).await.refused(401, "unauthenticated");
    // Another administrator is not held up.
    let other = json!({"email": "b@example.com", "password": "secret", "role": "admin"});
    admin.post_json("/api/users", &other).await.is(201);
    polygent.signed_in("b@example.com", "secret").await.upload(LICENSE, good).await.is(200);
}

#[tokio::test]
async fn a_cross_site_request_with_a_cookie_is_refused() {
    let polygent = Polygent::start().await;
    let sign_in = json!({"email": ADMINISTRATOR, "password": PASSWORD});
    let answer = polygent.client().post_json("/api/auth/sign-in", &sign_in).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let client = polygent.client().with(header::COOKIE, cookie);
    let fetch_site = header::HeaderName::from_static("sec-fetch-site");
    let token = text(polygent.license());
    for client in [client.clone(), client.http2()] {
        let foreign = client.with(fetch_site.clone(), "cross-site");
        foreign.upload(LICENSE, token.clone()).await.refused(403, "cross_site_request");
        let foreign = client.with(header::ORIGIN, "https://evil.example");
        foreign.upload(LICENSE, token.clone()).await.refused(403, "cross_site_request");
        client.with(fetch_site.clone(), "same-origin").upload(LICENSE, token.clone()).await.is(200);
    }
    let bearer = polygent.admin().await.with(fetch_site, "cross-site");
    bearer.upload(LICENSE, token).await.is(200);
}

#[tokio::test]
async fn an_upload_that_stalls_is_cut_off() {
    let polygent = Polygent::start().await;
    let token = session(&polygent).await;
    let mut stream = TcpStream::connect(polygent.address()).await.unwrap();
    let head = format!(
        "POST /api/license HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/jwt\r\ncontent-length: 1000\r\nconnection: close\r\n\r\neyJ"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(seconds(40), stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("request_timeout"));
}

#[tokio::test]
async fn a_store_that_cannot_be_written_refuses_the_upload_and_keeps_the_license() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    admin.upload(LICENSE, text(polygent.license().id("kept"))).await.is(200);
    // Another writer holds the database for longer than anybody waits.
    let Some(python) = python("sqlite3") else { return };
    let script = "import sqlite3,sys\n\
        c=sqlite3.connect(sys.argv[1],isolation_level=None)\n\
        c.execute('BEGIN IMMEDIATE')\nprint('held',flush=True)\nsys.stdin.read()\n";
    let mut holder = tokio::process::Command::new(python)
        .args(["-c", script])
        .arg(polygent.directory.path().join("license.db"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut held = [0; 4];
    holder.stdout.as_mut().unwrap().read_exact(&mut held).await.unwrap();
    let new = text(polygent.license().id("new"));
    admin.upload(LICENSE, new.clone()).await.refused(503, "store_unavailable");
    let status = admin.get(LICENSE).await.json();
    assert_eq!(status["license"]["id"], "kept");
    assert!(status["warnings"].to_string().contains("store_unavailable"), "{status}");
    drop(holder.stdin.take());
    holder.wait().await.unwrap();
    until("the store works again", seconds(15), async || {
        admin.upload(LICENSE, new.clone()).await.status == 200
    })
    .await;
    assert_eq!(admin.get(LICENSE).await.json()["license"]["id"], "new");
}

#[tokio::test]
async fn a_log_holds_no_token_and_no_claim() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let token = text(
        polygent
            .license()
            .id("lic_secret")
            .claim("customer", json!({"id": "cust_secret", "name": "Secret Corp"})),
    );
    admin.upload(LICENSE, token.clone()).await.is(200);
    admin.upload(LICENSE, format!("{token}x")).await;
    let log = polygent.process().log();
    for secret in ["lic_secret", "cust_secret", "Secret Corp", &token[..40]] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn the_banner_is_told_by_code_while_everything_is_refused() {
    let polygent = Polygent::start().await;
    for client in [polygent.client(), polygent.admin().await] {
        let answer = client.get("/api/banner").await;
        answer.is(200);
        let banner = answer.json();
        assert_eq!(banner["level"], "critical");
        let warning = json!({
            "code": "license_missing",
            "level": "critical",
            "text": "No license is installed on this service.",
        });
        assert_eq!(banner["warnings"], json!([warning]));
        assert_eq!(banner["messages"], json!([warning["text"]]));
    }
}
