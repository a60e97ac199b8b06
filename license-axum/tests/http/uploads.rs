//! Uploading: every form, its limits, its flags, and the host it comes by.

use std::{net::IpAddr, time::Duration};

use axum::{Extension, body::Body};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Method, Request, header};
use license_axum::{Routes, TrustedProxy, admin_routes};
use license_core::{Timestamp, testing::START};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    admin::{Admin, Administered, request, unread, upload},
    support::send,
};

const MALFORMED: (u16, &str) = (400, "token_malformed");
const TOO_LARGE: (u16, &str) = (413, "token_too_large");

fn typed(media_type: &str, body: impl Into<Body>) -> Request<Body> {
    let request = request(Method::POST, "").header(header::CONTENT_TYPE, media_type);
    request.body(body.into()).unwrap()
}

fn form(body: impl Into<Body>) -> Request<Body> {
    typed("multipart/form-data; boundary=XX", body)
}

fn part(head: &str, content: &str) -> String {
    format!("--XX\r\ncontent-disposition: form-data; {head}\r\n\r\n{content}\r\n")
}

/// A body whose length nobody says before.
fn streamed(chunk: Vec<u8>, times: usize) -> Body {
    let chunk = Bytes::from(chunk);
    Body::from_stream(stream::iter((0..times).map(move |_| Ok::<_, std::io::Error>(chunk.clone()))))
}

