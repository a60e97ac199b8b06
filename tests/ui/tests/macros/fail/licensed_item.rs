#[path = "../gate.rs"]
mod gate;

use gate::RequireFeature;
use license_macros::licensed;

/// The attribute says where it may stand, once, and the struct is still there.
#[licensed(crate = gate)]
pub struct Held(RequireFeature<"sso">);

#[licensed(crate = gate)]
pub(crate) enum Either {
    One(RequireFeature<"sso">),
}

#[licensed(crate = gate)]
union Both {
    one: (),
}

#[licensed(crate = gate)]
unsafe trait Saml {
    fn saml(_: RequireFeature<"sso">);
}

#[licensed(crate = gate)]
const NONE: Option<RequireFeature<"sso">> = None;

#[licensed(crate = gate)]
static mut SOME: Option<RequireFeature<"sso">> = None;

#[licensed(crate = gate)]
use std::fmt;

#[licensed(crate = gate)]
extern crate core;

#[licensed(crate = gate)]
unsafe extern "C" {}

#[licensed(crate = gate)]
macro_rules! nothing {
    () => {};
}
nothing!();

macro_rules! declare {
    ($visibility:vis $name:ident) => {
        #[licensed(crate = gate)]
        $visibility struct $name(RequireFeature<"sso">);
    };
}
declare!(pub Declared);

impl Held {
    #[licensed(crate = gate)]
    pub const NONE: Option<RequireFeature<"sso">> = None;
}

fn main() {
    let _ = |held: Held| held.0;
    let _ = |_: fmt::Error, _: Either, _: Both, _: Declared| (NONE, Held::NONE);
}
