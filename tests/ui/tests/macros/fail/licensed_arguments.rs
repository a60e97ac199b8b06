#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
// Without a path that can be read, the macro looks here.
extern crate self as license_axum;
pub use gate::feature;

use license_macros::licensed;

#[licensed("sso")]
fn name() {}

#[licensed(crate = "gate")]
fn in_quotes(_: RequireFeature<"sso">, _: RequireFeature<"saml">) {}

#[licensed(crate)]
fn no_path() {}

#[licensed(crate = gate, gate)]
fn two() {}

#[licensed(crate = gate gate)]
fn two_words() {}

#[licensed(gate)]
fn no_crate() {}

fn main() {
    let _ = (name, in_quotes, no_path, two, two_words, no_crate);
}
