//! Every phase under every restriction: which requests pass, and how those
//! that do not are refused.

use std::time::Duration;

use license_core::{
    Denial, DenialCode, Licensing, MachineId, Policy, Product, RequestHost, Restriction,
    license::LimitKind,
    licensing::AskedFeature,
    machine::Machine,
    testing::{START, Vendor, licensing},
};

const DAY: u64 = 86_400;

fn vendor(policy: Policy) -> Vendor {
    let product = Product::builder("test", "https://vendor.example", "test")
        .policy(policy)
        .feature("sso", "Single sign-on")
        .limit("users", LimitKind::Seats)
        .limit("connectors", LimitKind::Names);
    Vendor::of(product.build().unwrap())
}

fn with(restriction: Restriction) -> Vendor {
    vendor(Policy::new().lapsed(restriction).unlicensed(restriction))
}

/// A service whose license has lapsed.
fn lapsed(restriction: Restriction) -> Licensing {
    let vendor = with(restriction);
    let (licensing, clock) = licensing(&vendor);
    vendor.license().days(1).features(["sso"]).limit("users", 5).install(&licensing);
    clock.advance(Duration::from_secs(DAY));
    licensing
}

fn unlicensed(restriction: Restriction) -> Licensing {
    licensing(&with(restriction)).0
}

