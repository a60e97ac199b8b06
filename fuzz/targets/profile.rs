//! A product's profile: what is accepted can be served, whatever it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use license_core::{
    Product, Verifier,
    key::Algorithm,
    license::{LimitKind, is_valid_feature_name},
    testing::{Vendor, licensing},
};

fuzz_target!(|text: &str| {
    let product = match Product::from_toml(text) {
        Ok(product) => product,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(toml::from_str::<toml::Table>(text).is_ok(), "another reader takes it for no TOML");
    sound(&product);
    if product.algorithms().contains(&Algorithm::Es256) {
        serve(product);
    }
});

fn sound(product: &Product) {
    for text in [product.name(), product.issuer(), product.audience()] {
        assert!((1..=256).contains(&text.len()) && !text.contains(char::is_control));
    }
    assert!(!product.algorithms().is_empty() && product.min_rsa_bits() >= 3072);
    let names = product.features().keys().chain(product.limits().keys());
    assert!(names.into_iter().all(|name| is_valid_feature_name(name)));
    for (name, kind) in product.limits() {
        let default = product.limit_default(name);
        let no_number = default.max().is_none();
        assert!(*kind != LimitKind::Names || no_number, "{name}");
    }
}

/// A service of this product, with a license where the standard claims make
/// one, says something at every moment.
fn serve(product: Product) {
    let vendor = Vendor::of(product);
    let (licensing, clock) = licensing(&vendor);
    let mut announcer = licensing.control().announcer();
    let mut look = || {
        let status = licensing.status(|_| None);
        assert!(serde_json::to_string(&status).is_ok());
        let _ = (announcer.due(), licensing.banner(|_| None), licensing.timeline());
        let refused = licensing.check_service().is_err();
        assert!(!refused || licensing.check_feature("sso").is_err());
        assert!(!refused || licensing.max("users").is_err());
    };
    look();
    let license = vendor.license().days(30);
    let Ok(accepted) = Verifier::check_claims(vendor.product(), license.claims()) else { return };
    license.install(&licensing);
    look();
    for feature in vendor.product().features().keys() {
        assert_eq!(licensing.allows_feature(feature), accepted.grants(feature));
    }
    for _ in 0..4 {
        clock.advance(std::time::Duration::from_secs(20 * 86_400));
        look();
    }
}
