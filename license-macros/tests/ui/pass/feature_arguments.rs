#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
// Without a path that can be read, the macro looks here.
extern crate self as license_axum;
pub use gate::feature;

use license_macros::feature;

type Relative = RequireFeature<feature!(crate = gate, "sso")>;
type FromTheRoot = RequireFeature<feature!(crate = crate::gate, "sso")>;
type Comma = RequireFeature<feature!(crate = gate, "sso",)>;

fn main() {
    let _ = |same: Relative| -> FromTheRoot { same };
    let _ = |same: Relative| -> Comma { same };
}
