//! Broken licenses and services: each is named by its cause first.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use license_core::{
    Fingerprint, InstallErrorKind, Licensing, MachineId, Product, Timestamp, VerifiedLicense,
    machine::Machine,
    refusal::Check,
    report::{Conditions, Diagnosis, FINDING_CODES, Finding, Outcome, Surroundings},
    testing::{ManualClock, START, Vendor, licensing},
    time::ClockMark,
};
use serde_json::json;

const PROFILE: &str = r#"
name = "acme"
issuer = "https://vendor.example"
audience = "acme-server"
[policy]
warn = "30d"
grace = "14d"
freshness = "30d"
[plans.standard]
machine = "required"
domain = "forbidden"
[plans.enterprise]
machine = "optional"
"#;

/// What must never be seen in a diagnosis.
const SECRETS: [&str; 4] = ["Test Customer", "cust_test", "it@acme.example", "0123456789abcdef"];
const ID: &str = "0123456789abcdef0123456789abcdef";

/// A vendor, and what is offered to a service of the product.
struct Case {
    vendor: Vendor,
}

impl Case {
    fn new() -> Self {
        Self { vendor: Vendor::of(Product::from_toml(PROFILE).unwrap()) }
    }

    fn good(&self) -> String {
        self.vendor
            .license()
            .claim("customer", CUSTOMER.parse::<serde_json::Value>().unwrap())
            .sign()
            .as_str()
            .to_owned()
    }

    fn verified(&self, token: &str) -> VerifiedLicense {
        self.vendor.verifier().verify(token.as_bytes()).unwrap()
    }

    #[track_caller]
    fn of(&self, token: impl AsRef<[u8]>, conditions: &Conditions<'_>) -> Diagnosis {
        let diagnosis = Diagnosis::of(&self.vendor.verifier(), token.as_ref(), conditions);
        is_fit_for_a_ticket(&diagnosis, token.as_ref());
        diagnosis
    }

    /// What is named first.
    #[track_caller]
    fn first(&self, token: impl AsRef<[u8]>, conditions: &Conditions<'_>) -> Finding {
        self.of(token, conditions).findings.swap_remove(0)
    }

    /// Fails for this reason first, and nothing else is blamed.
    #[track_caller]
    fn fails(&self, token: impl AsRef<[u8]>, conditions: &Conditions<'_>, reason: [&str; 3]) {
        let diagnosis = self.of(token, conditions);
        let first = &diagnosis.findings[0];
        let [check, code, text] = reason;
        assert_eq!(
            (first.outcome, first.check.as_str(), first.code),
            (Outcome::Failed, check, code)
        );
        assert!(first.text.contains(text), "{text}: {}", first.text);
        let failed = diagnosis.findings.iter().filter(|it| it.outcome != Outcome::Ok).count();
        assert_eq!(failed, 1, "{diagnosis:#?}");
    }
}

const CUSTOMER: &str = r#"{"id":"cust_test","name":"Test Customer","email":"it@acme.example"}"#;

/// Sentences with a cure, and nothing that a ticket must not hold.
#[track_caller]
fn is_fit_for_a_ticket(diagnosis: &Diagnosis, token: &[u8]) {
    let text = serde_json::to_string(diagnosis).unwrap();
    let token = String::from_utf8_lossy(token);
    let parts = token.split(['.', '\n', '\r', '"']).filter(|part| part.len() > 20);
    for secret in SECRETS.into_iter().chain(parts) {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    let is_code = |code: &str| {
        FINDING_CODES.contains(&code) || InstallErrorKind::ALL.iter().any(|it| it.as_str() == code)
    };
    for it in &diagnosis.findings {
        assert!(is_code(it.code), "{}", it.code);
        assert!(it.text.ends_with('.') && !it.text.contains(".."), "{}", it.text);
        assert!(it.text.starts_with(|it: char| it.is_uppercase() || it == '`'), "{}", it.text);
        assert_eq!(it.cure.is_some(), it.outcome != Outcome::Ok, "{it:?}");
        assert_eq!(it.code == "ok", it.outcome == Outcome::Ok, "{it:?}");
        let unchecked = diagnosis.not_checked.contains(&it.check);
        assert!(!unchecked, "{} was checked and was not", it.check);
    }
    let rank = |it: &Finding| (std::cmp::Reverse(it.outcome), it.check);
    assert!(diagnosis.findings.is_sorted_by_key(rank), "{diagnosis:#?}");
    assert_eq!(diagnosis.outcome, diagnosis.findings[0].outcome);
}

fn day(days: i64) -> Timestamp {
    Timestamp::from_seconds(START.as_seconds() + days * 86_400)
}

fn now() -> Conditions<'static> {
    Conditions::at(START)
}

