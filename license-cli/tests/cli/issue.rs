//! `license issue`, `license renew` and `license machine-info`.

use crate::program::{ALIGN, Place, claims_of, standard};
use license_core::{Clock, MachineId, SystemClock};
use serde_json::{Value, json};

const ISSUE: &str = "issue --key private.pem --product profile.toml";
const FACTS: &str =
    "--id lic_1 --customer-id cust_1 --customer Acme --plan enterprise --feature workflows";
const DAY: i64 = 86_400;

fn now() -> i64 {
    SystemClock::new().now().as_seconds()
}

fn fingerprint() -> String {
    MachineId::custom("cluster-a/node-17").unwrap().fingerprint("polygent").to_string()
}

/// Machine info of `age` seconds ago.
fn machine_info(age: i64) -> Value {
    let at = license_core::Timestamp::from_seconds(now() - age);
    json!({
        "schema": 1, "product": "polygent", "version": "0.1.0", "scheme": "custom",
        "fingerprint": fingerprint(), "nonce": "n", "created_at": at,
        "clock_mark": "2036-01-01T00:00:00Z", "latched": true,
    })
}

/// What `issue` with these flags signs.
fn issued(place: &Place, flags: &str) -> Value {
    claims_of(&place.good(&format!("{ISSUE} {flags}")))
}

#[test]
fn flags_become_the_standard_claims() {
    let place = Place::polygent();
    let flags = format!(
        "{FACTS} --email it@acme.example --feature sso-saml --limit users=50 --limit \
         session_hosts=10 deploy_hosts=unlimited --domain *.Acme.internal --expires 2036-12-31"
    );
    let before = now();
    let token = place.good(&format!("{ISSUE} {flags}"));
    let mut claims = claims_of(&token);
    let issued_at = claims["iat"].as_i64().unwrap();
    assert!((before..=now()).contains(&issued_at));
    claims["iat"] = 0.into();
    assert_eq!(
        claims,
        json!({
            "iss": "https://polygent.example", "aud": "polygent", "jti": "lic_1",
            "iat": 0, "exp": 2_114_380_800_i64,
            "customer": {"id": "cust_1", "name": "Acme", "email": "it@acme.example"},
            "plan": "enterprise",
            "features": ["workflows", "sso-saml"],
            "limits": {"users": 50, "session_hosts": 10, "deploy_hosts": null},
            "binding": {"domain": "*.acme.internal"},
        })
    );
    let token: license_core::Token = token.parse().unwrap();
    assert_eq!((token.header().alg(), token.header().typ()), ("ES256", Some("license+jwt")));
    let key = license_core::PublicKey::pem(place.read("public.pem").as_bytes()).unwrap();
    assert_eq!(token.header().kid(), Some(key.kid()));
}

#[test]
fn an_end_is_the_last_day_or_a_time_and_a_beginning_is_left_out_unless_asked_for() {
    let place = Place::polygent();
    let term = |flags: &str| {
        let claims = issued(&place, &format!("{FACTS} {flags}"));
        (claims.get("nbf").cloned(), claims["iat"].as_i64().unwrap(), claims["exp"].clone())
    };
    let (nbf, _, exp) = term("--expires 2036-12-31");
    assert_eq!((nbf, exp), (None, 2_114_380_800_i64.into()));
    let (_, _, exp) = term("--expires 2036-12-31T12:00:00Z");
    assert_eq!(exp, 2_114_337_600_i64);
    let (nbf, iat, exp) = term("--days 30");
    assert_eq!((nbf, exp), (None, (iat + 30 * DAY).into()));
    let (nbf, _, exp) = term("--not-before 2036-01-01 --days 30");
    assert_eq!(nbf, Some(2_082_758_400_i64.into()));
    assert_eq!(exp, 2_082_758_400_i64 + 30 * DAY);
}

#[test]
fn an_id_is_made_where_none_is_given() {
    let place = Place::polygent();
    let flags = "--customer-id c --customer n --plan enterprise --days 1";
    let ids = [(); 2].map(|()| issued(&place, flags)["jti"].as_str().unwrap().to_owned());
    assert_ne!(ids[0], ids[1]);
    assert!(ids[0].starts_with("lic_"));
}

