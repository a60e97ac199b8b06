//! What a document says of the license: what comes of the coverage, what is wrong by
//! its name, and that nothing is answered that is not in it.

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, State},
    routing::MethodFilter,
};
use http::{Request, StatusCode, request::Parts};
use license_axum::{
    Actor, Enforced, FeatureLayer, LicenseLayer, LicenseRejection, Licensing, RequireFeature,
    Routes, admin_routes, banner_route,
    coverage::{Asks, Coverage, GapKind},
    enforce, licensed, limit,
    openapi::{DocumentError, document_routes},
    routing::{get, get_with, post_with},
};
use license_core::{Policy, Product, Restriction, license::LimitKind, testing::Vendor};
use license_runtime::{LicenseManager, MemoryStore};
use serde_json::{Value, json};
use tower::ServiceExt as _;

fn product(policy: Policy) -> Product {
    Product::builder("test", "https://vendor.example", "test")
        .policy(policy)
        .feature("sso", "Single sign-on")
        .feature("export", "Export")
        .limit("users", LimitKind::Seats)
        .build()
        .unwrap()
}

fn licensing() -> Licensing {
    Licensing::new(Vendor::of(product(Policy::new())).verifier())
}

#[licensed]
async fn saml(_: RequireFeature<"sso">) {}
#[licensed]
async fn report(_: Option<RequireFeature<"export">>) {}
async fn nothing() {}

async fn invite(State(licensing): State<Licensing>) -> Result<(), LicenseRejection> {
    limit(&licensing, "users", 0, 1)
}

fn routes() -> Routes<Licensing> {
    Routes::new()
        .route("/api/sso/{*rest}", get(saml))
        .route("/api/report", get(report))
        .route("/api/users", get_with(nothing, Asks::free).post_with(invite, seat))
        .route("/api/search", post_with(nothing, |asks| asks.free().safe()))
        .recovery(MethodFilter::POST, "/api/sign-in", nothing)
}

fn seat(asks: Asks) -> Asks {
    asks.limit("users")
}

fn app(routes: Routes<Licensing>, licensing: Licensing) -> Enforced {
    let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap();
    enforce(routes.with_state(licensing), layer)
}

fn coverage(routes: Routes<Licensing>) -> Coverage {
    app(routes, licensing()).coverage().clone()
}

fn document(users: Value) -> Value {
    let operation = || json!({ "responses": { "200": { "description": "Fine." } } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Acme", "version": "1.0.0" },
        "paths": {
            "/api/sso/{rest}": { "get": operation() },
            "/api/report": { "get": operation() },
            "/api/search": { "post": operation() },
            "/api/users": { "get": operation(), "post": users },
            "/api/sign-in": { "post": operation() },
        },
    })
}

fn plain() -> Value {
    document(json!({ "responses": {} }))
}

fn annotated(mut document: Value, routes: Routes<Licensing>) -> Value {
    coverage(routes).annotate(&mut document, &licensing()).unwrap();
    document
}

#[test]
fn a_document_is_told_what_routes_ask_for_and_how_they_refuse() {
    let json = annotated(plain(), routes());
    let operation = |path: &str, method: &str| json["paths"][path][method].clone();
    let sso = operation("/api/sso/{rest}", "get");
    assert_eq!(sso["x-license-feature"], json!(["sso"]));
    let refusal = &sso["responses"]["403"];
    assert_eq!(refusal["x-license-codes"], json!(["domain_mismatch", "feature_not_licensed"]));
    let schema = &refusal["content"]["application/problem+json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/LicenseProblem");
    assert_eq!(sso["responses"]["200"]["description"], "Fine.");
    let users = operation("/api/users", "post");
    assert_eq!(users["x-license-limit"], json!(["users"]));
    assert_eq!(users["responses"]["402"]["x-license-codes"], json!(["limit_reached"]));
    let reading = operation("/api/users", "get");
    assert!(reading["responses"]["503"].is_object());
    assert!(reading["responses"]["402"].is_null(), "{reading:#}");
    assert!(operation("/api/report", "get")["x-license-feature"].is_null());
    assert_eq!(operation("/api/sign-in", "post")["responses"].as_object().unwrap().len(), 1);
    assert!(json["components"]["schemas"]["LicenseProblem"].is_object());
}

