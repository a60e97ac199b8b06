//! SECURITY.md, case 64: whoever is refused sees it.

use std::{net::SocketAddr, time::Duration};

use http::Method;
use license_core::{Product, testing::Vendor};
use license_tests::{
    ADMINISTRATOR, Client, Nginx, PASSWORD, Polygent, Sent, Service, Start, Wire, alexandria,
    align, example,
};
use serde_json::json;
use tokio::{io::AsyncWriteExt, time::timeout};

/// The ways a body is sent.
const WAYS: [Sent; 9] = [
    Sent::Nothing,
    Sent::AtOnce(10),
    Sent::Later(10),
    Sent::AtOnce(100_000),
    Sent::Later(100_000),
    Sent::Later(8_000_000),
    Sent::Chunked(100_000),
    Sent::Expecting(100_000),
    Sent::Unasked(100_000),
];

/// Ways after which the connection is good for the next request.
const KEPT: [Sent; 6] = [
    Sent::Nothing,
    Sent::AtOnce(10),
    Sent::Later(10),
    Sent::AtOnce(100_000),
    Sent::Later(100_000),
    Sent::Chunked(100_000),
];

/// What is sent, and the status with which it is refused.
type Refused<'a> = (&'a str, &'a str, u16);

/// Sends what is refused, and a request behind it, so many times in each way.
async fn is_seen(
    address: SocketAddr,
    refused: Refused<'_>,
    ways: &[Sent],
    rounds: usize,
    open: &str,
) {
    let (line, headers, status) = refused;
    for way in ways {
        let mut wire = Wire::new(address);
        for round in 0..rounds {
            let seen = wire.send(line, headers, *way).await;
            let seen = seen.unwrap_or_else(|error| panic!("{line} {way:?}, {round}: {error}"));
            // A length that nginx does not take it refuses itself.
            assert_eq!(seen.0, status, "{line} {way:?}, {round}: {}", seen.1);
            let next = wire.send(open, "", Sent::Nothing).await;
            let next =
                next.unwrap_or_else(|error| panic!("behind {line} {way:?}, {round}: {error}"));
            assert_eq!(next.0, 200, "behind {line} {way:?}, {round}");
        }
        if KEPT.contains(way) {
            assert_eq!(wire.connections(), 1, "{line} {way:?}");
        }
    }
}

/// A refusal is seen over one HTTP/2 connection, each time.
async fn is_seen_over_http_2(client: &Client, path: &str, status: u16, rounds: usize, open: &str) {
    for length in [0, 10, 100_000, 8_000_000] {
        let streams = client.streams().await;
        for _ in 0..rounds {
            let answer = streams.send(Method::POST, path, vec![b'a'; length]).await;
            assert_eq!(answer.status, status, "{path}, {length}");
            streams.get(open).await.is(200);
        }
    }
}

#[tokio::test]
async fn case_64_the_refusal_of_a_request_with_a_body_is_seen_and_the_next_one_is_answered() {
    let polygent = Polygent::start().await;
    is_seen(polygent.address(), ("POST /api/users", "", 503), &WAYS, 100, "GET /healthz").await;
    let client = polygent.client();
    is_seen_over_http_2(&client, "/api/users", 503, 100, "/healthz").await;
}

#[tokio::test]
async fn case_64_through_nginx() {
    let polygent = Polygent::start().await;
    // With its defaults, but that it takes 8 MB at all.
    let upstream = polygent.address();
    let Some(nginx) = Nginx::start(|listen| {
        format!(
            "server {{ listen {listen}; client_max_body_size 16m;\n\
             location / {{ proxy_pass http://{upstream}; }} }}"
        )
    }) else {
        return;
    };
    is_seen(nginx.address(), ("POST /api/users", "", 503), &WAYS, 100, "GET /healthz").await;
}

/// Whatever refuses, and wherever.
#[tokio::test]
async fn case_64_whoever_refuses() {
    let polygent = Polygent::start().await;
    polygent.install(polygent.license().features(["insights"])).await;
    let body = json!({"email": ADMINISTRATOR, "password": PASSWORD});
    let signed_in = polygent.client().post_json("/api/auth/sign-in", &body).await.json();
    let session = format!("Authorization: Bearer {}\r\n", signed_in["token"].as_str().unwrap());
    let jwt = format!("{session}Content-Type: application/jwt\r\n");
    let form = format!("{session}Content-Type: multipart/form-data; boundary=b\r\n");
    let address = polygent.address();
    let long: Vec<_> = WAYS.into_iter().filter(|way| way.length() >= 100_000).collect();
    for refused in [
        // The extractor of a feature, of a session, axum itself.
        ("POST /api/planner", session.as_str(), 405),
        ("GET /api/planner", &session, 403),
        ("POST /api/users", "", 401),
        ("POST /nothing", "", 404),
        ("POST /healthz", "", 405),
        // The routes of an administrator.
        ("POST /api/license", "", 401),
        ("PUT /api/license", "", 405),
        ("POST /api/license/audit", "", 405),
    ] {
        is_seen(address, refused, &long, 10, "GET /healthz").await;
    }
    // No more than thirty a minute are told what is wrong.
    for refused in [
        ("POST /api/license", session.as_str(), 415),
        ("POST /api/license", &jwt, 413),
        ("POST /api/license", &form, 413),
    ] {
        is_seen(address, refused, &long, 1, "GET /healthz").await;
    }
}

#[tokio::test]
async fn case_64_by_every_example() {
    let profile = include_str!("../../../../examples/hyper/hyper.toml");
    let vendor = Vendor::of(Product::from_toml(profile).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key.pem");
    std::fs::write(&key, vendor.key().public_pem().unwrap()).unwrap();
    let hyper = Start::new(&example("hyper")).arg("--public-key").arg(key).start().await;
    for refused in [("POST /api/hello", "", 503), ("POST /", "", 405), ("POST /nothing", "", 404)] {
        is_seen(hyper.address(), refused, &WAYS, 10, "GET /").await;
    }
    is_seen_over_http_2(&Client::new(hyper.address()), "/api/hello", 503, 10, "/").await;
    let align = Service::start(align::command, |_| ()).await;
    let alexandria = Service::start(alexandria::command, |_| ()).await;
    for address in [align.address(), alexandria.address()] {
        for line in ["POST /api/users", "POST /v1/blobs", "POST /healthz", "POST /nothing"] {
            let (status, _) = Wire::new(address).send(line, "", Sent::Nothing).await.unwrap();
            assert!(status >= 400, "{line}: {status}");
            is_seen(address, (line, "", status), &WAYS, 5, "GET /healthz").await;
        }
    }
}

#[tokio::test]
async fn case_60_half_open_connections_do_not_keep_anybody_out() {
    let polygent = Polygent::start().await;
    let client = polygent.client();
    let mut half = Vec::new();
    for number in 0..1024 {
        let mut stream = client.connect().await;
        // Of HTTP/1.1, of HTTP/2, and nothing at all.
        let begun: &[u8] = match number % 4 {
            0 => b"GET /healthz HTTP/1.1\r\nHost: a",
            1 => b"PRI * HT",
            2 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            _ => b"",
        };
        stream.write_all(begun).await.unwrap();
        half.push(stream);
    }
    let answered = timeout(Duration::from_secs(10), client.get("/api/license")).await;
    answered.expect("within ten seconds").is(200);
    polygent.process().logged("--max-connections").await;
}
