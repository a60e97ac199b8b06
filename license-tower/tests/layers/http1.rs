//! Refusals on the wire, as Hyper writes them.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use license_core::testing::{Vendor, licensing};
use license_tower::LicenseLayer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, ServiceExt};

use crate::stacks::Served;

/// What Hyper answers to these bytes, until it closes the connection.
async fn answer(layer: LicenseLayer, request: &str) -> String {
    let service =
        layer.layer(Served::default()).map_request(|request: Request<hyper::body::Incoming>| {
            request.map(|_| Full::<Bytes>::default())
        });
    let (mut near, far) = tokio::io::duplex(64 * 1024);
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(far), TowerToHyperService::new(service));
    let connection = tokio::spawn(connection);
    near.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    near.read_to_string(&mut answer).await.unwrap();
    connection.await.unwrap().unwrap();
    answer
}

fn refusing() -> LicenseLayer {
    let (unlicensed, _) = licensing(&Vendor::new());
    LicenseLayer::new(&unlicensed)
}

#[tokio::test]
async fn a_refusal_is_problem_json() {
    let answer =
        answer(refusing(), "GET /x HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
    assert!(head.contains("content-type: application/problem+json"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["code"], "license_missing");
    assert_eq!(body["status"], 503);
}

#[tokio::test]
async fn head_is_refused_without_a_body() {
    let answer =
        answer(refusing(), "HEAD /x HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n")
            .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert_eq!(body, "");
}

#[tokio::test]
async fn case_35_two_host_lines_reach_the_layer_and_are_400() {
    let vendor = Vendor::new();
    let (licensing, _) = licensing(&vendor);
    vendor.license().domain("a.example").install(&licensing);
    let layer = LicenseLayer::new(&licensing);
    let one = "GET /x HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n";
    assert!(answer(layer.clone(), one).await.starts_with("HTTP/1.1 200 "));
    let two = "GET /x HTTP/1.1\r\nhost: a.example\r\nhost: a.example\r\nconnection: close\r\n\r\n";
    assert!(answer(layer.clone(), two).await.starts_with("HTTP/1.1 400 "));
    let differing =
        "GET http://b.example/x HTTP/1.1\r\nhost: a.example\r\nconnection: close\r\n\r\n";
    assert!(answer(layer, differing).await.starts_with("HTTP/1.1 400 "));
}
