//! What a refusal rests on stands in the texts for administrators: the time of
//! the license and that of the clock, the host and the pattern.

use std::time::Duration;

use license_core::{
    InstallErrorKind as Kind, Licensing, Policy, Product, RequestHost, Timestamp,
    testing::{LicenseBuilder, START, Vendor, licensing},
};

const DAY: Duration = Duration::from_secs(86_400);

fn after(days: u32) -> Timestamp {
    START.saturating_add(DAY * days)
}

fn before(days: u32) -> Timestamp {
    START.saturating_sub(DAY * days)
}

/// Why an upload is refused.
fn refusal(licensing: &Licensing, license: LicenseBuilder<'_>, host: &str) -> (Kind, String) {
    let verified = licensing.verify(license.sign().as_str().as_bytes()).unwrap();
    let error = licensing.control().prepare(&verified, Some(host), false).unwrap_err();
    (error.kind(), error.detail().to_owned())
}

#[track_caller]
fn says(text: &str, parts: &[String]) {
    for part in parts {
        assert!(text.contains(part.as_str()), "{part} is not in: {text}");
    }
}

#[test]
fn a_refused_upload_shows_the_times_that_were_compared() {
    let product = Product::builder("test", "https://vendor.example", "test");
    let policy = Policy::new().freshness(Some(DAY * 30));
    let vendor = Vendor::of(product.policy(policy).build().unwrap());
    let (licensing, clock) = licensing(&vendor);
    let now = format!("it is {START} on this machine");
    let license = || vendor.license();

    let ended = license().issued_at(before(3)).expires_at(before(2));
    let (kind, detail) = refusal(&licensing, ended, "");
    assert_eq!(kind, Kind::LicenseExpired);
    says(&detail, &[format!("license ended at {}; ", before(2)), now.clone()]);

    let (kind, detail) = refusal(&licensing, license().issued_at(after(1)), "");
    assert_eq!(kind, Kind::IssuedInFuture);
    says(&detail, &[format!("license was issued at {}; ", after(1)), now.clone()]);

    let (kind, detail) = refusal(&licensing, license().issued_at(before(31)), "");
    assert_eq!(kind, Kind::LicenseNotFresh);
    says(&detail, &[format!("license was issued at {}; ", before(31)), now]);

    license().id("first").issued_at(before(1)).install(&licensing);
    let (kind, detail) = refusal(&licensing, license().id("older").issued_at(before(2)), "");
    assert_eq!(kind, Kind::OlderThanInstalled);
    says(&detail, &[before(2).to_string(), format!("one issued at {}", before(1))]);

    clock.set(before(2));
    let (kind, detail) = refusal(&licensing, license().issued_at(before(3)), "");
    assert_eq!(kind, Kind::ClockRolledBack);
    says(&detail, &[format!("clock shows {}; ", before(2)), format!("has seen {START}")]);
    clock.set(Timestamp::from_seconds(1_000_000_000));
    let (kind, detail) = refusal(&licensing, license().issued_at(before(20_000)), "");
    assert!([Kind::ClockNotSet, Kind::LicenseNotFresh, Kind::IssuedInFuture].contains(&kind));
    says(&detail, &["The".to_owned(), "2001-09-09T01:46:40Z".to_owned()]);
}

#[test]
fn a_refused_upload_shows_the_host_and_the_pattern() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let bound = || vendor.license().domain("*.acme.internal");
    let (kind, detail) = refusal(&licensing, bound(), "Backend:3000");
    assert_eq!(kind, Kind::DomainMismatch);
    says(&detail, &["backend:3000", "*.acme.internal", "proxy"].map(str::to_owned));
    let (_, detail) = refusal(&licensing, bound(), "a b");
    says(&detail, &["no host name".to_owned(), "*.acme.internal".to_owned()]);
    assert!(!detail.contains("a b"), "only a host is repeated: {detail}");
}

#[test]
fn the_status_shows_the_times_that_were_compared_and_no_denial_does() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let detail = || licensing.status(|_| None).problem.unwrap().detail;
    let told = || {
        let host = || RequestHost::new(None, []);
        licensing.check_request(|| false, host).unwrap_err().problem().detail.into_owned()
    };
    vendor.license().expires_at(after(1)).install(&licensing);
    clock.advance(DAY * 2);
    says(&detail(), &[format!("ended at {}; it is {} on this machine.", after(1), after(2))]);
    assert_eq!(told(), "The license of this service has expired.");
    clock.set(before(1));
    says(&detail(), &[format!("The clock shows {}; ", before(1)), after(2).to_string()]);
    assert!(!told().contains("shows"), "{}", told());
}

#[test]
fn an_administrator_is_warned_of_a_host_that_the_license_does_not_cover() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    assert_eq!(licensing.host_warning("backend"), None, "there is no license");
    vendor.license().domain("*.acme.internal").install(&licensing);
    assert_eq!(licensing.host_warning("api.acme.internal:3000"), None);
    let warning = licensing.host_warning("backend:3000").unwrap();
    assert_eq!(warning.code, "domain_mismatch");
    says(&warning.text, &["backend:3000", "*.acme.internal", "proxy"].map(str::to_owned));
    assert!(licensing.host_warning("").is_some());
}
