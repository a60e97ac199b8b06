//! What becomes of the body of a request that is refused before anybody has
//! read it.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, body::Body, routing::post};
use futures_util::{StreamExt, stream};
use http::{Method, Request, header};
use license_axum::{LicenseLayer, RequireFeature, enforce, licensed, recovery};

use crate::{
    admin::Administered,
    support::{App, AppState, Service, send},
};

const FRAMES: usize = 10;

/// A body, and how many of its frames were read.
fn counted() -> (Body, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let frames = stream::iter(0..FRAMES).map(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Infallible>("a frame")
    });
    (Body::from_stream(frames), read)
}

/// Sends what is refused with this status, of which no body may stand in the
/// way of the answer.
async fn is_read(app: &impl App, method: Method, path: &str, status: u16) {
    let (body, read) = counted();
    let request = Request::builder().method(&method).uri(path);
    let request = request.header(header::CONTENT_TYPE, "text/plain").body(body).unwrap();
    let answer = send(app, request).await;
    assert_eq!(answer.status, status, "{method} {path}");
    assert_eq!(answer.header("connection"), "", "{method} {path}");
    assert_eq!(read.load(Ordering::Relaxed), FRAMES, "{method} {path}");
}

#[licensed]
async fn planner(_: RequireFeature<"planner">, body: String) -> String {
    body
}

#[tokio::test]
async fn behind_enforce_it_is_read_before_the_answer_whoever_refuses() {
    let service = Service::new();
    let router = Router::<AppState>::new()
        .route("/api/planner", post(planner))
        .route("/api/license", post(async || "installed"))
        .with_state(service.state());
    let layer = LicenseLayer::new(&service.licensing).recovery(recovery("/api/license").unwrap());
    let app = enforce(router, layer);
    // The layer, and a handler that does not ask for the body.
    is_read(&app, Method::POST, "/api/planner", 503).await;
    is_read(&app, Method::POST, "/api/license", 200).await;
    // An extractor, and axum itself.
    service.vendor.license().install(&service.licensing);
    is_read(&app, Method::POST, "/api/planner", 403).await;
    is_read(&app, Method::PUT, "/api/planner", 405).await;
    is_read(&app, Method::POST, "/unknown", 404).await;
}

#[tokio::test]
async fn of_the_license_routes_it_is_read_also_where_no_license_is_enforced() {
    let app = Administered::new().await.app;
    is_read(&app, Method::POST, "/api/license", 401).await;
    is_read(&app, Method::PUT, "/api/license", 405).await;
    is_read(&app, Method::POST, "/api/license/audit", 405).await;
}
