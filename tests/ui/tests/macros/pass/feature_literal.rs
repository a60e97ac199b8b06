use crate::gate::{self, RequireFeature};
use license_macros::feature;

type Text = RequireFeature<feature!(crate = gate, "sso")>;
type RawText = RequireFeature<feature!(crate = gate, r"sso")>;

fn main() {
    let _ = |same: Text| -> RawText { same };
}
