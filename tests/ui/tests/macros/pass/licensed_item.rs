use crate::gate::{self, RequireFeature};
use license_macros::licensed;

#[licensed(crate = gate)]
pub(crate) mod inline {
    use crate::gate::{self, RequireFeature};

    pub struct Held(pub RequireFeature<"sso">);

    pub unsafe trait Saml {
        fn saml(_: RequireFeature<"sso">);
    }
}

/// With documentation.
#[licensed(crate = gate)]
pub unsafe extern "C" fn function(_: RequireFeature<"sso">) {}

#[licensed(crate = gate)]
unsafe impl inline::Saml for () {
    fn saml(_: RequireFeature<"sso">) {}
}

#[licensed(crate = gate)]
pub type Alias = RequireFeature<"sso">;

trait Show {
    #[licensed(crate = gate)]
    fn show(_: RequireFeature<"sso">) {}
}

impl Show for () {
    #[licensed(crate = gate)]
    fn show(_: RequireFeature<"sso">) {}
}

fn main() {
    let _ = |held: inline::Held| -> Alias { held.0 };
    let _ = (function, <() as inline::Saml>::saml, <() as Show>::show);
}
