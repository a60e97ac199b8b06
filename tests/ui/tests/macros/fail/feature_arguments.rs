#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
// Without a path that can be read, the macro looks here.
extern crate self as license_axum;
pub use gate::feature;

use license_macros::feature;

type Nothing = RequireFeature<feature!()>;
type Two = RequireFeature<feature!("sso", "saml")>;
type TwoWords = RequireFeature<feature!("sso" "saml")>;
type PathAlone = RequireFeature<feature!(crate = gate)>;
type PathAndComma = RequireFeature<feature!(crate = gate,)>;
type NoPath = RequireFeature<feature!(crate = , "sso")>;
type PathInQuotes = RequireFeature<feature!(crate = "gate", "sso")>;
type HalfAPath = RequireFeature<feature!(crate = gate::, "sso")>;
type NoSign = RequireFeature<feature!(crate gate, "sso")>;

fn main() {}
