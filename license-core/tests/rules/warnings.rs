//! What administrators and users are told of the license, from its first day
//! to after its last.

use std::{sync::Arc, time::Duration};

use license_core::{
    Licensing, Policy, Product, Restriction, Warning, WarningLevel,
    license::LimitKind,
    policy::Rule,
    testing::{ManualClock, START, Vendor, licensing},
};
use serde_json::json;

const DAY: Duration = Duration::from_secs(86_400);

/// A license of 31 days from 2026-11-01 on, in a product with 14 days of
/// grace.
fn service(policy: Policy) -> (Licensing, Arc<ManualClock>) {
    let product = Product::builder("test", "https://vendor.example", "test")
        .policy(policy.grace(DAY * 14))
        .limit("users", LimitKind::Seats)
        .limit("hosts", LimitKind::Leases)
        .limit("connectors", LimitKind::Names);
    let vendor = Vendor::of(product.build().unwrap());
    let (licensing, clock) = licensing(&vendor);
    let license = vendor.license().days(31).limit("users", 5).limit("hosts", 0);
    license.limit("connectors", vec!["slack"]).install(&licensing);
    (licensing, clock)
}

fn nothing(_: &str) -> Option<u64> {
    None
}

fn told(licensing: &Licensing) -> Vec<(&'static str, WarningLevel, String)> {
    let warns = licensing.control().warns();
    let warnings = licensing.warnings(nothing).into_iter();
    assert_eq!(warns, warnings.len() > 0);
    warnings.map(|Warning { code, level, text, .. }| (code, level, text)).collect()
}

fn banner(licensing: &Licensing) -> serde_json::Value {
    serde_json::to_value(licensing.banner(nothing)).unwrap()
}

#[test]
fn each_phase_has_its_warning_and_its_banner() {
    use WarningLevel::{Critical, Info, Warning};
    let (licensing, clock) = service(Policy::new());
    let stands = |code: &'static str, level: WarningLevel, shown: &str, text: &str| {
        assert_eq!(told(&licensing), [(code, level, text.to_owned())]);
        let warning = json!({"code": code, "level": level, "text": text});
        let expected = json!({"level": shown, "messages": [text], "warnings": [warning]});
        assert_eq!(banner(&licensing), expected);
    };
    assert_eq!(told(&licensing), []);
    let none = json!({"level": "none", "messages": [], "warnings": []});
    assert_eq!(banner(&licensing), none);
    clock.advance(DAY);
    let text = "License expires on 2026-12-01: 30 days left.";
    stands("license_expiring", Info, "info", text);
    clock.advance(DAY * 29);
    stands("license_expiring", Info, "info", "License expires on 2026-12-01: 1 day left.");
    clock.advance(DAY);
    let text = "License expired on 2026-12-01. Grace period ends 2026-12-15.";
    stands("license_in_grace", Warning, "warning", text);
    clock.advance(DAY * 14);
    let text = "License expired on 2026-12-01. Grace period ended 2026-12-15.";
    stands("license_expired", Critical, "critical", text);
}

#[test]
fn a_waiting_license_that_does_not_cover_is_told_of() {
    let waits = |begins: u64, ends: u64| {
        let vendor = Vendor::new();
        let (licensing, clock) = licensing(&vendor);
        vendor.license().days(100).install(&licensing);
        let at = |days: u64| START.saturating_add(DAY * u32::try_from(days).unwrap());
        let next = vendor.license().id("next").not_before(at(begins)).expires_at(at(ends)).sign();
        let verified = licensing.verify(next.as_str().as_bytes()).unwrap();
        licensing.control().commit(licensing.control().prepare(&verified, None, false).unwrap());
        let told = told(&licensing);
        let texts: Vec<&String> = told.iter().map(|(_, _, text)| text).collect();
        assert_eq!(banner(&licensing)["messages"], json!(texts));
        clock.advance(DAY * u32::try_from(begins).unwrap());
        assert!(licensing.control().succession().is_none(), "it is in force");
        told.into_iter().map(|(code, _, text)| (code, text)).collect::<Vec<_>>()
    };
    assert_eq!(waits(100, 200), []);
    assert_eq!(waits(50, 101), []);
    let gap = "The waiting license begins after a gap of 1 day: none is in force from \
               2027-02-09T00:00:00Z to 2027-02-10T00:00:00Z.";
    assert_eq!(waits(101, 200), [("license_gap", gap.to_owned())]);
    let earlier = "The waiting license ends on 2027-01-29, 10 days earlier than the one in force \
                   (2027-02-08).";
    assert_eq!(waits(50, 90), [("license_ends_earlier", earlier.to_owned())]);
    let same = "The waiting license ends when the one in force does, on 2027-02-08.";
    assert_eq!(waits(50, 100), [("license_ends_earlier", same.to_owned())]);
}

#[test]
fn without_a_license_the_warning_has_the_code_of_the_denials() {
    let licensing = Licensing::new(Vendor::new().verifier());
    let text = "No license is installed on this service.".to_owned();
    assert_eq!(told(&licensing), [("license_missing", WarningLevel::Critical, text)]);
}

