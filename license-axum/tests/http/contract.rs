//! Every route in every state of a license: what agrees with its coverage, and
//! what does not, by its name.

use std::time::Duration;

use axum::extract::State;
use license_axum::{
    CurrentLicense, Enforced, LicenseLayer, LicenseRejection, Licensing, RequireFeature, Routes,
    coverage::Asks,
    enforce, licensed, limit,
    routing::{get, get_with, post_with},
    testing::{Contract, Mismatches, Report},
};
use license_core::{Policy, Product, Restriction, license::LimitKind};

fn product() -> Product {
    let policy = Policy::new().grace(Duration::from_secs(7 * 86_400));
    Product::builder("test", "https://vendor.example", "test")
        .policy(policy.lapsed(Restriction::ReadOnly))
        .feature("sso", "Single sign-on")
        .limit("users", LimitKind::Seats)
        .build()
        .unwrap()
}

#[licensed]
async fn saml(_: RequireFeature<"sso">) {}
async fn users() {}

async fn invite(State(licensing): State<Licensing>) -> Result<(), LicenseRejection> {
    limit(&licensing, "users", 0, 1)
}

async fn inside(State(licensing): State<Licensing>) -> Result<(), LicenseRejection> {
    let decision = licensing.check_feature("sso");
    decision.map_err(|denial| LicenseRejection::answered(&licensing, denial))
}

fn routes() -> Routes<Licensing> {
    Routes::new()
        .route("/healthz", get_with(users, Asks::free))
        .route("/api/sso/{id}", get(saml))
        .route("/api/inside", get_with(inside, |asks| asks.feature("sso")))
        .route(
            "/api/users",
            get_with(users, Asks::free).post_with(invite, |asks| asks.limit("users")),
        )
        .route("/api/search", post_with(users, |asks| asks.free().safe()))
        .recovery(axum::routing::MethodFilter::POST, "/api/sign-in", users)
}

fn app(routes: Routes<Licensing>, licensing: Licensing) -> Enforced {
    let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap();
    enforce(routes.with_state(licensing), layer)
}

async fn run(routes: Routes<Licensing>) -> Result<Report, Mismatches> {
    Contract::new(product()).run(async |licensing| app(routes.clone(), licensing)).await
}

const REPORT: &str = "\
unlicensed
  GET /api/inside: 503 license_missing
  POST /api/search: 503 license_missing
  POST /api/sign-in: passes
  GET /api/sso/{id}: 503 license_missing
  GET /api/users: 503 license_missing
  POST /api/users: 503 license_missing
  GET /healthz: passes
active
  GET /api/inside: passes
  POST /api/search: passes
  POST /api/sign-in: passes
  GET /api/sso/{id}: passes
  GET /api/users: passes
  POST /api/users: passes
  GET /healthz: passes
";

#[tokio::test]
async fn what_agrees_with_its_coverage_is_a_report_of_every_route_in_every_state() {
    let report = run(routes()).await.unwrap_or_else(|wrong| panic!("{wrong}")).to_string();
    assert!(report.starts_with(REPORT), "{report}");
    for line in [
        "lapsed\n  GET /api/inside: passes\n  POST /api/search: passes",
        "other domain\n  GET /api/inside: 403 domain_mismatch",
        "other machine\n  GET /api/inside: 503 machine_mismatch",
        "  GET /api/sso/{id}: 403 feature_not_licensed",
        "  POST /api/users: 402 read_only",
        "limit users used up\n  GET /api/inside: passes",
        "  POST /api/users: 402 limit_reached",
    ] {
        assert!(report.contains(line), "{line}\n{report}");
    }
    assert_eq!(report.matches("\ngrace\n").count(), 1, "{report}");
}