#[test]
fn a_document_may_name_parameters_as_it_likes_and_share_responses() {
    let refused = json!({ "description": "Not an administrator." });
    let mut document = json!({
        "openapi": "3.1.0",
        "paths": { "/api/sso/{where}": { "get": {
            "parameters": [{ "name": "where", "in": "path", "required": true }],
            "responses": { "401": { "$ref": "#/components/responses/Out" }, "403": { "$ref": "#/components/responses/Refused" } },
        } } },
        "components": { "responses": { "Refused": refused } },
    });
    let routes = Routes::new().route("/api/sso/{*rest}", get(saml));
    coverage(routes).annotate(&mut document, &licensing()).unwrap();
    let operation = &document["paths"]["/api/sso/{where}"]["get"];
    assert_eq!(operation["x-license-feature"], json!(["sso"]));
    assert_eq!(operation["responses"]["403"]["description"], "Not an administrator.");
    let codes = json!(["domain_mismatch", "feature_not_licensed"]);
    assert_eq!(operation["responses"]["403"]["x-license-codes"], codes);
    assert_eq!(operation["responses"]["401"]["$ref"], "#/components/responses/Out");
    assert_eq!(document["components"]["responses"]["Refused"], refused);
}

#[test]
fn what_a_document_says_wrongly_or_leaves_out_is_named() {
    let mut wrong = document(json!({ "x-license-limit": "hosts", "responses": {} }));
    let before = wrong.clone();
    let coverage = coverage(routes().route("/api/export", get(saml)));
    let error = coverage.annotate(&mut wrong, &licensing()).unwrap_err();
    let DocumentError::Gaps(gaps) = &error else { panic!("{error}") };
    let named: Vec<_> = gaps.gaps().iter().map(|it| (it.kind, it.route.as_str())).collect();
    assert_eq!(
        named,
        [
            (GapKind::Undocumented, "GET /api/export"),
            (GapKind::DocumentedOtherwise, "POST /api/users"),
        ]
    );
    assert!(wrong == before);
}

#[test]
fn a_feature_with_which_a_route_does_more_may_be_named() {
    let named = |name: &str| {
        let mut document = plain();
        document["paths"]["/api/report"]["get"]["x-license-feature"] = json!([name]);
        coverage(routes()).annotate(&mut document, &licensing()).map(|()| document)
    };
    let told = named("export").unwrap();
    assert!(told["paths"]["/api/report"]["get"]["x-license-feature"].is_null());
    assert!(named("sso").is_err());
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn nothing_is_answered_that_is_not_in_the_document() {
    use std::time::Duration;

    use Restriction::{Advisory, Everything, Features, ReadOnly};
    use license_axum::testing::Contract;
    use license_core::DenialCode;

    let mut refusals = 0;
    for lapsed in [Advisory, Features, ReadOnly, Everything] {
        for unlicensed in [Advisory, Features, ReadOnly, Everything] {
            let policy = Policy::new().lapsed(lapsed).unlicensed(unlicensed);
            let policy = policy.grace(Duration::from_secs(86_400));
            let product = product(policy.status(DenialCode::FeatureNotLicensed, 404));
            let contract = Contract::new(product.clone());
            let report = contract.run(async |licensing| app(routes(), licensing)).await.unwrap();
            let licensing = Licensing::new(Vendor::of(product).verifier());
            let mut document = plain();
            let coverage = app(routes(), licensing.clone()).coverage().clone();
            coverage.annotate(&mut document, &licensing).unwrap();
            for line in report.to_string().lines().filter(|line| line.starts_with("  ")) {
                let words: Vec<_> = line.split_ascii_whitespace().collect();
                let [method, path, status, code] = *words else { continue };
                let path = path.trim_end_matches(':').replace("{*", "{");
                let operation = &document["paths"][&path][method.to_ascii_lowercase()];
                let codes = &operation["responses"][status]["x-license-codes"];
                let codes = codes.as_array().unwrap_or_else(|| panic!("{line}: {operation:#}"));
                assert!(codes.contains(&code.into()), "{line}: {codes:?}");
                refusals += 1;
            }
        }
    }
    assert!(refusals > 100, "{refusals}");
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_gate_that_is_taken_away_is_told_three_times_by_its_route() {
    use license_axum::testing::Contract;

    let sso = |handler: license_axum::routing::MethodRoutes<Licensing>| {
        Routes::new().route("/api/sso", handler)
    };
    let (before, after) = (sso(get(saml)), sso(get(nothing)));
    let described = json!({ "x-license-feature": ["sso"], "responses": {} });
    let mut document = json!({ "paths": { "/api/sso": { "get": described } } });
    coverage(before.clone()).annotate(&mut document, &licensing()).unwrap();

    let product = product(Policy::new());
    let gaps = coverage(after.clone()).check(&product).unwrap_err();
    assert!(gaps.to_string().contains("GET /api/sso: says nothing"), "{gaps}");
    let wrong = coverage(after.clone()).annotate(&mut document, &licensing()).unwrap_err();
    assert!(wrong.to_string().contains("GET /api/sso: the document says"), "{wrong}");
    let contract = Contract::new(product);
    let report = async |routes: Routes<Licensing>| {
        let app = async |licensing| app(routes.clone(), licensing);
        contract.run(app).await.unwrap().to_string()
    };
    const LINE: &str = "  GET /api/sso: 403 feature_not_licensed\n";
    assert!(report(before).await.contains(LINE));
    assert!(!report(after).await.contains(LINE));
}

/// Whoever says so.
struct Admin;

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let is_admin = parts.headers.contains_key("x-admin");
        if is_admin { Ok(Self) } else { Err(StatusCode::UNAUTHORIZED) }
    }
}

