#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
struct Sso;

fn saml(_: RequireFeature<Sso>) {}

fn main() {
    let _ = saml;
}
