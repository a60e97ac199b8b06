use axum::extract::State;
use license_axum::{
    Enforced, LicenseLayer, LicenseRejection, Licensing, RequireFeature, Routes, assert_covered,
    coverage::Asks,
    enforce, licensed, limit,
    routing::{get, get_with},
    testing::Contract,
};
use license_core::{Product, license::LimitKind, testing::Vendor};

#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) {}
async fn users() {}
async fn invite(State(licensing): State<Licensing>) -> Result<(), LicenseRejection> {
    limit(&licensing, "users", 0, 1)
}

fn routes() -> Routes<Licensing> {
    let seat = |asks: Asks| asks.limit("users");
    Routes::new()
        .route("/healthz", get(users)) // outside of the scope
        .route("/api/saml", get(saml))
        .route("/api/users", get_with(users, Asks::free).post_with(invite, seat))
}

fn app(routes: Routes<Licensing>, licensing: Licensing) -> Enforced {
    let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap();
    enforce(routes.with_state(licensing), layer)
}

fn product() -> Product {
    Product::builder("acme", "https://acme.example", "acme-server")
        .feature("sso-saml", "Single sign-on with SAML")
        .limit("users", LimitKind::Seats)
        .build()
        .unwrap()
}

#[test]
fn every_route_says_what_it_asks_for() {
    let licensing = || Licensing::new(Vendor::of(product()).verifier());
    assert_covered!(app(routes(), licensing()), &product());

    let forgotten = app(routes().route("/api/reports", get(users)), licensing());
    let gaps = forgotten.coverage().check(&product()).unwrap_err();
    assert!(gaps.to_string().contains("GET /api/reports: says nothing of the license"));
}

#[tokio::test]
async fn every_route_answers_what_the_license_says() {
    let contract = Contract::new(product());
    let report = contract.run(async |licensing| app(routes(), licensing)).await.unwrap();
    assert!(report.to_string().contains("  GET /api/saml: 403 feature_not_licensed\n"));

    let wrong = routes().route("/api/logo", get_with(users, |asks| asks.feature("sso-saml")));
    let wrong = contract.run(async |licensing| app(wrong.clone(), licensing)).await.unwrap_err();
    assert!(wrong.to_string().contains("GET /api/logo, without feature sso-saml: "));
}
