//! Routes that say whether they change something, while only reading is
//! allowed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    middleware,
    routing::{MethodFilter, any, delete, get as on_get, post},
};
use http::{Method, Request};
use license_axum::{LicenseLayer, Marks, Routes, enforce};
use license_core::{Policy, Restriction};

use crate::support::{App, AppState, Service, send};

/// A service whose license has lapsed, which leaves reading.
fn lapsed() -> Service {
    let service = Service::of(Policy::new().lapsed(Restriction::ReadOnly));
    service.vendor.license().days(1).install(&service.licensing);
    service.clock.advance(Duration::from_secs(86_400));
    service
}

fn layer(service: &Service) -> LicenseLayer {
    LicenseLayer::new(&service.licensing).scope("/api/**").unwrap()
}

/// Requests, as `GET /path`, and the status and text that each is answered
/// with; `402` stands for a refused change.
async fn assert_answers(app: &impl App, expected: &[(&str, &str)]) {
    for (request, expected) in expected {
        let (method, path) = request.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = send(app, request).await;
        if answer.status == 402 {
            assert_eq!(answer.denial(), Some("read_only"), "{path}");
            assert_eq!("402", *expected, "{path}: {answer:?}");
        } else {
            let said = format!("{} {}", answer.status.as_u16(), answer.text());
            assert_eq!(said.trim(), *expected, "{path}");
        }
    }
}

#[tokio::test]
async fn a_mark_covers_the_methods_it_names_on_the_path_it_is_added_at() {
    let routes = Routes::new()
        .route("/api/users", on_get(async || "users").post(async || "created"))
        .safe(MethodFilter::POST, "/api/search", async || "found")
        .route("/api/search", on_get(async || "form").delete(async || "cleared"))
        .safe(MethodFilter::PUT.or(MethodFilter::PATCH), "/api/filter", async || "filtered")
        .changing(MethodFilter::GET, "/api/export", async || "exported")
        .route("/api/export", post(async || "imported"));
    let app = enforce(routes, layer(&lapsed()));
    assert_answers(
        &app,
        &[
            ("GET /api/users", "200 users"),
            ("POST /api/users", "402"),
            ("POST /api/search?q=x", "200 found"),
            ("GET /api/search", "200 form"),
            ("DELETE /api/search", "402"),
            ("PUT /api/search", "402"),
            ("POST /api/search/", "402"),
            ("POST /API/search", "402"),
            ("POST /api/%73earch", "402"),
            ("POST //api/search", "402"),
            ("PUT /api/filter", "200 filtered"),
            ("PATCH /api/filter", "200 filtered"),
            ("POST /api/filter", "402"),
            ("GET /api/filter", "405"),
            ("GET /api/export", "402"),
            ("POST /api/export", "402"),
            ("GET /api/export/", "404"),
            ("GET /api/%65xport", "404"),
            ("OPTIONS /api/export", "405"),
            ("GET /api/unknown", "404"),
            ("POST /api/unknown", "402"),
        ],
    )
    .await;
}

#[tokio::test]
async fn head_is_marked_as_get_is_unless_a_handler_of_its_own_answers_it() {
    let routes = Routes::new()
        .changing(MethodFilter::GET, "/api/export", async || "exported")
        .changing(MethodFilter::GET, "/api/peek", async || "opened")
        .route("/api/peek", axum::routing::head(async || ()))
        .changing(MethodFilter::HEAD, "/api/touch", async || ())
        .route("/api/touch", on_get(async || "looked at"));
    let app = enforce(routes, layer(&lapsed()));
    assert_answers(
        &app,
        &[
            ("GET /api/export", "402"),
            ("HEAD /api/export", "402"),
            ("GET /api/peek", "402"),
            ("HEAD /api/peek", "200"),
            ("GET /api/touch", "200 looked at"),
            ("HEAD /api/touch", "402"),
        ],
    )
    .await;
}

