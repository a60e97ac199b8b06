//! What is known of routes: every gate, and that one was forgotten.

use axum::{
    Router,
    extract::{FromRequestParts, State},
    routing::{self, MethodFilter},
};
use http::request::Parts;
use license_axum::{
    CurrentLicense, FeatureLayer, LicenseLayer, LicenseRejection, Licensing, RequireFeature,
    Routes, assert_covered,
    coverage::{Access, Coverage, Covered, GapKind, Gate},
    enforce, feature, features, licensed,
    routing::{get, get_with, on, post_with, put},
};
use license_core::{Product, license::LimitKind, testing::Vendor};

features! {
    /// Single sign-on.
    Sso = "sso";
}

fn product() -> Product {
    Product::builder("test", "https://vendor.example", "test")
        .feature("sso", "Single sign-on")
        .feature("export", "Export")
        .limit("users", LimitKind::Seats)
        .build()
        .unwrap()
}

fn licensing() -> Licensing {
    Licensing::new(Vendor::of(product()).verifier())
}

/// Behind a layer that covers `/api`.
fn covered(routes: Routes<Licensing>) -> Coverage {
    let licensing = licensing();
    let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap();
    enforce(routes.with_state(licensing), layer).coverage().clone()
}

fn feature(name: &'static str) -> Gate {
    Gate::Feature(name.into())
}

#[track_caller]
fn asks(coverage: &Coverage, method: &str, path: &str, gates: &[Gate]) {
    let route = coverage.route(method, path);
    let route = route.unwrap_or_else(|| panic!("no {method} {path}: {coverage:#?}"));
    assert_eq!(route.gates, gates, "{route}");
}

/// Who asks, by a header; refuses as this crate does.
struct Person;

impl FromRequestParts<Licensing> for Person {
    type Rejection = http::StatusCode;

    async fn from_request_parts(_: &mut Parts, _: &Licensing) -> Result<Self, Self::Rejection> {
        panic!("nobody asks a product's own extractor")
    }
}

#[licensed]
async fn by_literal(_: Person, _: RequireFeature<"sso">) {}
async fn by_type(_: RequireFeature<Sso>, _: Person, _: axum::body::Bytes) {}
async fn by_macro(State(_): State<Licensing>, _: RequireFeature<feature!("export")>) {}
#[licensed]
async fn both(_: RequireFeature<"sso">, _: Option<RequireFeature<"export">>) {}
#[licensed]
async fn hidden(_: Result<RequireFeature<"sso">, LicenseRejection>) {}
async fn nothing(_: Person) {}

#[test]
fn a_gate_is_found_however_it_is_spelled_and_wherever_it_stands() {
    let routes = Routes::new()
        .route("/api/literal", get(by_literal))
        .route("/api/type", put(by_type))
        .route("/api/macro", get(by_macro).post_with(nothing, |asks| asks.limit("users")))
        .route("/api/both", get(both))
        .route("/api/closure", get(async |_: Person, _: RequireFeature<Sso>| ()))
        .nest(
            "/api/{tenant}",
            Routes::new().nest("/deep", Routes::new().route("/", get(by_literal))),
        );
    let coverage = covered(routes);
    asks(&coverage, "GET", "/api/literal", &[feature("sso")]);
    asks(&coverage, "PUT", "/api/type", &[feature("sso")]);
    asks(&coverage, "GET", "/api/macro", &[feature("export")]);
    asks(&coverage, "POST", "/api/macro", &[Gate::Limit("users".into())]);
    let optional = Gate::OptionalFeature("export".into());
    asks(&coverage, "GET", "/api/both", &[feature("sso"), optional]);
    asks(&coverage, "GET", "/api/closure", &[feature("sso")]);
    asks(&coverage, "GET", "/api/{tenant}/deep", &[feature("sso")]);
    assert_eq!(coverage.routes().len(), 7);
    assert_covered!(coverage, &product());
}

