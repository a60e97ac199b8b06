//! The profile of `align`: what its licenses mean, and its log lines.

use std::time::Duration;

use license_core::{
    DenialCode, InstallErrorKind, License, Licensing, Limit, Phase, Product, Restriction,
    key::Algorithm,
    licensing::Announcer,
    product::{LogLevel, LogLine, SourceFailure},
    testing::{ManualClock, Vendor, licensing},
    token::TokenType,
};
use serde_json::{Value, json};

const PROFILE: &str = r#"
name = "align"
issuer = "https://align.tech"
audience = "align-self-hosted"
token_type = "any"
algorithms = ["RS256", "RS384", "RS512", "PS256"]
min_rsa_bits = 4096

[claims]
id = "/sub"
features = "/limits/features"
limits = { users = "/limits/users", decisions = "/limits/decisions" }
names = { connectors = "/limits/connectors" }
require = { "/deployment/type" = "self-hosted" }

[policy]
warn = "30d"
grace = "14d"
lapsed = "read-only"
unlicensed = "everything"
freshness = "none"
status = { limit_reached = 402 }

[features]
sso = "Single sign-on"
auditLog = "Audit log"
customBranding = "Custom branding"
apiAccess = "API access"
gpuModels = "GPU models"

[limits]
users = { kind = "seats" }
decisions = { kind = "monthly" }
connectors = { kind = "names" }

[plans.starter]
features = []
limits = { users = 25, decisions = "unlimited", connectors = "unlimited" }

[plans.team]
features = ["sso", "auditLog"]
limits = { users = 100, decisions = "unlimited", connectors = "unlimited" }

[plans.enterprise]
features = ["sso", "auditLog", "customBranding", "apiAccess", "gpuModels"]
limits = { users = "unlimited", decisions = "unlimited", connectors = "unlimited" }

[[messages]]
on = "installed"
level = "info"
text = "License validated successfully: {customer} ({Plan})"

[[messages]]
on = "installed"
phases = ["active", "expiring"]
level = "info"
text = "License expires: {last_day}"

[[messages]]
on = "file_missing"
level = "error"
text = "License file not found at {path}"

[[messages]]
on = "signature_invalid"
level = "error"
text = "License signature verification failed"

[[messages]]
on = "grace"
level = "warn"
text = "License expired on {last_day}. Grace period ends {grace_last_day}."

[[messages]]
on = "lapsed"
level = "error"
text = "License expired on {last_day}. Grace period ended {grace_last_day}."
"#;

const DAY: u64 = 86_400;
/// 2027-01-01T00:00:00Z, 61 days after the clock of the tests begins.
const NEW_YEAR: i64 = 1_798_761_600;