#[test]
fn wrong_use_of_flags_is_told_apart_from_a_refused_license() {
    let place = Place::polygent();
    place.write("claims.json", &standard().to_string());
    for (flags, named) in [
        (FACTS.to_owned(), "--expires"),
        (format!("{FACTS} --expires 2036-12-31 --days 1"), "--days"),
        (format!("{FACTS} --expires soon"), "--expires"),
        (format!("{FACTS} --days 0"), "--days"),
        (format!("{FACTS} --days 1 --limit users=many"), "--limit"),
        (format!("{FACTS} --days 1 --name slack"), "--name"),
        (format!("{FACTS} --days 1 --reset-clock"), "--machine-info"),
        (format!("{FACTS} --days 1 --claims claims.json"), "--claims"),
        ("--days 1 --claims claims.json".to_owned(), "--claims"),
        ("--claims claims.json --spec claims.json".to_owned(), "--spec"),
        ("--customer n --plan enterprise --days 1".to_owned(), "--customer-id"),
        ("--customer-id c --plan enterprise --days 1".to_owned(), "--customer"),
        ("--customer-id c --customer n --days 1".to_owned(), "--plan"),
        ("--claims missing.json".to_owned(), "missing.json"),
        ("--spec claims.json".to_owned(), "claims.json"),
    ] {
        let error = place.bad(2, &format!("{ISSUE} {flags}"));
        assert!(error.contains(named), "{flags}: {error}");
    }
    for (flags, named) in [
        ("--feature worklows --days 1", "worklows"),
        ("--limit user=1 --days 1", "\"user\""),
        ("--name users=slack --days 1", "limits.users"),
        ("--domain * --days 1", "domain_invalid"),
        ("--domain *.internal --days 1", "domain_invalid"),
        ("--expires 2020-01-01", "claims_invalid"),
        ("--not-before 2036-01-01 --expires 2035-01-01", "claims_invalid"),
    ] {
        let error = place.bad(1, &format!("{ISSUE} {FACTS} {flags}"));
        assert!(error.starts_with("error: ") && error.contains(named), "{flags}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let flags = "--customer-id c --customer n --plan enterprize --days 1";
    assert!(place.bad(1, &format!("{ISSUE} {flags}")).contains("plan"));
    place.write("wrong.toml", "name = 'a'\nissuer = 'b'\naudience = 'c'\nwran = 1");
    let error = place.bad(2, &format!("issue --key private.pem --product wrong.toml {FACTS}"));
    assert!(error.contains("wran") && error.lines().count() == 1, "{error}");
}

#[test]
fn nothing_existing_is_overwritten_and_nothing_is_left_of_a_refusal() {
    let place = Place::polygent();
    let flags = format!("{FACTS} --days 1 --out acme.lic");
    let run = place.run(&format!("{ISSUE} {flags}"));
    assert_eq!((run.status, run.out.as_str()), (0, ""));
    let first = place.read("acme.lic");
    assert!(first.ends_with('\n') && first.trim_end().split('.').count() == 3);
    let error = place.bad(2, &format!("{ISSUE} {flags}"));
    assert!(error.contains("acme.lic"), "{error}");
    assert_eq!(place.read("acme.lic"), first);
    place.bad(1, &format!("{ISSUE} {FACTS} --feature nope --days 1 --out other.lic"));
    assert!(!place.exists("other.lic"));
    place.bad(2, &format!("{ISSUE} {FACTS} --days 1 --out nowhere/other.lic"));
}

#[test]
fn a_specification_says_what_the_flags_say() {
    let place = Place::polygent();
    place.write(
        "license.toml",
        r#"
        id = "lic_1"
        customer = { id = "cust_1", name = "Acme" }
        plan = "enterprise"
        features = ["workflows"]
        limits = { users = 50, deploy_hosts = "unlimited" }
        expires = 2036-12-31
        "#,
    );
    let mut file = issued(&place, "--spec license.toml");
    let mut flags = issued(
        &place,
        &format!("{FACTS} --limit users=50,deploy_hosts=unlimited --expires 2036-12-31"),
    );
    for claims in [&mut file, &mut flags] {
        claims["iat"] = 0.into();
    }
    assert_eq!(file, flags);
}

#[test]
fn claims_are_signed_as_they_are_once_they_verify() {
    let place = Place::polygent();
    assert_eq!(claims_of(&place.sign(&standard())), standard());
    let mut extra = standard();
    extra["aud"] = json!(["polygent", "polygent-next"]);
    extra["note"] = json!({"from": ["sales"]});
    assert_eq!(claims_of(&place.sign(&extra)), extra);

    for (pointer, value, code) in [
        ("/iss", json!("https://other.example"), "issuer_mismatch"),
        ("/iss", json!(["https://polygent.example"]), "claims_invalid"),
        ("/aud", json!("other"), "audience_mismatch"),
        ("/exp", json!("1798761600"), "claims_invalid"),
        ("/exp", json!(1.5), "claims_invalid"),
        ("/iat", Value::Null, "claims_invalid"),
        ("/jti", json!(""), "claims_invalid"),
        ("/plan", json!("premium"), "claims_invalid"),
        ("/features", json!(["unknown"]), "claims_invalid"),
        ("/limits/users", json!(-1), "claims_invalid"),
        ("/binding/domain", json!("*"), "domain_invalid"),
    ] {
        let mut wrong = standard();
        *wrong.pointer_mut(pointer).unwrap() = value;
        place.write("wrong.json", &wrong.to_string());
        let error = place.bad(1, &format!("{ISSUE} --claims wrong.json"));
        assert!(error.starts_with(&format!("error: {code}: ")), "{pointer}: {error}");
    }
    for text in ["", "[]", "{\"iss\":1,\"iss\":1}", "{} {}"] {
        place.write("wrong.json", text);
        let error = place.bad(1, &format!("{ISSUE} --claims wrong.json"));
        assert!(error.contains("claims_invalid"), "{text}: {error}");
    }
}

/// From the product's own page, "License File Contents".
const ALIGN_SAMPLE: &str = r#"{
"iss": "https://align.tech",
"sub": "lic_abc123",
"aud": "align-self-hosted",
"iat": 1704067200,
"exp": 1798761600,
"nbf": 1704067200,
"customer": {
"id": "cust_abc123",
"name": "Acme Corp",
"email": "admin@acme.com"
},
"plan": "enterprise",
"limits": {
"users": 500,
"decisions": null,
"connectors": ["slack", "github", "jira", "linear", "teams"],
"features": ["sso", "auditLog", "customBranding", "apiAccess"]
},
"deployment": {
"type": "self-hosted"
}
}"#;

#[test]
fn a_dialect_is_written_and_read() {
    let place = Place::empty();
    place.write("profile.toml", ALIGN);
    place.good("keygen --alg rs256 --out .");
    place.write("claims.json", ALIGN_SAMPLE);
    let token = place.good(&format!("{ISSUE} --claims claims.json"));
    assert_eq!(claims_of(&token), serde_json::from_str::<Value>(ALIGN_SAMPLE).unwrap());
    place.write("acme.lic", &token);
    let verdict = place.verdict("acme.lic --product profile.toml --at 2026-06-01");
    assert_eq!(verdict["id"], "lic_abc123");
    assert_eq!(verdict["alg"], "RS256");
    assert_eq!(verdict["limits"]["users"], 500);
    assert_eq!(verdict["limits"]["decisions"], Value::Null);
    assert_eq!(verdict["limits"]["connectors"].as_array().unwrap().len(), 5);
    assert_eq!(verdict["features"], json!(["apiAccess", "auditLog", "customBranding", "sso"]));

    // The same in flags.
    let flags = "--id lic_abc123 --customer-id cust_abc123 --customer Acme --plan enterprise \
                 --feature sso,auditLog --limit users=500 decisions=unlimited --name \
                 connectors=slack,github --name connectors=jira --expires 2036-12-31";
    let mut claims = issued(&place, flags);
    claims["iat"] = 0.into();
    assert_eq!(
        claims,
        json!({
            "iss": "https://align.tech", "aud": "align-self-hosted", "sub": "lic_abc123",
            "iat": 0, "exp": 2_114_380_800_i64,
            "customer": {"id": "cust_abc123", "name": "Acme"}, "plan": "enterprise",
            "limits": {
                "users": 500, "decisions": null, "connectors": ["github", "jira", "slack"],
                "features": ["sso", "auditLog"],
            },
            "deployment": {"type": "self-hosted"},
        })
    );
    // What the flags leave out is left to the plan.
    let silent = issued(&place, "--customer-id c --customer n --plan starter --days 1");
    assert!(silent.get("limits").is_none());

    let wrong = ALIGN_SAMPLE.replace("self-hosted\"\n}", "cloud\"\n}");
    place.write("wrong.json", &wrong);
    let error = place.bad(1, &format!("{ISSUE} --claims wrong.json"));
    assert!(error.contains("deployment.type"), "{error}");

    // The same key serves every RSA algorithm of the profile, one at a time.
    let other =
        place.good("issue --key PS256:private.pem --product profile.toml --claims claims.json");
    place.write("ps.lic", &other);
    let line = "verify ps.lic --product profile.toml --at 2026-06-01 --public-key";
    place.good(&format!("{line} PS256:public.pem"));
    let error = place.run(&format!("{line} public.pem"));
    assert_eq!(error.status, 1);
    assert!(error.err.contains("algorithm_not_allowed"), "{}", error.err);

    // A key that services of the product would not trust does not sign.
    place.good("keygen --alg rs256 --bits 3072 --out small");
    let error =
        place.bad(2, "issue --key small/private.pem --product profile.toml --claims claims.json");
    assert!(error.contains("4096"), "{error}");
}

#[test]
fn machine_info_binds_and_stale_machine_info_is_refused() {
    let place = Place::polygent();
    let flags = "--customer-id c --customer n --plan standard --days 9 --machine-info info.json";
    place.write("info.json", &machine_info(6 * DAY).to_string());
    let claims = issued(&place, flags);
    assert_eq!(claims["binding"], json!({"machine": fingerprint()}));
    assert!(claims.get("clock_reset_from").is_none());

    place.write("claims.json", &{
        let mut claims = standard();
        claims["plan"] = "standard".into();
        claims.as_object_mut().unwrap().remove("binding");
        claims.to_string()
    });
    let bound = issued(&place, "--claims claims.json --machine-info info.json");
    assert_eq!(bound["binding"]["machine"], fingerprint());

    for (info, named) in [
        (machine_info(8 * DAY), "7 days"),
        (machine_info(-DAY), "future"),
        (
            {
                let mut info = machine_info(0);
                info["product"] = "align".into();
                info
            },
            "another product",
        ),
        (
            {
                let mut info = machine_info(0);
                info["schema"] = 2.into();
                info
            },
            "schema",
        ),
    ] {
        place.write("info.json", &info.to_string());
        let error = place.bad(1, &format!("{ISSUE} {flags}"));
        assert!(error.contains(named), "{error}");
    }
    for text in ["", "{}", "not json"] {
        place.write("info.json", text);
        place.bad(2, &format!("{ISSUE} {flags}"));
    }
    // The plan decides: this one must be bound, that one must not be.
    let unbound = "--customer-id c --customer n --plan standard --days 9";
    assert!(place.bad(1, &format!("{ISSUE} {unbound}")).contains("binding.machine"));
    place.write("info.json", &machine_info(0).to_string());
    let error = place.bad(1, &format!("{ISSUE} {FACTS} --days 9 --machine-info info.json"));
    assert!(error.contains("binding.machine"), "{error}");
}

#[test]
fn a_license_that_resets_the_clock_names_the_mark() {
    let place = Place::polygent();
    let mut info = machine_info(0);
    info["clock_mark"] = "2036-01-01T00:00:00.001Z".into();
    place.write("info.json", &info.to_string());
    let bind = "--machine-info info.json --reset-clock --days 9";
    let standard = issued(&place, &format!("--customer-id c --customer n --plan standard {bind}"));
    assert_eq!(standard["clock_reset_from"], 2_082_758_401_i64);
    assert_eq!(standard["clock_reset_for"], info["nonce"]);
    assert_eq!(standard["binding"]["machine"], fingerprint());
    // A plan without machines is cured without being bound.
    let enterprise = issued(&place, &format!("{FACTS} {bind}"));
    assert_eq!(enterprise["clock_reset_from"], 2_082_758_401_i64);
    assert!(enterprise.get("binding").is_none());

    info["clock_mark"] = Value::Null;
    place.write("info.json", &info.to_string());
    assert!(place.bad(2, &format!("{ISSUE} {FACTS} {bind}")).contains("clock mark"));
}

#[test]
fn a_renewal_keeps_the_id_and_the_facts() {
    let place = Place::polygent();
    let token = place.sign(&standard());
    place.write("old.lic", &token);
    let renew = "renew --key private.pem --product profile.toml old.lic";
    let before = now();
    let mut new = claims_of(&place.good(&format!("{renew} --expires 2036-12-31")));
    assert!((before..=now()).contains(&new["iat"].as_i64().unwrap()));
    let mut expected = standard();
    expected.as_object_mut().unwrap().remove("nbf");
    expected["exp"] = 2_114_380_800_i64.into();
    expected["iat"] = 0.into();
    // The old term still runs: the new one counts from its end.
    if new["term_from"] == 1_798_761_600 {
        expected["term_from"] = 1_798_761_600.into();
    }
    new["iat"] = 0.into();
    assert_eq!(new, expected);

    let new =
        claims_of(&place.good(&format!("{renew} --days 30 --from-now --domain acme.example")));
    assert_eq!(new["exp"].as_i64().unwrap() - new["iat"].as_i64().unwrap(), 30 * DAY);
    assert_eq!(new["binding"]["domain"], "acme.example");

    place.good(&format!("{renew} --out new.lic"));
    assert!(place.bad(2, &format!("{renew} --out new.lic")).contains("new.lic"));
    let piped = place.run_with("renew --key private.pem --product profile.toml -", &[], &token);
    assert_eq!(piped.status, 0, "{}", piped.err);
    assert!(place.bad(1, &format!("{renew} --expires 2020-01-01")).contains("claims_invalid"));
    assert!(place.bad(1, &format!("{renew} --domain *")).contains("domain_invalid"));
}

#[test]
fn a_renewal_keeps_the_machine_or_takes_another() {
    let place = Place::polygent();
    let mut claims = standard();
    claims["plan"] = "standard".into();
    let bound = format!("fp1:machine-id:{}", "ab".repeat(32));
    claims["binding"] = json!({"machine": bound});
    place.write("old.lic", &place.sign(&claims));
    let renew = "renew --key private.pem --product profile.toml old.lic --days 9";
    assert_eq!(claims_of(&place.good(renew))["binding"]["machine"], bound);
    place.write("info.json", &machine_info(0).to_string());
    let moved = claims_of(&place.good(&format!("{renew} --machine-info info.json")));
    assert_eq!(moved["binding"]["machine"], fingerprint());
    place.write("info.json", &machine_info(8 * DAY).to_string());
    place.bad(1, &format!("{renew} --machine-info info.json"));
}

#[test]
fn only_what_the_vendor_signed_is_signed_again() {
    let place = Place::polygent();
    place.good("keygen --alg es256 --out new");
    let token = place.sign(&standard());
    place.write("old.lic", &token);
    let rotated = "renew --key new/private.pem --product profile.toml old.lic --days 9";
    let error = place.bad(1, rotated);
    assert!(error.contains("key_unknown") && error.contains("--public-key"), "{error}");
    let renewed = place.good(&format!("{rotated} --public-key public.pem"));
    assert_eq!(claims_of(&renewed)["jti"], "lic_01");
    let run = place.run(&format!("{rotated} --dangerous-unverified-old"));
    assert_eq!(run.status, 0);
    assert!(run.err.contains("not verified"), "{}", run.err);

    // Altered by whoever holds it.
    let parts: Vec<&str> = token.split('.').collect();
    let other = place.good(&format!("{ISSUE} {FACTS} --days 9"));
    let payload = other.split('.').nth(1).unwrap();
    place.write("old.lic", &format!("{}.{payload}.{}", parts[0], parts[2]));
    let line = "renew --key private.pem --product profile.toml old.lic --days 9";
    assert!(place.bad(1, line).contains("signature_invalid"));
}

#[test]
fn machine_info_has_the_form_that_issuing_reads_and_no_machine_id() {
    let place = Place::polygent();
    let run = place.run("machine-info --product profile.toml");
    let Ok(id) = std::fs::read_to_string("/etc/machine-id") else {
        assert_eq!(run.status, 2);
        assert!(run.err.contains("fingerprint_unavailable"), "{}", run.err);
        license_test_skips::missing("/etc/machine-id");
        return;
    };
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(!run.out.contains(id.trim()));
    let info: Value = serde_json::from_str(&run.out).unwrap();
    let expected = MachineId::parse_linux(&id).unwrap().fingerprint("polygent");
    assert_eq!(info["fingerprint"], expected.as_str());
    assert_eq!(info["product"], "polygent");
    assert_eq!(info["clock_mark"], Value::Null);
    assert_eq!(info["latched"], false);

    place.good("machine-info --product profile.toml --out info.json");
    let other: Value = serde_json::from_str(&place.read("info.json")).unwrap();
    assert_ne!(info["nonce"], other["nonce"]);
    let flags = "--customer-id c --customer n --plan standard --days 9 --machine-info info.json";
    let token = place.good(&format!("{ISSUE} {flags}"));
    place.write("acme.lic", &token);
    let line = format!("acme.lic --product profile.toml --machine {}", expected.as_str());
    assert_eq!(place.verdict(&line)["valid"], true);
    place.bad(2, "machine-info --product profile.toml --out info.json");
}

#[test]
fn case_69_machine_info_goes_up_the_ladder_of_the_profile_as_a_service_does() {
    let place = Place::polygent();
    let ladder = |rungs: &str| {
        let profile = place.read("profile.toml");
        let rest = profile.lines().filter(|line| !line.starts_with("machine ="));
        let rest: Vec<&str> = rest.collect();
        place.write("profile.toml", &format!("machine = {rungs}\n{}\n", rest.join("\n")));
    };
    let run = |environment: &[(&str, &str)]| {
        place.run_in(environment, "machine-info --product profile.toml", &[], "")
    };
    let scheme = |environment: &[(&str, &str)]| {
        let run = run(environment);
        assert_eq!(run.status, 0, "{}", run.err);
        let info: Value = serde_json::from_str(&run.out).unwrap();
        (info["scheme"].as_str().unwrap().to_owned(), info["fingerprint"].clone())
    };
    let refused = |environment: &[(&str, &str)], said: &str| {
        let run = run(environment);
        assert_eq!((run.status, &*run.out), (2, ""), "{}", run.err);
        assert!(run.err.contains("fingerprint_unavailable"), "{}", run.err);
        assert!(run.err.contains(said), "{said}: {}", run.err);
        assert!(!run.err.contains("too short"), "{}", run.err);
    };
    let set = ("MACHINE_ID", "cluster-a/node-17");
    ladder("['custom', 'installation', 'machine-id']");
    assert_eq!(scheme(&[set]), ("custom".to_owned(), fingerprint().into()));
    place.write("id", "cluster-a/node-17\n");
    assert_eq!(scheme(&[("MACHINE_ID_FILE", "id")]), scheme(&[set]));
    // What is set and is no id is never passed over.
    refused(&[("MACHINE_ID", "too short")], "MACHINE_ID is set and is no machine id");
    refused(&[set, ("MACHINE_ID_FILE", "id")], "both set");
    refused(&[("MACHINE_ID_FILE", "none")], "MACHINE_ID_FILE");
    // What the store keeps, the service tells.
    refused(&[("MACHINE_ID", "")], "/api/license/machine-info");
    ladder("['custom']");
    refused(&[], "neither MACHINE_ID nor MACHINE_ID_FILE is set");
    // Whoever issues is told of a rung that the services do not have.
    place.write("info.json", &run(&[set]).out);
    ladder("['machine-id']");
    let flags = "--customer-id c --customer n --plan standard --days 9 --machine-info info.json";
    let warned = || place.run(&format!("{ISSUE} {flags}")).err;
    assert!(warned().contains("known by `custom`"), "{}", warned());
    ladder("['custom', 'machine-id']");
    assert!(!warned().contains("known by"), "{}", warned());
    ladder("['machine-id']");
    let run = run(&[("MACHINE_ID", "too short")]);
    assert!(!run.err.contains("MACHINE_ID"), "a rung that is not named: {}", run.err);
}
