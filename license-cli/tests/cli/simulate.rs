//! `license simulate` and `license diff`.

use crate::program::{POLYGENT, Place, standard};
use serde_json::{Value, json};

/// A place with the license in `acme.lic`, and a profile with grace and
/// read-only.
fn place() -> Place {
    let place = Place::polygent();
    let policy = "\n[policy]\ngrace = \"14d\"\nlapsed = \"read-only\"\n";
    place.write("graceful.toml", &format!("{POLYGENT}{policy}"));
    place.write("acme.lic", &place.sign(&standard()));
    place
}

/// A place with two licenses, `old.lic` and `new.lic`.
fn two(change: impl FnOnce(&mut Value)) -> Place {
    let place = Place::polygent();
    let features = "[features]\ninsights = \"Insights\"";
    place.write("profile.toml", &POLYGENT.replace("[features]", features));
    place.write("old.lic", &place.sign(&standard()));
    let mut claims = standard();
    change(&mut claims);
    place.write("new.lic", &place.sign(&claims));
    place
}

fn simulated(place: &Place, line: &str) -> Value {
    serde_json::from_str(&place.good(&format!("simulate --json {line}"))).unwrap()
}

/// `diff --json` of two licenses, with its exit status.
fn compared(place: &Place, line: &str) -> (i32, Value) {
    let run = place.run(&format!("diff --json old.lic new.lic {line}"));
    (run.status, serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}")))
}

#[test]
fn a_simulation_tells_every_period_and_what_is_answered() {
    let place = place();
    let told = place.good("simulate acme.lic --product graceful.toml --from 2026-12-15");
    let expected = "\
NOT VERIFIED: this shows what the file says and proves nothing; anybody could have written it.

  license   lic_01
  customer  Acme Corp (cust_1) <it@acme.example>
  plan      enterprise
  issued    2026-01-01T00:00:00Z
  begins    2026-01-01T00:00:00Z
  expires   2027-01-01T00:00:00Z (last day 2026-12-31)
  features  sso-saml, workflows
  limits    deploy_hosts unlimited, session_hosts 10, users 50
  domain    *.acme.internal

2026-12-15T00:00:00Z  expiring, until 2027-01-01T00:00:00Z, in force at that time
  users           Everything that the license grants works.
  banner          info
  administrators  License expires on 2026-12-31: 17 days left.
  log             INFO  license loaded, days remaining: 17
                  WARN  the license expires soon, days remaining: 17
    open a page                                 served
    change something                            served
    use sso-saml, which is granted              served
    take one of users                           served
    take one of users, all being taken          402 limit_reached
    use a host outside *.acme.internal          403 domain_mismatch
    install a license                           served

2027-01-01T00:00:00Z  grace, until 2027-01-15T00:00:00Z
  users           Everything that the license grants works.
  banner          warning
  administrators  License expired on 2026-12-31. Grace period ends 2027-01-14.
  log             WARN  the license has expired; everything works in grace
    open a page                                 served
    change something                            served
    use sso-saml, which is granted              served
    take one of users                           served
    take one of users, all being taken          402 limit_reached
    use a host outside *.acme.internal          403 domain_mismatch
    install a license                           served

2027-01-15T00:00:00Z  lapsed, from then on
  users           Reading goes on; changes are refused.
  banner          critical
  administrators  License expired on 2026-12-31. Grace period ended 2027-01-14.
  log             ERROR the license has expired (license_expired)
    open a page                                 served
    change something                            402 read_only
    use sso-saml, which is granted              served
    take one of users                           402 read_only
    take one of users, all being taken          402 read_only
    use a host outside *.acme.internal          403 domain_mismatch
    install a license                           served";
    assert_eq!(told, expected);
}

