//! SECURITY.md, cases 31 to 36, against a running service whose
//! license binds a domain.

use http::{Method, header};
use license_tests::{Client, Polygent, raw};
use serde_json::json;

const GOOD: &str = "api.acme.internal";

/// A service on `*.acme.internal`, and its administrator.
async fn bound() -> (Polygent, Client) {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let license = polygent.license().features(["workflows", "multiple-active-sessions"]);
    let token = license.domain("*.acme.internal").sign();
    // It would lock out 127.0.0.1, by which it is installed.
    let unforced = admin.upload("/api/license", token.as_str().to_owned()).await;
    unforced.refused(422, "domain_mismatch");
    assert!(unforced.json()["detail"].as_str().unwrap().contains("License domain mismatch"));
    admin.upload("/api/license?force=true", token.as_str().to_owned()).await.is(200);
    (polygent, admin)
}

/// Sends a GET with these header lines, as they are. Returns the status.
async fn get(polygent: &Polygent, path: &str, lines: impl AsRef<[u8]>) -> u16 {
    let request = [
        format!("GET {path} HTTP/1.1\r\nConnection: close\r\n").as_bytes(),
        lines.as_ref(),
        b"\r\n",
    ]
    .concat();
    status(&raw(polygent.address(), request).await)
}

#[track_caller]
fn status(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.1 ").or_else(|| answer.strip_prefix("HTTP/1.0 "));
    status.and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok()).unwrap_or_else(|| {
        panic!("no answer: {answer:?}");
    })
}

#[tokio::test]
async fn case_31_a_license_with_a_bad_pattern_is_refused() {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    let long = format!("*.{}.internal", "a".repeat(64));
    for pattern in [
        "*",
        "*.internal",
        "**.a.b",
        "a.*.b",
        "x*.a.b",
        "{a,b}.c.d",
        "[ab].c.d",
        "?.a.b",
        "a\\b.c.d",
        "a/b.c.d",
        "a.b.",
        ".a.b",
        "a.b:443",
        "ä.b.c",
        "127.0.0.1",
        "[::1]",
        &long,
    ] {
        let token = polygent.license().domain(pattern).sign().as_str().to_owned();
        let answer = admin.upload("/api/license?force=true", token).await;
        assert_eq!(answer.outcome(), (422, "domain_invalid".to_owned()), "{pattern}");
    }
    assert_eq!(admin.get("/api/license").await.json()["phase"], "unlicensed");
}

#[tokio::test]
async fn case_32_hosts_that_only_resemble_the_domain_are_403() {
    let (_polygent, admin) = bound().await;
    for host in [
        "acme.internal",
        "a.b.acme.internal",
        "evilacme.internal",
        "a.acme.internal.evil.example",
        "127.0.0.1",
        "localhost",
        "[::1]",
    ] {
        for client in [admin.host(host), admin.http2().host(host)] {
            let answer = client.get("/api/workflows").await;
            assert_eq!(answer.outcome(), (403, "domain_mismatch".to_owned()), "{host}");
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("License domain mismatch"), "{detail}");
            assert!(!detail.contains("acme"), "{detail}");
            client.get("/api/nowhere").await.refused(403, "domain_mismatch");
            client.get("/agents/session?host=a").await.refused(403, "domain_mismatch");
            client.get("/healthz").await.is(200);
        }
    }
}

#[tokio::test]
async fn case_33_upper_case_a_port_and_one_trailing_dot_are_allowed() {
    let (_polygent, admin) = bound().await;
    for host in [
        "api.acme.internal",
        "API.acme.internal:8443",
        "api.acme.internal.",
        "a-1.ACME.Internal.:80",
    ] {
        for client in [admin.host(host), admin.http2().host(host)] {
            client.get("/api/workflows").await.is(200);
        }
    }
    for host in ["api.acme.internal..", "api..acme.internal"] {
        admin.host(host).get("/api/workflows").await.refused(400, "host_invalid");
    }
}

#[tokio::test]
async fn case_34_forged_forwarded_headers_are_ignored() {
    let (_polygent, admin) = bound().await;
    for (name, good, bad) in [
        ("x-forwarded-host", GOOD, "evil.example"),
        ("x-host", GOOD, "evil.example"),
        ("x-original-host", GOOD, "evil.example"),
        ("x-forwarded-server", GOOD, "evil.example"),
        ("forwarded", "host=api.acme.internal", "host=evil.example"),
    ] {
        let name = header::HeaderName::from_static(name);
        for client in [admin.clone(), admin.http2()] {
            let forged = client.host("evil.example").with(name.clone(), good);
            forged.get("/api/workflows").await.refused(403, "domain_mismatch");
            let disturbed = client.host(GOOD).with(name.clone(), bad);
            disturbed.get("/api/workflows").await.is(200);
        }
    }
}