impl From<Admin> for Actor {
    fn from(_: Admin) -> Self {
        Self::new("admin", None)
    }
}

#[tokio::test]
async fn the_routes_of_this_crate_are_described_where_they_are() {
    let manager = LicenseManager::builder(licensing()).store(MemoryStore::new());
    let installer = manager.start().await.unwrap();
    let routes = Routes::new()
        .nest("/api/license", admin_routes::<Admin, _>(installer.clone()))
        .route("/api/banner", banner_route::<Admin, _>(installer.clone()))
        .route("/status", license_axum::status_route::<Admin, _>(installer));
    let own = json!({ "summary": "Our own words", "responses": {} });
    let mut document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Acme", "version": "1.0.0" },
        "paths": { "/api/license/doctor": { "get": own } },
    });
    coverage(routes).annotate(&mut document, &licensing()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |it| format!("{it} {path}"))
        })
        .collect();
    assert_eq!(
        operations,
        [
            "get /api/banner",
            "get /api/license",
            "post /api/license",
            "get /api/license/audit",
            "get /api/license/audit/export",
            "get /api/license/doctor",
            "get /api/license/machine-info",
            "get /api/license/routes",
            "get /status",
        ]
    );
    assert_eq!(document["paths"]["/api/license/doctor"]["get"]["summary"], "Our own words");
    let refused = &document["paths"]["/api/license/audit"]["get"]["responses"]["503"];
    assert!(refused["x-license-codes"].as_array().unwrap().contains(&"license_missing".into()));
    assert!(document["components"]["schemas"]["LicenseStatus"].is_object());
    let text = document.to_string();
    assert_eq!(text.matches("\"operationId\":\"license_status\"").count(), 1);
}

