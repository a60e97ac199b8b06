#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
// Without a path that can be read, the macro looks here.
extern crate self as license_axum;
pub use gate::feature;

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
