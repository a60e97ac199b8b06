//! What a refusal rests on stands in the texts for administrators: the time of
//! the license and that of the clock, the host and the pattern.

use std::time::Duration;

use license_core::{
    InstallErrorKind as Kind, Licensing, MachineId, Policy, Product, RequestHost, Timestamp,
    testing::{LicenseBuilder, START, Vendor, licensing},
    time::ClockMark,
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
    says(&detail, &["no host name", "*.acme.internal", "X-Forwarded-Host"].map(str::to_owned));
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
fn the_status_shows_the_end_of_the_grace_and_the_beginning_of_what_waits() {
    let product = Product::builder("test", "https://vendor.example", "test");
    let vendor = Vendor::of(product.policy(Policy::new().grace(DAY * 3)).build().unwrap());
    let detail = |licensing: &Licensing| licensing.status(|_| None).problem.unwrap().detail;
    let (lapsed, clock) = licensing(&vendor);
    vendor.license().expires_at(after(1)).install(&lapsed);
    clock.advance(DAY * 5);
    let ended = format!("ended at {}, its grace at {}; it is {}", after(1), after(4), after(5));
    says(&detail(&lapsed), &[ended]);
    let (waiting, _clock) = licensing(&vendor);
    vendor.license().not_before(after(2)).install(&waiting);
    says(&detail(&waiting), &[format!("begins at {}; it is {START} on this", after(2))]);
}

#[test]
fn a_clock_that_is_not_set_shows_what_was_seen_only_where_that_is_later() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    let detail = || licensing.status(|_| None).problem.unwrap().detail;
    vendor.license().install(&licensing);
    clock.set(Timestamp::from_seconds(1_000_000_000));
    says(&detail(), &[format!("shows 2001-09-09T01:46:40Z; this service has seen {START}")]);
    clock.set(Timestamp::from_seconds(253_402_300_800));
    assert!(detail().contains("shows") && !detail().contains("has seen"), "{}", detail());
    // The mark itself may be such a time, and is no later then.
    let early = Timestamp::from_seconds(1_000_000_000);
    let mut saved = licensing.control().saved();
    saved.clock = ClockMark::new(Some(early), false);
    licensing.control().restore(&saved);
    clock.set(early);
    assert!(detail().contains("shows") && !detail().contains("has seen"), "{}", detail());
}

#[test]
fn what_can_be_told_without_the_service_is_the_machine_the_end_and_the_host() {
    let vendor = Vendor::new();
    let fingerprint = |id: &str| MachineId::custom(id).unwrap().fingerprint("test");
    let (own, other) =
        (fingerprint("a-machine-of-theirs"), fingerprint("another-machine-of-theirs"));
    let license = vendor.license().machine(&own).domain("*.acme.internal").expires_at(after(1));
    let verified = vendor.verifier().verify(license.sign().as_str().as_bytes()).unwrap();
    let told =
        |machine, host, now| verified.check_for(machine, host, now).map_err(|error| error.kind());
    let host = Some("api.acme.internal:8443");
    assert_eq!(told(None, None, START), Ok(()));
    assert_eq!(told(Some(&own), host, START), Ok(()));
    assert_eq!(told(Some(&other), Some("backend"), after(1)), Err(Kind::MachineMismatch));
    assert_eq!(told(Some(&own), Some("backend"), after(1)), Err(Kind::LicenseExpired));
    assert_eq!(told(None, Some("backend"), START), Err(Kind::DomainMismatch));
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
