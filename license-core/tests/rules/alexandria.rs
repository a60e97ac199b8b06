//! The profile of `alexandria`: what its licenses mean, and its log lines.

use std::time::Duration;

use license_core::{
    Denial, Licensing, Limit, Phase, Product, PublicKey, Verifier,
    key::{Algorithm, SigningKey},
    product::LogLevel,
    testing::{ManualClock, Vendor, licensing},
};
use serde_json::json;

const PROFILE: &str = r#"
name = "alexandria"
issuer = "https://alexandria.example"
audience = "alexandria-ee"
token_type = "any"
algorithms = ["ES256", "RS256"]
min_rsa_bits = 3072

[claims]
id = "/sub"
plan = "/tier"
features = "/entitlements"
limits = { tenants = "/limits/tenants" }
optional = ["customer_id", "customer_name"]

[policy]
warn = "7d"
grace = "7d"
lapsed = "features"
unlicensed = "features"
freshness = "none"

[features]
multi_tenant = "Multi-tenancy"
oidc = "OIDC and SAML federation"
scim = "SCIM provisioning"
audit_export = "Audit log export"
memcached_cache = "Memcached blob cache"
vault = "Vault secrets backend"
backend_autoscaling = "Backend autoscaling"

[limits]
tenants = { kind = "seats", default = "unlimited" }

[[messages]]
on = "installed"
level = "info"
text = "license loaded tier={plan} expires_at={expires_date} entitlements=[{features}]"

[[messages]]
on = "expiring"
level = "warn"
text = "license expires in {days_remaining} days"

[[messages]]
on = "grace"
level = "warn"
text = "license expired; entitlements work until {grace_last_day}"
"#;

const DAY: u64 = 86_400;
/// 2027-05-01T00:00:00Z, 181 days after the clock of the tests begins.
const MAY: i64 = 1_809_129_600;

fn vendor() -> Vendor {
    Vendor::of(Product::from_toml(PROFILE).unwrap())
}

fn license(vendor: &Vendor) -> license_core::testing::LicenseBuilder<'_> {
    ["jti", "customer", "plan", "features", "limits"]
        .into_iter()
        .fold(vendor.license(), |license, claim| license.without(claim))
        .claim("sub", "lic_1")
        .claim("tier", "enterprise")
        .claim("entitlements", json!(["multi_tenant", "oidc", "audit_export"]))
        .claim("exp", MAY)
}

fn days(clock: &ManualClock, days: u64) {
    clock.advance(Duration::from_secs(days * DAY));
}

fn said(licensing: &Licensing) -> Vec<(LogLevel, String)> {
    let lines = licensing.control().announcer().due();
    lines.into_iter().map(|line| (line.level, line.text)).collect()
}

fn refusal(result: Result<(), Denial>) -> (u16, &'static str) {
    result.map_err(|denial| (denial.status(), denial.code().as_str())).unwrap_err()
}

#[test]
fn a_license_of_five_claims_is_enough() {
    let vendor = vendor();
    let (licensing, _clock) = licensing(&vendor);
    license(&vendor).install(&licensing);
    let verified = licensing.license().unwrap();
    let license = verified.license();
    assert_eq!((license.id(), license.plan()), ("lic_1", "enterprise"));
    assert_eq!(license.features_as_signed(), ["multi_tenant", "oidc", "audit_export"]);
    assert_eq!(license.customer().name, "");
}

#[test]
fn tenants_are_unlimited_unless_the_license_says_how_many() {
    let vendor = vendor();
    let (licensing, _clock) = licensing(&vendor);
    license(&vendor).install(&licensing);
    assert!(licensing.check_limit("tenants", u64::MAX - 1, 1).is_ok());
    for limits in [json!({}), json!({"tenants": null})] {
        license(&vendor).claim("limits", limits).install(&licensing);
        let verified = licensing.license().unwrap();
        assert_eq!(verified.license().limit("tenants"), Some(&Limit::Unlimited));
    }
    license(&vendor).claim("limits", json!({"tenants": 2})).install(&licensing);
    assert!(licensing.check_limit("tenants", 1, 1).is_ok());
    assert_eq!(refusal(licensing.check_limit("tenants", 2, 1)), (402, "limit_reached"));
    let bad = license(&vendor).claim("limits", json!({"tenants": "2"})).sign();
    let error = licensing.verify(bad.as_str().as_bytes()).unwrap_err();
    assert!(error.detail().contains("limits.tenants"), "{}", error.detail());
}

#[test]
fn only_gated_features_are_ever_refused() {
    let vendor = vendor();
    let (licensing, clock) = licensing(&vendor);
    let host = || license_core::RequestHost::new(None, []);
    let feature = |name: &str| licensing.check_feature(name);
    assert_eq!(refusal(feature("oidc")), (402, "license_missing"));
    assert_eq!(refusal(feature("vault")), (402, "license_missing"));
    assert!(licensing.check_service().is_ok());
    license(&vendor).install(&licensing);
    assert!(feature("oidc").is_ok());
    assert_eq!(refusal(feature("vault")), (403, "feature_not_licensed"));
    days(&clock, 181);
    assert_eq!(licensing.phase(), Phase::Grace);
    assert!(feature("oidc").is_ok());
    days(&clock, 7);
    assert_eq!(refusal(feature("oidc")), (402, "feature_lapsed"));
    assert_eq!(refusal(feature("vault")), (403, "feature_not_licensed"));
    assert!(licensing.check_service().is_ok());
    assert!(licensing.check_request(|| true, host).is_ok());
}

#[test]
fn its_log_lines_are_those_of_the_start() {
    use LogLevel::{Info, Warn};
    let vendor = vendor();
    let (licensing, clock) = licensing(&vendor);
    license(&vendor).install(&licensing);
    let text = "license loaded tier=enterprise expires_at=2027-05-01 \
                entitlements=[multi_tenant oidc audit_export]";
    let loaded = (Info, text.to_owned());
    assert_eq!(said(&licensing), std::slice::from_ref(&loaded));
    // 7 days or fewer are left from the beginning of the seventh on.
    clock.advance(Duration::from_secs(174 * DAY - 1));
    assert_eq!(said(&licensing), std::slice::from_ref(&loaded));
    clock.advance(Duration::from_secs(1));
    assert_eq!(said(&licensing), [loaded.clone(), (Warn, "license expires in 7 days".to_owned())]);
    days(&clock, 7);
    let text = "license expired; entitlements work until 2027-05-07";
    assert_eq!(said(&licensing), [loaded, (Warn, text.to_owned())]);
}

#[test]
fn keys_are_es256_or_rs256_of_3072_bits_or_more() {
    let product = Product::from_toml(PROFILE).unwrap();
    assert_eq!(product.algorithms(), [Algorithm::Es256, Algorithm::Rs256]);
    let verifier = |key: &SigningKey| {
        Verifier::builder(&product).key(PublicKey::clone(key.public_key())).build()
    };
    let key = |algorithm, bits| SigningKey::generate(algorithm, bits).unwrap();
    assert!(verifier(&key(Algorithm::Rs256, Some(3072))).is_ok());
    assert!(verifier(&key(Algorithm::EdDsa, None)).is_err());
}