#[test]
fn a_long_name_does_not_run_into_the_answer() {
    let place = Place::polygent();
    let sessions = "[features]\nmultiple-active-sessions = \"Several sign-ins at once\"";
    place.write("profile.toml", &POLYGENT.replace("[features]", sessions));
    let mut claims = standard();
    claims["features"] = json!(["multiple-active-sessions"]);
    place.write("long.lic", &place.sign(&claims));
    let told = place.good("simulate long.lic --product profile.toml --from 2026-12-15");
    assert!(told.contains("use multiple-active-sessions, which is granted  served\n"), "{told}");
}

#[test]
fn a_simulation_is_the_same_as_data() {
    let place = place();
    let told = simulated(&place, "acme.lic --product graceful.toml --from 2025-12-01T12:00:00Z");
    assert_eq!((&told["verified"], &told["product"]), (&json!(false), &json!("polygent")));
    assert_eq!(told["license"]["id"], "lic_01");
    assert_eq!(told["from"], "2025-12-01T12:00:00Z");
    let periods = told["periods"].as_array().unwrap();
    let phases: Vec<&Value> = periods.iter().map(|period| &period["phase"]).collect();
    assert_eq!(phases, ["scheduled", "active", "expiring", "grace", "lapsed"]);
    assert_eq!(periods[0]["until"], periods[1]["from"]);
    assert_eq!(
        periods[4],
        json!({
            "from": "2027-01-15T00:00:00Z",
            "until": null,
            "phase": "lapsed",
            "restricted": true,
            "users": "Reading goes on; changes are refused.",
            "banner": {
                "level": "critical",
                "messages": ["License expired on 2026-12-31. Grace period ended 2027-01-14."],
                "warnings": [{
                    "code": "license_expired",
                    "level": "critical",
                    "text": "License expired on 2026-12-31. Grace period ended 2027-01-14.",
                }],
            },
            "administrators": [{
                "code": "license_expired",
                "level": "critical",
                "text": "License expired on 2026-12-31. Grace period ended 2027-01-14.",
            }],
            "log": [{"level": "error", "text": "the license has expired (license_expired)"}],
            "answers": [
                {"request": "page", "name": null, "refused": null, "shadow": null},
                {"request": "change", "name": null, "refused": {"status": 402, "code": "read_only"}, "shadow": null},
                {"request": "granted_feature", "name": "sso-saml", "refused": null, "shadow": null},
                {"request": "seat", "name": "users", "refused": {"status": 402, "code": "read_only"}, "shadow": null},
                {"request": "seat_beyond_limit", "name": "users", "refused": {"status": 402, "code": "read_only"}, "shadow": null},
                {"request": "other_host", "name": "*.acme.internal", "refused": {"status": 403, "code": "domain_mismatch"}, "shadow": null},
                {"request": "install", "name": null, "refused": null, "shadow": null},
            ],
        })
    );
}

#[test]
fn a_rule_in_shadow_serves_and_shows_what_it_would_refuse() {
    let place = place();
    let policy = "[policy]\nlapsed = \"read-only\"\nshadow = [\"read-only\", \"limits\"]\n";
    place.write("shadow.toml", &format!("{POLYGENT}\n{policy}"));
    let line = "acme.lic --product shadow.toml --from 2027-01-01";
    let period = &simulated(&place, line)["periods"][0];
    assert_eq!(period["restricted"], false);
    let change = json!({
        "request": "change",
        "name": null,
        "refused": null,
        "shadow": {"status": 402, "code": "read_only"},
    });
    assert_eq!(period["answers"][1], change);
    let told = place.good(&format!("simulate {line}"));
    let change = "change something                            served, in shadow: 402 read_only\n";
    assert!(told.contains(change), "{told}");
}

#[test]
fn a_simulation_begins_now_unless_asked_otherwise() {
    let place = Place::polygent();
    let issue = "issue --key private.pem --product profile.toml --id lic_1 --customer-id c \
                 --customer C --plan enterprise --days 365";
    place.write("new.lic", &place.good(issue));
    let told = simulated(&place, "new.lic --product profile.toml");
    assert_eq!(told["periods"][0]["phase"], "active");
    assert_eq!(told["from"], told["periods"][0]["from"]);
}