#[tokio::test]
async fn case_35_two_hosts_none_empty_user_info_bad_ports_and_non_ascii_are_400() {
    let (polygent, _admin) = bound().await;
    let long = format!("Host: {}acme.internal\r\n", "a.".repeat(130));
    for lines in [
        "Host: api.acme.internal\r\nHost: api.acme.internal\r\n".as_bytes(),
        b"Host: api.acme.internal\r\nHost: evil.example\r\n",
        b"Host: evil.example\r\nHost: api.acme.internal\r\n",
        b"Host: api.acme.internal, api.acme.internal\r\n",
        b"",
        b"Host:\r\n",
        b"Host:  \r\n",
        b"Host: user@api.acme.internal\r\n",
        b"Host: api.acme.internal:\r\n",
        b"Host: api.acme.internal:http\r\n",
        b"Host: api.acme.internal:65536\r\n",
        b"Host: api.acme.internal:000080\r\n",
        b"Host: api.acme.internal:80:80\r\n",
        b"Host: api.acme.internal:-1\r\n",
        b"Host: api%2eacme.internal\r\n",
        b"Host: api.acme.internal/\r\n",
        b"Host: api.acme.internal\\\r\n",
        b"Host: api.acme.internal?x\r\n",
        b"Host: api.acme.internal#x\r\n",
        b"Host: api.acme internal\r\n",
        b"Host: api.acme.internal\tx\r\n",
        b"Host: \xc3\xa4pi.acme.internal\r\n",
        b"Host: api\xff.acme.internal\r\n",
        b"Host: -api.acme.internal\r\n",
        b"Host: .acme.internal\r\n",
        long.as_bytes(),
    ] {
        let shown = String::from_utf8_lossy(lines);
        for path in ["/api/workflows", "/api/nowhere", "/agents/session?host=a"] {
            assert_eq!(get(&polygent, path, lines).await, 400, "{path} {shown:?}");
        }
        // Outside the scope, and what cures: never blocked.
        assert_eq!(get(&polygent, "/healthz", lines).await, 200, "{shown:?}");
        assert_eq!(get(&polygent, "/api/license", lines).await, 200, "{shown:?}");
    }
    let answer = raw(
        polygent.address(),
        "GET /api/workflows HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.contains("\"host_invalid\""), "{answer}");
    // HTTP/1.0 needs no host, a bound license does.
    let answer = raw(polygent.address(), "GET /api/workflows HTTP/1.0\r\n\r\n").await;
    assert_eq!(status(&answer), 400, "{answer}");
}

#[tokio::test]
async fn case_35_the_absolute_form_must_not_differ_from_the_host() {
    let (polygent, _admin) = bound().await;
    for (target, host, expected) in [
        ("http://api.acme.internal/api/workflows", "api.acme.internal", 401),
        ("http://API.acme.internal./api/workflows", "api.acme.internal", 401),
        ("http://api.acme.internal/api/workflows", "evil.example", 400),
        ("http://evil.example/api/workflows", "api.acme.internal", 400),
        ("http://evil.example/api/workflows", "evil.example", 403),
        ("http://user@api.acme.internal/api/workflows", "api.acme.internal", 400),
    ] {
        let status = get(&polygent, target, format!("Host: {host}\r\n")).await;
        assert_eq!(status, expected, "{target} {host}");
    }
}

#[tokio::test]
async fn case_36_an_authority_alone_is_enough_and_must_not_differ_from_host() {
    let (_polygent, admin) = bound().await;
    let client = admin.http2().host(GOOD);
    client.get("/api/workflows").await.is(200);
    client.with(header::HOST, "API.acme.internal.").get("/api/workflows").await.is(200);
    for other in ["other.acme.internal", "evil.example", "api.acme.internal:8443", "", "a b"] {
        let answer = client.with(header::HOST, other).get("/api/workflows").await;
        assert_eq!(answer.outcome(), (400, "host_invalid".to_owned()), "{other:?}");
    }
    let twice = client.with(header::HOST, GOOD).with(header::HOST, GOOD);
    twice.get("/api/workflows").await.refused(400, "host_invalid");
    let forged = admin.http2().host("evil.example").with(header::HOST, GOOD);
    forged.get("/api/workflows").await.refused(400, "host_invalid");
}

#[tokio::test]
async fn a_wrong_host_leaves_open_what_cures_it() {
    let (polygent, admin) = bound().await;
    for client in [admin.clone(), admin.http2(), admin.host("evil.example"), admin.host("a b")] {
        client.get("/api/license").await.is(200);
        client.get("/api/license/machine-info").await.is(200);
        client.get("/api/auth/me").await.is(200);
        let (status, code) = client.get("/api/license/audit").await.outcome();
        assert!([(403, "domain_mismatch"), (400, "host_invalid")].contains(&(status, &code)));
        let (status, _) = client.post_json("/api/users", &json!({})).await.outcome();
        assert!([400, 403].contains(&status));
    }
    // By an address that the license does not cover, in and out again.
    let here = polygent.admin().await;
    here.send(Method::POST, "/api/auth/sign-out", "").await.is(204);
    let token = polygent.license().features(["workflows"]).sign().as_str().to_owned();
    let unbound = admin.upload("/api/license", token).await;
    unbound.is(200);
    assert_eq!(unbound.json()["license"]["domain"], json!(null));
    admin.get("/api/workflows").await.is(200);
    admin.host("evil.example").get("/api/workflows").await.is(200);
}
