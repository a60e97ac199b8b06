//! The smallest licensed service: a license from a file, and one route that
//! needs a feature. Put a new license in the file's place, and it is in force
//! within two seconds.
//!
//! ```sh
//! cargo run --example first -- keys/public.pem acme.lic 127.0.0.1:3000
//! ```

use std::{env, error::Error, fs};

use axum::{Router, routing::get};
use license_axum::{LicenseLayer, Licensing, RequireFeature, enforce, licensed};
use license_core::{Product, PublicKey, Verifier};
use license_runtime::{LicenseManager, MemoryStore, Source};

const PROFILE: &str = include_str!("first.toml");

/// Without the feature 403, and nothing in here runs.
#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) -> &'static str {
    "signed in\n"
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let [key, file, address] = &env::args().skip(1).collect::<Vec<_>>()[..] else {
        return Err("usage: first PUBLIC.pem LICENSE ADDRESS".into());
    };
    let key = PublicKey::pem(&fs::read(key)?)?;
    let verifier = Verifier::builder(&Product::from_toml(PROFILE)?).key(key).build()?;
    let licensing = Licensing::new(verifier);
    let manager = LicenseManager::builder(licensing.clone())
        .store(MemoryStore::new())
        .sources([Source::file(file)])
        .start()
        .await?;
    let router = Router::new()
        .route("/api/hello", get(async || "hello\n"))
        .route("/api/sso/saml", get(saml))
        .with_state(licensing.clone());
    let app = enforce(router, LicenseLayer::new(&licensing));
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    manager.shutdown().await;
    Ok(())
}
