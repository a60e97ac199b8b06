#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
// Without `crate = …` the macro looks here.
extern crate self as license_axum;
pub use gate::feature;

use license_macros::feature;

type Empty = RequireFeature<feature!(crate = gate, "")>;
type Space = RequireFeature<feature!(crate = gate, "sso saml")>;
type Sign = RequireFeature<feature!(crate = gate, "sso/saml")>;
type Start = RequireFeature<feature!(crate = gate, "-sso")>;
type End = RequireFeature<feature!(crate = gate, "sso.")>;
type Accent = RequireFeature<feature!(crate = gate, "ssö")>;
type Raw = RequireFeature<feature!(crate = gate, r#"s"so"#)>;
type Escaped = RequireFeature<feature!(crate = gate, "\u{73}so")>;
type Long = RequireFeature<
    feature!(crate = gate, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
>;
type DefaultPath = RequireFeature<feature!("sso saml")>;

fn main() {}