/// The routes that are named.
async fn named(routes: Routes<Licensing>) -> String {
    run(routes).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_gate_that_is_said_and_not_there_is_named() {
    let wrong =
        named(routes().route("/api/said", get_with(users, |asks| asks.feature("sso")))).await;
    assert!(
        wrong.contains(
            "\n  GET /api/said, without feature sso: by its coverage `403 feature_not_licensed`, \
             answered `passes`"
        ),
        "{wrong}"
    );
    assert_eq!(
        wrong.lines().filter(|line| line.contains(", without feature")).count(),
        1,
        "{wrong}"
    );
    let wrong =
        named(routes().route("/api/room", post_with(users, |asks| asks.limit("users")))).await;
    assert!(wrong.contains("POST /api/room, limit users used up: "), "{wrong}");
}

#[tokio::test]
async fn a_gate_that_is_there_and_not_said_is_named() {
    let wrong = named(routes().route("/api/free", get_with(inside, Asks::free))).await;
    assert!(
        wrong.contains("GET /api/free, without feature sso: by its coverage `passes`"),
        "{wrong}"
    );
}

#[tokio::test]
async fn what_refuses_before_the_license_is_asked_is_named_with_its_status() {
    async fn closed() -> http::StatusCode {
        http::StatusCode::UNAUTHORIZED
    }
    let closed = get_with(closed, |asks| asks.feature("sso"));
    let wrong = named(routes().route("/api/closed", closed)).await;
    let expected = "GET /api/closed, without feature sso: by its coverage `403 \
                    feature_not_licensed`, answered `401, not by the license`";
    assert!(wrong.contains(expected), "{wrong}");
}

#[tokio::test]
async fn a_route_that_was_moved_out_is_missing_from_the_report_by_its_name() {
    let before = run(routes()).await.unwrap().to_string();
    let fewer = Routes::new().route("/api/inside", get_with(inside, |asks| asks.feature("sso")));
    let after = run(fewer).await.unwrap().to_string();
    assert!(before.contains("GET /api/sso/{id}") && !after.contains("GET /api/sso/{id}"));
}

#[tokio::test]
async fn requests_are_completed_by_the_product() {
    async fn guarded(
        headers: http::HeaderMap,
        licensing: State<Licensing>,
    ) -> axum::response::Response {
        use axum::response::IntoResponse;
        if !headers.contains_key("authorization") {
            return http::StatusCode::UNAUTHORIZED.into_response();
        }
        inside(licensing).await.into_response()
    }
    let routes = routes().route("/api/guarded", get_with(guarded, |asks| asks.feature("sso")));
    let contract = Contract::new(product()).request(|_, mut request| {
        request.headers_mut().insert("authorization", "Bearer x".parse().unwrap());
        request
    });
    let report = contract.run(async |licensing| app(routes.clone(), licensing)).await;
    assert!(report.unwrap().to_string().contains("GET /api/guarded: 403 feature_not_licensed"));
}

/// A handler that asks whether a connector is on the list.
async fn connect(State(licensing): State<Licensing>) -> Result<(), LicenseRejection> {
    let decision = licensing.check_name("connectors", "slack");
    decision.map_err(|denial| LicenseRejection::answered(&licensing, denial))
}

#[tokio::test]
async fn what_a_right_service_may_do_is_no_mismatch() {
    #[licensed]
    async fn more(_: Option<RequireFeature<"sso">>) {}
    async fn plan(_: CurrentLicense) {}
    let product = |names: &str| {
        let profile = format!(
            "name = 'test'\nissuer = 'https://vendor.example'\naudience = 'test'\n\
             [features]\nsso = 'Single sign-on'\n[limits]\nconnectors = {names}\n\
             [policy]\nunlicensed = 'features'\nlapsed = 'features'\n"
        );
        Product::from_toml(&profile).unwrap()
    };
    let routes = Routes::new()
        .route("/outside", get(more))
        .route("/plan", get_with(plan, Asks::free))
        .route("/api/connectors", post_with(connect, |asks| asks.limit("connectors")))
        .route("/api/plans/1", get_with(users, Asks::free))
        .route("/api/plans/{plan}", get(saml))
        .route("/api/hosts", get_with(users, |asks| asks.lease("connectors")))
        .route("/api/axum", axum::routing::get(users));
    for names in ["{ kind = 'names' }", "{ kind = 'names', default = 'unlimited' }"] {
        let contract = Contract::new(product(names));
        let report = contract.run(async |licensing| app(routes.clone(), licensing)).await;
        let report =
            report.unwrap_or_else(|mismatches| panic!("{names}: {mismatches}")).to_string();
        for line in [
            "  GET /plan: 402 license_missing\n",
            "  POST /api/connectors: 402 limit_reached\n",
            "  GET /api/plans/{plan}: 403 feature_not_licensed\n",
            "  GET /api/hosts: not asked\n",
            "  any method of /api/axum: not asked\n",
        ] {
            assert!(report.contains(line), "{line}{report}");
        }
    }
}