fn fingerprint(id: &str, audience: &str) -> Fingerprint {
    MachineId::parse_linux(id).unwrap().fingerprint(audience)
}

#[test]
fn a_good_license_passes_every_check_that_can_be_made() {
    let case = Case::new();
    let this = fingerprint(ID, "acme-server");
    let token = case.vendor.license().machine(&this).domain("*.acme.internal").sign();
    let installed = case.verified(token.as_str());
    let conditions =
        now().host("a.acme.internal").machine(Machine::from(this)).installed(&installed);
    let diagnosis = case.of(token.as_str(), &conditions);
    assert_eq!(diagnosis.outcome, Outcome::Ok, "{diagnosis:#?}");
    assert!(diagnosis.not_checked.is_empty(), "{diagnosis:#?}");
    let checked: Vec<&str> = diagnosis.findings.iter().map(|it| it.check.as_str()).collect();
    let all = "clock form type key signature issuer audience claims plan machine term freshness \
               domain order";
    assert_eq!(checked.join(" "), all);
}

#[test]
fn what_nobody_said_is_named_as_not_checked() {
    let case = Case::new();
    let this = fingerprint(ID, "acme-server");
    let token = case.vendor.license().machine(&this).domain("*.acme.internal").sign();
    let diagnosis = case.of(token.as_str(), &now());
    assert_eq!(diagnosis.outcome, Outcome::Ok);
    let unchecked = [Check::Machine, Check::Domain, Check::Order];
    assert_eq!(diagnosis.not_checked, unchecked.into());
}

#[test]
fn what_can_be_read_over_is_told_and_is_no_fault() {
    let case = Case::new();
    let good = case.good();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let wrapped = good.as_bytes().chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..]);
    for (bytes, text) in [
        (good.clone().into_bytes(), "right form."),
        (format!("\u{feff}{good}\n").into_bytes(), "a byte order mark"),
        (utf16(&format!("\u{feff}{good}")), "UTF-16"),
        (wrapped, "line ends within"),
    ] {
        let diagnosis = case.of(&bytes, &now());
        assert_eq!(diagnosis.outcome, Outcome::Ok);
        let form = diagnosis.findings.iter().find(|it| it.check == Check::Form).unwrap();
        assert!(form.text.contains(text), "{}", form.text);
    }
}

#[test]
fn what_damaged_a_token_on_its_way_is_named() {
    let case = Case::new();
    let good = case.good();
    let reply: String = good
        .as_bytes()
        .chunks(60)
        .fold(String::new(), |text, line| format!("{text}> {}\n", String::from_utf8_lossy(line)));
    let printable: String = good
        .as_bytes()
        .chunks(60)
        .fold(String::new(), |text, line| format!("{text}{}=\r\n", String::from_utf8_lossy(line)));
    let umlaut = format!("\u{feff}ü{good}");
    let umlaut: Vec<u8> = umlaut.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let encoded = STANDARD.encode(&good);
    let unsigned = good.rsplit_once('.').unwrap().0;
    for (bytes, text) in [
        (format!("\"{good}\""), "quotes"),
        (reply, "as in a reply"),
        (printable, "as mail encodes it"),
        (unsigned.to_owned(), "cut off: its signature is missing"),
        (format!("LICENSE_KEY={good}"), "a name in front"),
        (format!("Bearer {good}"), "`Bearer`"),
        (encoded, "base64 of a license"),
        (format!("{good}\n{good}"), "two licenses"),
        ("-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----".to_owned(), "a key"),
        ("<!DOCTYPE html><html></html>".to_owned(), "a web page"),
        ("/etc/acme/license.jwt".to_owned(), "the name of a file"),
        (String::new(), "empty"),
    ] {
        let first = case.first(&bytes, &now());
        assert_eq!((first.check, first.code), (Check::Form, "token_malformed"), "{first:?}");
        assert!(first.text.to_lowercase().contains(&text.to_lowercase()), "{text}: {}", first.text);
        case.fails(&bytes, &now(), ["form", "token_malformed", ""]);
    }
    case.fails(umlaut, &now(), ["form", "token_malformed", "UTF-16 of more than ASCII"]);
    case.fails(vec![b'a'; 64 * 1024], &now(), ["form", "token_too_large", "16 KiB"]);
    // Within the signature.
    case.fails(&good[..good.len() - 10], &now(), ["signature", "signature_invalid", "bytes short"]);
}

