//! What a layer covers, by how it is put around a router.

use axum::{
    Extension, Router,
    body::Body,
    extract::{MatchedPath, Path, Request as AxumRequest},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodFilter, any, get as on_get, post},
};
use http::{Method, Request, header};
use license_axum::{
    Denial, Enforced, FeatureLayer, LicenseLayer, Routes, admin_routes, enforce, recovery,
};
use license_core::Policy;

use crate::{
    admin::{Admin, Administered},
    support::{Answer, App, Service, get, send},
};

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

async fn of(app: &impl App, method: Method, path: &str) -> Answer {
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

/// Says which route a request was for, and how it was refused.
async fn label(request: AxumRequest, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    let denial = response.extensions().get::<Denial>().map_or("served", |it| it.code().as_str());
    let label = format!("{} {denial}", path.as_deref().unwrap_or("none"));
    response.headers_mut().insert("x-label", label.parse().unwrap());
    response
}

fn labelled(service: &Service, router: Router) -> Enforced {
    enforce(router, layer(service)).layer(middleware::from_fn(label))
}

#[tokio::test]
async fn layers_outside_see_the_matched_path_of_allowed_and_of_refused_requests() {
    let service = Service::new();
    let app = labelled(&service, routes().nest_service("/api/files", any(async || "file")));
    let of = async |path| get(&app, path).await.header("x-label").to_owned();
    for said in ["license_missing", "served"] {
        for (path, matched) in [
            ("/api/hello", "/api/hello"),
            ("/api/ada/late", "/api/{name}/late"),
            ("/api/v1/users", "/api/v1/users"),
            ("/api/v1/inner/deep", "/api/v1/inner/deep"),
            ("/api/unknown", "none"),
        ] {
            assert_eq!(of(path).await, format!("{matched} {said}"), "{path}");
        }
        // axum names no path below a service that is nested.
        assert_eq!(of("/api/files/x").await, format!("none {said}"));
        service.vendor.license().install(&service.licensing);
    }
}

#[tokio::test]
async fn case_44_fallbacks_and_services_of_every_kind_are_behind_the_layer() {
    let service = Service::new();
    let text = |text: &'static str| any(async move || text);
    let own_fallback = Router::new()
        .route("/here", on_get(async || "nested"))
        .fallback(async || "nested fallback");
    let router = Router::new()
        .nest("/api/nested", own_fallback)
        .nest_service("/api/service", text("service"))
        .route_service("/api/routed", text("routed"))
        .route("/api/one", on_get(async || "one"))
        .merge(Router::new().route("/api/merged/{*rest}", on_get(async || "wild")))
        .method_not_allowed_fallback(async || "another method")
        .fallback_service(text("fallback"));
    let app = labelled(&service, router);
    let requests = [
        ("GET", "/api/nested/here", "nested"),
        ("GET", "/api/nested/nowhere", "nested fallback"),
        ("GET", "/api/nested", "nested fallback"),
        ("GET", "/api/service", "service"),
        ("GET", "/api/service/", "service"),
        ("GET", "/api/service/x/y", "service"),
        ("POST", "/api/routed", "routed"),
        ("GET", "/api/one", "one"),
        ("PUT", "/api/one", "another method"),
        ("GET", "/api/merged/a/b", "wild"),
        ("GET", "/api/merged", "fallback"),
        ("GET", "/api/unknown", "fallback"),
        ("BREW", "/api/unknown", "fallback"),
    ];
    for (method, path, _) in requests {
        let answer = of(&app, method.parse().unwrap(), path).await;
        answer.is_problem(503, "license_missing");
        assert!(answer.header("x-label").ends_with("license_missing"), "{path}");
    }
    let connect = Request::builder().method("CONNECT").uri("acme.example:443");
    let unscoped =
        enforce(Router::new().fallback(async || "x"), LicenseLayer::new(&service.licensing));
    assert_eq!(send(&unscoped, connect.body(Body::empty()).unwrap()).await.status, 503);
    service.vendor.license().install(&service.licensing);
    for (method, path, text) in requests {
        assert_eq!(of(&app, method.parse().unwrap(), path).await.text(), text, "{method} {path}");
    }
}

#[tokio::test]
async fn the_license_routes_stay_open_wherever_they_are_and_nothing_beside_them() {
    let Administered { service, manager, .. } = Administered::new().await;
    let tenant = Routes::new()
        .nest("/license", admin_routes::<Admin, _>(manager.clone()))
        .route("/license-report", on_get(async || "a report"));
    let routes = Routes::new()
        .nest("/api", tenant.clone())
        .nest("/t/{tenant}", tenant)
        .recovery(MethodFilter::POST, "/api/sign-in", async || "signed in")
        .route("/api/sign-in", on_get(async || "a form"))
        .merge(Router::new().route("/api/{any}", any(async || "any")))
        .with_state(service.state());
    let app = enforce(routes, LicenseLayer::new(&service.licensing));
    let status = async |request: &str| {
        let (method, path) = request.split_once(' ').unwrap();
        of(&app, method.parse().unwrap(), path).await.status.as_u16()
    };
    for open in
        ["GET /api/license", "HEAD /api/license", "GET /t/acme/license", "POST /api/sign-in"]
    {
        assert_eq!(status(open).await, 200, "{open}");
    }
    for asks_who in ["POST /api/license", "GET /api/license/machine-info", "POST /t/a/license"] {
        assert_eq!(status(asks_who).await, 401, "{asks_who}");
    }
    for no_such_method in ["OPTIONS /api/license", "OPTIONS /api/sign-in"] {
        assert_eq!(status(no_such_method).await, 405, "{no_such_method}");
    }
    for closed in [
        "DELETE /api/license",
        "GET /api/license/audit",
        "GET /api/license/audit/export",
        "GET /api/license/",
        "GET /api/license-report",
        "GET /api/%6cicense",
        "GET //api/license",
        "GET /API/license",
        "GET /x/../api/license",
        "GET /api/sign-in",
        "GET /api/other",
        "OPTIONS /api/other",
        "GET /t/acme/license-report",
        "GET /unknown",
    ] {
        assert_eq!(status(closed).await, 503, "{closed}");
    }
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
        .nest("/tenants", enforce(reports, feature("tenants").responder(plain)).into_router());
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
