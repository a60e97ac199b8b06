//! SECURITY.md, cases 46 to 50 and 53, against a running service.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, header};
use hyper::body::{Body, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use license_core::Timestamp;
use license_tests::{ADMINISTRATOR, Client, PASSWORD, Polygent, now};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};

/// What is answered before the body is read comes this fast.
const AT_ONCE: Duration = Duration::from_secs(5);

/// A service with a license, its administrator, and the cookie and the
/// bearer token of the same session.
struct Target {
    polygent: Polygent,
    admin: Client,
    cookie: String,
    session: String,
}

impl Target {
    async fn new() -> Self {
        let polygent = Polygent::start().await;
        let features = ["workflows", "multiple-active-sessions"];
        polygent.install(polygent.license().features(features)).await;
        let body = json!({"email": ADMINISTRATOR, "password": PASSWORD});
        let answer = polygent.client().post_json("/api/auth/sign-in", &body).await;
        answer.is(200);
        let session = answer.json()["token"].as_str().unwrap().to_owned();
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let admin = polygent.client().bearer(&session);
        Self { polygent, admin, cookie, session }
    }

    /// A token of a license that is dated so many seconds ago.
    fn token(&self, id: &str, seconds_ago: i64) -> String {
        self.token_at(id, now().as_seconds() - seconds_ago)
    }

    /// A token of a license that is dated at this time.
    fn token_at(&self, id: &str, seconds: i64) -> String {
        let at = Timestamp::from_seconds(seconds);
        let license = self.polygent.license().id(id).issued_at(at).days(100);
        let license = license.features(["workflows", "multiple-active-sessions"]);
        license.sign().as_str().to_owned()
    }

    async fn status(&self) -> Value {
        status(&self.admin).await
    }
}

async fn status(admin: &Client) -> Value {
    let answer = admin.get("/api/license").await;
    answer.is(200);
    assert!(answer.json()["license"]["id"].is_string(), "{:?}", answer.json());
    answer.json()
}

/// A body that never comes.
struct Never;

