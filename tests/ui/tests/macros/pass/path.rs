use crate::gate::RequireFeature;
use license_macros::{feature, licensed};

#[licensed(crate = ::portal)]
fn saml(_: RequireFeature<"sso">) {}

type Saml = RequireFeature<feature!(crate = ::portal, "sso")>;

fn main() {
    let _ = |required: Saml| saml(required);
}