#[tokio::test]
async fn parameters_and_wildcards_are_what_axum_takes_them_for() {
    let one = async |Path(id): Path<String>| id;
    let routes = Routes::new()
        .safe(MethodFilter::POST, "/api/{kind}/search", one)
        .route("/api/users/search", post(async || "a narrower route"))
        .changing(MethodFilter::GET, "/api/reports/{id}", one)
        .route("/api/reports/all", on_get(async || "all"))
        .changing(MethodFilter::GET, "/api/files/{*path}", one)
        .safe(MethodFilter::POST, "/api/reports/{id}/{*rest}", async || "rest");
    let app = enforce(routes, layer(&lapsed()));
    assert_answers(
        &app,
        &[
            ("POST /api/tasks/search", "200 tasks"),
            ("POST /api/a%20b/search", "200 a b"),
            ("POST /api/x%2fy/search", "200 x/y"),
            ("POST /api/users/search", "402"),
            ("GET /api/reports/1", "402"),
            ("GET /api/reports/x%2fy", "402"),
            ("GET /api/reports/all", "200 all"),
            ("GET /api/reports/1/", "404"),
            ("GET /api/files/a", "402"),
            ("GET /api/files/a/b/", "402"),
            ("GET /api/files/", "404"),
            ("POST /api/reports/1/search/more", "200 rest"),
            ("POST /api/reports/1", "402"),
            ("POST /api/files/a", "402"),
        ],
    )
    .await;
}

