use crate::gate::RequireFeature;
license_core::features! {
    /// Single sign-on.
    pub Sso = "sso";
}

fn saml(_: RequireFeature<Sso>) {}

fn main() {
    let _ = saml;
}
