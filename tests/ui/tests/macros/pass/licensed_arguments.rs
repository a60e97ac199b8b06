use crate::gate::{self, RequireFeature};
use license_macros::licensed;

#[licensed]
fn name() {}

#[licensed(crate = gate)]
fn relative(_: RequireFeature<"sso">, _: RequireFeature<"saml">) {}

#[licensed(crate = crate::gate,)]
fn from_the_root(_: RequireFeature<"sso">) {}

fn main() {
    let _ = (name, relative, from_the_root);
}
