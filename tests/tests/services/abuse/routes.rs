//! SECURITY.md, cases 43 to 45, against a running service.

use std::{fs, path::Path};

use http::{Method, header::HeaderName};
use license_tests::{Client, Polygent, raw};
use serde_json::json;
use tokio::time::Instant;

/// Paths below `/api` and `/agents` as somebody might spell them to get past
/// the license, and paths that resemble those that stay open.
const SPELLINGS: &[&str] = &[
    "/api",
    "/api/",
    "/api//",
    "/api/x",
    "/api/workflows",
    "/api/workflows/",
    "/api/workflows?x=/api/license",
    "//api/x",
    "//api/workflows",
    "///api/workflows",
    "/api//workflows",
    "/./api/workflows",
    "/api/./workflows",
    "/%61pi/x",
    "/%61pi/workflows",
    "/%2561pi/workflows",
    "/%41PI/workflows",
    "/API/x",
    "/API/workflows",
    "/Api/Workflows",
    "/x/../api/x",
    "/x/../api/workflows",
    "/x/%2e%2e/api/workflows",
    "/x/..%2fapi/workflows",
    "/healthz/../api/workflows",
    "/%2fapi/workflows",
    "/api%2fworkflows",
    "/api%5cworkflows",
    "/api;x/workflows",
    "/api/workflows;x=1",
    "/api/%77orkflows",
    "/api/license-report",
    "/api/license/",
    "/api/license//",
    "/api/license/x",
    "/api/license/audit",
    "/api/license/machine-info/",
    "/api/license;x",
    "/api/license%2f",
    "/api/license/%2e",
    "/api/license/../workflows",
    "/api/license/..%2fworkflows",
    "/api/licens%65",
    "/API/LICENSE",
    "//api/license",
    "/api//license",
    "/api/auth",
    "/api/auth/",
    "/api/auth/me/",
    "/api/auth/me/../../workflows",
    "/api/auth/x",
    "/api/users",
    "/api/users/1/activate",
    "/agents",
    "/agents/session",
    "/Agents/session?host=a",
    "/%61gents/deploy?host=a",
];

