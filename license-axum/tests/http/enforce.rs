//! What a layer covers, by how it is put around a router.

use axum::{
    Extension, Router,
    body::Body,
    extract::Path,
    middleware,
    response::{IntoResponse, Response},
    routing::{get as on_get, post},
};
use http::{Method, Request, header};
use license_axum::{Denial, FeatureLayer, LicenseLayer, enforce, recovery};
use license_core::Policy;

use crate::support::{Answer, Service, get, send};

/// Routes of every kind: alone, nested, nested twice, merged, a fallback.
fn routes() -> Router {
    let inner = Router::new().route("/deep", on_get(async || "deep"));
    let nested = Router::new()
        .route("/", on_get(async || "nested root"))
        .route("/users", on_get(async || "users").post(async || "created"))
        .nest("/inner", inner);
    Router::new()
        .route("/healthz", on_get(async || "well"))
        .route("/api/hello", on_get(async || "hello"))
        .route("/api/license", on_get(async || "status").post(async || "installed"))
        .nest("/api/v1", nested)
        .merge(Router::new().route("/api/merged", on_get(async || "merged")))
        .route("/api/{name}/late", on_get(async |Path(name): Path<String>| name))
        .fallback(async || (http::StatusCode::NOT_FOUND, "nothing here"))
}

fn layer(service: &Service) -> LicenseLayer {
    LicenseLayer::new(&service.licensing)
        .scope("/api/**")
        .unwrap()
        .recovery(recovery("/api/license").unwrap())
}