#[test]
fn a_wrong_type_is_named() {
    let case = Case::new();
    let claims = serde_json::to_string(case.vendor.license().claims()).unwrap();
    let kid = case.vendor.key().public_key().kid().to_owned();
    let header = |typ: &str| format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"{kid}"}}"#);
    let token = case.vendor.sign_raw(header("JWT"), &claims);
    case.fails(token, &now(), ["type", "token_malformed", "`typ`"]);
}

#[test]
fn an_unknown_key_is_named_beside_the_trusted_one() {
    let case = Case::new();
    let claims = serde_json::to_string(case.vendor.license().claims()).unwrap();
    let header = r#"{"alg":"ES256","typ":"license+jwt","kid":"key-of-2024"}"#;
    let token = case.vendor.sign_raw(header, &claims);
    let trusted = case.vendor.key().public_key().kid().to_owned();
    case.fails(&token, &now(), ["key", "key_unknown", "`key-of-2024`"]);
    case.fails(&token, &now(), ["key", "key_unknown", &trusted]);
    // Anybody can write there what they like.
    let header = r#"{"alg":"ES256","typ":"license+jwt","kid":"Test Customer <it@acme.example>"}"#;
    let token = case.vendor.sign_raw(header, &claims);
    case.fails(&token, &now(), ["key", "key_unknown", "not shown"]);
}

#[test]
fn another_products_or_vendors_license_is_told_even_where_its_key_is_unknown() {
    let case = Case::new();
    let other = |issuer: &str, audience: &str| {
        let product = Product::builder("other", issuer, audience).build().unwrap();
        Vendor::of(product).license().sign().as_str().to_owned()
    };
    let [product, vendor] = ["another product", "another vendor"];
    let token = other("https://vendor.example", "other-server");
    case.fails(token, &now(), ["key", "key_unknown", product]);
    let token = other("https://other.example", "acme-server");
    case.fails(token, &now(), ["key", "key_unknown", vendor]);
    // The same keys for both.
    let issuer = case.vendor.license().claim("iss", "https://other.example").sign();
    case.fails(issuer.as_str(), &now(), ["issuer", "issuer_mismatch", vendor]);
    let audience = case.vendor.license().claim("aud", "other-server").sign();
    case.fails(audience.as_str(), &now(), ["audience", "audience_mismatch", product]);
    // Their products need not have our claims.
    let plain = case.vendor.license().without("plan");
    let other = plain.clone().claim("iss", "https://other.example").sign();
    case.fails(other.as_str(), &now(), ["issuer", "issuer_mismatch", vendor]);
    let other = plain.claim("aud", "other-server").sign();
    case.fails(other.as_str(), &now(), ["audience", "audience_mismatch", product]);
    assert!(case.of(other.as_str(), &now()).not_checked.contains(&Check::Plan));
    let nobodys = case.vendor.license().without("iss").sign();
    case.fails(nobodys.as_str(), &now(), ["claims", "claims_invalid", "`iss` is missing"]);
    assert!(case.of(nobodys.as_str(), &now()).not_checked.contains(&Check::Issuer));
}

