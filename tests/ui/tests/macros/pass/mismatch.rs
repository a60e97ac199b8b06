use crate::gate::{self, RequireFeature};
use license_macros::{feature, licensed};

#[licensed(crate = gate)]
fn saml(_: RequireFeature<"sso">) {}

fn main() {
    let _ = |required: RequireFeature<feature!(crate = gate, "sso")>| saml(required);
}
