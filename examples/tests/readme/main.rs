//! The README's service, line by line.
//!
//! What stands between the lines `// README` is its block, compiled and run;
//! a test compares the two.
#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

use std::error::Error;

use axum::{
    body::Body,
    extract::{FromRef, FromRequestParts},
    routing::get,
};
use http::{Request, request::Parts};
use license_axum::{
    Actor, Enforced, LicenseLayer, Licensing, Problem, RequireFeature, Routes, admin_routes,
    enforce, licensed,
};
use license_core::{Product, PublicKey, Verifier};
use license_runtime::{LicenseManager, SqliteStore};
use tower::ServiceExt;

#[derive(Clone)]
struct AppState {
    licensing: Licensing,
}

impl FromRef<AppState> for Licensing {
    fn from_ref(state: &AppState) -> Self {
        state.licensing.clone()
    }
}

struct Admin;

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Problem> {
        Err(Problem::new(401, "unauthenticated", "Sign in as an administrator."))
    }
}

impl From<Admin> for Actor {
    fn from(_: Admin) -> Self {
        Actor::new("admin", None)
    }
}

#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) {}

#[rustfmt::skip]
async fn app() -> Result<Enforced, Box<dyn Error>> {
    // README
    let product = Product::from_toml(include_str!("acme.toml"))?;
    let verifier = Verifier::builder(&product).key(PublicKey::pem(include_bytes!("public.pem"))?).build()?;
    let licensing = Licensing::new(verifier);
    let store = SqliteStore::open("license.db").await?;
    let manager = LicenseManager::builder(licensing.clone()).store(store).start().await?;
    let routes = Routes::new()
        .route("/api/sso/saml", get(saml)) // async fn saml(_: RequireFeature<"sso-saml">), under #[licensed]
        .nest("/api/license", admin_routes::<Admin, _>(manager.clone()))
        .with_state(AppState { licensing: licensing.clone() });
    let app = enforce(routes, LicenseLayer::new(&licensing).scope("/api/**")?); // the license routes stay open
    // README
    Ok(app)
}

/// The block of the README that begins with this line.
fn block(first_line: &str) -> String {
    let readme = include_str!("../../../README.md");
    let mut blocks = readme.split("\n```").skip(1).step_by(2);
    let block = blocks.find_map(|block| {
        let (_, block) = block.split_once('\n')?;
        block.starts_with(first_line).then_some(block)
    });
    block.unwrap().to_owned() + "\n"
}

#[test]
fn the_readme_shows_the_service_that_is_compiled_here() {
    let mut parts = include_str!("main.rs").split("    // README\n");
    let compiled: String = parts.nth(1).unwrap().replace("\n    ", "\n");
    assert_eq!(block("let product"), compiled.trim_start());
}

#[test]
fn the_readme_shows_the_profile_that_is_read_here() {
    assert_eq!(block("name = \"acme\""), include_str!("acme.toml"));
}

#[tokio::test]
async fn the_service_of_the_readme_runs() {
    let directory = tempfile::tempdir().unwrap();
    // The only test in this program that looks at the disk.
    std::env::set_current_dir(&directory).unwrap();
    let app = app().await.unwrap();
    assert!(directory.path().join("license.db").exists());
    for (path, status) in [
        ("/api/sso/saml", 503),
        ("/api/unknown", 503),
        ("/api/license", 200),
        ("/api/license/machine-info", 401),
        ("/api/license/audit", 503),
        ("/", 404),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), status, "{path}");
    }
}
