use license_axum::{
    LicenseLayer, Licensing, RequireFeature, Routes, assert_covered,
    coverage::{Asks, Coverage},
    enforce, licensed,
    routing::{get, get_with},
};
use license_core::{Product, license::LimitKind, testing::Vendor};

#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) {}
async fn users() {}
async fn invite() {}

fn coverage(product: &Product, routes: Routes<Licensing>) -> Coverage {
    let licensing = Licensing::new(Vendor::of(product.clone()).verifier());
    let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap();
    enforce(routes.with_state(licensing), layer).coverage().clone()
}

#[test]
fn every_route_says_what_it_asks_for() {
    let product = Product::builder("acme", "https://acme.example", "acme-server")
        .feature("sso-saml", "Single sign-on with SAML")
        .limit("users", LimitKind::Seats)
        .build()
        .unwrap();
    let routes = Routes::new()
        .route("/healthz", get(users)) // outside of the scope
        .route("/api/saml", get(saml))
        .route(
            "/api/users",
            get_with(users, Asks::free).post_with(invite, |asks| asks.limit("users")),
        );
    assert_covered!(coverage(&product, routes.clone()), &product);

    let forgotten = routes.route("/api/reports", get(users));
    let gaps = coverage(&product, forgotten).check(&product).unwrap_err();
    assert!(gaps.to_string().contains("GET /api/reports: says nothing of the license"));
}
