//! What is told in advance: simulations, and what a renewal changes.

use std::time::Duration;

use license_core::{
    Denial, DenialCode, Fingerprint, License, Licensing, Phase, Policy, Product, RequestHost,
    Restriction, Timestamp, Token,
    license::LimitKind,
    policy::Rule,
    product::Plan,
    report::{Difference, RequestKind, Simulation},
    testing::{LicenseBuilder, START, Vendor, licensing},
};

const DAY: Duration = Duration::from_secs(86_400);

fn vendor(policy: Policy) -> Vendor {
    let product = Product::builder("test", "https://vendor.example", "test")
        .policy(policy)
        .feature("sso", "Single sign-on")
        .feature("tenants", "Tenants")
        .limit("users", LimitKind::Seats)
        .limit("connectors", LimitKind::Names)
        .plan("enterprise", Plan::new());
    Vendor::of(product.build().unwrap())
}

fn after(days: u32) -> Timestamp {
    START.saturating_add(DAY * days)
}

/// A year's license with something of everything.
fn full(vendor: &Vendor) -> LicenseBuilder<'_> {
    let license = vendor.license().features(["sso"]).limit("users", 5);
    license.limit("connectors", vec!["slack"]).domain("*.acme.internal")
}

fn simulate(vendor: &Vendor, token: &Token, from: Timestamp) -> Simulation {
    Simulation::of(vendor.product(), token, from).unwrap()
}