#[test]
fn a_key_used_with_another_algorithm_is_named() {
    let case = Case::new();
    let claims = serde_json::to_string(case.vendor.license().claims()).unwrap();
    let kid = case.vendor.key().public_key().kid().to_owned();
    let header = format!(r#"{{"alg":"RS256","typ":"license+jwt","kid":"{kid}"}}"#);
    let token = case.vendor.sign_raw(header, &claims);
    case.fails(token, &now(), ["key", "algorithm_not_allowed", "`RS256`"]);
}

#[test]
fn an_altered_license_is_named_by_its_signature() {
    let case = Case::new();
    let (one, two) = (case.good(), case.vendor.license().plan("other").sign());
    let signature = one.rsplit_once('.').unwrap().1;
    let body = two.as_str().rsplit_once('.').unwrap().0;
    let reason = ["signature", "signature_invalid", "altered"];
    case.fails(format!("{body}.{signature}"), &now(), reason);
    // Another key may be the cause where none is named.
    let claims = serde_json::to_string(case.vendor.license().claims()).unwrap();
    let other = Vendor::of(Product::from_toml(PROFILE).unwrap());
    let token = other.sign_raw(r#"{"alg":"ES256","typ":"license+jwt"}"#, claims);
    case.fails(token, &now(), ["signature", "signature_invalid", "names no key"]);
}

#[test]
fn a_claim_is_named_and_its_value_is_not() {
    let case = Case::new();
    let missing = case.vendor.license().without("features").sign();
    case.fails(missing.as_str(), &now(), ["claims", "claims_invalid", "`features` is missing"]);
    let mistyped = case.vendor.license().claim("jti", 7).sign();
    case.fails(mistyped.as_str(), &now(), ["claims", "claims_invalid", "`jti`"]);
    let endless = case.vendor.license().without("exp").sign();
    case.fails(endless.as_str(), &now(), ["claims", "claims_invalid", "`exp` is missing"]);
}

#[test]
fn what_a_plan_demands_is_named_as_such() {
    let case = Case::new();
    let unbound = case.vendor.license().plan("standard").sign();
    case.fails(unbound.as_str(), &now(), ["plan", "claims_invalid", "licenses of this plan"]);
    let known = format!("known_plans_only = true\n{PROFILE}");
    let case = Case { vendor: Vendor::of(Product::from_toml(&known).unwrap()) };
    let other = case.vendor.license().plan("gold").sign();
    case.fails(other.as_str(), &now(), ["plan", "claims_invalid", "not a plan of this product"]);
}

#[test]
fn a_domain_that_is_none_or_another_is_named() {
    let case = Case::new();
    let bound = |domain| case.vendor.license().domain(domain).sign();
    let none = bound("*.*.internal");
    case.fails(none.as_str(), &now(), ["domain", "domain_invalid", "not a valid pattern"]);
    let other = bound("*.acme.internal");
    let conditions = now().host("license.example");
    case.fails(other.as_str(), &conditions, ["domain", "domain_mismatch", "license.example"]);
}

#[test]
fn a_host_that_is_none_says_nothing_of_the_license() {
    let case = Case::new();
    let bound = case.vendor.license().domain("*.acme.internal").sign();
    for no_host in ["a b", "", "https://a/x"] {
        let reason = ["domain", "host_invalid", "not asked by a host name"];
        case.fails(bound.as_str(), &now().host(no_host), reason);
    }
    let free = case.vendor.license().sign();
    assert_eq!(case.first(free.as_str(), &now().host("a b")).outcome, Outcome::Ok);
}

#[test]
fn one_that_is_installed_is_not_to_be_forced() {
    let case = Case::new();
    let bound = case.vendor.license().domain("*.acme.internal").sign();
    let cure = |conditions: &Conditions<'_>| {
        let named = case.first(bound.as_str(), conditions);
        assert_eq!(named.code, "domain_mismatch");
        named.cure.unwrap().contains("force")
    };
    let conditions = now().host("license.example");
    assert!(cure(&conditions));
    let installed = case.verified(bound.as_str());
    assert!(!cure(&conditions.installed(&installed)));
}

#[test]
fn the_cure_of_a_wrong_text_is_its_own_and_says_nothing_of_uploads() {
    let case = Case::new();
    let cure = |text: &str| {
        let named = case.first(text, &now());
        assert_eq!((named.check, named.outcome), (Check::Form, Outcome::Failed), "{named:?}");
        named.cure.unwrap()
    };
    let key = "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n";
    assert!(cure(key).contains("tell the vendor"));
    let encoded = STANDARD.encode(case.good());
    assert!(cure(&encoded).contains("Decode it once"));
    for text in ["\"x\"", &case.good()[..60]] {
        assert!(!cure(text).contains("pload"), "{text}: {}", cure(text));
    }
    let other = case.vendor.license().claim("aud", "other-server").sign();
    assert!(!case.first(other.as_str(), &now()).cure.unwrap().contains("pload"));
}

#[test]
fn why_it_is_not_for_this_machine_is_told_as_far_as_known() {
    let case = Case::new();
    let reason = |text| ["machine", "machine_mismatch", text];
    let bound = |to: &Fingerprint| case.vendor.license().machine(to).sign().as_str().to_owned();
    let this = Machine::from(fingerprint(ID, "acme-server"));
    let on_this = now().machine(this.clone());

    let other = bound(&fingerprint("fedcba9876543210fedcba9876543210", "acme-server"));
    case.fails(other, &on_this, reason("and this machine is `fp1:machine-id:"));

    let custom = MachineId::custom("cluster-a/node-17").unwrap().fingerprint("acme-server");
    case.fails(bound(&custom), &on_this, reason("is known by `custom`, this one by `machine-id`"));

    let several = json!(["acme-server", "other-server"]);
    let of_other = fingerprint(ID, "other-server");
    let of_other = case.vendor.license().claim("aud", several).machine(&of_other).sign();
    let id = Surroundings::new().machine_id(Ok(MachineId::parse_linux(ID).unwrap()));
    let on_this = on_this.surroundings(id);
    case.fails(of_other.as_str(), &on_this, reason("as another product knows it"));

    let unreadable = Surroundings::new().machine_id(Err("no such file".to_owned()));
    let conditions = now().machine(Machine::UNAVAILABLE).surroundings(unreadable);
    let bound = bound(&fingerprint(ID, "acme-server"));
    case.fails(bound, &conditions, ["machine", "fingerprint_unavailable", "No such file."]);
}

#[test]
fn the_term_is_judged_for_one_to_be_installed_and_for_one_that_is() {
    let case = Case::new();
    let token = case.vendor.license().days(20).sign();
    let installed = case.verified(token.as_str());
    let at = |days| Conditions::at(day(days));
    let named = |conditions: &Conditions<'_>| {
        let first = case.first(token.as_str(), conditions);
        assert_eq!(first.check, Check::Term);
        (first.outcome, first.code)
    };
    use Outcome::{Failed, Warning};
    assert_eq!(named(&at(10)), (Warning, "license_expiring"));
    assert_eq!(named(&at(20)), (Failed, "license_expired"));
    assert_eq!(named(&at(20).installed(&installed)), (Warning, "license_in_grace"));
    assert_eq!(named(&at(34).installed(&installed)), (Failed, "license_expired"));

    let later = case.vendor.license().not_before(day(3)).sign();
    let first = case.first(later.as_str(), &now());
    assert_eq!((first.outcome, first.code), (Warning, "license_not_yet_valid"));
    let alone = case.verified(later.as_str());
    let first = case.first(later.as_str(), &now().installed(&alone));
    assert_eq!((first.outcome, first.code), (Failed, "license_not_yet_valid"));
}