#[tokio::test]
async fn marks_go_with_their_routes_through_nest_and_merge() {
    let deep = Routes::new().safe(MethodFilter::POST, "/", async || "deep search").changing(
        MethodFilter::GET,
        "/{id}",
        async || "deep export",
    );
    let nested = Routes::new()
        .safe(MethodFilter::POST, "/search", async || "nested search")
        .nest("/deep", deep.clone())
        .nest("/t/{tenant}", deep);
    let hidden = Router::new()
        .route("/api/v1/narrow", post(async || "narrow"))
        .nest("/api/plain", Router::new().route("/search", post(async || "plain")))
        .nest_service("/api/service", any(async || "service"));
    let routes = Routes::new()
        .nest("/api/v1", nested)
        .merge(Routes::new().changing(MethodFilter::GET, "/api/merged", async || "merged"))
        .safe(MethodFilter::POST, "/api/v1/{*any}", async || "any")
        .merge(hidden)
        .nest("/api/late", Router::new().route("/search", post(async || "late")));
    let app = enforce(routes, layer(&lapsed()));
    assert_answers(
        &app,
        &[
            ("POST /api/v1/search", "200 nested search"),
            ("POST /search", "404"),
            ("POST /api/v1/deep", "200 deep search"),
            ("GET /api/v1/deep/1", "402"),
            ("POST /api/v1/t/acme", "200 deep search"),
            ("GET /api/v1/t/acme/1", "402"),
            ("GET /api/merged", "402"),
            ("POST /api/v1/other", "200 any"),
            ("POST /api/v1/narrow", "402"),
            ("POST /api/plain/search", "402"),
            ("POST /api/service", "402"),
            ("GET /api/service/x", "200 service"),
            ("POST /api/late/search", "402"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_websocket_changes_something_unless_it_is_marked() {
    let routes = Routes::new().route("/api/live", any(async || "live")).safe(
        MethodFilter::GET.or(MethodFilter::CONNECT),
        "/api/feed",
        async || "feed",
    );
    let app = enforce(routes, layer(&lapsed()));
    let upgrade = |path: &str| {
        let request = Request::get(path).header("connection", "upgrade");
        request.header("upgrade", "websocket").body(Body::empty()).unwrap()
    };
    send(&app, upgrade("/api/live")).await.is_problem(402, "read_only");
    assert_eq!(send(&app, upgrade("/api/feed")).await.text(), "feed");
    assert_answers(
        &app,
        &[
            ("GET /api/live", "200 live"),
            ("CONNECT /api/live", "402"),
            ("CONNECT /api/feed", "200"),
        ],
    )
    .await;
}

#[tokio::test]
async fn no_handler_and_no_layer_runs_to_find_a_mark() {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = {
        let runs = Arc::clone(&runs);
        move || {
            runs.fetch_add(1, Ordering::SeqCst);
        }
    };
    let handler = {
        let count = count.clone();
        async move || count()
    };
    let counting = middleware::from_fn(move |request, next: middleware::Next| {
        count();
        next.run(request)
    });
    let plain = Router::new().route("/api/plain", on_get(handler.clone()).put(handler.clone()));
    let routes = Routes::from(plain.fallback(handler.clone()))
        .safe(MethodFilter::POST, "/api/search", handler.clone())
        .changing(MethodFilter::GET, "/api/export", handler.clone())
        .route("/api/users", delete(handler))
        .layer(counting);
    let app = enforce(routes, layer(&lapsed()));
    for (request, expected) in [
        ("GET /api/plain", 2),
        ("PUT /api/plain", 0),
        ("POST /api/search", 2),
        ("GET /api/export", 0),
        ("DELETE /api/users", 0),
        ("GET /api/unknown", 2),
        ("POST /api/unknown", 0),
    ] {
        let answer = if expected == 0 { "402" } else { "200" };
        assert_answers(&app, &[(request, answer)]).await;
        assert_eq!(runs.swap(0, Ordering::SeqCst), expected, "{request}");
    }
}

#[tokio::test]
async fn routes_take_a_state_layers_and_a_fallback_as_routers_do() {
    let phase = async |State(state): State<AppState>| state.licensing.phase().as_str();
    let service = lapsed();
    let licensing = service.licensing.clone();
    let routes = Routes::new()
        .safe(MethodFilter::POST, "/api/search", phase)
        .route_layer(middleware::map_response(async |response: axum::response::Response| {
            ([("x-layer", "route")], response)
        }))
        .fallback(async || "nothing here")
        .layer(middleware::map_response(async |response: axum::response::Response| {
            ([("x-outer", "all")], response)
        }))
        .merge(Router::new().route("/api/users", post(phase)))
        .with_state(AppState { licensing });
    let app = enforce(routes, layer(&service));
    let of = async |path: &str| send(&app, Request::post(path).body(Body::empty()).unwrap()).await;
    let found = of("/api/search").await;
    assert_eq!((found.text(), found.header("x-layer")), ("lapsed", "route"));
    assert_eq!(found.header("x-outer"), "all");
    of("/api/users").await.is_problem(402, "read_only");
    let nothing = of("/elsewhere").await;
    assert_eq!((nothing.text(), nothing.header("x-layer")), ("nothing here", ""));
    assert_eq!(nothing.header("x-outer"), "all");
}

#[tokio::test]
async fn marks_of_the_layer_and_of_the_routes_count_together() {
    let routes = Routes::new()
        .safe(MethodFilter::POST, "/api/search", async || "found")
        .safe(MethodFilter::POST, "/api/lookup", async || "looked up")
        .merge(Router::new().route("/api/hidden", post(async || "hidden")));
    let marks = Marks::new()
        .safe(Method::POST, "/api/hidden")
        .and_then(|marks| marks.changing(Method::POST, "/api/lookup"))
        .unwrap();
    let app = enforce(routes, layer(&lapsed()).marks(marks));
    assert_answers(
        &app,
        &[
            ("POST /api/search", "200 found"),
            ("POST /api/hidden", "200 hidden"),
            ("POST /api/lookup", "402"),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_term_and_the_domain_come_before_marks() {
    let service = Service::of(Policy::new());
    let routes = Routes::new().safe(MethodFilter::POST, "/api/search", async || "found");
    let app = enforce(routes, layer(&service));
    let request = || Request::post("/api/search").body(Body::empty()).unwrap();
    send(&app, request()).await.is_problem(503, "license_missing");
    service.vendor.license().domain("a.example").install(&service.licensing);
    send(&app, request()).await.is_problem(400, "host_invalid");
    service.vendor.license().install(&service.licensing);
    assert_eq!(send(&app, request()).await.text(), "found");
}
