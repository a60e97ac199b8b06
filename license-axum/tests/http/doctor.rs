//! `GET /doctor`: who may, what is told, and when it is open.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use license_axum::{Routes, admin_routes, enforce, recovery};
use license_core::{MachineId, testing::holds_token};
use license_runtime::MachineIdSource;
use license_tower::LicenseLayer;

use crate::{
    admin::{Admin, Administered},
    support::{Answer, AppState, Service, send},
};

/// Asks as an administrator who uses the service by this host.
async fn doctor(service: &Administered, host: &str) -> Answer {
    service.send(asks(host, Some("Bearer root"))).await
}

fn asks(host: &str, credential: Option<&str>) -> Request<Body> {
    let request = Request::get("/api/license/doctor").header("host", host);
    let request = credential.into_iter().fold(request, |it, of| it.header("authorization", of));
    request.body(Body::empty()).unwrap()
}

#[track_caller]
fn names(answer: &Answer, outcome: &str, code: &str) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let json = answer.json();
    let first = &json["findings"][0];
    assert_eq!((&json["outcome"], &first["code"]), (&outcome.into(), &code.into()), "{json:#}");
    for secret in ["Test Customer", "cust_test", "the-machine-of-the-tests"] {
        assert!(!answer.text().contains(secret), "{secret}: {}", answer.text());
    }
    assert!(!holds_token(answer.text()), "{}", answer.text());
}

async fn install(service: &Administered, token: &str) {
    let request = Request::post("/api/license?force=true")
        .header("host", "license.example")
        .header("authorization", "Bearer root")
        .header("content-type", "application/jwt")
        .body(Body::from(token.to_owned()))
        .unwrap();
    assert_eq!(service.send(request).await.status, 200);
}

#[tokio::test]
async fn only_administrators_are_told() {
    let service = Administered::new().await;
    let asked = async |credential| service.send(asks("license.example", credential)).await;
    asked(None).await.is_problem(401, "unauthenticated");
    asked(Some("Bearer user")).await.is_problem(403, "forbidden");
    assert_eq!(asked(Some("Bearer root")).await.status, 200);
}

#[tokio::test]
async fn each_finding_has_its_check_outcome_code_text_and_cure() {
    let service = Administered::new().await;
    let answer = doctor(&service, "license.example").await;
    names(&answer, "failed", "license_missing");
    let json = answer.json();
    let members: Vec<&String> = json["findings"][0].as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 5, "{members:?}");
    assert_eq!(json["findings"][0]["check"], "license");
    assert!(json["findings"][0]["cure"].as_str().unwrap().contains("install"), "{json:#}");
    assert!(json["not_checked"].as_array().unwrap().contains(&"signature".into()), "{json:#}");
}

#[tokio::test]
async fn what_breaks_a_service_is_named_first() {
    let service = Administered::new().await;
    let vendor = &service.service.vendor;
    let license = vendor.license().domain("*.acme.internal").days(60);
    install(&service, license.clone().sign().as_str()).await;
    names(&doctor(&service, "license.example").await, "failed", "domain_mismatch");
    let covered = "a.acme.internal";
    let answer = doctor(&service, covered).await;
    assert_ne!(answer.json()["outcome"], "failed", "{}", answer.text());

    service.service.clock.advance(Duration::from_secs(40 * 86_400));
    names(&doctor(&service, covered).await, "warning", "license_expiring");
    service.service.clock.advance(Duration::from_secs(40 * 86_400));
    names(&doctor(&service, covered).await, "failed", "license_expired");
    service.service.clock.set(license_core::testing::START);
    names(&doctor(&service, covered).await, "failed", "clock_rolled_back");
}

#[tokio::test]
async fn a_license_for_another_machine_is_named() {
    let service = Administered::on(MachineIdSource::Files(Vec::new()), Service::new()).await;
    let machine = MachineId::custom("the-machine-of-the-tests").unwrap().fingerprint("test");
    let bound = service.service.vendor.license().machine(&machine).sign();
    let verified = service.service.licensing.verify(bound.as_str().as_bytes()).unwrap();
    service.service.licensing.install_in_memory(&verified);
    names(&doctor(&service, "license.example").await, "failed", "fingerprint_unavailable");
}

#[tokio::test]
async fn it_is_open_while_everything_is_refused() {
    let service = Administered::new().await;
    let routes = Routes::new()
        .route("/api/other", axum::routing::get(async || "other"))
        .nest("/api/license", admin_routes::<Admin, AppState>(service.manager.clone()))
        .with_state(service.service.state());
    let layer = LicenseLayer::new(&service.service.licensing).scope("/api/**").unwrap();
    let app = enforce(routes, layer);
    let refused = send(&app, Request::get("/api/other").body(Body::empty()).unwrap()).await;
    refused.is_problem(503, "license_missing");
    names(
        &send(&app, asks("license.example", Some("Bearer root"))).await,
        "failed",
        "license_missing",
    );
    let open = recovery("/api/license").unwrap();
    assert!(open.allows(&http::Method::GET, "/api/license/doctor"));
    assert!(!open.allows(&http::Method::POST, "/api/license/doctor"));
}