#[test]
fn its_age_and_its_order_are_judged() {
    let case = Case::new();
    let token = case.good();
    let late = Conditions::at(day(31));
    // Nobody said that it is to be uploaded.
    let first = case.first(&token, &late);
    assert_eq!((first.outcome, first.code), (Outcome::Warning, "license_not_fresh"));
    let other = case.verified(case.vendor.license().issued_at(day(-3)).sign().as_str());
    let upload = late.clone().installed(&other);
    case.fails(&token, &upload, ["freshness", "license_not_fresh", "was issued at"]);
    let installed = case.verified(&token);
    assert_eq!(case.first(&token, &late.installed(&installed)).outcome, Outcome::Ok);

    let newer = case.vendor.license().issued_at(day(1)).sign();
    let installed = case.verified(newer.as_str());
    let conditions = Conditions::at(day(2)).installed(&installed);
    case.fails(&token, &conditions, ["order", "older_than_installed", "was accepted before"]);

    let early = Conditions::at(day(-2));
    case.fails(&token, &early, ["freshness", "issued_in_future", "was issued at"]);
}

#[test]
fn a_wrong_clock_is_named_and_nothing_that_is_judged_by_it() {
    let case = Case::new();
    let token = case.good();
    let seen = ClockMark::new(Some(day(100)), false);
    let installed = case.verified(&token);
    let back = now().mark(seen).installed(&installed);
    case.fails(&token, &back, ["clock", "clock_rolled_back", "has seen"]);
    let unset = Conditions::at(Timestamp::from_seconds(0));
    case.fails(&token, &unset, ["clock", "clock_not_set", "1970"]);
    for conditions in [back, unset] {
        let unchecked = case.of(&token, &conditions).not_checked;
        assert!(unchecked.is_superset(&[Check::Term, Check::Freshness].into()), "{unchecked:?}");
    }
    // Less than a day behind it is believed, and should be looked at.
    let hours = START.saturating_add(Duration::from_secs(3 * 3600));
    let behind = now().mark(ClockMark::new(Some(hours), false)).installed(&installed);
    let first = case.first(&token, &behind);
    assert_eq!((first.outcome, first.code), (Outcome::Warning, "clock_ahead"));
}