#[test]
fn a_signature_is_verified_where_a_key_is_given() {
    let place = place();
    place.good("keygen --alg es256 --out other");
    let line = "acme.lic --product graceful.toml --from 2026-06-01";
    let told = simulated(&place, &format!("{line} --public-key public.pem"));
    assert_eq!(told["verified"], true);
    let shown = place.good(&format!("simulate {line} --public-key public.pem"));
    assert!(shown.starts_with("The signature is good.\n"), "{shown}");
    let error = place.bad(1, &format!("simulate {line} --public-key other/public.pem"));
    assert!(error.starts_with("error: key_unknown: "), "{error}");
    place.bad(2, &format!("simulate {line} --public-key missing.pem"));
    let diff = place.good("diff acme.lic acme.lic --public-key public.pem");
    assert!(diff.starts_with("Both signatures are good.\n"), "{diff}");
    let error = place.bad(1, "diff acme.lic acme.lic --public-key other/public.pem");
    assert!(error.starts_with("error: key_unknown: the old license: "), "{error}");
}

#[test]
fn what_is_no_license_of_the_product_is_refused() {
    let place = place();
    place.write("wrong.lic", "nothing");
    assert!(place.bad(1, "simulate wrong.lic --product profile.toml").contains("token_malformed"));
    assert!(place.bad(1, "diff acme.lic wrong.lic").contains("token_malformed"));
    place.write("other.toml", &POLYGENT.replace("audience = \"polygent\"", "audience = \"x\""));
    let error = place.bad(1, "simulate acme.lic --product other.toml");
    assert!(error.contains("audience_mismatch"), "{error}");
    let error = place.bad(1, "diff acme.lic acme.lic --product other.toml");
    assert!(error.contains("audience_mismatch"), "{error}");
    for wrong in [
        "simulate acme.lic",
        "simulate missing.lic --product profile.toml",
        "simulate acme.lic --product missing.toml",
        "simulate acme.lic --product profile.toml --from someday",
        "diff",
        "diff - -",
        "diff acme.lic missing.lic",
    ] {
        place.bad(2, wrong);
    }
}

#[test]
fn licenses_may_come_from_standard_input() {
    let place = place();
    let token = place.read("acme.lic");
    let simulate = "simulate - --product profile.toml";
    assert_eq!(place.run_with(simulate, &[], &token).status, 0);
    assert_eq!(place.run_with("diff acme.lic -", &[], &token).status, 0);
    assert_eq!(place.run_with("diff - acme.lic", &[], &token).status, 0);
}

#[test]
fn a_renewal_shows_what_it_gains_and_loses() {
    let place = two(|claims| {
        claims["iat"] = json!(1_795_000_000);
        claims["exp"] = json!(4_102_444_800_u64);
        claims["features"] = json!(["workflows", "insights"]);
        claims["limits"] = json!({"users": 100, "session_hosts": 5, "deploy_hosts": 3});
        claims["binding"] = json!({"domain": "*.acme.example"});
    });
    let shown = place.good("diff old.lic new.lic");
    let expected = "\
NOT VERIFIED: this shows what the file says and proves nothing; anybody could have written it.

a renewal: the same id
warning: The license is bound to another domain: *.acme.example.

gained
  + insights
  + users: 50 to 100
  + ends 2099-12-31 instead of 2026-12-31
  + domain: *.acme.example

lost
  - sso-saml
  - deploy_hosts: unlimited to 3
  - session_hosts: 10 to 5
  - domain: *.acme.internal

changed
  issued_at    2026-01-01T00:00:00Z -> 2026-11-18T11:06:40Z
  expires_at   2027-01-01T00:00:00Z -> 2100-01-01T00:00:00Z (26663 days more)
  domain       *.acme.internal -> *.acme.example";
    assert_eq!(shown, expected);

    let (status, told) = compared(&place, "--product profile.toml");
    assert_eq!(status, 0);
    for (member, expected) in [
        ("verified", json!(false)),
        ("same_license", json!(false)),
        ("same_id", json!(true)),
        ("refused", Value::Null),
        ("warnings", json!(["The license is bound to another domain: *.acme.example."])),
        (
            "gained",
            json!([
                "insights",
                "users: 50 to 100",
                "ends 2099-12-31 instead of 2026-12-31",
                "domain: *.acme.example"
            ]),
        ),
        (
            "lost",
            json!([
                "sso-saml",
                "deploy_hosts: unlimited to 3",
                "session_hosts: 10 to 5",
                "domain: *.acme.internal"
            ]),
        ),
        ("days", json!(26663)),
    ] {
        assert_eq!(told[member], expected, "{member}");
    }
    let changed = &told["changed"][2];
    assert_eq!(
        changed,
        &json!({"fact": "domain", "old": "*.acme.internal", "new": "*.acme.example"})
    );
    assert_eq!(
        (&told["old"]["plan"], &told["new"]["plan"]),
        (&told["new"]["plan"], &json!("enterprise"))
    );
}

