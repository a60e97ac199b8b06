//! Abuse cases 22 to 30 (SECURITY.md): what a verifier makes of
//! claims, whoever signed them.

use std::time::Duration;

use license_core::{
    InstallErrorKind as Kind, Limit, Product, VerifiedLicense,
    testing::{LicenseBuilder, START, Vendor},
};
use serde_json::{Value, json};

const PROFILE: &str = r#"
    name = "test"
    issuer = "https://vendor.example"
    audience = "test"
    known_plans_only = true

    [features]
    sso = "Single sign-on"
    audit = "Audit"

    [limits]
    users = { kind = "seats" }
    hosts = { kind = "leases" }
    connectors = { kind = "names" }

    [plans.standard]
    machine = "required"
    domain = "forbidden"
    withheld = ["audit"]

    [plans.enterprise]
    machine = "forbidden"

    [plans.team]
    features = ["sso"]
    limits = { users = 25, hosts = "unlimited" }
"#;

fn vendor() -> Vendor {
    Vendor::of(Product::from_toml(PROFILE).unwrap())
}

fn verify(
    vendor: &Vendor,
    license: LicenseBuilder<'_>,
) -> Result<VerifiedLicense, license_core::InstallError> {
    vendor.verifier().verify(license.sign().as_str().as_bytes())
}