#[test]
fn only_what_is_refused_in_fact_is_critical() {
    let level = |policy: Policy| {
        let (licensing, clock) = service(policy);
        clock.advance(DAY * 45);
        licensing.warnings(nothing)[0].level
    };
    let lapsed = |restriction: Restriction| Policy::new().lapsed(restriction);
    assert_eq!(level(lapsed(Restriction::Features)), WarningLevel::Critical);
    assert_eq!(level(lapsed(Restriction::Advisory)), WarningLevel::Warning);
    let observed = lapsed(Restriction::ReadOnly).shadow(Rule::ReadOnly);
    assert_eq!(level(observed), WarningLevel::Warning);
    let another = lapsed(Restriction::ReadOnly).shadow(Rule::Everything);
    assert_eq!(level(another), WarningLevel::Critical);
}

#[test]
fn a_limit_that_is_used_up_is_named_without_numbers() {
    let (licensing, clock) = service(Policy::new());
    let using = |users: u64| move |limit: &str| Some(if limit == "users" { users } else { 9 });
    assert_eq!(licensing.warnings(using(4)), []);
    for users in [5, 6] {
        let warnings = licensing.warnings(using(users));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!((warnings[0].code, warnings[0].level), ("limit_reached", WarningLevel::Warning));
        assert_eq!(warnings[0].text, "License limit used up: users.");
    }
    clock.advance(DAY);
    let banner = serde_json::to_value(licensing.banner(using(5))).unwrap();
    assert_eq!(banner["level"], "warning");
    let texts = ["License limit used up: users.", "License expires on 2026-12-01: 30 days left."];
    assert_eq!(banner["messages"], json!(texts));
    let codes: Vec<_> =
        banner["warnings"].as_array().unwrap().iter().map(|it| &it["code"]).collect();
    assert_eq!(codes, ["limit_reached", "license_expiring"]);
}

#[test]
fn a_status_lists_them_as_texts() {
    let (licensing, clock) = service(Policy::new());
    clock.advance(DAY);
    let status = licensing.status(|limit| (limit == "users").then_some(5));
    assert_eq!(status.warnings, licensing.warnings(|limit| (limit == "users").then_some(5)));
    let json = serde_json::to_value(&status).unwrap();
    let expected =
        json!(["License expires on 2026-12-01: 30 days left.", "License limit used up: users."]);
    assert_eq!(json["warnings"], expected);
    let warning = serde_json::to_value(&status.warnings[1]).unwrap();
    let expected = json!({
        "code": "limit_reached", "level": "warning", "text": "License limit used up: users.",
    });
    assert_eq!(warning, expected);
}

#[test]
fn the_clock_of_the_service_concerns_administrators_alone() {
    let (licensing, clock) = service(Policy::new());
    clock.advance(DAY / 2);
    // Brings the mark forward, to where the clock then is behind.
    licensing.control().refresh();
    clock.set(START);
    let told = told(&licensing);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0, told[0].1), ("clock_ahead", WarningLevel::Warning));
    assert_eq!(banner(&licensing)["level"], "none");
}

#[test]
fn what_a_runtime_reports_is_told_without_asking_it() {
    let (licensing, clock) = service(Policy::new());
    let using = |users: u64| [("users".to_owned(), users)].into();
    licensing.control().report_used(using(4));
    assert_eq!(told(&licensing), []);
    assert_eq!(licensing.status(nothing).license.unwrap().limits["users"].used, Some(4));
    licensing.control().report_used(using(5));
    assert_eq!(told(&licensing)[0].0, "limit_reached");
    assert_eq!(banner(&licensing)["level"], "warning");
    // What is known better at the moment counts.
    assert_eq!(licensing.warnings(|_| Some(1)), []);
    licensing.control().report_used(using(4));
    assert_eq!(told(&licensing), []);
    // Nothing is left of a report once there is another.
    licensing.control().report_used([("hosts".to_owned(), 1)].into());
    let limits = licensing.status(nothing).license.unwrap().limits;
    assert_eq!((limits["users"].used, limits["hosts"].used), (None, Some(1)));

    let full = Warning::new("store_unavailable", WarningLevel::Warning, "The disk is full.");
    licensing.control().report_warnings(vec![full.clone()]);
    assert!(licensing.control().warns());
    assert_eq!(licensing.warnings(nothing), [full]);
    assert_eq!(licensing.status(nothing).warnings, licensing.warnings(nothing));
    assert_eq!(banner(&licensing)["level"], "none");
    clock.advance(DAY);
    assert_eq!(
        told(&licensing).iter().map(|it| it.0).collect::<Vec<_>>(),
        ["license_expiring", "store_unavailable"]
    );
    licensing.control().report_warnings(Vec::new());
    assert_eq!(told(&licensing).iter().map(|it| it.0).collect::<Vec<_>>(), ["license_expiring"]);
}