#[test]
fn a_route_that_says_nothing_is_named_and_one_outside_of_the_scope_is_not() {
    let routes = Routes::new()
        .route("/healthz", get(nothing))
        .route("/api/free", get_with(nothing, |asks| asks.free()))
        .recovery(MethodFilter::POST, "/api/sign-in", nothing)
        .route("/api/users/{id}", get_with(nothing, |asks| asks.free()).delete(nothing))
        .safe(MethodFilter::POST, "/api/search", nothing)
        // They are not found by themselves.
        .route("/api/hidden", get(hidden))
        .route("/api/axum", routing::get(by_literal))
        .nest_service("/api/files", Router::new())
        .merge(Router::new().route("/api/late", routing::get(by_literal)));
    let coverage = covered(routes);
    let gaps = coverage.check(&product()).unwrap_err();
    let named: Vec<_> = gaps.gaps().iter().map(|it| (it.kind, it.route.as_str())).collect();
    let unsaid = |route| (GapKind::Unsaid, route);
    assert_eq!(
        named,
        [
            unsaid("any method of /api/axum"),
            unsaid("any method of /api/files/{*}"),
            unsaid("GET /api/hidden"),
            unsaid("POST /api/search"),
            unsaid("DELETE /api/users/{id}"),
            unsaid("any method of /{*}"),
        ]
    );
    assert_eq!(coverage.route("POST", "/api/sign-in").unwrap().access, Access::Recovery);
    assert!(!coverage.route("GET", "/healthz").unwrap().in_scope);
    assert!(gaps.to_string().contains("\n  GET /api/hidden: says nothing of the license"));
}

#[test]
fn names_that_the_profile_does_not_know_are_told_with_the_route_that_asks_for_them() {
    #[licensed]
    async fn mistyped(_: RequireFeature<"ssso">) {}
    let routes = Routes::new()
        .route("/api/sso", get(mistyped))
        .route("/api/users", post_with(nothing, |asks| asks.limit("user")))
        .route("/api/export", get_with(by_macro, |asks| asks.free()))
        .route("/api/logo", get_with(both, |asks| asks.lease("hosts")));
    let gaps = covered(routes).check(&product()).unwrap_err();
    let kinds: Vec<_> = gaps.gaps().iter().map(|it| it.kind).collect();
    let expected = [
        GapKind::FreeAndGated,
        GapKind::UnknownLimit,
        GapKind::UnknownFeature,
        GapKind::UnknownLimit,
    ];
    assert_eq!(kinds, expected, "{gaps}");
    let text = gaps.to_string();
    assert!(text.contains("GET /api/sso: ") && text.contains("did you mean `sso`?"), "{text}");
    assert!(text.contains("POST /api/users: ") && text.contains("`user`"), "{text}");
}

#[test]
#[should_panic(expected = "GET /api/forgotten: says nothing")]
fn a_forgotten_gate_fails_the_products_test_by_its_name() {
    let licensing = licensing();
    let routes = Routes::new().route("/api/forgotten", get(nothing)).with_state(licensing.clone());
    assert_covered!(enforce(routes, LicenseLayer::new(&licensing)), licensing.product());
}

#[test]
fn what_a_group_asks_for_is_said_of_each_of_its_routes() {
    let licensing = licensing();
    let group = Routes::new()
        .route("/a", get(nothing))
        .route("/b", on(MethodFilter::GET.or(MethodFilter::POST), by_literal))
        .require(FeatureLayer::new(&licensing, "export").unwrap())
        .route("/c", get(nothing))
        .free();
    let coverage = covered(Routes::new().nest("/api", group));
    asks(&coverage, "GET", "/api/a", &[feature("export")]);
    asks(&coverage, "POST", "/api/b", &[feature("export"), feature("sso")]);
    asks(&coverage, "GET", "/api/c", &[]);
    assert_eq!(coverage.route("GET", "/api/c").unwrap().access, Access::Free);
    assert_covered!(coverage, &product());
}

#[test]
fn a_list_of_open_routes_at_the_layer_counts_as_well() {
    let licensing = licensing();
    let open = license_axum::Recovery::new().allow(http::Method::GET, "/api/me").unwrap();
    let routes = Routes::new().route("/api/me", get(nothing)).with_state(licensing.clone());
    let app = enforce(routes, LicenseLayer::new(&licensing).recovery(open));
    assert_eq!(Covered::coverage(&app).routes()[0].access, Access::Recovery);
}