#[tokio::test]
async fn a_license_is_accepted_in_every_form() {
    let administered = Administered::new().await;
    let token = |id: &str| administered.token(id);
    let utf16 = |text: String| -> Vec<u8> {
        format!("\u{feff}{text}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect()
    };
    let json = |id: &str| json!({ "license": token(id) }).to_string();
    for (id, request) in [
        ("utf16", typed("text/plain", utf16(token("utf16")))),
        ("utf16-json", typed("application/json", utf16(json("utf16-json")))),
        ("bom-json", typed("application/json", format!("\u{feff}{}", json("bom-json")))),
        (
            "json-lines",
            typed(
                "application/json",
                json!({ "license": token("json-lines").replace('.', "\n.") }).to_string(),
            ),
        ),
        ("lf", typed("application/jwt", token("lf").replace('.', ".\r\n"))),
        ("jwt", typed("application/jwt", token("jwt"))),
        ("text", typed("text/plain", token("text"))),
        ("text-utf8", typed("Text/Plain; charset=utf-8", token("text-utf8"))),
        ("bytes", typed("application/octet-stream", token("bytes"))),
        ("lines", typed("application/jwt", format!("\r\n {}\r\n", token("lines")))),
        ("json", typed("application/json", json!({ "license": token("json") }).to_string())),
        ("form", form(part("name=\"license\"", &token("form")) + "--XX--\r\n")),
        (
            "file",
            form(
                part("name=\"license\"; filename=\"acme.lic\"", &(token("file") + "\r\n"))
                    + "--XX--\r\n",
            ),
        ),
    ] {
        let answer = administered.send(request).await;
        assert_eq!(answer.status, 200, "{id}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.json()["license"]["id"], id);
        assert_eq!(administered.in_force().as_deref(), Some(id));
    }
}

#[tokio::test]
async fn a_license_that_arrives_byte_by_byte_is_accepted() {
    let administered = Administered::new().await;
    let bytes = administered.token("slow").into_bytes();
    let body = stream::iter(bytes.into_iter().map(|byte| Ok::<_, std::io::Error>(vec![byte])));
    let answer = administered.send(upload("", Body::from_stream(body))).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_an_older_one_is_refused() {
    let administered = Administered::new().await;
    let vendor = &administered.service.vendor;
    let newer = vendor.license().id("newer").sign().as_str().to_owned();
    let before = Timestamp::from_seconds(START.as_seconds() - 1);
    let older = vendor.license().id("older").issued_at(before).sign().as_str().to_owned();
    for _ in 0..2 {
        assert_eq!(administered.send(upload("", newer.clone())).await.status, 200);
    }
    administered.send(upload("", older)).await.is_problem(409, "older_than_installed");
    assert_eq!(administered.in_force().as_deref(), Some("newer"));
}

#[tokio::test]
async fn other_media_types_are_refused_unread() {
    let administered = Administered::new().await;
    for media_type in [
        "",
        "application/x-www-form-urlencoded",
        "text/html",
        "text/plainer",
        "application",
        "multipart/mixed; boundary=XX",
        "application/json, text/plain",
    ] {
        administered
            .send(typed(media_type, unread()))
            .await
            .is_problem(415, "unsupported_media_type");
    }
    let none = request(Method::POST, "").body(unread()).unwrap();
    administered.send(none).await.is_problem(415, "unsupported_media_type");
    let mut two = typed("application/jwt", unread());
    two.headers_mut().append(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    administered.send(two).await.is_problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn more_than_a_license_can_be_is_refused() {
    let administered = Administered::new().await;
    let kib = |kib: usize| "a".repeat(kib * 1024);
    let json = |text: String| json!({ "license": text }).to_string();
    let in_form = |text: &str| part("name=\"license\"", text) + "--XX--\r\n";
    for request in [
        typed("application/jwt", kib(17)),
        typed("application/jwt", kib(25)),
        typed("text/plain", streamed(vec![b'a'; 1024], 17)),
        typed("text/plain", streamed(vec![b'a'; 1024], 25)),
        typed("application/json", json(kib(17))),
        typed("application/json", json(kib(25))),
        typed("application/json", streamed(vec![b' '; 1024], 45)),
        form(in_form(&kib(17))),
        form(in_form(&kib(25))),
        form(streamed(vec![b'a'; 1024], 45)),
    ] {
        let described = format!("{request:?}");
        let answer = administered.send(request).await;
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert_eq!((answer.status.as_u16(), &*code), TOO_LARGE, "{described}");
        answer.is_problem(413, "token_too_large");
    }
    assert_eq!(administered.in_force(), None);
}

#[tokio::test]
async fn an_endless_body_is_not_read_to_its_end() {
    let administered = Administered::new().await;
    for media_type in ["application/jwt", "application/json", "multipart/form-data; boundary=XX"] {
        let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'a'; 1024]));
        let answer = administered.send(typed(media_type, Body::from_stream(endless))).await;
        answer.is_problem(413, "token_too_large");
    }
}

#[tokio::test]
async fn what_is_said_to_be_too_long_is_not_read_at_all() {
    struct Long;

    impl http_body::Body for Long {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
            panic!("the body is read")
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(1 << 30)
        }
    }

    let administered = Administered::new().await;
    let answer = administered.send(upload("", Body::new(Long))).await;
    answer.is_problem(413, "token_too_large");
}

#[tokio::test]
async fn what_is_not_what_its_type_says_is_malformed() {
    let administered = Administered::new().await;
    let token = administered.token("lic_1");
    let license = |token: &str| part("name=\"license\"", token);
    let many: String = (0..30_000).map(|_| "--XX\r\n\r\n\r\n").collect();
    let broken = stream::iter([Ok(b"abc".to_vec()), Err(std::io::Error::other("gone"))]);
    for (what, request) in [
        ("nothing", typed("application/jwt", "")),
        ("two dots", typed("application/jwt", "..")),
        ("a scheme", typed("application/jwt", format!("Bearer {token}"))),
        ("a broken body", typed("application/jwt", Body::from_stream(broken))),
        ("no JSON", typed("application/json", token.clone())),
        ("a JSON text", typed("application/json", json!(token).to_string())),
        ("a JSON array", typed("application/json", json!([token]).to_string())),
        ("another member", typed("application/json", json!({ "token": token }).to_string())),
        (
            "one member more",
            typed("application/json", json!({ "license": token, "force": true }).to_string()),
        ),
        (
            "a member twice",
            typed("application/json", format!("{{\"license\":\"{token}\",\"license\":\"x\"}}")),
        ),
        ("a number", typed("application/json", json!({ "license": 1 }).to_string())),
        ("no boundary", typed("multipart/form-data", license(&token) + "--XX--\r\n")),
        ("no form", form(token.clone())),
        ("no part", form("--XX--\r\n")),
        ("no end", form(license(&token))),
        ("another part", form(part("name=\"token\"", &token) + "--XX--\r\n")),
        ("a part without a name", form(part("filename=\"license\"", &token) + "--XX--\r\n")),
        ("two parts", form(license(&token) + &license(&token) + "--XX--\r\n")),
        ("one part more", form(license(&token) + &part("name=\"force\"", "true") + "--XX--\r\n")),
        ("30,000 parts", form(many)),
        (
            "a file name that climbs",
            form(part("name=\"license\"; filename=\"../../etc/passwd\"", &token) + "--XX--\r\n"),
        ),
        (
            "a file name of Windows that climbs",
            form(part("name=\"license\"; filename=\"..\\\\x\"", &token) + "--XX--\r\n"),
        ),
    ] {
        let answer = administered.send(request).await;
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert_eq!((answer.status.as_u16(), &*code), MALFORMED, "{what}: {answer:?}");
        answer.is_problem(400, "token_malformed");
        assert!(!answer.text().contains(&token), "{what}");
        // A minute later, for the sake of the limit.
        administered.service.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(administered.in_force(), None);
}

#[tokio::test]
async fn a_second_part_is_refused_before_the_rest_is_there() {
    let administered = Administered::new().await;
    let two = part("name=\"license\"", "a.b.c") + &part("name=\"x\"", "");
    let start = stream::iter([Ok::<_, std::io::Error>(two.into_bytes())]);
    let answer = administered.send(form(Body::from_stream(start.chain(stream::pending())))).await;
    answer.is_problem(400, "token_malformed");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_or_trickles_is_cut_off_after_ten_seconds() {
    let administered = Administered::new().await;
    let json = "{\"license\":\"".to_owned();
    for (media_type, head) in [
        ("application/jwt", "eyJ".to_owned()),
        ("application/json", json),
        ("multipart/form-data; boundary=XX", part("name=\"license\"", "eyJ")),
    ] {
        let head = || stream::iter([Ok::<_, std::io::Error>(head.clone().into_bytes())]);
        let trickle = stream::repeat(()).then(async |()| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(vec![b'a'])
        });
        let stalled = Body::from_stream(head().chain(stream::pending()));
        let trickled = Body::from_stream(head().chain(trickle));
        for body in [stalled, trickled] {
            let start = Instant::now();
            let answer = administered.send(typed(media_type, body)).await;
            answer.is_problem(408, "request_timeout");
            assert_eq!(start.elapsed().as_secs(), 10, "{media_type}");
        }
    }
    assert_eq!(administered.judged().await, 0);
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let administered = Administered::new().await;
    let license = administered.service.vendor.license().features(["sso"]);
    let token = license.sign().as_str().to_owned();
    for flag in ["?dry_run=true", "?dry_run=1", "?force=false&dry_run=true"] {
        let answer = administered.send(upload(flag, token.clone())).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
        let told = answer.json();
        assert_eq!((&told["would_install"], &told["code"]), (&json!(true), &json!(null)));
        assert!(told["gained"].to_string().contains("sso"), "{told}");
        assert_eq!(administered.in_force(), None);
    }
    let told = administered.send(upload("?dry_run=true", "nonsense")).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.json()["would_install"], false);
    assert_eq!(told.json()["code"], "token_malformed");
    assert_eq!(administered.judged().await, 0);
    for flag in ["?dry_run=false", "?dry_run=0", "?", ""] {
        assert_eq!(administered.send(upload(flag, token.clone())).await.status, 200, "{flag}");
        assert!(administered.in_force().is_some());
    }
}

#[tokio::test]
async fn a_flag_that_is_not_clear_is_refused_unread() {
    let administered = Administered::new().await;
    for query in [
        "dry_run",
        "dry_run=",
        "dry_run=yes",
        "dry_run=TRUE",
        "dry_run=tr%75e",
        "dry_run=true&dry_run=false",
        "dry_run=true&dry_run=true",
        "force=on",
        "force=true&force=false",
        "dry_run=true&force=2",
    ] {
        let answer = administered.send(upload(&format!("?{query}"), unread())).await;
        answer.is_problem(400, "invalid_query");
    }
}

/// An upload of a license for `*.acme.internal` by this host.
fn by_host(administered: &Administered, path: &str, hosts: &[&str]) -> Request<Body> {
    let token = administered.service.vendor.license().domain("*.acme.internal").sign();
    let mut request = upload(path, token.as_str().to_owned());
    for host in hosts {
        request.headers_mut().append(header::HOST, host.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_license_that_would_lock_the_uploader_out_is_refused_unless_forced() {
    let administered = Administered::new().await;
    for hosts in [
        &["acme.internal"][..],
        &["a.acme.internal.evil.example"],
        &["127.0.0.1:3000"],
        &["a b"],
        &["a.acme.internal", "a.acme.internal"],
        &[],
    ] {
        let answer = administered.send(by_host(&administered, "", hosts)).await;
        answer.is_problem(422, "domain_mismatch");
        assert!(answer.text().contains("License domain mismatch"));
        assert!(answer.text().contains("license is for *.acme.internal"), "{answer:?}");
        let told = administered.send(by_host(&administered, "?dry_run=true", hosts)).await;
        assert_eq!(told.json()["code"], "domain_mismatch");
        assert_eq!(administered.in_force(), None, "{hosts:?}");
    }
    let forced = by_host(&administered, "?force=true&dry_run=true", &["acme.internal"]);
    assert_eq!(administered.send(forced).await.json()["would_install"], true);
    let forced = by_host(&administered, "?force=true", &["acme.internal"]);
    assert_eq!(administered.send(forced).await.status, 200);
    assert_eq!(administered.in_force().as_deref(), Some("lic_test"));
}

#[tokio::test]
async fn only_an_administrator_is_told_which_host_the_service_sees() {
    let administered = Administered::new().await;
    let forced = by_host(&administered, "?force=true", &["backend:3000"]);
    assert_eq!(administered.send(forced).await.status, 200);
    let ask = async |who: &str, host: &str| {
        let request = Request::get("/api/license").header(header::HOST, host);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {who}"));
        administered.send(request.body(Body::empty()).unwrap()).await.text().to_owned()
    };
    let told = ask("admin", "backend:3000").await;
    assert!(told.contains("backend:3000") && told.contains("*.acme.internal"), "{told}");
    assert!(!ask("admin", "a.acme.internal").await.contains("domain mismatch"));
    let told = ask("user", "backend:3000").await;
    assert!(!told.contains("backend") && !told.contains("acme"), "{told}");
}

#[tokio::test]
async fn the_host_is_the_line_or_the_authority_of_the_request() {
    let administered = Administered::new().await;
    let line = by_host(&administered, "", &["API.acme.internal.:8443"]);
    assert_eq!(administered.send(line).await.status, 200);
    let administered = Administered::new().await;
    let mut authority = by_host(&administered, "", &[]);
    *authority.uri_mut() = "https://api.acme.internal/api/license".parse().unwrap();
    assert_eq!(administered.send(authority).await.status, 200);
    let administered = Administered::new().await;
    let mut differing = by_host(&administered, "", &["api.acme.internal"]);
    *differing.uri_mut() = "https://evil.example/api/license".parse().unwrap();
    administered.send(differing).await.is_problem(422, "domain_mismatch");
}

#[tokio::test]
async fn forwarded_hosts_count_only_from_a_proxy_that_the_routes_are_given() {
    let administered = Administered::new().await;
    let forwarded = |peer: Option<[u8; 4]>, own: &str, forwarded: &str| {
        let mut request = by_host(&administered, "?dry_run=true", &[own]);
        request.headers_mut().insert("x-forwarded-host", forwarded.parse().unwrap());
        if let Some(peer) = peer {
            request.extensions_mut().insert(IpAddr::from(peer));
        }
        request
    };
    let inside = Some([10, 0, 0, 1]);
    let outer = || forwarded(inside, "backend:3000", "a.acme.internal");
    // Nobody is believed unless the routes are told.
    assert_eq!(administered.send(outer()).await.json()["code"], "domain_mismatch");

    let proxy = TrustedProxy::new(["10.0.0.0/8"], "x-forwarded-host", |extensions| {
        extensions.get().copied()
    });
    let routes = admin_routes::<Admin, _>(administered.manager.clone());
    let app = Routes::new()
        .nest("/api/license", routes.layer(Extension(proxy.unwrap())))
        .with_state(administered.service.state())
        .into_router();
    let outcome = async |request| send(&app, request).await.json()["would_install"].clone();
    assert_eq!(outcome(outer()).await, true);
    let elsewhere = forwarded(inside, "a.acme.internal", "evil.example");
    assert_eq!(outcome(elsewhere).await, false);
    let forged = forwarded(Some([192, 0, 2, 1]), "evil.example", "a.acme.internal");
    assert_eq!(outcome(forged).await, false);
    let unknown = forwarded(None, "evil.example", "a.acme.internal");
    assert_eq!(outcome(unknown).await, false);
    let direct = forwarded(Some([192, 0, 2, 1]), "a.acme.internal", "evil.example");
    assert_eq!(outcome(direct).await, true);
}
