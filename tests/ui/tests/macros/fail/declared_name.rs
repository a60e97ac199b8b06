#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
license_core::features! {
    /// Single sign-on.
    pub Sso = "sso";
    /// Single sign-on over SAML.
    pub Saml = "sso saml";
}

fn saml(_: RequireFeature<Saml>) {}

fn main() {
    let _ = saml;
}
