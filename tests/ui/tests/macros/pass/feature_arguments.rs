use crate::gate::{self, RequireFeature};
use license_macros::feature;

type Relative = RequireFeature<feature!(crate = gate, "sso")>;
type FromTheRoot = RequireFeature<feature!(crate = crate::gate, "sso")>;
type Comma = RequireFeature<feature!(crate = gate, "sso",)>;

fn main() {
    let _ = |same: Relative| -> FromTheRoot { same };
    let _ = |same: Relative| -> Comma { same };
}