#[test]
fn routes_of_axum_are_held_against_the_document_as_well() {
    let licensing = licensing();
    let sso = FeatureLayer::new(&licensing, "sso").unwrap();
    let of_axum = axum::Router::new().route("/deep", axum::routing::get(nothing));
    let routes = Routes::new()
        .route("/api/old", axum::routing::get(nothing))
        .nest_service("/api/below", of_axum)
        .require(sso);
    let coverage = coverage(routes);
    let operation = || json!({ "responses": {} });
    let mut document = json!({ "paths": {
        "/api/old": { "get": operation() },
        "/api/below/deep": { "get": operation() },
    } });
    coverage.annotate(&mut document, &licensing).unwrap();
    for path in ["/api/old", "/api/below/deep"] {
        let operation = &document["paths"][path]["get"];
        assert_eq!(operation["x-license-feature"], json!(["sso"]), "{path}");
        assert!(operation["responses"]["403"].is_object());
    }
    let mut wrong = json!({ "paths": {
        "/api/old": { "get": { "x-license-feature": "export" } },
        "/api/none": { "get": { "x-license-feature": "sso" } },
    } });
    let error = coverage.annotate(&mut wrong, &licensing).unwrap_err();
    let DocumentError::Gaps(gaps) = &error else { panic!("{error}") };
    let named: Vec<_> = gaps.gaps().iter().map(|it| (it.kind, it.route.as_str())).collect();
    assert_eq!(
        named,
        [
            (GapKind::Undocumented, "any method of /api/below/{*}"),
            (GapKind::DocumentedOtherwise, "GET /api/none"),
            (GapKind::DocumentedOtherwise, "GET /api/old"),
        ]
    );
}

#[test]
fn a_document_that_is_annotated_twice_says_the_same() {
    let refused = json!({ "$ref": "other.json#/components/responses/Refused" });
    let mut document = plain();
    document["paths"]["/api/sso/{rest}"]["get"]["responses"]["403"] = refused.clone();
    let once = annotated(document, routes());
    assert_eq!(once["paths"]["/api/sso/{rest}"]["get"]["responses"]["403"], refused);
    assert_eq!(annotated(once.clone(), routes()), once);
}

#[test]
fn a_host_that_connects_changes_something() {
    let policy = Policy::new().lapsed(Restriction::ReadOnly);
    let licensing = Licensing::new(Vendor::of(product(policy)).verifier());
    let routes = Routes::new().route("/api/agents", get_with(nothing, |asks| asks.lease("users")));
    let coverage = app(routes, licensing.clone()).coverage().clone();
    let mut document = json!({ "paths": { "/api/agents": { "get": { "responses": {} } } } });
    coverage.annotate(&mut document, &licensing).unwrap();
    let codes = &document["paths"]["/api/agents"]["get"]["responses"]["402"]["x-license-codes"];
    assert_eq!(codes, &json!(["read_only"]));
}

#[tokio::test]
async fn the_routes_of_this_crate_fit_into_a_document_that_has_their_names() {
    let manager = LicenseManager::builder(licensing()).store(MemoryStore::new());
    let manager = manager.start().await.unwrap();
    let routes = Routes::new().nest("/{tenant}/license", admin_routes::<Admin, _>(manager));
    let own = json!({ "operationId": "license_status", "responses": {} });
    let document = json!({ "paths": { "/status": { "get": own } } });
    let document = annotated(document, routes);
    let status = &document["paths"]["/{tenant}/license"]["get"];
    assert!(status["operationId"].is_null());
    assert_eq!(status["parameters"][0]["name"], "tenant");
    let install = &document["paths"]["/{tenant}/license"]["post"];
    assert_eq!(install["operationId"], "license_install");
    assert_eq!(install["parameters"].as_array().unwrap().len(), 4);
}

async fn ask(app: &Enforced, path: &str) -> (StatusCode, Value) {
    let request = Request::get(path).header("host", "a.example").body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_document_is_served_whatever_is_refused() {
    let licensing = licensing();
    let with = |document| document_routes("/api/openapi.json", document, &licensing);
    let right = app(routes().merge(with(plain())), licensing.clone());
    let (status, document) = ask(&right, "/api/openapi.json").await;
    assert_eq!(status, 200);
    assert_eq!(document["paths"]["/api/sso/{rest}"]["get"]["x-license-feature"], json!(["sso"]));
    assert_eq!(ask(&right, "/api/users").await.0, 503);

    let forgotten = with(json!({ "openapi": "3.1.0", "paths": {} }));
    let (status, problem) =
        ask(&app(routes().merge(forgotten), licensing.clone()), "/api/openapi.json").await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::INTERNAL_SERVER_ERROR, &"document_invalid".into())
    );
}

#[cfg(feature = "utoipa")]
mod by_utoipa {
    use license_axum::openapi::{LicenseDenials, LicenseProblem};
    use utoipa::{OpenApi as _, openapi::OpenApi};

    use super::*;