#[track_caller]
fn status(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    status.and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

async fn request(polygent: &Polygent, method: &str, target: &str, lines: &str) -> String {
    let address = polygent.address();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    raw(address, format!("{head}{lines}Content-Length: 0\r\n\r\n")).await
}

#[tokio::test]
async fn case_44_no_spelling_is_served_while_everything_is_refused() {
    let polygent = Polygent::start().await;
    for path in SPELLINGS {
        let absolute = format!("http://{}{path}", polygent.address());
        for target in [*path, &absolute] {
            for method in ["GET", "POST", "HEAD", "OPTIONS", "DELETE"] {
                let answer = request(&polygent, method, target, "").await;
                assert_eq!(status(&answer), 503, "{method} {target}: {answer}");
                assert!(
                    method == "HEAD" || answer.contains("\"license_missing\""),
                    "{method} {target}: {answer}"
                );
            }
        }
        let answer = polygent.client().http2().get(path).await;
        assert_eq!(answer.outcome(), (503, "license_missing".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn case_44_what_is_outside_and_what_cures_is_served_all_the_same() {
    let polygent = Polygent::start().await;
    for (method, path, expected) in [
        ("GET", "/healthz", 200),
        ("GET", "/background", 200),
        ("GET", "/", 303),
        ("GET", "/apis", 404),
        ("GET", "/agentsx", 404),
        ("GET", "/x/api/workflows", 404),
        ("GET", "/api/license", 200),
        ("GET", "/api/license?x=1", 200),
        ("POST", "/api/license", 401),
        ("GET", "/api/license/machine-info", 401),
        ("GET", "/api/auth/me", 401),
        ("POST", "/api/auth/sign-in", 400),
        ("POST", "/api/auth/sign-out", 401),
    ] {
        let answer = request(&polygent, method, path, "").await;
        assert_eq!(status(&answer), expected, "{method} {path}: {answer}");
    }
}

#[tokio::test]
async fn case_44_no_other_spelling_is_a_route_once_licensed() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let license = polygent.license().features(["workflows"]).sign();
    admin.upload("/api/license", license.as_str().to_owned()).await.is(200);
    admin.get("/api/workflows").await.is(200);
    admin.get("/api/workflows?x=/api/license").await.is(200);
    for path in [
        "/api",
        "//api/workflows",
        "/api//workflows",
        "/API/workflows",
        "/x/../api/workflows",
        "/api/license-report",
        "/api/license/",
        "/api/workflows/",
    ] {
        admin.get(path).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn case_45_options_and_head_are_no_way_around() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    for client in [admin.clone(), admin.http2()] {
        let send = async |method: Method, path: &str| client.send(method, path, "").await;
        for path in ["/api/workflows", "/api/nowhere", "/api/license/audit", "/agents/session"] {
            send(Method::OPTIONS, path).await.refused(503, "license_missing");
            head(&client, path, 503).await;
        }
        // A path that is open for POST is not open for HEAD.
        head(&client, "/api/auth/sign-in", 503).await;
        head(&client, "/api/license", 200).await;
        head(&client, "/api/auth/me", 200).await;
        head(&client, "/healthz", 200).await;
        for path in ["/api/license", "/api/auth/me", "/api/auth/sign-in", "/healthz"] {
            send(Method::OPTIONS, path).await.refused(405, "method_not_allowed");
        }
        for method in ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get", "POSTX"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            send(method.clone(), "/api/license").await.refused(503, "license_missing");
            send(method, "/api/workflows").await.refused(503, "license_missing");
        }
    }
    let license = polygent.license().features(["workflows"]).sign();
    admin.upload("/api/license", license.as_str().to_owned()).await.is(200);
    for client in [admin.clone(), admin.http2()] {
        head(&client, "/api/workflows", 200).await;
        head(&client, "/api/planner", 403).await;
        let options = client.send(Method::OPTIONS, "/api/workflows", "").await;
        options.refused(405, "method_not_allowed");
    }
}

async fn head(client: &Client, path: &str, expected: u16) {
    let answer = client.send(Method::HEAD, path, "").await;
    assert_eq!(answer.status, expected, "HEAD {path}");
    assert!(answer.body.is_empty(), "HEAD {path}");
}

#[tokio::test]
async fn case_45_a_method_override_changes_nothing() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let headers =
        ["x-http-method-override", "x-http-method", "x-method-override", "x-original-method"];
    let overridden =
        |name: &'static str, method: &str| admin.with(HeaderName::from_static(name), method);
    for name in headers {
        let as_get = overridden(name, "GET");
        for path in ["/api/license/machine-info", "/api/auth/me", "/api/workflows"] {
            as_get.send(Method::POST, path, "").await.refused(503, "license_missing");
        }
        let as_post = overridden(name, "POST");
        for path in ["/api/auth/sign-in", "/api/workflows"] {
            as_post.get(path).await.refused(503, "license_missing");
        }
        // And no read becomes an upload.
        as_post.get("/api/license").await.is(200);
        let rewritten = admin
            .with(HeaderName::from_static("x-original-url"), "/api/license")
            .with(HeaderName::from_static("x-rewrite-url"), "/api/license");
        rewritten.get("/api/workflows").await.refused(503, "license_missing");
    }
    let query = admin.send(Method::POST, "/api/auth/me?_method=GET", "_method=GET").await;
    query.refused(503, "license_missing");
    let license = polygent.license().features(["workflows"]).sign();
    admin.upload("/api/license", license.as_str().to_owned()).await.is(200);
    for name in headers {
        let as_get = overridden(name, "GET");
        let answer = as_get.send(Method::POST, "/api/workflows", "").await;
        answer.refused(405, "method_not_allowed");
    }
}

/// Sizes and times of change of the license store.
/// How often the store's file was changed: its change counter
/// (<https://www.sqlite.org/fileformat.html#file_change_counter>).
fn changes(directory: &Path) -> u32 {
    let bytes = fs::read(directory.join("license.db")).unwrap();
    u32::from_be_bytes(bytes[24..28].try_into().unwrap())
}

#[tokio::test]
async fn case_43_requests_write_nothing_to_the_store() {
    let polygent = Polygent::start().await;
    polygent.install(polygent.license().features(["workflows"])).await;
    let before = (changes(polygent.directory.path()), Instant::now());
    let mut requests = Vec::new();
    for connection in 0..4 {
        let streams = polygent.client().streams().await;
        requests.push(tokio::spawn(async move {
            let path = ["/api/nowhere", "/api/license", "/healthz", "/agents/x"][connection];
            for _ in 0..50 {
                let burst: Vec<_> = (0..100)
                    .map(|_| {
                        let streams = streams.clone();
                        tokio::spawn(async move { streams.get(path).await.status.as_u16() })
                    })
                    .collect();
                for answer in burst {
                    assert!([200, 404].contains(&answer.await.unwrap()));
                }
            }
        }));
    }
    for request in requests {
        request.await.unwrap();
    }
    // The clock mark is saved now and then, at most once a second.
    let seconds = u32::try_from(before.1.elapsed().as_secs()).unwrap();
    let changes = changes(polygent.directory.path()) - before.0;
    assert!(changes <= seconds + 1, "{changes} changes in {seconds} seconds and 20,000 requests");
    let status = polygent.client().get("/api/license").await.json();
    assert_eq!(status["restricted"], json!(false));
}
