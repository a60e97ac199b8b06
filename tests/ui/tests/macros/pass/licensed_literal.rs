use crate::gate::{self, RequireFeature};
use license_macros::licensed;

#[licensed(crate = gate)]
fn literals(_: RequireFeature<"sso">, _: RequireFeature<r"sso">, _: RequireFeature<r#"sso"#>) {}

macro_rules! handler {
    ($name:literal) => {
        #[licensed(crate = gate)]
        fn made(_: RequireFeature<$name>) {}
    };
}
handler!("sso");

fn main() {
    let _ = (literals, made);
}