#[test]
fn a_path_is_the_one_that_is_served() {
    let below = || Routes::new().route("/", get(by_literal)).route("/x", get(by_literal));
    for (prefix, root) in
        [("/api", "/api"), ("/api/", "/api/"), ("/api/{tenant}/", "/api/{tenant}/")]
    {
        let coverage = covered(Routes::new().nest(prefix, below()));
        let paths: Vec<_> = coverage.routes().iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, [root, &format!("{}/x", prefix.trim_end_matches('/'))]);
    }
}

#[test]
fn a_group_that_is_free_has_the_gates_that_are_found_later() {
    let routes = Routes::new()
        .route("/api/sso", get(by_literal))
        .route("/api/plan", get(async |_: CurrentLicense| ()))
        .route("/api/users", get(nothing))
        .free();
    let coverage = covered(routes);
    coverage.check(&product()).unwrap();
    let access = |path| coverage.route("GET", path).unwrap().access;
    assert_eq!(access("/api/sso"), Access::Gated);
    assert_eq!(access("/api/plan"), Access::Free);
    assert_eq!(access("/api/users"), Access::Free);
}

#[test]
fn a_route_that_stays_open_and_asks_for_something_is_named() {
    let layer = |licensing: &Licensing| FeatureLayer::new(licensing, "sso").unwrap();
    let locked = Routes::new().recovery(MethodFilter::POST, "/api/sign-in", nothing);
    let locked = locked.require(layer(&licensing()));
    let gated = Routes::new().recovery(MethodFilter::POST, "/api/sign-in", by_literal);
    let licensed =
        Routes::new().recovery(MethodFilter::POST, "/api/sign-in", async |_: CurrentLicense| ());
    for routes in [locked, gated, licensed] {
        let gaps = covered(routes).check(&product()).unwrap_err();
        let found: Vec<_> = gaps.gaps().iter().map(|it| (it.kind, it.route.as_str())).collect();
        assert_eq!(found, [(GapKind::OpenAndGated, "POST /api/sign-in")]);
    }
    let open = Routes::new().route("/api/users", get(by_literal)).require(layer(&licensing()));
    let open = open.recovery(MethodFilter::POST, "/api/sign-in", nothing);
    covered(open).check(&product()).unwrap();
}

#[test]
fn a_license_that_is_asked_for_is_found_and_nobody_is_denied_for_that() {
    let licensing = licensing();
    let routes = Routes::new()
        .route("/api/plan", get(async |_: CurrentLicense| ()))
        .route("/api/name", get(async |_: Option<CurrentLicense>| ()))
        .with_state(licensing.clone());
    let coverage = Covered::coverage(&routes);
    asks(&coverage, "GET", "/api/plan", &[Gate::License]);
    asks(&coverage, "GET", "/api/name", &[Gate::OptionalLicense]);
    assert!(licensing.control().denial_counts().all(|it| it.denied == 0));
}

/// Of the product, and refuses as this crate does.
struct Own;

impl FromRequestParts<Licensing> for Own {
    type Rejection = LicenseRejection;

    async fn from_request_parts(_: &mut Parts, _: &Licensing) -> Result<Self, LicenseRejection> {
        panic!("it is not asked for this");
    }
}

#[test]
fn an_extractor_of_the_product_is_not_run_for_this() {
    #[licensed]
    async fn own(_: Own, _: Option<RequireFeature<"sso">>, _: RequireFeature<"export">) {}
    let coverage = covered(Routes::new().route("/api/own", get(own)));
    let optional = Gate::OptionalFeature("sso".into());
    asks(&coverage, "GET", "/api/own", &[feature("export"), optional]);
}

#[test]
fn of_methods_some_may_stay_open() {
    let licensing = licensing();
    let open = license_axum::Recovery::new().allow(http::Method::GET, "/api/x").unwrap();
    let both = on(MethodFilter::GET.or(MethodFilter::POST), nothing);
    let routes = Routes::new().route("/api/x", both).with_state(licensing.clone());
    let app = enforce(routes, LicenseLayer::new(&licensing).recovery(open));
    let access = |method| app.coverage().route(method, "/api/x").unwrap().access;
    assert_eq!((access("GET"), access("POST")), (Access::Recovery, Access::Unsaid));
}
