//! A state that hands out the handle, for each of the extractors.

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use license_axum::{CurrentLicense, Licensing, RequireFeature, feature};

#[derive(Clone)]
struct AppState {
    licensing: Licensing,
}

impl FromRef<AppState> for Licensing {
    fn from_ref(state: &AppState) -> Self {
        state.licensing.clone()
    }
}

fn extracts<E: FromRequestParts<AppState> + OptionalFromRequestParts<AppState>>() {}

fn main() {
    extracts::<RequireFeature<feature!("sso-saml")>>();
    extracts::<CurrentLicense>();
}
