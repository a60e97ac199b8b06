//! Rules that are only observed: what they refuse is served and counted, and
//! every other rule decides as ever.

use std::{cell::Cell, time::Duration};

use license_core::{
    Denial, DenialCode, Licensing, Phase, Policy, Product, RequestHost, Restriction,
    license::LimitKind,
    policy::Rule,
    testing::{LicenseBuilder, Vendor, licensing},
};

const RULES: [Rule; 5] =
    [Rule::Features, Rule::ReadOnly, Rule::Everything, Rule::Domain, Rule::Limits];
const DAY: Duration = Duration::from_secs(86_400);

fn vendor(policy: Policy) -> Vendor {
    let product = Product::builder("test", "https://vendor.example", "test")
        .policy(policy)
        .feature("sso", "Single sign-on")
        .limit("users", LimitKind::Seats)
        .limit("connectors", LimitKind::Names);
    Vendor::of(product.build().unwrap())
}

fn policy(restriction: Restriction, shadow: &[Rule]) -> Policy {
    let policy = Policy::new().lapsed(restriction).unlicensed(restriction);
    shadow.iter().copied().fold(policy, Policy::shadow)
}

/// A license of one day.
fn license(vendor: &Vendor) -> LicenseBuilder<'_> {
    let license = vendor.license().days(1).features(["sso"]).limit("users", 5);
    license.limit("connectors", vec!["slack"]).domain("*.acme.internal")
}

/// A service in one of three phases.
fn service(policy: Policy, phase: Phase) -> Licensing {
    let vendor = vendor(policy);
    let (licensing, clock) = licensing(&vendor);
    if phase != Phase::Unlicensed {
        license(&vendor).install(&licensing);
    }
    if phase == Phase::Lapsed {
        clock.advance(DAY);
    }
    licensing
}