type Outcome = Option<(u16, &'static str)>;

fn outcome(result: Result<(), Denial>) -> Outcome {
    result.err().map(|denial| (denial.status(), denial.code().as_str()))
}

/// Read, change, a granted feature, a feature that is not granted.
fn outcomes(licensing: &Licensing) -> [Outcome; 4] {
    let host = || RequestHost::new(None, [&b"localhost"[..]]);
    [
        outcome(licensing.check_request(|| false, host)),
        outcome(licensing.check_request(|| true, host)),
        outcome(licensing.check_feature("sso")),
        outcome(licensing.check_feature("tenants")),
    ]
}

#[test]
fn in_force_everything_passes_but_what_is_not_granted() {
    let vendor = with(Restriction::Everything);
    let (licensing, _clock) = licensing(&vendor);
    vendor.license().features(["sso"]).install(&licensing);
    let refused = Some((403, "feature_not_licensed"));
    assert_eq!(outcomes(&licensing), [None, None, None, refused]);
}

#[test]
fn lapsed_under_everything_the_service_is_refused() {
    let expired = Some((503, "license_expired"));
    assert_eq!(outcomes(&lapsed(Restriction::Everything)), [expired; 4]);
}

#[test]
fn lapsed_under_read_only_changes_are_refused_and_features_stay_readable() {
    let outcomes = outcomes(&lapsed(Restriction::ReadOnly));
    let refused = Some((403, "feature_not_licensed"));
    assert_eq!(outcomes, [None, Some((402, "read_only")), None, refused]);
}

#[test]
fn a_refusal_after_the_end_says_when_that_was_and_no_other_does() {
    let end = START.saturating_add(Duration::from_secs(DAY));
    let said = |licensing: &Licensing| {
        let host = || RequestHost::new(None, [&b"localhost"[..]]);
        let refused = [licensing.check_request(|| true, host), licensing.check_feature("sso")];
        refused.map(|it| it.err().and_then(|denial| denial.problem().expires_at))
    };
    assert_eq!(said(&lapsed(Restriction::Everything)), [Some(end); 2]);
    assert_eq!(said(&lapsed(Restriction::ReadOnly)), [Some(end), None]);
    assert_eq!(said(&lapsed(Restriction::Features)), [None, Some(end)]);
    for restriction in [Restriction::Everything, Restriction::ReadOnly, Restriction::Features] {
        assert_eq!(said(&unlicensed(restriction)), [None; 2]);
    }
}

#[test]
fn lapsed_under_features_only_features_are_refused() {
    let outcomes = outcomes(&lapsed(Restriction::Features));
    let refused = Some((403, "feature_not_licensed"));
    assert_eq!(outcomes, [None, None, Some((402, "feature_lapsed")), refused]);
}

#[test]
fn lapsed_under_advisory_nothing_is_refused_but_what_is_not_granted() {
    let outcomes = outcomes(&lapsed(Restriction::Advisory));
    assert_eq!(outcomes, [None, None, None, Some((403, "feature_not_licensed"))]);
}

#[test]
fn without_a_license_the_code_says_so_and_the_status_says_what_is_refused() {
    let missing = |status| Some((status, "license_missing"));
    assert_eq!(outcomes(&unlicensed(Restriction::Everything)), [missing(503); 4]);
    let features = outcomes(&unlicensed(Restriction::Features));
    assert_eq!(features, [None, None, missing(402), missing(402)]);
    let read_only = outcomes(&unlicensed(Restriction::ReadOnly));
    assert_eq!(read_only, [None, Some((402, "read_only")), missing(402), missing(402)]);
    assert_eq!(outcomes(&unlicensed(Restriction::Advisory)), [None; 4]);
}

#[test]
fn limits_are_those_of_the_license_and_denials_say_how_many() {
    let vendor = vendor(Policy::new().status(DenialCode::LimitReached, 400));
    let (licensing, _clock) = licensing(&vendor);
    vendor.license().limit("users", 5).limit("connectors", vec!["slack"]).install(&licensing);
    assert!(licensing.check_limit("users", 4, 1).is_ok());
    let denial = licensing.check_limit("users", 4, 2).unwrap_err();
    let problem = denial.problem();
    assert_eq!((denial.status(), problem.max, problem.used), (400, Some(5), Some(4)));
    // Over the limit already, as after a renewal that lowers it.
    assert!(licensing.check_limit("users", 9, 0).is_ok());
    assert!(licensing.check_limit("users", u64::MAX, 1).is_err());
    assert!(licensing.check_limit("unknown", 0, 1).is_err());
    assert!(licensing.check_name("connectors", "slack").is_ok());
    let problem = licensing.check_name("connectors", "jira").unwrap_err().problem();
    assert_eq!((problem.limit.as_deref(), problem.max), (Some("connectors"), None));
}

#[test]
fn the_domain_is_checked_after_the_term_and_before_changes() {
    let vendor = vendor(Policy::new().lapsed(Restriction::ReadOnly));
    let (licensing, clock) = licensing(&vendor);
    let host = |text: &'static str| move || RequestHost::new(None, [text.as_bytes()]);
    vendor.license().days(1).domain("*.acme.internal").install(&licensing);
    assert_eq!(outcome(licensing.check_request(|| true, host("api.acme.internal"))), None);
    let mismatch = Some((403, "domain_mismatch"));
    assert_eq!(outcome(licensing.check_request(|| true, host("localhost"))), mismatch);
    assert_eq!(outcome(licensing.check_request(|| true, host("a b"))), Some((400, "host_invalid")));
    clock.advance(Duration::from_secs(DAY));
    assert_eq!(outcome(licensing.check_request(|| true, host("localhost"))), mismatch);
    let change = outcome(licensing.check_request(|| true, host("api.acme.internal")));
    assert_eq!(change, Some((402, "read_only")));
}

#[test]
fn the_host_is_not_asked_for_when_no_domain_is_bound() {
    let vendor = with(Restriction::Everything);
    let (licensing, _clock) = licensing(&vendor);
    vendor.license().install(&licensing);
    let asked = std::cell::Cell::new(false);
    let host = || {
        asked.set(true);
        RequestHost::new(None, [])
    };
    assert!(licensing.check_request(|| true, host).is_ok());
    assert!(!asked.get());
}

#[test]
fn what_plainly_passes_is_what_no_request_from_there_is_refused_for() {
    const HOSTS: [Option<&[u8]>; 4] =
        [Some(b"eu.acme.example"), Some(b"eu.acme.example:8443"), Some(b"other.example"), None];
    const DAYS: fn(u64) -> Duration = |days| Duration::from_secs(days * DAY);
    let policy = |restriction| {
        let policy = Policy::new().warn(DAYS(7)).grace(DAYS(7));
        policy.lapsed(restriction).unlicensed(restriction)
    };
    let state = |restriction, bound: bool, phase: &str| {
        let vendor = vendor(policy(restriction));
        let (licensing, clock) = licensing(&vendor);
        let license = vendor.license().days(30);
        let license = if bound { license.domain("*.acme.example") } else { license };
        let [one, other] = ["sixteen-letters-1", "sixteen-letters-2"]
            .map(|id| MachineId::custom(id).unwrap().fingerprint("test"));
        licensing.control().set_machine(Machine::from(one.clone()));
        match phase {
            "unlicensed" => {}
            "scheduled" => license.not_before(START.saturating_add(DAYS(10))).install(&licensing),
            "invalid" => license.machine(&one).install(&licensing),
            _ => license.install(&licensing),
        }
        match phase {
            "expiring" => clock.advance(DAYS(25)),
            "grace" => clock.advance(DAYS(31)),
            "lapsed" => clock.advance(DAYS(40)),
            "invalid" => licensing.control().set_machine(Machine::from(other)),
            _ => {}
        }
        assert_eq!(licensing.phase().as_str(), phase);
        licensing
    };
    let mut passed = 0;
    for restriction in [
        Restriction::Everything,
        Restriction::ReadOnly,
        Restriction::Features,
        Restriction::Advisory,
    ] {
        let phases =
            ["unlicensed", "scheduled", "active", "expiring", "grace", "lapsed", "invalid"];
        for (phase, bound) in phases.into_iter().flat_map(|it| [(it, true), (it, false)]) {
            let licensing = state(restriction, bound, phase);
            // From the first ones it learns what time it is, and whether the
            // host matters.
            licensing.control().refresh();
            let _ = licensing.control().passes_fast(|| None);
            for host in HOSTS {
                let plainly = licensing.control().passes_fast(|| host);
                let changing = licensing.check_request(|| true, || RequestHost::new(None, host));
                assert_eq!(plainly, changing.is_ok(), "{restriction:?} {licensing:?} {host:?}");
                passed += usize::from(plainly);
            }
        }
    }
    // Bound 2 and free 4 of the hosts; the same after its end, and all 4 where
    // there is none yet or none that is trusted, where no more than features is
    // refused.
    assert_eq!(passed, 4 * 3 * 6 + 2 * (6 + 3 * 2 * 4));
}

#[test]
fn nothing_passes_at_a_glance_where_the_clock_may_have_changed_what_was_found() {
    let [day, second, tick] = [DAY * 1000, 1000, 20].map(Duration::from_millis);
    let end = START.saturating_add(day);
    let sso = AskedFeature::new("sso");
    for (moved, found) in [
        (end, Some((503, "license_expired"))),
        // A coarse reading may be late by a tick.
        (end.saturating_sub(tick), None),
        (START.saturating_sub(second + tick), Some((503, "clock_rolled_back"))),
    ] {
        let vendor = with(Restriction::Everything);
        let (licensing, clock) = licensing(&vendor);
        vendor.license().days(1).features(["sso"]).install(&licensing);
        clock.advance(day - second);
        licensing.control().refresh();
        let glances =
            || [licensing.control().passes_fast(|| None), licensing.control().grants_fast(&sso)];
        assert_eq!(glances(), [true, true]);
        clock.set(moved);
        assert_eq!(glances(), [false, false], "{moved}");
        assert_eq!(outcome(licensing.check_service()), found, "{moved}");
    }
}

#[test]
fn whether_a_request_changes_something_is_asked_only_under_read_only() {
    let asked = std::cell::Cell::new(0);
    let changes = || {
        asked.set(asked.get() + 1);
        true
    };
    let host = || RequestHost::new(None, [&b"localhost"[..]]);
    for (restriction, times) in [
        (Restriction::Advisory, 0),
        (Restriction::Features, 0),
        (Restriction::Everything, 0),
        (Restriction::ReadOnly, 1),
    ] {
        let _ = lapsed(restriction).check_request(changes, host);
        assert_eq!(asked.take(), times, "{restriction:?}");
    }
    let vendor = with(Restriction::ReadOnly);
    let (licensing, clock) = licensing(&vendor);
    vendor.license().days(1).domain("*.acme.internal").install(&licensing);
    assert_eq!(outcome(licensing.check_request(changes, host)), Some((403, "domain_mismatch")));
    clock.advance(Duration::from_secs(DAY));
    assert_eq!(outcome(licensing.check_request(changes, host)), Some((403, "domain_mismatch")));
    assert_eq!(asked.take(), 0);
}

#[test]
fn the_statuses_are_data() {
    let policy = Policy::new()
        .status(DenialCode::LicenseMissing, 451)
        .status(DenialCode::FeatureNotLicensed, 404);
    let vendor = vendor(policy);
    let (licensing, _clock) = licensing(&vendor);
    assert_eq!(outcome(licensing.check_service()), Some((451, "license_missing")));
    vendor.license().install(&licensing);
    assert_eq!(outcome(licensing.check_feature("sso")), Some((404, "feature_not_licensed")));
}

#[test]
fn the_public_status_says_nothing_about_the_customer() {
    let vendor = with(Restriction::Everything);
    let (licensing, _clock) = licensing(&vendor);
    vendor.license().days(1).features(["sso"]).install(&licensing);
    let public = serde_json::to_value(licensing.public_status()).unwrap();
    let expected = serde_json::json!({
        "phase": "expiring", "restricted": false, "days_remaining": 1, "code": null,
    });
    assert_eq!(public, expected);
}

#[test]
fn subscribers_and_the_gate_learn_of_changes_without_polling() {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    let vendor = with(Restriction::Everything);
    let (licensing, clock) = licensing(&vendor);
    let mut gate = licensing.gate();
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut opened = pin!(gate.opened());
        assert_eq!(opened.as_mut().poll(&mut context), Poll::Pending);
        vendor.license().days(1).install(&licensing);
        assert_eq!(opened.as_mut().poll(&mut context), Poll::Ready(()));
    }
    let mut closed = pin!(gate.closed());
    assert_eq!(closed.as_mut().poll(&mut context), Poll::Pending);
    clock.advance(Duration::from_secs(DAY));
    // Any request notices that the term is over.
    assert!(licensing.check_service().is_err());
    assert_eq!(closed.as_mut().poll(&mut context), Poll::Ready(()));
}

#[test]
fn a_service_that_was_never_licensed_is_not_told_to_renew_when_it_is_read_only() {
    let host = || RequestHost::new(None, [&b"localhost"[..]]);
    let told = |licensing: &Licensing| {
        let denial = licensing.check_request(|| true, host).unwrap_err();
        assert_eq!(denial.code(), DenialCode::ReadOnly);
        let problem = denial.problem();
        format!("{}. {} {}", problem.title, problem.detail, problem.remedy.unwrap())
    };
    assert_eq!(
        told(&unlicensed(Restriction::ReadOnly)),
        "Read-only until a license is in force. No license is installed on this service. Reading \
         goes on, changes are refused. An administrator can install a license."
    );
    assert_eq!(
        told(&lapsed(Restriction::ReadOnly)),
        "Read-only until the license is renewed. The license has lapsed: reading goes on, changes \
         are refused. An administrator can install a renewed license."
    );
}
