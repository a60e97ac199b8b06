#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
use license_macros::licensed;

#[licensed(crate = gate)]
fn literals(
    _: RequireFeature<b"sso">,
    _: RequireFeature<c"sso">,
    _: RequireFeature<'s'>,
    _: RequireFeature<5>,
    _: RequireFeature<1.5>,
    _: RequireFeature<true>,
) {
}

macro_rules! handler {
    ($name:literal) => {
        #[licensed(crate = gate)]
        fn made(_: RequireFeature<$name>) {}
    };
}
handler!(b"sso");

fn main() {
    let _ = (literals, made);
}