async fn of(app: &Router, method: Method, path: &str) -> Answer {
    send(app, Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn everything_in_scope_is_refused_however_it_was_added() {
    let service = Service::new();
    let app = enforce(routes(), layer(&service));
    for path in [
        "/api",
        "/api/",
        "/api/hello",
        "/api/v1",
        "/api/v1/users",
        "/api/v1/inner/deep",
        "/api/merged",
        "/api/any/late",
        "/api/unknown",
        "/api/v1/unknown",
        "/API/hello",
        "//api/hello",
        "/%61pi/hello",
        "/x/../api/hello",
        "/api/license-report",
        "/api/license/",
        "/api/hello?path=/healthz",
    ] {
        let answer = get(&app, path).await;
        answer.is_problem(503, "license_missing");
        assert_eq!(answer.denial(), Some("license_missing"), "{path}");
    }
    // A method that no route takes, and those that only ask.
    for method in [Method::DELETE, Method::HEAD, Method::OPTIONS, Method::TRACE] {
        assert_eq!(of(&app, method.clone(), "/api/hello").await.status, 503, "{method}");
    }
}

#[tokio::test]
async fn what_is_out_of_scope_is_served() {
    let service = Service::new();
    let app = enforce(routes(), layer(&service));
    assert_eq!(get(&app, "/healthz").await.text(), "well");
    let answer = get(&app, "/apis").await;
    assert_eq!((answer.status.as_u16(), answer.text()), (404, "nothing here"));
}

#[tokio::test]
async fn recovery_stays_open() {
    let service = Service::new();
    let app = enforce(routes(), layer(&service));
    assert_eq!(get(&app, "/api/license").await.text(), "status");
    assert_eq!(of(&app, Method::POST, "/api/license").await.text(), "installed");
    assert_eq!(of(&app, Method::HEAD, "/api/license").await.status, 200);
    assert_eq!(of(&app, Method::DELETE, "/api/license").await.status, 503);
    assert_eq!(get(&app, "/api/license/audit").await.status, 503);
    assert_eq!(get(&app, "/api/license/machine-info").await.status, 404, "open, and not there");
}

#[tokio::test]
async fn with_a_license_the_router_is_as_it_was() {
    let service = Service::new();
    let app = enforce(routes(), layer(&service));
    service.vendor.license().install(&service.licensing);
    for (path, text) in [
        ("/api/hello", "hello"),
        ("/api/v1", "nested root"),
        ("/api/v1/users", "users"),
        ("/api/v1/inner/deep", "deep"),
        ("/api/merged", "merged"),
        ("/api/any/late", "any"),
        ("/api/unknown", "nothing here"),
    ] {
        assert_eq!(get(&app, path).await.text(), text, "{path}");
    }
    assert_eq!(of(&app, Method::POST, "/api/v1/users").await.text(), "created");
    assert_eq!(of(&app, Method::DELETE, "/api/hello").await.status, 405);
    let head = of(&app, Method::HEAD, "/api/hello").await;
    assert_eq!((head.status.as_u16(), head.text(), head.header("content-length")), (200, "", "5"));
}

#[tokio::test]
async fn a_wrong_domain_is_refused_and_can_be_cured() {
    let service = Service::new();
    service.vendor.license().domain("*.acme.internal").install(&service.licensing);
    let app = enforce(routes(), layer(&service));
    let from = |host: &str, path: &str| {
        Request::get(path).header(header::HOST, host).body(Body::empty()).unwrap()
    };
    assert_eq!(send(&app, from("a.acme.internal", "/api/hello")).await.text(), "hello");
    let elsewhere = send(&app, from("acme.example", "/api/hello")).await;
    elsewhere.is_problem(403, "domain_mismatch");
    assert_eq!(send(&app, from("acme.example", "/api/license")).await.text(), "status");
    assert_eq!(send(&app, from("acme.example", "/healthz")).await.text(), "well");
    send(&app, from("a b", "/api/hello")).await.is_problem(400, "host_invalid");
}

#[tokio::test]
async fn changes_are_refused_while_only_reading_goes_on() {
    let policy = Policy::new().lapsed(license_core::Restriction::ReadOnly);
    let service = Service::of(policy);
    service.vendor.license().days(1).install(&service.licensing);
    service.clock.advance(std::time::Duration::from_secs(86_400));
    let app = enforce(routes(), layer(&service));
    assert_eq!(get(&app, "/api/v1/users").await.text(), "users");
    of(&app, Method::POST, "/api/v1/users").await.is_problem(402, "read_only");
    assert_eq!(of(&app, Method::POST, "/api/license").await.text(), "installed");
}

#[tokio::test]
async fn layers_on_the_returned_router_see_refusals() {
    async fn count(mut response: Response) -> Response {
        let denial = response.extensions().get::<Denial>().map(|denial| denial.code().as_str());
        let counted = denial.unwrap_or("none").parse().unwrap();
        response.headers_mut().insert("x-counted", counted);
        response
    }
    let service = Service::new();
    let app = enforce(routes(), layer(&service)).layer(middleware::map_response(count));
    assert_eq!(get(&app, "/api/hello").await.header("x-counted"), "license_missing");
    assert_eq!(get(&app, "/healthz").await.header("x-counted"), "none");
}

#[tokio::test]
async fn enforced_routers_can_be_enforced_nested_and_answered_for_again() {
    let service = Service::new();
    service.vendor.license().features(["reports"]).install(&service.licensing);
    let feature = |name| FeatureLayer::new(&service.licensing, name).unwrap();
    let plain = |denial: &Denial| (http::StatusCode::FORBIDDEN, denial.to_string()).into_response();
    let reports = Router::new().route("/", on_get(async || "a report"));
    let app = Router::new()
        .nest_service("/reports", enforce(reports.clone(), feature("reports")))
        .nest("/tenants", enforce(reports, feature("tenants").responder(plain)));
    let app = enforce(app, LicenseLayer::new(&service.licensing));
    assert_eq!(get(&app, "/reports").await.text(), "a report");
    let refused = get(&app, "/tenants").await;
    assert_eq!((refused.status.as_u16(), refused.text()), (403, "feature_not_licensed"));
    service.clock.advance(std::time::Duration::from_secs(365 * 86_400));
    get(&app, "/reports").await.is_problem(503, "license_expired");
}

#[tokio::test]
async fn the_body_reaches_the_handler_untouched() {
    let service = Service::new();
    service.vendor.license().install(&service.licensing);
    let echo = async |Extension(from): Extension<u16>, body: String| format!("{body} from {from}");
    let app = enforce(Router::new().route("/api/echo", post(echo)), layer(&service));
    let mut request = Request::post("/api/echo").body("hello".into()).unwrap();
    request.extensions_mut().insert(7_u16);
    assert_eq!(send(&app, request).await.text(), "hello from 7");
}

// What the documentation says of axum's own ways.

#[tokio::test]
async fn router_layer_covers_what_was_added_before_it() {
    let service = Service::new();
    let app = Router::new()
        .route("/early", on_get(async || "early"))
        .fallback(async || "fallback")
        .layer(LicenseLayer::new(&service.licensing))
        .route("/late", on_get(async || "late"));
    get(&app, "/early").await.is_problem(503, "license_missing");
    get(&app, "/unknown").await.is_problem(503, "license_missing");
    assert_eq!(get(&app, "/late").await.text(), "late");
}

#[tokio::test]
async fn route_layer_covers_only_routes_that_match() {
    let service = Service::new();
    let app = Router::new()
        .route("/early", on_get(async || "early"))
        .route_layer(LicenseLayer::new(&service.licensing))
        .route("/late", on_get(async || "late"));
    get(&app, "/early").await.is_problem(503, "license_missing");
    assert_eq!(get(&app, "/unknown").await.status, 404);
    assert_eq!(get(&app, "/late").await.text(), "late");
}

#[tokio::test]
async fn below_nest_a_scope_sees_a_shortened_path() {
    let service = Service::new();
    let nested = Router::new().route("/hello", on_get(async || "hello"));
    let with = |layer: LicenseLayer| Router::new().nest("/api", nested.clone().layer(layer));
    let scoped = with(layer(&service));
    assert_eq!(get(&scoped, "/api/hello").await.text(), "hello", "`/api/**` covers nothing here");
    let unscoped = with(LicenseLayer::new(&service.licensing));
    get(&unscoped, "/api/hello").await.is_problem(503, "license_missing");
}
