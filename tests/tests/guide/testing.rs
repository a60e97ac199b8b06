use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use license_axum::{Enforced, LicenseLayer, Licensing, RequireFeature, enforce, licensed};
use license_core::{
    Policy, Product,
    testing::{ManualClock, Vendor},
};
use tower::ServiceExt;

#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) {}

/// The part of your service under test.
fn app(licensing: &Licensing) -> Enforced {
    let router = Router::new().route("/saml", get(saml)).with_state(licensing.clone());
    enforce(router, LicenseLayer::new(licensing))
}

async fn status(app: &Enforced) -> StatusCode {
    let request = Request::get("/saml").body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap().status()
}

#[tokio::test]
async fn saml_needs_its_feature_until_grace_is_over() {
    const DAY: Duration = Duration::from_secs(86_400);
    let product = Product::builder("acme", "https://acme.example", "acme-server")
        .policy(Policy::new().grace(DAY * 14))
        .feature("sso-saml", "Single sign-on with SAML")
        .build()
        .unwrap();
    let vendor = Vendor::of(product);
    let clock = Arc::new(ManualClock::new());
    let licensing = Licensing::with_clock(vendor.verifier(), clock.clone());
    let app = app(&licensing);
    assert_eq!(status(&app).await, 503);

    vendor.license().days(30).install(&licensing);
    assert_eq!(status(&app).await, 403);

    vendor.license().features(["sso-saml"]).days(30).install(&licensing);
    assert_eq!(status(&app).await, 200);

    clock.advance(DAY * 43);
    assert_eq!(status(&app).await, 200);
    clock.advance(DAY);
    assert_eq!(status(&app).await, 503);
}