    #[utoipa::path(get, path = "/api/sso/{rest}", responses(LicenseDenials, (status = 200)))]
    #[allow(dead_code, reason = "described, not called")]
    fn saml() {}

    #[utoipa::path(
        post,
        path = "/api/users",
        responses(LicenseDenials, (status = 403, description = "Not an administrator.")),
    )]
    #[allow(dead_code, reason = "described, not called")]
    fn invite() {}

    #[derive(utoipa::OpenApi)]
    #[openapi(paths(saml, invite), components(schemas(LicenseProblem)))]
    struct Document;

    fn responses(document: &OpenApi, path: &str, method: &str) -> Value {
        let json = serde_json::to_value(document).unwrap();
        json["paths"][path][method]["responses"].clone()
    }

    #[test]
    fn every_refusal_stands_in_a_document_of_utoipa_until_the_coverage_knows_better() {
        let mut document = Document::openapi();
        let before = responses(&document, "/api/sso/{rest}", "get");
        assert_eq!(before["409"]["x-license-codes"], json!(["concurrent_host_limit_reached"]));
        let policy = Policy::new().unlicensed(Restriction::Features).lapsed(Restriction::Features);
        let licensing = Licensing::new(Vendor::of(product(policy)).verifier());
        let described = Routes::new().route("/api/sso/{*rest}", get(super::saml));
        let described = described.route("/api/users", post_with(super::invite, seat));
        let coverage = app(described, licensing.clone()).coverage().clone();
        coverage.annotate(&mut document, &licensing).unwrap();
        let after = responses(&document, "/api/sso/{rest}", "get");
        assert!(after["409"].is_null() && after["503"].is_null(), "{after:#}");
        assert!(after["402"]["x-license-codes"].to_string().contains("license_missing"));
        assert_eq!(after["402"]["description"].as_str().unwrap().find("limit_reached"), None);
        assert!(after["200"].is_object());
        let invite = responses(&document, "/api/users", "post");
        assert_eq!(invite["403"]["description"], "Not an administrator.");
        assert_eq!(invite["403"]["x-license-codes"], json!(["domain_mismatch"]));
    }
}

#[cfg(feature = "aide")]
mod by_aide {
    use aide::{
        axum::{
            ApiRouter,
            routing::{get_with, post_with},
        },
        openapi::OpenApi,
        transform::TransformOperation,
    };
    use license_axum::openapi::asks_limit;

    use super::*;

    fn document(name: &'static str) -> OpenApi {
        let mut document = OpenApi::default();
        fn plain(operation: TransformOperation<'_>) -> TransformOperation<'_> {
            operation.summary("A route")
        }
        let router = ApiRouter::new()
            .api_route("/api/sso/{*rest}", get_with(saml, plain))
            .api_route("/api/report", get_with(report, plain))
            .api_route("/api/users", post_with(async || (), asks_limit(name)));
        let _: axum::Router<Licensing> = router.finish_api(&mut document);
        document
    }

    #[test]
    fn a_handler_says_in_a_document_of_aide_what_it_asks_for() {
        let before = serde_json::to_value(document("users")).unwrap();
        let sso = &before["paths"]["/api/sso/{*rest}"]["get"];
        assert_eq!(sso["x-license-feature"], json!(["sso"]));
        assert!(sso["responses"]["403"]["content"]["application/problem+json"].is_object());
        assert_eq!(before["paths"]["/api/users"]["post"]["x-license-limit"], json!(["users"]));

        let mut document = document("users");
        coverage(routes()).annotate(&mut document, &licensing()).unwrap();
        let after = serde_json::to_value(document).unwrap();
        assert!(after["paths"]["/api/report"]["get"]["x-license-feature"].is_null());
        let sso = &after["paths"]["/api/sso/{*rest}"]["get"];
        assert_eq!(sso["x-license-feature"], json!(["sso"]));
    }

    #[test]
    fn a_limit_that_a_document_of_aide_names_wrongly_is_found() {
        let mut document = document("hosts");
        let error = coverage(routes()).annotate(&mut document, &licensing()).unwrap_err();
        assert!(error.to_string().contains("POST /api/users"), "{error}");
    }
}
