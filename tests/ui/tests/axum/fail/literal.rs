//! A string in a type, without `#[licensed]`.

use license_axum::RequireFeature;

async fn saml(_: RequireFeature<"sso-saml">) {}

fn main() {
    let _ = saml;
}