/// Signs whatever text is given as the payload.
fn verify_raw(
    vendor: &Vendor,
    payload: &str,
) -> Result<VerifiedLicense, license_core::InstallError> {
    let token = vendor.sign_raw(r#"{"alg":"ES256","typ":"license+jwt"}"#, payload);
    vendor.verifier().verify(token.as_bytes())
}

#[track_caller]
fn refused(vendor: &Vendor, license: LicenseBuilder<'_>, claim: &str) {
    let error = verify(vendor, license).unwrap_err();
    assert_eq!(error.kind(), Kind::ClaimsInvalid, "{error:?}");
    assert!(error.detail().contains(&format!("`{claim}`")), "{}", error.detail());
}

#[test]
fn case_22_exp_missing_null_string_bool_float_negative_or_too_large_is_refused() {
    let vendor = vendor();
    refused(&vendor, vendor.license().without("exp"), "exp");
    let bad = [
        Value::Null,
        json!("1800000000"),
        json!(true),
        json!(1_800_000_000.5),
        json!(-1),
        json!(253_402_300_800_u64),
        json!(u64::MAX),
    ];
    for exp in bad {
        refused(&vendor, vendor.license().claim("exp", exp), "exp");
    }
    // 2^64 fits no integer of the JSON library.
    let license = serde_json::to_string(vendor.license().claims()).unwrap();
    let exp = format!("\"exp\":{}", vendor.license().claims()["exp"]);
    for raw in ["18446744073709551616", "1800000000.0", "1.8e9"] {
        let payload = license.replace(&exp, &format!("\"exp\":{raw}"));
        assert_ne!(payload, license);
        let error = verify_raw(&vendor, &payload).unwrap_err();
        assert_eq!(error.kind(), Kind::ClaimsInvalid, "{raw}");
    }
}

#[test]
fn case_25_duplicate_exp_escaped_duplicate_or_duplicate_in_a_nested_object_is_refused() {
    let vendor = vendor();
    let payload = serde_json::to_string(vendor.license().claims()).unwrap();
    assert!(verify_raw(&vendor, &payload).is_ok());
    for duplicate in [
        payload.replacen('{', "{\"exp\":1800000000,", 1),
        payload.replacen('{', "{\"\\u0065xp\":1800000000,", 1),
        payload.replacen("\"name\":", "\"name\":\"A\",\"name\":", 1),
        payload.replacen('{', "{\"other\":[{\"a\":1,\"a\":1}],", 1),
    ] {
        assert_ne!(duplicate, payload);
        let error = verify_raw(&vendor, &duplicate).unwrap_err();
        assert_eq!(error.kind(), Kind::ClaimsInvalid, "{duplicate}");
    }
}

#[test]
fn case_26_iat_missing_or_a_string_is_refused() {
    let vendor = vendor();
    refused(&vendor, vendor.license().without("iat"), "iat");
    refused(&vendor, vendor.license().claim("iat", "1793491200"), "iat");
    let after_its_end = START.as_seconds() + 366 * 86_400;
    refused(&vendor, vendor.license().claim("iat", after_its_end), "iat");
    refused(&vendor, vendor.license().claim("nbf", after_its_end), "nbf");
}

#[test]
fn case_28_iss_wrong_missing_a_number_or_an_array_is_refused() {
    let vendor = vendor();
    let error = verify(&vendor, vendor.license().claim("iss", "https://other.example"));
    assert_eq!(error.unwrap_err().kind(), Kind::IssuerMismatch);
    refused(&vendor, vendor.license().without("iss"), "iss");
    for iss in [json!(7), json!(["https://vendor.example"]), Value::Null] {
        refused(&vendor, vendor.license().claim("iss", iss), "iss");
    }
}

#[test]
fn case_29_aud_other_missing_a_number_or_empty_is_refused_and_an_array_with_ours_accepted() {
    let vendor = vendor();
    for aud in [json!("other"), json!(["other", "another"])] {
        let error = verify(&vendor, vendor.license().claim("aud", aud)).unwrap_err();
        assert_eq!(error.kind(), Kind::AudienceMismatch);
    }
    refused(&vendor, vendor.license().without("aud"), "aud");
    for aud in [json!(7), json!([]), json!(["test", 7])] {
        refused(&vendor, vendor.license().claim("aud", aud), "aud");
    }
    let empty = verify(&vendor, vendor.license().claim("aud", "")).unwrap_err();
    assert!(matches!(empty.kind(), Kind::AudienceMismatch | Kind::ClaimsInvalid));
    assert!(verify(&vendor, vendor.license().claim("aud", json!(["other", "test"]))).is_ok());
}

#[test]
fn case_30_unknown_claims_are_accepted() {
    let vendor = vendor();
    let license = vendor
        .license()
        .claim("extra", json!({"deep": [1, 2.5, null]}))
        .features(["sso", "not-known"])
        .limit("not-known", 7)
        .limit("strange", json!({"a": 1}));
    let verified = verify(&vendor, license).unwrap();
    assert!(verified.license().unknown_features().eq(["not-known"]));
    assert_eq!(verified.license().limit("not-known"), Some(&Limit::Max(7)));
    assert_eq!(verified.license().limit("strange"), None);
}

#[test]
fn every_standard_claim_is_required_and_named_when_it_is_missing() {
    let vendor = vendor();
    for claim in ["jti", "plan", "features", "limits"] {
        refused(&vendor, vendor.license().without(claim), claim);
    }
    refused(&vendor, vendor.license().without("customer"), "customer.id");
    refused(&vendor, vendor.license().claim("customer", json!({"id": "c"})), "customer.name");
    refused(&vendor, vendor.license().claim("jti", 7), "jti");
    refused(&vendor, vendor.license().claim("features", "sso"), "features");
    refused(&vendor, vendor.license().claim("features", json!(["sso", 1])), "features");
    refused(&vendor, vendor.license().claim("limits", json!([])), "limits");
    refused(&vendor, vendor.license().limit("users", -1), "limits.users");
    refused(&vendor, vendor.license().limit("users", "5"), "limits.users");
    refused(&vendor, vendor.license().limit("users", 1.5), "limits.users");
    refused(&vendor, vendor.license().limit("connectors", 5), "limits.connectors");
}

#[test]
fn a_claim_that_should_hold_others_and_is_no_object_is_refused() {
    let vendor = vendor();
    for wrong in [json!("x"), json!(7), json!(true), json!([]), json!([{"machine": "x"}])] {
        refused(&vendor, vendor.license().claim("binding", wrong.clone()), "binding");
        refused(&vendor, vendor.license().claim("customer", wrong), "customer");
    }
    assert!(verify(&vendor, vendor.license().claim("binding", Value::Null)).is_ok());
    assert!(verify(&vendor, vendor.license().claim("binding", json!({}))).is_ok());
    // Where the plan is generous, what cannot be read must not pass for silence.
    let pointers = "[claims]\nlimits = { hosts = \"/caps/hosts\" }\n\n[features]";
    let profile = PROFILE.replace("[features]", pointers);
    let vendor = Vendor::of(Product::from_toml(&profile).unwrap());
    let team = || vendor.license().plan("team");
    refused(&vendor, team().claim("caps", "all"), "caps");
    let verified = verify(&vendor, team().claim("caps", json!({"hosts": 3}))).unwrap();
    assert_eq!(verified.license().limit("hosts"), Some(&Limit::Max(3)));
    let verified = verify(&vendor, team()).unwrap();
    assert_eq!(verified.license().limit("hosts"), Some(&Limit::Unlimited));
}

#[test]
fn texts_features_and_limits_are_bounded() {
    let vendor = vendor();
    let long = "x".repeat(257);
    refused(&vendor, vendor.license().id(&long), "jti");
    assert!(verify(&vendor, vendor.license().id(&long[1..])).is_ok());
    refused(&vendor, vendor.license().id(""), "jti");
    let many: Vec<String> = (0..513).map(|number| format!("f{number}")).collect();
    let features =
        |count: usize| vendor.license().features(many[..count].iter().map(String::as_str));
    assert!(verify(&vendor, features(512)).is_ok());
    refused(&vendor, features(513), "features");
    let limits = |count: usize| {
        (0..count).fold(vendor.license(), |license, number| license.limit(&format!("l{number}"), 1))
    };
    assert!(verify(&vendor, limits(64)).is_ok());
    refused(&vendor, limits(65), "limits");
    let names = |count: usize| vendor.license().limit("connectors", &many[..count]);
    assert!(verify(&vendor, names(512)).is_ok());
    refused(&vendor, names(513), "limits.connectors");
}

#[test]
fn a_license_may_begin_and_be_issued_in_the_second_in_which_it_ends_and_no_later() {
    let vendor = vendor();
    let at = |seconds: u64| START.saturating_add(Duration::from_secs(60 + seconds));
    let license = || vendor.license().expires_at(at(0));
    assert!(verify(&vendor, license().issued_at(at(0))).is_ok());
    assert!(verify(&vendor, license().not_before(at(0))).is_ok());
    refused(&vendor, license().issued_at(at(1)), "iat");
    refused(&vendor, license().not_before(at(1)), "nbf");
}

#[test]
fn what_a_license_was_sold_for_begins_before_it_ends() {
    let vendor = vendor();
    let paid_from = |seconds: i64| {
        let license = vendor.license().claim("term_from", seconds);
        verify(&vendor, license).unwrap().license().paid_from()
    };
    let end = vendor.license().claims()["exp"].as_i64().unwrap();
    for seconds in [0, end - 1] {
        assert_eq!(paid_from(seconds).as_seconds(), seconds);
    }
    for seconds in [end, end + 1] {
        assert_eq!(paid_from(seconds), START);
    }
}

#[test]
fn a_limit_that_nobody_names_is_0_and_null_is_unlimited() {
    let vendor = vendor();
    let verified = verify(&vendor, vendor.license().limit("hosts", Value::Null)).unwrap();
    let license = verified.license();
    assert_eq!(license.limit("users"), Some(&Limit::Max(0)));
    assert_eq!(license.limit("hosts"), Some(&Limit::Unlimited));
    assert_eq!(license.limit("connectors"), Some(&Limit::Names(Default::default())));
}

#[test]
fn a_plan_speaks_where_the_claims_are_silent() {
    let vendor = vendor();
    let silent = vendor.license().plan("team").without("features").without("limits");
    let verified = verify(&vendor, silent).unwrap();
    assert!(verified.license().grants("sso"));
    assert_eq!(verified.license().limit("users"), Some(&Limit::Max(25)));
    assert_eq!(verified.license().limit("hosts"), Some(&Limit::Unlimited));
    let louder = vendor.license().plan("team").features([]).limit("users", 3);
    let verified = verify(&vendor, louder).unwrap();
    assert!(!verified.license().grants("sso"));
    assert_eq!(verified.license().limit("users"), Some(&Limit::Max(3)));
}

#[test]
fn a_plan_says_which_bindings_its_licenses_must_and_must_not_have() {
    let vendor = vendor();
    let id = license_core::MachineId::parse_linux("0123456789abcdef0123456789abcdef").unwrap();
    let machine = id.fingerprint("test");
    let standard = || vendor.license().plan("standard");
    refused(&vendor, standard(), "binding.machine");
    refused(&vendor, standard().machine(&machine).domain("*.acme.internal"), "binding.domain");
    refused(&vendor, vendor.license().machine(&machine), "binding.machine");
    refused(&vendor, vendor.license().plan("platinum"), "plan");
    assert!(verify(&vendor, vendor.license().domain("*.acme.internal")).is_ok());
    let verified =
        verify(&vendor, standard().machine(&machine).features(["sso", "audit"])).unwrap();
    assert!(verified.license().grants("sso") && !verified.license().grants("audit"));
}

#[test]
fn a_licensed_domain_outside_the_grammar_is_domain_invalid() {
    let vendor = vendor();
    for pattern in
        ["*", "*.internal", "**.a.b", "a.*.b", "x*.a.b", "a.b:80", "10.0.0.1", "ü.example"]
    {
        let error = verify(&vendor, vendor.license().domain(pattern)).unwrap_err();
        assert_eq!(error.kind(), Kind::DomainInvalid, "{pattern}");
    }
}

#[test]
fn what_is_refused_says_nothing_of_the_values() {
    let vendor = vendor();
    let secret = "S3CRET\nforged log line";
    for license in [
        vendor.license().claim("exp", secret),
        vendor.license().claim("iss", secret),
        vendor.license().claim("plan", secret),
        vendor.license().domain(secret),
        vendor.license().claim("binding", json!({"machine": secret})),
    ] {
        let error = verify(&vendor, license).unwrap_err();
        let shown = format!("{error} {error:?} {}", error.detail());
        assert!(!shown.contains("S3CRET"), "{shown}");
    }
}

#[test]
fn features_keep_the_order_in_which_they_were_signed() {
    let vendor = vendor();
    let features = ["sso", "new", "audit", "sso", "b"];
    let license = |plan: &str| vendor.license().plan(plan).features(features);
    let verified = verify(&vendor, license("enterprise")).unwrap();
    assert_eq!(verified.license().features_as_signed(), ["sso", "new", "audit", "b"]);
    let fingerprint = format!("fp1:machine-id:{}", "ab".repeat(32)).parse().unwrap();
    let verified = verify(&vendor, license("standard").machine(&fingerprint)).unwrap();
    assert_eq!(verified.license().features_as_signed(), ["sso", "new", "b"]);
    let verified = verify(&vendor, vendor.license().plan("team").without("features")).unwrap();
    assert_eq!(verified.license().features_as_signed(), ["sso"]);
}

#[test]
fn where_license_and_plan_are_silent_a_limit_is_the_products_default_else_0() {
    let defaults = r#"users = { kind = "seats", default = 3 }
    hosts = { kind = "leases", default = "unlimited" }
    connectors = { kind = "names", default = ["slack"] }"#;
    let silent = r#"users = { kind = "seats" }
    hosts = { kind = "leases" }
    connectors = { kind = "names" }"#;
    assert!(PROFILE.contains(silent));
    let with_defaults = PROFILE.replace(silent, defaults);
    let limits = |profile: &str, license: &dyn Fn(&Vendor) -> Value| {
        let vendor = Vendor::of(Product::from_toml(profile).unwrap());
        let license = vendor.license().claim("limits", license(&vendor));
        let limits = verify(&vendor, license).unwrap().license().limits().clone();
        ["users", "hosts", "connectors"].map(|name| limits[name].clone())
    };
    let names = |names: &[&str]| Limit::Names(names.iter().map(|it| (*it).to_owned()).collect());
    let none = limits(PROFILE, &|_| json!({}));
    assert_eq!(none, [Limit::Max(0), Limit::Max(0), names(&[])]);
    let default = limits(&with_defaults, &|_| json!({}));
    assert_eq!(default, [Limit::Max(3), Limit::Unlimited, names(&["slack"])]);
    let said = limits(&with_defaults, &|_| json!({"users": 5, "hosts": 0, "connectors": []}));
    assert_eq!(said, [Limit::Max(5), Limit::Max(0), names(&[])]);

    let vendor = Vendor::of(Product::from_toml(&with_defaults).unwrap());
    let verified = verify(&vendor, vendor.license().without("limits")).unwrap();
    assert_eq!(verified.license().limit("users"), Some(&Limit::Max(3)));
    let team = vendor.license().plan("team").without("limits");
    let license = verify(&vendor, team).unwrap();
    assert_eq!(license.license().limit("users"), Some(&Limit::Max(25)));
    assert_eq!(license.license().limit("connectors"), Some(&names(&["slack"])));
}