fn host(name: &'static str) -> impl Fn() -> RequestHost<'static> {
    move || RequestHost::new(None, [name.as_bytes()])
}

/// Every kind of question, with the rules that can refuse it, in order.
type Question = (&'static str, &'static [Rule], fn(&Licensing) -> Result<(), Denial>);

const QUESTIONS: [Question; 9] = {
    const REQUEST: &[Rule] = &[Rule::Everything, Rule::Domain, Rule::ReadOnly];
    const FEATURE: &[Rule] = &[Rule::Everything, Rule::Features];
    const LIMIT: &[Rule] = &[Rule::Everything, Rule::Limits];
    [
        ("read", REQUEST, |it| it.check_request(|| false, host("a.acme.internal"))),
        ("change", REQUEST, |it| it.check_request(|| true, host("a.acme.internal"))),
        ("change elsewhere", REQUEST, |it| it.check_request(|| true, host("localhost"))),
        ("malformed host", REQUEST, |it| it.check_request(|| false, host("a b"))),
        ("granted feature", FEATURE, |it| it.check_feature("sso")),
        ("other feature", FEATURE, |it| it.check_feature("tenants")),
        ("seat beyond the limit", LIMIT, |it| it.check_limit("users", 5, 1)),
        ("units", LIMIT, |it| it.control().check_max("users").map(drop)),
        ("name", LIMIT, |it| it.check_name("connectors", "jira")),
    ]
};

fn code(result: Result<(), Denial>) -> Option<(DenialCode, u16)> {
    result.err().map(|denial| (denial.code(), denial.status()))
}

fn shadowed(licensing: &Licensing) -> Vec<(DenialCode, u64)> {
    licensing.control().denial_counts().map(|count| (count.code, count.shadowed)).collect()
}

fn without(rules: &[Rule], rule: Rule) -> Vec<Rule> {
    rules.iter().copied().filter(|it| *it != rule).collect()
}

#[test]
fn each_rule_decides_as_it_does_alone_and_those_in_shadow_are_counted() {
    use Restriction::{Advisory, Everything, Features, ReadOnly};
    for phase in [Phase::Unlicensed, Phase::Expiring, Phase::Lapsed] {
        for restriction in [Advisory, Features, ReadOnly, Everything] {
            // What each rule does when it is the only one enforced.
            let alone = RULES.map(|rule| {
                let service = service(policy(restriction, &without(&RULES, rule)), phase);
                QUESTIONS.map(|(_, _, ask)| code(ask(&service)))
            });
            for set in 0..1_usize << RULES.len() {
                let shadow: Vec<Rule> = (0..RULES.len())
                    .filter(|at| set & (1 << at) != 0)
                    .map(|at| RULES[at])
                    .collect();
                let service = service(policy(restriction, &shadow), phase);
                for (at, (name, rules, ask)) in QUESTIONS.iter().enumerate() {
                    let mut expected = None;
                    let mut observed = Vec::new();
                    for rule in *rules {
                        let of_rule = RULES.iter().position(|it| it == rule).unwrap();
                        let Some(denial) = alone[of_rule][at] else { continue };
                        if !shadow.contains(rule) {
                            expected = Some(denial);
                            break;
                        }
                        // Of the service as a whole a request tells for all.
                        if *rule != Rule::Everything || rules.contains(&Rule::Domain) {
                            observed.push(denial.0);
                        }
                    }
                    let before = shadowed(&service);
                    let context = format!("{phase}, {restriction:?}, {shadow:?}: {name}");
                    assert_eq!(code(ask(&service)), expected, "{context}");
                    let counted: Vec<DenialCode> = shadowed(&service)
                        .into_iter()
                        .zip(before)
                        .filter(|(after, before)| after.1 > before.1)
                        .map(|(after, _)| after.0)
                        .collect();
                    observed.sort_unstable();
                    assert_eq!(counted, observed, "{context}");
                }
            }
        }
    }
}

#[test]
fn without_shadow_nothing_is_counted_but_what_is_recorded() {
    let service = service(policy(Restriction::Everything, &[]), Phase::Lapsed);
    let denial = service.check_request(|| false, host("a.acme.internal")).unwrap_err();
    let all = |service: &Licensing| {
        service.control().denial_counts().map(|it| it.denied + it.shadowed).sum::<u64>()
    };
    assert_eq!(all(&service), 0);
    service.control().record(&denial);
    let count = service.control().denial_counts().find(|it| it.code == denial.code()).unwrap();
    assert_eq!((count.denied, count.shadowed, all(&service)), (1, 0, 1));
}

#[test]
fn what_recovers_passes_and_is_not_counted_and_nobody_asks_whether_it_does_without_need() {
    let asked = Cell::new(0);
    let check = |service: &Licensing, recovers: bool| {
        let recovers = || {
            asked.set(asked.get() + 1);
            recovers
        };
        code(service.control().check_request_unless(|| true, host("localhost"), recovers))
    };
    let counted = |service: &Licensing| shadowed(service).iter().map(|it| it.1).sum::<u64>();
    let both = [Rule::Everything, Rule::Domain];
    let observed = service(policy(Restriction::Everything, &both), Phase::Lapsed);
    assert_eq!((check(&observed, true), counted(&observed)), (None, 0));
    assert_eq!((check(&observed, false), counted(&observed)), (None, 2));
    let enforced = service(policy(Restriction::Everything, &[]), Phase::Lapsed);
    assert_eq!(check(&enforced, true), None);
    assert_eq!(check(&enforced, false), Some((DenialCode::LicenseExpired, 503)));
    asked.set(0);
    let vendor = vendor(Policy::new());
    let (in_force, _clock) = licensing(&vendor);
    vendor.license().install(&in_force);
    assert_eq!((check(&in_force, true), asked.get()), (None, 0));
}

#[test]
fn a_feature_that_is_merely_asked_about_is_not_counted() {
    let service = service(policy(Restriction::Features, &[Rule::Features]), Phase::Lapsed);
    assert!(service.allows_feature("sso") && service.allows_feature("tenants"));
    assert_eq!(service.usable_features(), ["sso"]);
    assert!(shadowed(&service).iter().all(|it| it.1 == 0));
    assert!(service.check_feature("tenants").is_ok());
    let count =
        service.control().denial_counts().find(|it| it.code == DenialCode::FeatureNotLicensed);
    assert_eq!(count.map(|it| (it.denied, it.shadowed)), Some((0, 1)));
    let enforced = self::service(policy(Restriction::Features, &[]), Phase::Lapsed);
    assert!(!enforced.allows_feature("sso"));
}

#[test]
fn statuses_and_background_work_go_by_what_is_enforced() {
    for restriction in [Restriction::Features, Restriction::ReadOnly, Restriction::Everything] {
        for phase in [Phase::Unlicensed, Phase::Lapsed] {
            let enforced = service(policy(restriction, &[]), phase);
            let status = enforced.status(|_| None);
            assert!(status.restricted && enforced.public_status().restricted);
            assert!(status.problem.is_some() && enforced.public_status().code.is_some());
            assert_eq!(enforced.restriction(), Some(restriction));

            let observed = service(policy(restriction, &RULES), phase);
            let status = observed.status(|_| None);
            assert!(!status.restricted && !observed.public_status().restricted);
            assert_eq!((status.problem, observed.public_status().code), (None, None));
            assert!(!status.warnings.is_empty(), "administrators are told all the same");
            assert_eq!(observed.restriction(), Some(Restriction::Advisory));
            assert!(observed.gate().is_open());
        }
    }
    let vendor = vendor(policy(Restriction::Everything, &[Rule::Everything]));
    let (licensing, _clock) = licensing(&vendor);
    license(&vendor).install(&licensing);
    let last = licensing.timeline().transitions.pop().unwrap();
    assert_eq!(last.phase, Phase::Lapsed);
    assert!(last.effect.text.contains("everything works"), "{}", last.effect);
}
