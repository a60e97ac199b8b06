use std::{error::Error, path::Path};

use axum::{
    extract::{FromRef, FromRequestParts},
    routing::get,
};
use http::request::Parts;
use license_axum::{
    Actor, Enforced, LicenseLayer, Licensing, Problem, RequireFeature, Routes, admin_routes,
    enforce, licensed,
};
use license_core::{Product, PublicKey, Verifier};
use license_runtime::{LicenseManager, SqliteStore};

#[derive(Clone)]
struct AppState {
    licensing: Licensing,
    /// What an administrator sends as `Authorization`.
    administrator: String,
}

impl FromRef<AppState> for Licensing {
    fn from_ref(state: &AppState) -> Self {
        state.licensing.clone()
    }
}

/// Whoever may install licenses. Yours asks your sessions or API keys.
struct Admin;

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match parts.headers.get("authorization") {
            Some(sent) if sent == state.administrator.as_str() => Ok(Self),
            _ => Err(Problem::new(401, "unauthenticated", "Sign in as an administrator.")),
        }
    }
}

impl From<Admin> for Actor {
    fn from(_: Admin) -> Self {
        Actor::new("administrator", None)
    }
}

/// Needs the feature: otherwise 403, and nothing in here runs.
#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) -> &'static str {
    "signed in\n"
}

pub async fn app(key: PublicKey, data: &Path, token: &str) -> Result<Enforced, Box<dyn Error>> {
    let product = Product::from_toml(include_str!("acme.toml"))?;
    let verifier = Verifier::builder(&product).key(key).build()?;
    let licensing = Licensing::new(verifier);
    let store = SqliteStore::open(data.join("license.db")).await?;
    let manager = LicenseManager::builder(licensing.clone()).store(store).start().await?;
    let routes = Routes::new()
        .route("/api/hello", get(async || "hello\n"))
        .route("/api/sso/saml", get(saml))
        .route("/healthz", get(async || "well\n"))
        .nest("/api/license", admin_routes::<Admin, _>(manager))
        .with_state(AppState {
            licensing: licensing.clone(),
            administrator: format!("Bearer {token}"),
        });
    // Every route below /api, unknown ones included. The license routes stay open.
    Ok(enforce(routes, LicenseLayer::new(&licensing).scope("/api/**")?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Without a subscriber nothing of what follows is ever logged.
    tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::INFO).init();
    let key = PublicKey::pem(include_bytes!("public.pem"))?;
    let token = std::env::var("ADMIN_TOKEN").map_err(|_| "set ADMIN_TOKEN to a secret")?;
    let app = app(key, Path::new("."), &token).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}
