//! A service that logs with the crate `log`, in a process of its own: where a
//! subscriber of `tracing` is installed, nothing goes there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::sync::Mutex;

use axum::{Router, body::Body, routing::get};
use http::Request;
use license_axum::{Actor, Installer, LicenseLayer, enforce, recovery};
use license_core::{
    licensing::InstallRequest,
    testing::{Vendor, licensing},
};
use license_runtime::{LicenseManager, MemoryStore};
use log::{LevelFilter, Log, Metadata, Record};
use tower::ServiceExt;

/// Keeps what is logged.
struct Kept(Mutex<Vec<String>>);

impl Log for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

impl Kept {
    /// The lines of these crates since the last call.
    fn take(&self) -> Vec<String> {
        let mut lines = std::mem::take(&mut *self.0.lock().unwrap());
        lines.retain(|line| line.contains("license"));
        lines
    }
}

static KEPT: Kept = Kept(Mutex::new(Vec::new()));

#[tokio::test]
async fn a_service_that_logs_with_log_sees_what_happens_to_the_license() {
    log::set_logger(&KEPT).unwrap();
    log::set_max_level(LevelFilter::Info);
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let manager =
        LicenseManager::builder(licensing.clone()).store(MemoryStore::new()).start().await.unwrap();
    let router = Router::new().route("/api/hello", get(async || "hello"));
    let layer = LicenseLayer::new(&licensing).recovery(recovery("/api/license").unwrap());
    let app = enforce(router, layer);
    KEPT.take();

    let request = Request::get("/api/hello").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), 503);
    let told = KEPT.take();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("WARN license"), "{told:?}");
    assert!(told[0].contains("request denied") && told[0].contains("license_missing"), "{told:?}");

    let token = vendor.license().sign();
    let request = InstallRequest::new(Actor::new("test", None));
    manager.install(token.as_str().as_bytes(), request).await.unwrap();
    let told = KEPT.take();
    assert!(told.iter().any(|line| line.contains("installed")), "{told:?}");
    manager.shutdown().await;
}