impl Body for Never {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// Announces an upload over HTTP/1.1 and sends none of it. Returns the
/// status.
async fn announced(polygent: &Polygent, lines: &str) -> u16 {
    let mut stream = polygent.client().connect().await;
    let head = format!(
        "POST /api/license HTTP/1.1\r\nHost: {}\r\nContent-Type: application/jwt\r\n\
         Content-Length: 500\r\n{lines}\r\n",
        polygent.address()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 4096];
    let read = timeout(AT_ONCE, stream.read(&mut answer)).await.expect("before the body");
    let answer = String::from_utf8_lossy(&answer[..read.unwrap()]).into_owned();
    assert!(answer.contains("application/problem+json"), "{answer}");
    answer[9..12].parse().unwrap()
}

/// The status of an upload that announces its length, over HTTP/2.
async fn announced_on_http2(polygent: &Polygent, authorization: Option<&str>) -> u16 {
    let stream = TokioIo::new(polygent.client().connect().await);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await;
    let (mut sender, connection) = handshake.unwrap();
    tokio::spawn(connection);
    let uri = format!("http://{}/api/license", polygent.address());
    let mut request = Request::post(uri).header(header::CONTENT_TYPE, "application/jwt");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let response = sender.send_request(request.body(Never).unwrap());
    timeout(AT_ONCE, response).await.expect("before the body").unwrap().status().as_u16()
}

#[tokio::test]
async fn case_46_no_or_a_wrong_credential_is_401_or_403_before_the_body_is_read() {
    let target = Target::new().await;
    let polygent = &target.polygent;
    let user = json!({"email": "user@example.com", "password": "tr0ub4dor", "role": "user"});
    target.admin.post_json("/api/users", &user).await.is(201);
    let body = json!({"email": "user@example.com", "password": "tr0ub4dor"});
    let answer = polygent.client().post_json("/api/auth/sign-in", &body).await;
    let user = answer.json()["token"].as_str().unwrap().to_owned();
    let before = target.status().await;
    let session = &target.session;
    for (authorization, expected) in [
        (None, 401),
        (Some("Bearer ".to_owned()), 401),
        (Some("Bearer wrong".to_owned()), 401),
        (Some(format!("Basic {session}")), 401),
        (Some(format!("Bearer {session}x")), 401),
        (Some(format!("Bearer {}", "x".repeat(4096))), 401),
        (Some(format!("Bearer {user}")), 403),
    ] {
        let authorization = authorization.as_deref();
        let line = authorization.map(|text| format!("Authorization: {text}\r\n"));
        let status = announced(polygent, &line.unwrap_or_default()).await;
        assert_eq!(status, expected, "{authorization:?}");
        let status = announced_on_http2(polygent, authorization).await;
        assert_eq!(status, expected, "{authorization:?}");
    }
    assert_eq!(announced(polygent, "Cookie: polygent_session=wrong\r\n").await, 401);
    assert_eq!(announced(polygent, &format!("Cookie: {}x\r\n", target.cookie)).await, 401);
    let good = target.token("lic_good", 0);
    polygent.client().upload("/api/license", good.clone()).await.refused(401, "unauthenticated");
    let user = polygent.client().bearer(&user);
    user.upload("/api/license", good.clone()).await.refused(403, "forbidden");
    user.upload("/api/license?dry_run=true", good).await.refused(403, "forbidden");
    for path in ["/api/license/machine-info", "/api/license/audit"] {
        polygent.client().get(path).await.refused(401, "unauthenticated");
        user.get(path).await.refused(403, "forbidden");
    }
    assert_eq!(target.status().await, before);
}

#[tokio::test]
async fn case_47_a_cross_site_post_with_a_cookie_is_403() {
    let target = Target::new().await;
    let by_cookie = target.polygent.client().with(header::COOKIE, &target.cookie);
    let before = target.status().await;
    let fetch_site = header::HeaderName::from_static("sec-fetch-site");
    let foreign = [
        (fetch_site.clone(), "cross-site"),
        (fetch_site.clone(), "same-site"),
        (header::ORIGIN, "https://evil.example"),
        (header::ORIGIN, "null"),
    ];
    for (name, value) in &foreign {
        for client in [by_cookie.clone(), by_cookie.http2()] {
            let client = client.with(name.clone(), value);
            let token = target.token("lic_forged", 0);
            for path in ["/api/license", "/api/license?dry_run=true", "/api/auth/sign-out"] {
                let answer = client.upload(path, token.clone()).await;
                assert_eq!(
                    answer.outcome(),
                    (403, "cross_site_request".to_owned()),
                    "{name}: {value} {path}"
                );
            }
            // Reading does no harm: the answer is not shown to the other site.
            client.get("/api/license").await.is(200);
        }
    }
    assert_eq!(target.status().await, before);

    // From the service's own pages, and from no browser at all.
    let address = target.polygent.address();
    for (number, client) in [
        by_cookie.clone(),
        by_cookie.with(fetch_site.clone(), "same-origin"),
        by_cookie.with(header::ORIGIN, &format!("http://{address}")),
        by_cookie.http2().with(fetch_site.clone(), "same-origin"),
    ]
    .into_iter()
    .enumerate()
    {
        let token = target.token(&format!("lic_own_{number}"), 0);
        client.upload("/api/license", token).await.is(200);
    }
    // A bearer token is nothing that a browser adds by itself.
    for (number, (name, value)) in foreign.into_iter().enumerate() {
        let token = target.token(&format!("lic_bearer_{number}"), 0);
        target.admin.with(name, value).upload("/api/license", token).await.is(200);
    }
}

/// A form of parts with these dispositions, each with the same content.
fn form(dispositions: &[&str], content: &str) -> Vec<u8> {
    let mut form = Vec::new();
    for disposition in dispositions {
        let head = format!("--b\r\ncontent-disposition: form-data; {disposition}\r\n\r\n");
        form.extend(head.into_bytes());
        form.extend(content.as_bytes());
        form.extend(b"\r\n");
    }
    form.extend(b"--b--\r\n");
    form
}

#[tokio::test]
async fn case_48_several_parts_and_file_names_that_are_paths_are_400() {
    let target = Target::new().await;
    let before = target.status().await;
    let token = target.token("lic_form", 0);
    let many = vec!["name=\"license\""; 30_000];
    let bodies = [
        form(&["name=\"license\"", "name=\"license\""], &token),
        form(&["name=\"license\"", "name=\"note\""], &token),
        form(&["name=\"note\"", "name=\"license\""], &token),
        form(&["name=\"other\""], &token),
        form(&[""], &token),
        form(&[], &token),
        form(&["name=\"license\"; filename=\"../../etc/passwd\""], &token),
        form(&["name=\"license\"; filename=\"..\\\\..\\\\x\""], &token),
        form(&["name=\"license\"; filename=\"/etc/passwd\""], &token),
        form(&["name=\"license\"; filename=\"..\""], &token),
        form(&many, ""),
        form(&many, "aaaa"),
        vec![],
        b"--b".to_vec(),
        b"--b\r\n\r\n".to_vec(),
    ];
    let multipart = target.admin.with(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    for (number, body) in bodies.into_iter().enumerate() {
        for client in [multipart.clone(), multipart.http2()] {
            let source = Ipv4Addr::new(127, 0, 2, 1 + u8::try_from(number / 10).unwrap());
            let client = client.source(source);
            let answer = client.send(Method::POST, "/api/license", body.clone()).await;
            assert_eq!(answer.outcome(), (400, "token_malformed".to_owned()), "form {number}");
        }
    }
    let client = target.admin.source([127, 0, 2, 9]);
    for content_type in ["multipart/form-data", "multipart/form-data; boundary="] {
        let client = client.with(header::CONTENT_TYPE, content_type);
        let answer = client.send(Method::POST, "/api/license", form(&["name=\"license\""], &token));
        answer.await.refused(400, "token_malformed");
    }
    for content_type in
        ["text/html", "multipart/mixed; boundary=b", "application/x-www-form-urlencoded", ""]
    {
        let client = client.with(header::CONTENT_TYPE, content_type);
        let answer = client.send(Method::POST, "/api/license", token.clone()).await;
        answer.refused(415, "unsupported_media_type");
    }
    let answer = client.send(Method::POST, "/api/license", token.clone()).await;
    answer.refused(415, "unsupported_media_type");
    assert_eq!(target.status().await, before);
    // A form that is right, whatever its file is called.
    let good = form(&["name=\"license\"; filename=\"license (1).jwt\""], &token);
    multipart.send(Method::POST, "/api/license", good).await.is(200);
}

#[tokio::test]
async fn a_flood_is_answered_413_before_it_has_all_arrived() {
    let target = Target::new().await;
    let before = target.status().await;
    let body = Bytes::from(vec![b'a'; 50 * 1024 * 1024]);
    for content_type in ["application/jwt", "application/json", "multipart/form-data; boundary=b"] {
        let client = target.admin.http2().with(header::CONTENT_TYPE, content_type);
        let answer = client.send(Method::POST, "/api/license", body.clone()).await;
        // A form without an end is a form that is too large.
        answer.refused(413, "token_too_large");
        for length in ["Content-Length: 52428800", "Transfer-Encoding: chunked"] {
            let head = format!(
                "POST /api/license HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\n\
                 Content-Type: {content_type}\r\n{length}\r\n\r\n",
                target.polygent.address(),
                bearer(&target),
            );
            let (mut read, mut write) = target.polygent.client().connect().await.into_split();
            let body = body.clone();
            // It fails when the service hangs up.
            let writing = tokio::spawn(async move {
                write.write_all(head.as_bytes()).await.unwrap();
                // The size of the only chunk, where there are chunks.
                let _ = write.write_all(b"3200000\r\n").await;
                let _ = write.write_all(&body).await;
            });
            let mut answer = [0; 512];
            let count = timeout(AT_ONCE, read.read(&mut answer)).await.expect("at once").unwrap();
            let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
            assert!(answer.starts_with("HTTP/1.1 413 "), "{length}: {answer}");
            drop(read);
            writing.await.unwrap();
        }
    }
    assert_eq!(target.status().await, before);
}

#[tokio::test]
async fn the_31st_attempt_of_one_administrator_from_one_address_is_429() {
    let target = Target::new().await;
    let before = target.status().await;
    let good = target.token("lic_good", 0);
    // What is refused for want of a credential is not counted.
    for _ in 0..31 {
        let answer = target.polygent.client().upload("/api/license", "..").await;
        answer.refused(401, "unauthenticated");
    }
    // Neither is what is accepted.
    for _ in 0..31 {
        target.admin.upload("/api/license?dry_run=true", good.clone()).await.is(200);
    }
    for attempt in 0..30 {
        let answer = match attempt % 3 {
            0 => target.admin.upload("/api/license", "..").await,
            1 => target.admin.upload("/api/license", "a".repeat(17 * 1024)).await,
            _ => target.admin.send(Method::POST, "/api/license", "..").await,
        };
        assert!([400, 413, 415].contains(&answer.outcome().0), "{attempt}");
    }
    for client in [target.admin.clone(), target.admin.http2()] {
        for path in ["/api/license", "/api/license?dry_run=true", "/api/license?force=true"] {
            let answer = client.upload(path, good.clone()).await;
            answer.refused(429, "too_many_attempts");
            let wait: u64 = answer.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
        }
    }
    assert_eq!(announced_on_http2(&target.polygent, Some(&bearer(&target))).await, 429);
    assert_eq!(target.status().await, before);
    // Only uploads, of this administrator, from this address.
    target.admin.get("/api/license/audit").await.is(200);
    let other = json!({"email": "other@example.com", "password": "x", "role": "admin"});
    target.admin.post_json("/api/users", &other).await.is(201);
    let other = target.polygent.signed_in("other@example.com", "x").await;
    other.upload("/api/license", "..").await.refused(400, "token_malformed");
    target.admin.source([127, 0, 0, 2]).upload("/api/license", good).await.is(200);
}

fn bearer(target: &Target) -> String {
    format!("Bearer {}", target.session)
}

#[tokio::test]
async fn case_49_an_older_license_is_409_and_the_same_again_unchanged() {
    let mut target = Target::new().await;
    let newest = target.token("lic_newest", 100);
    target.admin.upload("/api/license", newest.clone()).await.refused(409, "older_than_installed");
    let newest_of_all = target.token("lic_newest", -10);
    target.admin.upload("/api/license", newest_of_all.clone()).await.is(200);
    let before = target.status().await;
    let older = target.token("lic_older", 0);
    for client in [target.admin.clone(), target.admin.http2()] {
        client.upload("/api/license", older.clone()).await.refused(409, "older_than_installed");
        let forced = client.upload("/api/license?force=true", older.clone()).await;
        forced.refused(409, "older_than_installed");
        let dry_run = client.upload("/api/license?dry_run=true", older.clone()).await;
        assert_eq!(dry_run.json()["code"], "older_than_installed");
        let again = client.upload("/api/license", newest_of_all.clone()).await;
        again.is(200);
        assert_eq!(again.json(), before);
    }
    target.polygent = target.polygent.restart().await;
    let admin = target.polygent.client().bearer(&target.session);
    let before = but_days(before);
    assert_eq!(but_days(status(&admin).await), before);
    admin.upload("/api/license", older).await.refused(409, "older_than_installed");
    admin.upload("/api/license", newest_of_all).await.is(200);
    assert_eq!(but_days(status(&admin).await), before);
}

/// A status without the days that remain: a license that is dated some seconds
/// ahead is evidence of the time at the next start, and may take one away.
fn but_days(mut status: Value) -> Value {
    let license = status["license"].as_object_mut();
    assert!(license.is_some_and(|license| license.remove("days_remaining").is_some()));
    status
}

#[tokio::test]
async fn case_50_of_100_concurrent_uploads_the_newest_is_in_force_and_disk_is_memory() {
    let mut target = Target::new().await;
    let first = now().as_seconds() + 1;
    // In an order that is neither rising nor falling.
    let uploads: Vec<_> = (0..100_i64)
        .map(|place| {
            let number = place * 37 % 100;
            let token = target.token_at(&format!("lic_{number:03}"), first + number);
            let admin = &target.admin;
            let client = if place % 3 == 0 { admin.http2() } else { admin.clone() };
            tokio::spawn(async move { (number, client.upload("/api/license", token).await) })
        })
        .collect();
    let mut accepted = Vec::new();
    for upload in uploads {
        let (number, answer) = upload.await.unwrap();
        match answer.outcome() {
            (200, _) => accepted.push(number),
            outcome => assert_eq!(outcome, (409, "older_than_installed".to_owned())),
        }
    }
    assert!(accepted.contains(&99), "{accepted:?}");
    let before = target.status().await;
    assert_eq!(before["license"]["id"], "lic_099");
    // The audit history, newest first, tells of each once and in order.
    let audit = target.admin.get("/api/license/audit?limit=100").await.json();
    let installed: Vec<&str> = audit
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["outcome"] == "installed")
        .map(|entry| entry["license_id"].as_str().unwrap())
        .collect();
    assert_eq!(installed.len(), accepted.len(), "{audit}");
    assert!(installed.is_sorted_by(|newer, older| newer > older), "{installed:?}");
    target.polygent = target.polygent.restart().await;
    let admin = target.polygent.client().bearer(&target.session);
    assert_eq!(but_days(status(&admin).await), but_days(before));
}

const ONE: [&str; 6] =
    ["workflows", "planner", "memory", "bots", "sso-saml", "multiple-active-sessions"];
const OTHER: [&str; 6] =
    ["automations", "insights", "round-table", "code-review", "verification", "deployments"];

#[tokio::test]
async fn case_53_each_of_1_000_requests_in_flight_sees_exactly_one_license() {
    let target = Target::new().await;
    let done = Arc::new(AtomicBool::new(false));
    let first = now().as_seconds() + 1;
    let license = |number: i64| {
        let at = Timestamp::from_seconds(first + number);
        let (id, features) = if number % 2 == 0 { ("lic_one", ONE) } else { ("lic_other", OTHER) };
        let license = target.polygent.license().id(id).issued_at(at).features(features);
        license.sign().as_str().to_owned()
    };
    target.admin.upload("/api/license", license(0)).await.is(200);
    // Twenty connections with fifty requests each, one after the other.
    let mut requests = Vec::new();
    for _ in 0..20 {
        let streams = target.admin.streams().await;
        for place in 0..50 {
            let (streams, done) = (streams.clone(), Arc::clone(&done));
            requests.push(tokio::spawn(async move {
                let mut seen = [0_u32; 2];
                while !done.load(Ordering::Relaxed) {
                    let path = [
                        "/api/license",
                        "/api/auth/me",
                        "/api/auth/me",
                        "/api/workflows",
                        "/api/insights",
                    ][place % 5];
                    let answer = streams.get(path).await;
                    let status = answer.status.as_u16();
                    let other = match (path, status) {
                        ("/api/workflows", 200) | ("/api/insights", 403) => false,
                        ("/api/workflows", 403) | ("/api/insights", 200) => true,
                        ("/api/license", 200) => {
                            let json = answer.json();
                            let license = &json["license"];
                            assert_eq!(json["phase"], "active");
                            let other = license["id"] == "lic_other";
                            assert!(is_exactly(&license["features"], other), "{license}");
                            other
                        }
                        ("/api/auth/me", 200) => {
                            let features = &answer.json()["features"];
                            let other = is_exactly(features, true);
                            assert!(other || is_exactly(features, false), "{features}");
                            other
                        }
                        _ => panic!("{path} {status} {:?}", answer.body),
                    };
                    seen[usize::from(other)] += 1;
                }
                seen
            }));
        }
    }
    let started = Instant::now();
    for number in 1..=25 {
        let upload = target.admin.upload("/api/license", license(number));
        timeout(Duration::from_secs(30), upload).await.expect("in time").is(200);
    }
    done.store(true, Ordering::Relaxed);
    let mut seen = [0; 2];
    for request in requests {
        let [one, other] = request.await.unwrap();
        seen[0] += one;
        seen[1] += other;
    }
    println!("{seen:?} answers by either license in {:?}", started.elapsed());
    assert!(seen.iter().sum::<u32>() >= 1000 && seen.iter().all(|seen| *seen > 100), "{seen:?}");
}

/// Whether these are the features of one license, and none of the other.
fn is_exactly(features: &Value, other: bool) -> bool {
    let mut features: Vec<&str> =
        features.as_array().unwrap().iter().map(|feature| feature.as_str().unwrap()).collect();
    let mut expected = if other { OTHER } else { ONE };
    features.sort_unstable();
    expected.sort_unstable();
    features == expected
}

#[tokio::test]
async fn case_62_a_mistyped_dry_run_installs_nothing() {
    let target = Target::new().await;
    let before = target.status().await;
    let token = target.token("lic_mistyped", 0);
    for query in [
        "dry-run=true",
        "DRY_RUN=true",
        "%64ry_run=true",
        "dryrun",
        "dry_run=yes",
        "dry_run=TRUE",
        "dry_run",
        "dry_run=true&dry_run=true",
        "dry_run=true&dry_run=false",
        "force=yes",
        "expected=0",
        "force=true&x",
    ] {
        for client in [target.admin.clone(), target.admin.http2()] {
            let answer = client.upload(&format!("/api/license?{query}"), token.clone()).await;
            assert_eq!(answer.outcome(), (400, "invalid_query".to_owned()), "{query}");
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("`dry_run`") && detail.contains("`force`"), "{detail}");
        }
    }
    assert_eq!(target.status().await, before);

    // What a dry run has shown is installed by its digest, and nothing else.
    let shown = target.admin.upload("/api/license?dry_run=true", token.clone()).await.json();
    let digest = shown["digest"].as_str().unwrap();
    let other = target.token("lic_other", 0);
    for expect in [digest, "", "nonsense", &digest[1..]] {
        let path = format!("/api/license?expect={expect}");
        target.admin.upload(&path, other.clone()).await.refused(409, "not_previewed");
    }
    let path = format!("/api/license?dry_run=true&expect={digest}");
    let dry = target.admin.upload(&path, other).await.json();
    assert_eq!((&dry["would_install"], &dry["code"]), (&json!(false), &json!("not_previewed")));
    assert_eq!(target.status().await, before);
    target.admin.upload(&format!("/api/license?expect={digest}"), token).await.is(200);
}
