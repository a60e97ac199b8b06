#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
use license_macros::feature;

type Bytes = RequireFeature<feature!(crate = gate, b"sso")>;
type RawBytes = RequireFeature<feature!(crate = gate, br"sso")>;
type CString = RequireFeature<feature!(crate = gate, c"sso")>;
type Suffix = RequireFeature<feature!(crate = gate, "sso"saml)>;
type Character = RequireFeature<feature!(crate = gate, 's')>;
type Number = RequireFeature<feature!(crate = gate, 5)>;
type Boolean = RequireFeature<feature!(crate = gate, true)>;
type Word = RequireFeature<feature!(crate = gate, sso)>;

fn main() {}