/// The product with keys that are made faster.
fn vendor() -> Vendor {
    let algorithms = r#"["RS256", "RS384", "RS512", "PS256"]"#;
    Vendor::of(Product::from_toml(&PROFILE.replace(algorithms, r#"["ES256"]"#)).unwrap())
}

/// The license of the product's own pages, with these limits.
fn install(vendor: &Vendor, licensing: &Licensing, plan: &str, limits: Value) {
    license(vendor, "Acme Corp", plan, limits).install(licensing);
}

fn license<'a>(
    vendor: &'a Vendor,
    customer: &str,
    plan: &str,
    limits: Value,
) -> license_core::testing::LicenseBuilder<'a> {
    vendor
        .license()
        .without("jti")
        .without("features")
        .claim("sub", "lic_abc123")
        .claim("customer", json!({"id": "cust_abc123", "name": customer, "email": "a@b.example"}))
        .claim("deployment", json!({"type": "self-hosted"}))
        .claim("exp", NEW_YEAR)
        .plan(plan)
        .claim("limits", limits)
}

fn read(plan: &str, limits: Value) -> License {
    let vendor = vendor();
    let (licensing, _clock) = licensing(&vendor);
    install(&vendor, &licensing, plan, limits);
    licensing.license().unwrap().license().clone()
}

fn days(clock: &ManualClock, days: u64) {
    clock.advance(Duration::from_secs(days * DAY));
}

fn said(announcer: &mut Announcer) -> Vec<(LogLevel, String)> {
    plain(announcer.due())
}

fn plain(lines: Vec<LogLine>) -> Vec<(LogLevel, String)> {
    lines.into_iter().map(|line| (line.level, line.text)).collect()
}

fn line(level: LogLevel, text: &str) -> (LogLevel, String) {
    (level, text.to_owned())
}

#[test]
fn the_profile_says_which_tokens_it_accepts() {
    let product = Product::from_toml(PROFILE).unwrap();
    assert_eq!(product.token_type(), TokenType::Any);
    let algorithms = [Algorithm::Rs256, Algorithm::Rs384, Algorithm::Rs512, Algorithm::Ps256];
    assert_eq!(product.algorithms(), algorithms);
    assert_eq!(product.min_rsa_bits(), 4096);
}

#[test]
fn a_license_says_what_it_says_at_its_own_places() {
    let license = read(
        "enterprise",
        json!({
            "users": 500, "decisions": null, "connectors": ["slack", "github"],
            "features": ["sso", "auditLog", "apiAccess"],
        }),
    );
    assert_eq!(license.id(), "lic_abc123");
    assert_eq!(license.customer().name, "Acme Corp");
    assert_eq!(license.features_as_signed(), ["sso", "auditLog", "apiAccess"]);
    assert_eq!(license.limit("users"), Some(&Limit::Max(500)));
    assert_eq!(license.limit("decisions"), Some(&Limit::Unlimited));
    let connectors = license.limit("connectors").unwrap();
    assert!(connectors.allows_name("slack") && !connectors.allows_name("jira"));
}

#[test]
fn a_plan_speaks_where_the_claims_are_silent_and_only_there() {
    let starter = read("starter", json!({}));
    assert!(starter.features().is_empty());
    assert_eq!(starter.limit("users"), Some(&Limit::Max(25)));
    let team = read("team", json!({"connectors": ["slack"]}));
    assert!(team.grants("sso") && team.grants("auditLog") && !team.grants("apiAccess"));
    assert_eq!(team.limit("users"), Some(&Limit::Max(100)));
    assert!(!team.limit("connectors").unwrap().allows_name("jira"));
    let enterprise = read("enterprise", json!({}));
    assert!(enterprise.grants("gpuModels"));
    assert_eq!(enterprise.limit("users"), Some(&Limit::Unlimited));
    let said = read("starter", json!({"users": 500, "features": ["gpuModels"]}));
    assert!(said.grants("gpuModels"));
    assert_eq!(said.limit("users"), Some(&Limit::Max(500)));
    let null = read("starter", json!({"users": null}));
    assert_eq!(null.limit("users"), Some(&Limit::Unlimited));
    let less = read("enterprise", json!({"users": 3, "features": []}));
    assert_eq!((less.limit("users"), less.features().len()), (Some(&Limit::Max(3)), 0));
}

#[test]
fn connectors_are_the_listed_ones_and_null_is_all_of_them() {
    let vendor = vendor();
    let (licensing, _clock) = licensing(&vendor);
    let connect = |name: &str| licensing.check_name("connectors", name);
    install(&vendor, &licensing, "enterprise", json!({"connectors": ["slack"]}));
    assert!(connect("slack").is_ok());
    let problem = connect("jira").unwrap_err().problem();
    assert_eq!((problem.status, problem.limit.as_deref()), (402, Some("connectors")));
    install(&vendor, &licensing, "enterprise", json!({"connectors": null}));
    assert!(connect("jira").is_ok());
    install(&vendor, &licensing, "enterprise", json!({"connectors": []}));
    assert!(connect("slack").is_err());
}

#[test]
fn a_license_for_another_deployment_is_refused() {
    let vendor = vendor();
    let cloud = license(&vendor, "Acme Corp", "team", json!({}))
        .claim("deployment", json!({"type": "cloud"}))
        .sign();
    let error = vendor.verifier().verify(cloud.as_str().as_bytes()).unwrap_err();
    assert_eq!(error.kind(), InstallErrorKind::ClaimsInvalid);
    assert!(error.detail().contains("deployment.type"), "{}", error.detail());
}

#[test]
fn after_the_term_all_works_for_14_days_and_then_only_reading() {
    let vendor = vendor();
    let (licensing, clock) = licensing(&vendor);
    assert_eq!(licensing.restriction(), Some(Restriction::Everything));
    install(&vendor, &licensing, "team", json!({}));
    let stands = || {
        let status = licensing.status(|_| None);
        let license = status.license.unwrap();
        (status.phase, license.days_remaining, license.grace_remaining_seconds)
    };
    assert_eq!(stands(), (Phase::Active, 61, 0));
    days(&clock, 31);
    assert_eq!(stands(), (Phase::Expiring, 30, 0));
    days(&clock, 30);
    assert_eq!(stands(), (Phase::Grace, 0, 14 * DAY));
    assert_eq!(licensing.restriction(), None);
    days(&clock, 14);
    assert_eq!(stands(), (Phase::Lapsed, 0, 0));
    assert_eq!(licensing.restriction(), Some(Restriction::ReadOnly));
    assert!(licensing.check_feature("sso").is_ok(), "gated features stay readable");
}

#[test]
fn its_log_lines_are_said_once_when_their_time_comes() {
    use LogLevel::{Error, Info, Warn};
    let vendor = vendor();
    let (licensing, clock) = licensing(&vendor);
    let mut announcer = licensing.control().announcer();
    assert_eq!(said(&mut announcer), [], "the profile has no line for that");
    install(&vendor, &licensing, "enterprise", json!({}));
    let validated = line(Info, "License validated successfully: Acme Corp (Enterprise)");
    let expires = line(Info, "License expires: 2026-12-31");
    assert_eq!(said(&mut announcer), [validated.clone(), expires.clone()]);
    assert_eq!(said(&mut announcer), []);
    days(&clock, 61);
    let grace = line(Warn, "License expired on 2026-12-31. Grace period ends 2027-01-14.");
    assert_eq!(said(&mut announcer), std::slice::from_ref(&grace));
    assert_eq!(said(&mut announcer), []);
    // A restart in grace.
    assert_eq!(said(&mut licensing.control().announcer()), [validated.clone(), grace]);
    days(&clock, 14);
    let lapsed = line(Error, "License expired on 2026-12-31. Grace period ended 2027-01-14.");
    assert_eq!(said(&mut announcer), std::slice::from_ref(&lapsed));
    assert_eq!(said(&mut licensing.control().announcer()), [validated, lapsed]);
    // A renewal.
    license(&vendor, "Acme Corp", "team", json!({})).claim("exp", NEW_YEAR * 2).install(&licensing);
    let renewed = said(&mut announcer);
    assert_eq!(renewed[0], line(Info, "License validated successfully: Acme Corp (Team)"));
    assert_eq!(renewed.len(), 2);
}

#[test]
fn a_source_that_fails_is_logged_in_its_words() {
    let vendor = vendor();
    let (licensing, _clock) = licensing(&vendor);
    let path = "/etc/align/license/license.jwt";
    let missing = plain(licensing.control().source_failed(SourceFailure::FileMissing, path));
    let text = "License file not found at /etc/align/license/license.jwt";
    assert_eq!(missing, [line(LogLevel::Error, text)]);
    let bad = plain(licensing.control().source_failed(InstallErrorKind::SignatureInvalid, path));
    assert_eq!(bad, [line(LogLevel::Error, "License signature verification failed")]);
    let other = plain(licensing.control().source_failed(InstallErrorKind::ClaimsInvalid, path));
    assert!(other[0].1.contains("claims_invalid") && other[0].1.contains(path), "{other:?}");
}

#[test]
fn a_name_that_would_forge_a_line_is_defused_and_capped() {
    let vendor = vendor();
    let (licensing, _clock) = licensing(&vendor);
    let name = "Acme\nERROR\u{202e}";
    license(&vendor, name, "team\n", json!({"features": []})).install(&licensing);
    let lines = said(&mut licensing.control().announcer());
    let text = "License validated successfully: Acme\u{fffd}ERROR\u{fffd} (Team\u{fffd})";
    assert_eq!(lines[0].1, text);
    // Longer ones than 256 characters are refused with the license.
    let longest = "ü".repeat(256);
    license(&vendor, &longest, "team", json!({})).install(&licensing);
    assert!(said(&mut licensing.control().announcer())[0].1.contains(&longest));
}

#[test]
fn the_limit_is_answered_with_its_status() {
    let vendor = vendor();
    let (licensing, _clock) = licensing(&vendor);
    install(&vendor, &licensing, "starter", json!({}));
    let denial = licensing.check_limit("users", 25, 1).unwrap_err();
    assert_eq!((denial.code(), denial.status()), (DenialCode::LimitReached, 402));
}
