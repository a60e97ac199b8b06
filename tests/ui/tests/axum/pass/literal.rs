//! A string in a type, under `#[licensed]`.

use license_axum::{RequireFeature, licensed};

#[licensed]
async fn saml(_: RequireFeature<"sso-saml">) {}

fn main() {
    let _ = saml;
}
