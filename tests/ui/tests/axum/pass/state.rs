//! A state that hands out the handle.

use axum::{Router, extract::FromRef, routing::get};
use license_axum::{Licensing, RequireFeature, licensed};

#[derive(Clone)]
struct AppState {
    licensing: Licensing,
}

impl FromRef<AppState> for Licensing {
    fn from_ref(state: &AppState) -> Self {
        state.licensing.clone()
    }
}

#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) {}

fn app(state: AppState) -> Router {
    Router::new().route("/saml", get(saml)).with_state(state)
}

fn main() {
    let _ = app;
}