type Outcome = Option<(u16, &'static str)>;

fn outcome(result: Result<(), Denial>) -> Outcome {
    result.err().map(|denial| (denial.status(), denial.code().as_str()))
}

/// What a service that has the license installed answers now.
fn served(licensing: &Licensing, request: RequestKind) -> Outcome {
    use RequestKind as Kind;
    let host = |name: &'static str| move || RequestHost::new(None, [name.as_bytes()]);
    let passes = |changes: bool| licensing.check_request(|| changes, host("api.acme.internal"));
    let feature = |name: &str| passes(false).and_then(|()| licensing.check_feature(name));
    let seat = |used: u64| passes(true).and_then(|()| licensing.check_limit("users", used, 1));
    outcome(match request {
        Kind::Page => passes(false),
        Kind::Change => passes(true),
        Kind::GrantedFeature => feature("sso"),
        Kind::OtherFeature => feature("tenants"),
        Kind::Seat => seat(0),
        Kind::SeatBeyondLimit => seat(5),
        Kind::OtherHost => licensing.check_request(|| false, host("other.example")),
        Kind::Install => Ok(()),
        other => panic!("{other:?} is not known here"),
    })
}

#[test]
fn a_simulation_answers_as_the_service_will() {
    use Restriction::{Advisory, Everything, Features, ReadOnly};
    for restriction in [Advisory, Features, ReadOnly, Everything] {
        let policy = Policy::new()
            .grace(DAY * 14)
            .lapsed(restriction)
            .unlicensed(restriction)
            .status(DenialCode::LimitReached, 429)
            .status(DenialCode::LicenseExpired, 451);
        let vendor = vendor(policy);
        let token = full(&vendor).not_before(after(2)).sign();
        let simulation = simulate(&vendor, &token, START);
        let (licensing, clock) = licensing(&vendor);
        licensing.install_in_memory(&licensing.verify(token.as_str().as_bytes()).unwrap());
        let mut announcer = licensing.control().announcer();
        let phases = simulation.periods.iter().map(|period| period.phase);
        assert_eq!(
            phases.collect::<Vec<_>>(),
            [Phase::Scheduled, Phase::Active, Phase::Expiring, Phase::Grace, Phase::Lapsed]
        );
        for period in &simulation.periods {
            clock.advance(period.from.saturating_since(clock_now(&licensing)));
            let status = licensing.status(|_| None);
            assert_eq!(period.phase, status.phase);
            assert_eq!(period.restricted, status.restricted, "{:?}", period.phase);
            assert_eq!(period.administrators, status.warnings, "{:?}", period.phase);
            assert_eq!(period.banner, licensing.banner(|_| None), "{:?}", period.phase);
            assert_eq!(period.log, announcer.due(), "{:?}", period.phase);
            assert!(!period.log.is_empty() || period.phase == Phase::Active);
            assert_eq!(period.answers.len(), 8);
            for answer in &period.answers {
                let told = answer.refused.map(|it| (it.status, it.code));
                let found = served(&licensing, answer.request);
                assert_eq!(told, found, "{restriction:?}, {:?}, {answer:?}", period.phase);
                assert_eq!(answer.is_served(), found.is_none());
            }
        }
    }
}

#[test]
fn rules_in_shadow_show_what_they_would_refuse() {
    use Restriction::{Everything, Features, ReadOnly};
    for restriction in [Features, ReadOnly, Everything] {
        let policy = Policy::new().lapsed(restriction).unlicensed(restriction);
        let rules = [Rule::Features, Rule::ReadOnly, Rule::Everything, Rule::Domain, Rule::Limits];
        let shadow = rules.into_iter().fold(policy.clone(), Policy::shadow);
        let [enforced, observed] = [policy, shadow].map(|policy| {
            let vendor = vendor(policy);
            let token = full(&vendor).not_before(after(2)).sign();
            simulate(&vendor, &token, START).periods
        });
        assert_eq!(enforced.len(), observed.len());
        for (enforced, observed) in enforced.iter().zip(&observed) {
            assert!(!observed.restricted);
            assert!(observed.users.starts_with("Everything"));
            for (refused, served) in enforced.answers.iter().zip(&observed.answers) {
                assert_eq!((refused.shadow, served.refused), (None, None));
                assert_eq!(served.shadow, refused.refused, "{restriction:?}, {served:?}");
            }
        }
    }
}

fn clock_now(licensing: &Licensing) -> Timestamp {
    licensing.clock().now()
}

#[test]
fn periods_follow_one_another_from_the_moment_asked_for() {
    let vendor = vendor(Policy::new().grace(DAY * 14));
    let token = full(&vendor).sign();
    let bounds = |from: Timestamp| {
        let simulation = simulate(&vendor, &token, from);
        assert_eq!(simulation.from, from);
        let periods = simulation.periods.iter();
        periods.map(|it| (it.phase, it.from, it.until)).collect::<Vec<_>>()
    };
    let rest = [(Phase::Grace, after(365), Some(after(379))), (Phase::Lapsed, after(379), None)];
    let mut all = vec![
        (Phase::Active, START, Some(after(335))),
        (Phase::Expiring, after(335), Some(after(365))),
    ];
    all.extend(rest);
    assert_eq!(bounds(START), all);
    assert_eq!(bounds(after(365)), rest);
    assert_eq!(bounds(after(1000)), [(Phase::Lapsed, after(1000), None)]);
    // A simulated clock is never wrong.
    let long_ago = Timestamp::from_seconds(0);
    assert_eq!(bounds(long_ago)[0], (Phase::Active, long_ago, Some(after(335))));
}

#[test]
fn users_are_told_what_they_will_find() {
    let lapsed = |restriction: Restriction| {
        let vendor = vendor(Policy::new().lapsed(restriction));
        let token = full(&vendor).sign();
        simulate(&vendor, &token, after(365)).periods[0].users
    };
    assert!(lapsed(Restriction::Everything).starts_with("The service is refused"));
    assert!(lapsed(Restriction::ReadOnly).starts_with("Reading goes on"));
    assert!(lapsed(Restriction::Features).starts_with("Licensed features are refused"));
    assert!(lapsed(Restriction::Advisory).starts_with("Everything"));
}

#[test]
fn only_requests_that_can_occur_are_answered() {
    let vendor = vendor(Policy::new());
    let kinds = |token: &Token| {
        let simulation = simulate(&vendor, token, START);
        simulation.periods[0].answers.iter().map(|it| it.request).collect::<Vec<_>>()
    };
    use RequestKind as Kind;
    let token = vendor.license().features(["sso", "tenants"]).limit("users", None::<u64>).sign();
    let expected = [Kind::Page, Kind::Change, Kind::GrantedFeature, Kind::Seat, Kind::Install];
    assert_eq!(kinds(&token), expected);
    let plain = Vendor::new();
    let token = plain.license().sign();
    let simulation = simulate(&plain, &token, START);
    assert_eq!(simulation.periods[0].answers.len(), 3);
    assert!(simulation.periods[0].answer(Kind::Seat).is_none());
}

#[test]
fn the_machine_is_taken_to_be_the_licensed_one() {
    let vendor = vendor(Policy::new());
    let machine: Fingerprint = format!("fp1:machine-id:{}", "ab".repeat(32)).parse().unwrap();
    let token = full(&vendor).machine(&machine).sign();
    assert_eq!(simulate(&vendor, &token, START).periods[0].phase, Phase::Active);
}

#[test]
fn what_the_product_would_not_read_is_not_simulated() {
    let vendor = vendor(Policy::new());
    let code = |token: &Token| Simulation::of(vendor.product(), token, START).unwrap_err().code();
    assert_eq!(code(&full(&vendor).without("plan").sign()), "claims_invalid");
    assert_eq!(code(&full(&vendor).claim("aud", "other").sign()), "audience_mismatch");
    let untyped = vendor.sign_raw(r#"{"alg":"ES256"}"#, "{}");
    assert_eq!(code(&untyped.parse().unwrap()), "token_malformed");
}

#[test]
fn a_simulation_is_data() {
    let vendor = vendor(Policy::new());
    let told = serde_json::to_value(simulate(&vendor, &full(&vendor).sign(), after(365))).unwrap();
    let period = &told["periods"][0];
    assert_eq!((&period["phase"], &period["restricted"]), (&"lapsed".into(), &true.into()));
    let expected = serde_json::json!(
        {"request": "granted_feature", "name": "sso", "refused": {"status": 503, "code": "license_expired"}, "shadow": null}
    );
    assert_eq!(period["answers"][2], expected);
}

/// What changes from one license to another.
fn difference(old: LicenseBuilder<'_>, new: LicenseBuilder<'_>) -> Difference {
    let (vendor, read) = (vendor(Policy::new()), |product: &Product, it: LicenseBuilder<'_>| {
        license_core::Verifier::check_claims(product, it.claims()).unwrap()
    });
    let [old, new]: [License; 2] = [old, new].map(|it| read(vendor.product(), it));
    Difference::between(Some(&old), &new)
}

#[test]
fn a_renewal_with_the_same_facts_changes_its_times_alone() {
    let vendor = vendor(Policy::new());
    let renewed = full(&vendor).issued_at(after(300)).expires_at(after(365 + 366));
    let difference = difference(full(&vendor), renewed);
    assert_eq!(difference.gained, ["ends 2028-10-31 instead of 2027-10-31"]);
    assert!(difference.lost.is_empty() && difference.warnings.is_empty());
    let facts: Vec<&str> = difference.changed.iter().map(|change| change.fact).collect();
    assert_eq!(facts, ["issued_at", "expires_at"]);
    assert_eq!(difference.changed[1].old, Some(after(365).to_string()));
    assert_eq!(difference.changed[1].new, Some(after(731).to_string()));
    assert_eq!(difference.days, Some(366));
    assert!(difference.same_id && !difference.older);
}

#[test]
fn a_difference_tells_rights_and_facts_apart() {
    let vendor = vendor(Policy::new());
    let machine: Fingerprint = format!("fp1:machine-id:{}", "ab".repeat(32)).parse().unwrap();
    let other = vendor
        .license()
        .id("lic_other")
        .plan("starter")
        .features(["tenants"])
        .limit("users", 3)
        .limit("connectors", vec!["jira", "slack"])
        .machine(&machine)
        .not_before(after(1))
        .claim("customer", serde_json::json!({"id": "c", "name": "Other", "email": "a@b"}))
        .issued_at(START.saturating_sub(DAY))
        .expires_at(after(364));
    let difference = difference(full(&vendor), other);
    assert_eq!(
        difference.gained,
        ["tenants", "connectors: jira", "plan: starter", "domain: any instead of *.acme.internal"]
    );
    let lost = [
        "sso",
        "users: 5 to 3",
        "plan: enterprise",
        "ends 2027-10-30 instead of 2027-10-31",
        &format!("machine: {machine} instead of any"),
    ];
    assert_eq!(difference.lost, lost);
    let warned: Vec<&str> = difference.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(
        warned,
        ["other_customer", "other_machine", "days_given_away", "license_ends_earlier"]
    );
    let facts: Vec<&str> = difference.changed.iter().map(|change| change.fact).collect();
    assert_eq!(
        facts,
        [
            "id",
            "customer",
            "customer_id",
            "email",
            "plan",
            "issued_at",
            "not_before",
            "expires_at",
            "machine",
            "domain",
        ]
    );
    let domain = &difference.changed[9];
    assert_eq!((domain.old.as_deref(), domain.new.as_deref()), (Some("*.acme.internal"), None));
    assert_eq!(difference.days, Some(-1));
    assert!(!difference.same_id && difference.older);
}

#[test]
fn a_license_of_the_same_second_is_not_older() {
    let vendor = vendor(Policy::new());
    let again = full(&vendor).id("lic_2").issued_at(START);
    assert!(!difference(full(&vendor), again).older);
}

#[test]
fn days_are_whole_ones() {
    let vendor = vendor(Policy::new());
    let hours = |hours: u64| after(365).saturating_add(Duration::from_secs(hours * 3600));
    let days = |end: Timestamp| difference(full(&vendor), full(&vendor).expires_at(end)).days;
    assert_eq!(days(hours(0)), Some(0));
    assert_eq!(days(hours(47)), Some(1));
    assert_eq!(days(after(364).saturating_add(Duration::from_secs(3600))), Some(0));
}

#[test]
fn a_difference_tells_how_much_is_used() {
    let vendor = vendor(Policy::new());
    let read = |it: LicenseBuilder<'_>| {
        license_core::Verifier::check_claims(vendor.product(), it.claims()).unwrap()
    };
    let (old, new) = (read(vendor.license().limit("users", 100)), vendor.license());
    let new = read(new.limit("users", 50));
    let used = |limit: &str| (limit == "users").then_some(80);
    let difference = Difference::between_used(Some(&old), &new, used);
    assert_eq!(difference.lost, ["users: 80 used, 50 allowed"]);
    assert_eq!(Difference::between(Some(&old), &new).lost, ["users: 100 to 50"]);
    let back = Difference::between_used(Some(&new), &old, used);
    assert_eq!(back.gained, ["users: 80 used, 100 allowed"]);
}

#[test]
fn a_license_that_follows_covers_or_it_is_told_why_not() {
    let vendor = vendor(Policy::new());
    let follows = |begins: u32, ends: u32| {
        let new = full(&vendor).not_before(after(begins)).expires_at(after(ends));
        let difference = difference(full(&vendor), new);
        let texts: Vec<String> =
            difference.warnings.iter().map(|warning| warning.text.clone()).collect();
        texts.join(" ")
    };
    assert_eq!(follows(365, 730), "");
    let gap = "The license begins after a gap of 30 days: none is in force from \
               2027-11-01T00:00:00Z to 2027-12-01T00:00:00Z.";
    assert_eq!(follows(395, 730), gap);
    assert!(follows(100, 200).contains("165 days earlier than the one in force (2027-10-31)"));
    assert!(follows(335, 700).contains("30 paid days are given away"), "{}", follows(335, 700));
}
