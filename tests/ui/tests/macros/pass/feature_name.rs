use crate::gate::{self, RequireFeature};
use license_macros::feature;

type One = RequireFeature<feature!(crate = gate, "s")>;
type Dash = RequireFeature<feature!(crate = gate, "sso-saml")>;
type Dot = RequireFeature<feature!(crate = gate, "sso.saml")>;
type Colon = RequireFeature<feature!(crate = gate, "sso:saml")>;
type Underscore = RequireFeature<feature!(crate = gate, "sso_saml")>;
type Digit = RequireFeature<feature!(crate = gate, "2fa")>;
type Raw = RequireFeature<feature!(crate = gate, r#"sso"#)>;
type Capitals = RequireFeature<feature!(crate = gate, "SSO")>;
type DefaultPath = RequireFeature<feature!("sso-saml")>;
type Long = RequireFeature<
    feature!(crate = gate, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
>;

fn main() {
    let _ = |_: One, _: Dash, _: Dot, _: Colon, _: Underscore, _: DefaultPath| ();
    let _ = |_: Digit, _: Raw, _: Capitals, _: Long| ();
}