#[test]
fn a_clock_that_is_off_the_databases_is_the_cause_of_an_end_that_has_not_come() {
    let case = Case::new();
    let token = case.vendor.license().days(60).sign();
    let installed = case.verified(token.as_str());
    let there = |now| Surroundings::new().database_clock(Some(now));
    let ahead = |days| Conditions::at(day(days)).installed(&installed);
    let wrong = ahead(61).surroundings(there(day(1)));
    let reason = ["database_clock", "clock_skewed", "minutes off the database's"];
    case.fails(token.as_str(), &wrong, reason);
    // Where it changes nothing it is a warning.
    let first = case.first(token.as_str(), &ahead(2).surroundings(there(day(1))));
    assert_eq!((first.outcome, first.code), (Outcome::Warning, "clock_skewed"));
    let fine = case.of(token.as_str(), &ahead(1).surroundings(there(day(1))));
    assert_eq!(fine.outcome, Outcome::Ok);
}

#[test]
fn independent_failures_are_all_told_in_their_order() {
    let case = Case::new();
    let other = fingerprint("fedcba9876543210fedcba9876543210", "acme-server");
    let license = case.vendor.license().machine(&other).domain("*.acme.internal").days(10);
    let this = Machine::from(fingerprint(ID, "acme-server"));
    let conditions = Conditions::at(day(40)).host("license.example").machine(this);
    let diagnosis = case.of(license.sign().as_str(), &conditions);
    let failed = diagnosis.findings.iter().filter(|it| it.outcome == Outcome::Failed);
    let failed: Vec<&str> = failed.map(|it| it.code).collect();
    let all = ["machine_mismatch", "license_expired", "domain_mismatch"];
    assert_eq!(failed, all);
}

/// A service and its clock.
fn service(case: &Case) -> (Licensing, Arc<ManualClock>) {
    licensing(&case.vendor)
}

#[track_caller]
fn first_of(licensing: &Licensing, offered: Option<&str>) -> Finding {
    let surroundings = Surroundings::new().host(Some("license.example".to_owned()));
    let offered = offered.map(str::as_bytes);
    let mut diagnosis = licensing.control().diagnose(offered, &surroundings);
    is_fit_for_a_ticket(&diagnosis, offered.unwrap_or_default());
    diagnosis.findings.swap_remove(0)
}

#[test]
fn a_service_without_a_license_says_so() {
    let case = Case::new();
    let (licensing, _) = service(&case);
    let first = first_of(&licensing, None);
    assert_eq!((first.check, first.code), (Check::License, "license_missing"));
    licensing.control().mark_corrupt();
    let first = first_of(&licensing, None);
    assert_eq!((first.check, first.code), (Check::Store, "state_corrupt"));
}

#[test]
fn a_service_judges_the_license_that_it_has_or_the_one_that_is_offered() {
    let case = Case::new();
    let (licensing, clock) = service(&case);
    case.vendor.license().days(60).install(&licensing);
    assert_eq!(first_of(&licensing, None).outcome, Outcome::Ok);
    assert_eq!(first_of(&licensing, Some("nothing")).code, "token_malformed");
    clock.advance(Duration::from_secs(61 * 86_400));
    let first = first_of(&licensing, None);
    assert_eq!((first.outcome, first.code), (Outcome::Warning, "license_in_grace"));
    clock.set(START);
    assert_eq!(first_of(&licensing, None).code, "clock_rolled_back");
}

#[test]
fn a_gap_before_the_waiting_license_is_a_warning() {
    let case = Case::new();
    let (licensing, _) = service(&case);
    case.vendor.license().days(60).install(&licensing);
    case.vendor.license().days(400).not_before(day(70)).install(&licensing);
    let first = first_of(&licensing, None);
    assert_eq!((first.outcome, first.code), (Outcome::Warning, "license_gap"));
}
