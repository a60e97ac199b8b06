//! A state that does not hand out the handle, for each of the extractors.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use license_axum::{CurrentLicense, Licensing, RequireFeature, feature};

#[derive(Clone)]
struct AppState {
    licensing: Licensing,
}

fn extracts<E: FromRequestParts<AppState> + OptionalFromRequestParts<AppState>>() {}

fn main() {
    extracts::<RequireFeature<feature!("sso-saml")>>();
    extracts::<CurrentLicense>();
}
