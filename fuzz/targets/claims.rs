//! Whatever a vendor signs: claims that are about to be signed are judged as
//! they are judged with a signature, and what is accepted is within bounds.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use license_core::{
    DomainPattern, Limit, Product, Verifier,
    issue::read_claims,
    license::{License, LimitKind},
    testing::Vendor,
};
use serde_json::{Map, Value};

struct Case {
    vendor: Vendor,
    verifier: Verifier,
}

/// Products whose claims stand in different places, each with a vendor.
static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    [
        include_str!("../profiles/plain.toml"),
        include_str!("../profiles/dialect.toml"),
        include_str!("../profiles/loose.toml"),
    ]
    .map(|profile| {
        let vendor = Vendor::of(Product::from_toml(profile).expect("the profile is valid"));
        Case { verifier: vendor.verifier(), vendor }
    })
    .into()
});

fuzz_target!(|json: &[u8]| {
    let Ok(claims) = read_claims(json) else { return };
    let text = Value::Object(claims.clone()).to_string();
    assert_eq!(read_claims(text.as_bytes()).as_ref().ok(), Some(&claims));
    if json.first() == Some(&b'{') {
        let read: Value = serde_json::from_slice(json).expect("JSON");
        assert_eq!(read, Value::Object(claims.clone()));
    }
    for case in &*CASES {
        judge(case, &claims, &text);
    }
});

fn judge(case: &Case, claims: &Map<String, Value>, text: &str) {
    let product = case.vendor.product();
    let unsigned = Verifier::check_claims(product, claims);
    if text.len() < 8192 {
        let token = case.vendor.sign_raw(r#"{"alg":"ES256","typ":"license+jwt"}"#, text);
        let signed = case.verifier.verify(token.as_bytes());
        match (&unsigned, signed) {
            (Ok(one), Ok(other)) => {
                assert_eq!(format!("{one:?}"), format!("{:?}", other.license()))
            }
            (Err(one), Err(other)) => {
                assert_eq!((one.code(), one.detail()), (other.code(), other.detail()))
            }
            (one, other) => panic!("{one:?} without a signature, {other:?} with one"),
        }
    }
    match unsigned {
        Ok(license) => sound(product, &license),
        Err(error) => assert!(error.detail().len() < 2048),
    }
}

/// What every accepted license is.
fn sound(product: &Product, license: &License) {
    let term = license.term();
    assert!(license.issued_at() <= term.expires_at);
    assert!(term.not_before.is_none_or(|begins| begins <= term.expires_at));
    assert!((0..=253_402_300_799).contains(&term.expires_at.as_seconds()));
    assert!(license.paid_from() <= term.expires_at);
    let signed = license.features_as_signed();
    assert!(signed.len() <= 512 && license.limits().len() <= 64 + product.limits().len());
    for feature in license.features() {
        assert!(license.grants(feature) && signed.contains(feature));
    }
    // As profiles/plain.toml has it.
    assert!(license.plan() != "standard" || product.name() != "plain" || !license.grants("audit"));
    for name in product.limits().keys() {
        let limit = license.limit(name).expect("a limit that is known has a value");
        let names = matches!(limit, Limit::Names(_));
        let listed = product.limits()[name] == LimitKind::Names;
        assert!(*limit == Limit::Unlimited || names == listed);
        assert!(
            limit
                .max()
                .is_none_or(|max| limit.allows(max) && (max == u64::MAX || !limit.allows(max + 1)))
        );
    }
    if let Some(domain) = license.domain() {
        assert_eq!(DomainPattern::parse(domain.as_str()).as_ref(), Ok(domain));
    }
    if product.known_plans_only() {
        assert!(product.plans().contains_key(license.plan()));
    }
}
