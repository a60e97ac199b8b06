//! Names that no feature can have.

use license_axum::{RequireFeature, feature, features, licensed};

features! {
    pub Sso = "sso saml";
}

#[licensed]
async fn literal(_: RequireFeature<"sso saml">, _: Option<RequireFeature<"">>) {}

async fn declared(_: RequireFeature<Sso>) {}

async fn spelled(_: RequireFeature<feature!("-reports")>) {}

fn main() {
    let _ = (literal, declared, spelled);
}
