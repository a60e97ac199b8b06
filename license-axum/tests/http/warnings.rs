//! What administrators and users are told of the license.

use std::{collections::BTreeMap, time::Duration};

use axum::{body::Body, routing::get as on_get};
use http::{Method, Request};
use license_axum::{
    Enforced, LicenseLayer, Routes, banner_route, enforce, recovery, warning_layer,
};
use license_core::{Policy, Restriction, Warning, WarningLevel, testing::START};
use license_runtime::{LicenseManager, MemoryStore};
use serde_json::json;
use tower::ServiceExt;

use crate::{
    admin::Admin,
    support::{Answer, AppState, Service, get, send},
};

const DAY: Duration = Duration::from_secs(86_400);

/// A service that reads on 14 days after its license has ended.
fn service() -> Service {
    Service::of(Policy::new().grace(DAY * 14).lapsed(Restriction::ReadOnly))
}

/// A router with a banner, behind the license and the warnings.
async fn app(service: &Service) -> Enforced {
    let manager = LicenseManager::builder(service.licensing.clone())
        .store(MemoryStore::new())
        .usage(async || BTreeMap::from([("users".to_owned(), 5), ("hosts".to_owned(), 5)]))
        .manual_ticks()
        .start()
        .await
        .unwrap();
    let router = Routes::new()
        .route("/api/banner", banner_route::<Admin, AppState>(manager))
        .route("/api/users", on_get(async || "users"))
        .with_state(service.state());
    let open = recovery("/api/license").unwrap().allow(Method::GET, "/api/banner").unwrap();
    let layer = LicenseLayer::new(&service.licensing).recovery(open);
    enforce(router, layer)
        .layer(warning_layer::<Admin, AppState>(&service.licensing, service.state()))
}

async fn of(app: &Enforced, who: &str, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("authorization", format!("Bearer {who}"));
    send(app, request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_banner_tells_everybody_and_names_nobody() {
    let service = service();
    let app = app(&service).await;
    let stands = async |level: &str, codes: &[&str], messages: &[&str]| {
        let banner = get(&app, "/api/banner").await;
        assert_eq!(banner.status, 200);
        assert_eq!(banner.header("content-type"), "application/json");
        assert_eq!(banner.header("cache-control"), "no-store");
        let warnings = codes.iter().zip(messages);
        let warnings: Vec<_> = warnings
            .map(|(code, text)| json!({"code": code, "level": level, "text": text}))
            .collect();
        let expected = json!({"level": level, "messages": messages, "warnings": warnings});
        assert_eq!(banner.json(), expected);
    };
    stands("critical", &["license_missing"], &["No license is installed on this service."]).await;
    let license = || service.vendor.license().days(31).limit("hosts", 6);
    license().limit("users", 6).install(&service.licensing);
    stands("none", &[], &[]).await;
    license().limit("users", 5).install(&service.licensing);
    stands("warning", &["limit_reached"], &["License limit used up: users."]).await;
    license().limit("users", None::<u64>).install(&service.licensing);
    service.clock.advance(DAY);
    stands("info", &["license_expiring"], &["License expires on 2026-12-01: 30 days left."]).await;
    service.clock.advance(DAY * 30);
    let text = "License expired on 2026-12-01. Grace period ends 2026-12-15.";
    stands("warning", &["license_in_grace"], &[text]).await;
    service.clock.advance(DAY * 14);
    let text = "License expired on 2026-12-01. Grace period ended 2026-12-15.";
    stands("critical", &["license_expired"], &[text]).await;
}

#[tokio::test]
async fn the_banner_of_an_administrator_tells_of_the_service_too() {
    let service = service();
    let app = app(&service).await;
    service.vendor.license().days(365).install(&service.licensing);
    service.clock.advance(DAY / 2);
    // Brings the mark forward, to where the clock then is behind.
    service.licensing.control().refresh();
    service.clock.set(START);
    let codes = async |who: &str| {
        let banner = of(&app, who, "GET", "/api/banner").await.json();
        let warnings = banner["warnings"].as_array().unwrap();
        warnings.iter().map(|it| it["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes("admin").await, ["clock_ahead"]);
    assert_eq!(codes("user").await, [""; 0]);
}

#[tokio::test]
async fn every_response_to_an_administrator_carries_warnings_and_no_other() {
    let service = service();
    let app = app(&service).await;
    let requests = [
        ("GET", "/api/users"),
        ("HEAD", "/api/users"),
        ("GET", "/api/banner"),
        ("GET", "/api/unknown"),
        ("DELETE", "/api/users"),
    ];
    let assert_warned = async |statuses: [u16; 5], expected: &str| {
        for ((method, path), status) in requests.into_iter().zip(statuses) {
            let admin = of(&app, "admin", method, path).await;
            assert_eq!(
                (admin.status.as_u16(), admin.header("license-warning")),
                (status, expected)
            );
            let user = of(&app, "user", method, path).await;
            assert_eq!((user.status.as_u16(), user.header("license-warning")), (status, ""));
        }
    };
    let missing =
        r#""No license is installed on this service.";code=license_missing;level=critical"#;
    assert_warned([503, 503, 200, 503, 503], missing).await;
    service.vendor.license().days(31).install(&service.licensing);
    assert_warned([200, 200, 200, 404, 405], "").await;
    service.clock.advance(DAY * 31);
    let grace = "\"License expired on 2026-12-01. Grace period ends 2026-12-15.\"";
    let grace = format!("{grace};code=license_in_grace;level=warning");
    assert_warned([200, 200, 200, 404, 405], &grace).await;
    service.clock.advance(DAY * 14);
    let lapsed = "\"License expired on 2026-12-01. Grace period ended 2026-12-15.\"";
    let lapsed = format!("{lapsed};code=license_expired;level=critical");
    assert_warned([200, 200, 200, 404, 402], &lapsed).await;
}

#[tokio::test]
async fn administrators_are_warned_of_a_limit_that_was_reported_as_used_up_and_of_the_service() {
    let service = service();
    let app = app(&service).await;
    let license = service.vendor.license().days(31).limit("users", 5).limit("hosts", 6);
    license.install(&service.licensing);
    let full = Warning::new("store_unavailable", WarningLevel::Warning, "The disk is full.");
    service.licensing.control().report_used([("users".to_owned(), 5)].into());
    service.licensing.control().report_warnings(vec![full]);
    let request = Request::get("/api/users").header("authorization", "Bearer admin");
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let lines = response.headers().get_all("license-warning").iter();
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            r#""License limit used up: users.";code=limit_reached;level=warning"#,
            r#""The disk is full.";code=store_unavailable;level=warning"#,
        ]
    );
}
