//! A state that does not hand out the handle.

use axum::{Router, routing::get};
use license_axum::{Licensing, RequireFeature, licensed};

#[derive(Clone)]
struct AppState {
    licensing: Licensing,
}

#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) {}

fn app(state: AppState) -> Router {
    Router::new().route("/saml", get(saml)).with_state(state)
}

fn main() {
    let _ = app;
}
