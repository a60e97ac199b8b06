use crate::gate::{self, RequireFeature};
use license_macros::licensed;

#[licensed(crate = gate)]
async fn saml(_: RequireFeature<"sso-saml">, _: Option<gate::RequireFeature<"sso">>) {
    let _ = |_: RequireFeature<"sso">| ();
}

#[licensed(crate = gate)]
type Long = RequireFeature<"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">;

#[licensed]
type DefaultPath = RequireFeature<"sso-saml">;

fn main() {
    let _ = saml;
    let _ = |_: Long, _: DefaultPath| ();
}
