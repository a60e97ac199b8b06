#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
// Without `crate = …` the macro looks here.
extern crate self as license_axum;
pub use gate::feature;

use license_macros::licensed;

#[licensed(crate = gate)]
async fn saml(_: RequireFeature<"sso saml">, _: Option<gate::RequireFeature<"">>) {
    let _ = |_: RequireFeature<"sso-">| ();
}

#[licensed(crate = gate)]
type Escaped = RequireFeature<"\x73so">;

#[licensed(crate = gate)]
type Long = RequireFeature<"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">;

#[licensed]
type DefaultPath = RequireFeature<"sso saml">;

fn main() {
    let _ = saml;
}