#[test]
fn what_an_upload_would_refuse_is_refused() {
    let place = two(|claims| claims["iat"] = json!(1_767_225_599));
    let (status, told) = compared(&place, "");
    assert_eq!((status, &told["refused"]), (1, &json!("older_than_installed")));
    let run = place.run("diff old.lic new.lic");
    assert_eq!((run.status, run.err.as_str()), (1, ""));
    assert!(run.out.contains("warning: the new license was issued before the old one"));
}

#[test]
fn what_deserves_a_second_look_is_a_warning() {
    let warnings = |change: fn(&mut Value)| {
        let (status, told) = compared(&two(change), "");
        assert_eq!(status, 0);
        told["warnings"].as_array().unwrap().iter().map(|it| it.to_string()).collect::<String>()
    };
    let far = |claims: &mut Value| claims["exp"] = json!(4_102_444_800_u64);
    assert_eq!(warnings(far), "");
    let other = warnings(|claims| {
        claims["exp"] = json!(4_102_444_800_u64);
        claims["customer"]["id"] = json!("cust_2");
    });
    assert_eq!(other, "\"The license is for another customer.\"");
    let renamed = warnings(|claims| {
        claims["exp"] = json!(4_102_444_800_u64);
        claims["customer"]["name"] = json!("Renamed");
    });
    assert_eq!(renamed, "");
    let gap = warnings(|claims| {
        claims["exp"] = json!(4_102_444_800_u64);
        claims["nbf"] = json!(4_000_000_000_u64);
    });
    assert!(gap.contains("none is in force from 2027-01-01T00:00:00Z to"), "{gap}");
    let over = warnings(|claims| claims["exp"] = json!(1_767_225_601));
    assert!(over.contains("the new license expired on 2026-01-01"), "{over}");
    let machine = warnings(|claims| {
        let fingerprint = format!("fp1:machine-id:{}", "ab".repeat(32));
        claims["exp"] = json!(4_102_444_800_u64);
        claims["plan"] = json!("standard");
        claims["binding"] = json!({"machine": fingerprint});
    });
    assert_eq!(machine, "\"The license is bound to one machine now.\"");
}

#[test]
fn the_same_license_changes_nothing() {
    let place = two(|_| {});
    let (status, told) = compared(&place, "");
    assert_eq!((status, &told["same_license"]), (0, &json!(true)));
    let shown = place.good("diff old.lic new.lic");
    assert!(shown.ends_with("the same license: installing it changes nothing"), "{shown}");
}

#[test]
fn names_in_licenses_do_not_reach_the_terminal_raw() {
    let name = "Acme\u{1b}[2J\u{202e}Corp";
    let place = two(|claims| claims["customer"]["name"] = name.into());
    for line in [
        "diff old.lic new.lic",
        "diff old.lic new.lic --json",
        "simulate new.lic --product profile.toml",
        "simulate new.lic --product profile.toml --json",
    ] {
        let shown = place.good(line);
        let bad = |it: char| (it.is_control() && it != '\n') || it == '\u{202e}';
        assert!(!shown.chars().any(bad), "{line}: {shown:?}");
    }
}
