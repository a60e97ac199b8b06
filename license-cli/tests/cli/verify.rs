//! `license verify` and `license inspect`.

use crate::program::{Place, standard};
use serde_json::{Value, json};

const AT: &str = "--product profile.toml --at 2026-06-01";

#[test]
fn the_exit_status_is_right_when_nobody_reads_the_messages() {
    let place = Place::polygent();
    place.write("acme.lic", &place.sign(&standard()));
    for (status, line) in [
        (0, "keygen --alg es256 --out more"),
        (0, "renew --key private.pem --product profile.toml acme.lic --days 1"),
        (1, "verify acme.lic --public-key public.pem --product profile.toml --at 2099-01-01"),
        (2, "verify acme.lic"),
        (2, "inspect nothing.lic"),
    ] {
        assert_eq!(place.run_unheard(line), status, "{line}");
    }
}

#[test]
fn a_good_license_is_valid_and_its_facts_are_told() {
    let place = Place::licensed(|_| {});
    let verdict = place.verdict(&format!("acme.lic {AT}"));
    for (member, expected) in [
        ("valid", json!(true)),
        ("code", Value::Null),
        ("phase", json!("active")),
        ("id", json!("lic_01")),
        ("customer", json!("Acme Corp")),
        ("customer_id", json!("cust_1")),
        ("plan", json!("enterprise")),
        ("issued_at", json!("2026-01-01T00:00:00Z")),
        ("not_before", json!("2026-01-01T00:00:00Z")),
        ("expires_at", json!("2027-01-01T00:00:00Z")),
        ("days_remaining", json!(214)),
        ("features", json!(["sso-saml", "workflows"])),
        ("limits", json!({"users": 50, "session_hosts": 10, "deploy_hosts": null})),
        ("machine", Value::Null),
        ("domain", json!("*.acme.internal")),
    ] {
        assert_eq!(verdict[member], expected, "{member}");
    }
    let text = place.good(&format!("verify acme.lic --public-key public.pem {AT}"));
    for part in [
        "valid: active, 214 days left",
        "Acme Corp (cust_1)",
        "last day 2026-12-31",
        "users 50",
        "deploy_hosts unlimited",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn the_term_is_judged_at_the_given_time() {
    let place = Place::licensed(|_| {});
    for (at, valid, code, phase, days) in [
        ("2025-12-31", true, Value::Null, "scheduled", 366),
        ("2026-01-01", true, Value::Null, "active", 365),
        ("2026-12-15", true, Value::Null, "expiring", 17),
        ("2026-12-31T23:59:59Z", true, Value::Null, "expiring", 1),
        ("2027-01-01", false, json!("license_expired"), "lapsed", 0),
        ("2030-01-01T00:00:00+02:00", false, json!("license_expired"), "lapsed", 0),
    ] {
        let verdict = place.verdict(&format!("acme.lic --product profile.toml --at {at}"));
        assert_eq!(
            (&verdict["valid"], &verdict["code"], &verdict["phase"], &verdict["days_remaining"]),
            (&json!(valid), &code, &json!(phase), &json!(days)),
            "{at}"
        );
    }
    let profile = format!("{}\n[policy]\ngrace = \"14d\"", crate::program::POLYGENT);
    place.write("graceful.toml", &profile);
    let verdict = place.verdict("acme.lic --product graceful.toml --at 2027-01-10");
    assert_eq!((&verdict["valid"], &verdict["phase"]), (&json!(false), &json!("grace")));
    let run =
        place.run("verify acme.lic --public-key public.pem --product profile.toml --at 2027-01-01");
    assert_eq!(run.status, 1);
    assert!(run.err.starts_with("error: license_expired: "), "{}", run.err);
    assert!(run.err.contains("2026-12-31"), "{}", run.err);
}

#[test]
fn the_host_is_asked_for_when_it_is_given() {
    let place = Place::licensed(|_| {});
    for (host, valid) in [
        ("api.acme.internal", true),
        ("API.acme.internal:8443", true),
        ("acme.internal", false),
        ("a.b.acme.internal", false),
        ("10.0.0.1", false),
        ("api..acme.internal", false),
    ] {
        let verdict = place.verdict(&format!("acme.lic {AT} --host {host}"));
        assert_eq!(verdict["valid"], valid, "{host}");
        let code = if valid { Value::Null } else { json!("domain_mismatch") };
        assert_eq!(verdict["code"], code, "{host}");
    }
    let unbound = Place::licensed(|claims| {
        claims.as_object_mut().unwrap().remove("binding");
    });
    assert_eq!(unbound.verdict(&format!("acme.lic {AT} --host any.example"))["valid"], true);
}

#[test]
fn the_machine_is_asked_for_when_it_is_given() {
    let [ours, other] = ["ab", "cd"].map(|byte| format!("fp1:machine-id:{}", byte.repeat(32)));
    let place = Place::licensed(|claims| {
        claims["plan"] = "standard".into();
        claims["binding"] = json!({"machine": ours});
    });
    assert_eq!(place.verdict(&format!("acme.lic {AT}"))["valid"], true);
    assert_eq!(place.verdict(&format!("acme.lic {AT} --machine {ours}"))["valid"], true);
    let custom = ours.replace("machine-id", "custom");
    for other in [other, custom] {
        let verdict = place.verdict(&format!("acme.lic {AT} --machine {other}"));
        assert_eq!(verdict["code"], "machine_mismatch");
        assert_eq!(verdict["phase"], "invalid");
    }
    place.bad(2, &format!("verify acme.lic --public-key public.pem {AT} --machine nonsense"));
    let unbound = Place::licensed(|_| {});
    assert_eq!(unbound.verdict(&format!("acme.lic {AT} --machine {ours}"))["valid"], true);
}

#[test]
fn what_is_no_license_is_refused_with_its_code() {
    let place = Place::licensed(|_| {});
    let token = place.read("acme.lic").trim_end().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let flipped = |part: &str| {
        let middle = part.len() / 2;
        let other = if &part[middle..=middle] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &part[..middle], &part[middle + 1..])
    };
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    for (text, code) in [
        (String::new(), "token_malformed"),
        ("..".to_owned(), "token_malformed"),
        (format!("Bearer {token}"), "token_malformed"),
        (format!("{header}.{payload}"), "token_malformed"),
        (format!("{header}.{payload}.{signature}="), "token_malformed"),
        ("a".repeat(17 * 1024), "token_too_large"),
        (format!("{token}{}x", " ".repeat(40_000)), "token_too_large"),
        (format!("{header}.{}.{signature}", flipped(payload)), "signature_invalid"),
        (format!("{header}.{payload}.{}", flipped(signature)), "signature_invalid"),
        (format!("{header}.{payload}."), "signature_invalid"),
        // {"alg":"none","typ":"license+jwt"}
        (
            format!("eyJhbGciOiJub25lIiwidHlwIjoibGljZW5zZStqd3QifQ.{payload}."),
            "algorithm_not_allowed",
        ),
    ] {
        place.write("wrong.lic", &text);
        let verdict = place.verdict(&format!("wrong.lic {AT}"));
        assert_eq!((&verdict["valid"], &verdict["code"]), (&json!(false), &json!(code)));
        assert_eq!(verdict["phase"], "invalid");
        assert!(verdict.get("customer").is_none(), "nothing of it is believed");
        let run = place.run(&format!("verify wrong.lic --public-key public.pem {AT}"));
        assert_eq!((run.status, run.out.as_str()), (1, ""));
        assert!(run.err.starts_with(&format!("error: {code}: ")), "{}", run.err);
        assert!(!run.err.contains(payload), "{}", run.err);
    }
    place.write("spaced.lic", &format!(" \r\n{token}\r\n\n"));
    assert_eq!(place.verdict(&format!("spaced.lic {AT}"))["valid"], true);
}

#[test]
fn the_license_may_come_from_standard_input() {
    let place = Place::licensed(|_| {});
    let token = place.read("acme.lic");
    let line = format!("verify - --json --public-key public.pem {AT}");
    assert_eq!(place.run_with(&line, &[], &token).status, 0);
    let run = place.run_with(&line, &[], &"a".repeat(1024 * 1024));
    assert_eq!(run.status, 1);
    assert!(run.out.contains("token_too_large"), "{}", run.out);
    assert_eq!(place.run_with("inspect -", &[], &token).status, 0);
}

#[test]
fn keys_have_names_and_algorithms() {
    let place = Place::licensed(|_| {});
    place.good("keygen --alg es256 --out other");
    let verify = |keys: &str| place.run(&format!("verify acme.lic --json {AT} {keys}"));
    let code = |keys: &str| {
        let verdict: Value = serde_json::from_str(&verify(keys).out).unwrap();
        verdict["code"].clone()
    };
    assert_eq!(code("--public-key public.pem --public-key other/public.pem"), Value::Null);
    assert_eq!(code("--public-key other/public.pem"), "key_unknown");
    assert_eq!(code("--public-key 2026=public.pem"), "key_unknown");
    let kid = license_core::PublicKey::pem(place.read("public.pem").as_bytes()).unwrap();
    let kid = kid.kid();
    assert_eq!(code(&format!("--public-key {kid}=ES256:public.pem")), Value::Null);
    assert_eq!(code(&format!("--public-key {kid}=other/public.pem")), "signature_invalid");

    // A signing key may be named, too.
    let line = "issue --key 2026=private.pem --product profile.toml --claims claims.json";
    place.write("acme.lic", &place.good(line));
    assert_eq!(code("--public-key 2026=public.pem"), Value::Null);
    // One thumbprint in 64 begins with a hyphen.
    let line = "issue --key -2026=private.pem --product profile.toml --claims claims.json";
    place.write("acme.lic", &place.good(line));
    assert_eq!(code("--public-key -2026=public.pem"), Value::Null);
    let line = "issue --key 2026=private.pem --product profile.toml --claims claims.json";
    place.write("acme.lic", &place.good(line));
    for keys in [
        "",
        "--public-key missing.pem",
        "--public-key private.pem",
        "--public-key profile.toml",
        "--public-key RS256:public.pem",
        "--public-key HS256:public.pem",
        "--public-key public.pem --public-key public.pem",
    ] {
        let run = verify(keys);
        assert_eq!(run.status, 2, "{keys}");
        let told: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(told["code"], "wrong_use", "{keys}");
    }
}

#[test]
fn without_a_profile_the_issuer_and_the_audience_are_given() {
    let place = Place::licensed(|_| {});
    let vendor = "--issuer https://polygent.example --audience polygent --at 2026-06-01";
    assert_eq!(place.verdict(&format!("acme.lic {vendor}"))["valid"], true);
    let verdict = place.verdict(&format!("acme.lic {vendor}"));
    let unchecked = verdict["not_checked"].to_string();
    for part in ["profile", "--product", "--host", "only a service knows"] {
        assert!(unchecked.contains(part), "{unchecked}");
    }
    assert!(!unchecked.contains("--machine"), "it is bound to none: {unchecked}");
    assert_eq!(verdict["unknown_features"], Value::Null, "nobody has said which there are");
    let told = place.good(&format!("verify acme.lic --public-key public.pem {vendor}"));
    assert!(told.contains("not checked\n  - what the product's profile says"), "{told}");
    assert!(!told.contains("unknown"), "{told}");
    let with = "--product profile.toml --at 2026-06-01 --host a.acme.internal";
    let verdict = place.verdict(&format!("acme.lic {with}"));
    assert_eq!(verdict["not_checked"].as_array().unwrap().len(), 1, "{verdict}");
    let other = "--issuer https://other.example --audience polygent";
    assert_eq!(place.verdict(&format!("acme.lic {other}"))["code"], "issuer_mismatch");
    let other = "--issuer https://polygent.example --audience other";
    assert_eq!(place.verdict(&format!("acme.lic {other}"))["code"], "audience_mismatch");
    for wrong in [
        "",
        "--issuer https://polygent.example",
        "--audience polygent",
        "--product profile.toml --issuer a --audience b",
        "--product profile.toml --typ any",
        "--issuer a --audience b --typ JWT",
    ] {
        place.bad(2, &format!("verify acme.lic --public-key public.pem {wrong}"));
    }
}

#[test]
fn without_a_profile_the_standard_claims_are_demanded() {
    let claims = ["iss", "aud", "jti", "iat", "exp", "plan", "features", "limits"];
    let nested = ["customer.id", "customer.name"];
    let place = Place::polygent();
    let lenient = crate::program::POLYGENT.replace("known_plans_only = true", "");
    let optional = "optional = [\"id\", \"customer_id\", \"customer_name\", \"plan\", \"features\", \"limits\"]";
    place.write("profile.toml", &format!("{lenient}\n[claims]\n{optional}\n"));
    let vendor = "--issuer https://polygent.example --audience polygent --at 2026-06-01";
    // What no product does without cannot be signed at all.
    for claim in claims.into_iter().filter(|it| !["iss", "aud", "iat", "exp"].contains(it)) {
        let mut claims = standard();
        claims.as_object_mut().unwrap().remove(claim);
        place.write("acme.lic", &place.sign(&claims));
        let verdict = place.verdict(&format!("acme.lic {vendor}"));
        assert_eq!(verdict["code"], "claims_invalid", "{claim}: {verdict}");
        let detail = verdict["detail"].as_str().unwrap();
        assert!(detail.contains(claim) && detail.contains("--product"), "{detail}");
    }
    for claim in nested {
        let mut claims = standard();
        let name = claim.split_once('.').unwrap().1;
        claims["customer"].as_object_mut().unwrap().remove(name);
        place.write("acme.lic", &place.sign(&claims));
        let verdict = place.verdict(&format!("acme.lic {vendor}"));
        assert_eq!(verdict["code"], "claims_invalid", "{claim}: {verdict}");
    }
}

#[test]
fn inspecting_says_plainly_that_it_proves_nothing() {
    let place = Place::licensed(|_| {});
    place.good("keygen --alg es256 --out other");
    let text = place.good("inspect acme.lic");
    assert!(text.contains("NOT VERIFIED") && text.contains("proves nothing"), "{text}");
    assert!(text.contains("ES256") && text.contains("\"lic_01\""), "{text}");
    let shown: Value = serde_json::from_str(&place.good("inspect acme.lic --json")).unwrap();
    assert_eq!(shown["verified"], false);
    assert_eq!(shown["claims"], standard());
    assert_eq!(shown["header"]["typ"], "license+jwt");
    assert!(shown.get("license").is_none());

    let shown: Value =
        serde_json::from_str(&place.good("inspect acme.lic --json --product profile.toml"))
            .unwrap();
    assert_eq!((&shown["verified"], &shown["license"]["id"]), (&json!(false), &json!("lic_01")));
    place.write(
        "other.toml",
        &crate::program::POLYGENT.replace("audience = \"polygent\"", "audience = \"x\""),
    );
    assert!(text.contains("issued    2026-01-01T00:00:00Z"), "{text}");
    assert!(text.contains("expires   2027-01-01T00:00:00Z (last day 2026-12-31, "), "{text}");
    assert_eq!(shown["dates"]["expires_at"], "2027-01-01T00:00:00Z");
    let shown = place.good("inspect acme.lic --product other.toml");
    assert!(shown.contains("would refuse") && shown.contains("audience_mismatch"), "{shown}");

    place.write("wrong.lic", "nothing");
    assert!(place.bad(1, "inspect wrong.lic").contains("token_malformed"));
    place.bad(2, "inspect missing.lic");
    assert!(place.bad(1, "inspect").contains("token_malformed"), "nothing on standard input");
}

#[test]
fn control_and_bidi_characters_of_claims_do_not_reach_the_terminal() {
    let name = "Acme\u{1b}[2J\u{202e}\u{2066}\u{85}\u{7f}Corp";
    let place = Place::licensed(|claims| claims["customer"]["name"] = name.into());
    for line in [
        format!("verify acme.lic --public-key public.pem {AT}"),
        format!("verify acme.lic --public-key public.pem --json {AT}"),
        "inspect acme.lic".to_owned(),
        "inspect acme.lic --json".to_owned(),
        "inspect acme.lic --product profile.toml".to_owned(),
    ] {
        let shown = place.good(&line);
        let bad =
            |it: char| (it.is_control() && it != '\n') || matches!(it, '\u{202e}' | '\u{2066}');
        assert!(!shown.chars().any(bad), "{line}: {shown:?}");
    }
    let verdict = place.verdict(&format!("acme.lic {AT}"));
    assert_eq!(verdict["customer"], name, "JSON says the same, escaped");
}

#[test]
fn no_token_is_ever_part_of_a_message() {
    let place = Place::licensed(|_| {});
    let token = place.read("acme.lic").trim_end().to_owned();
    let renew = "renew --key private.pem --product profile.toml";
    for (line, more) in [
        ("inspect", vec![token.as_str()]),
        ("inspect acme.lic", vec![token.as_str()]),
        ("verify --public-key public.pem --product profile.toml", vec![token.as_str()]),
        ("verify acme.lic --product profile.toml --public-key", vec![token.as_str()]),
        (
            "verify acme.lic --product profile.toml --public-key public.pem --at",
            vec![token.as_str()],
        ),
        ("verify acme.lic --public-key public.pem --product", vec![token.as_str()]),
        ("verify acme.lic --public-key public.pem --product acme.lic", vec![]),
        (renew, vec![token.as_str()]),
        ("issue --key private.pem --product profile.toml --spec acme.lic", vec![]),
    ] {
        let run = place.run_with(line, &more, "");
        assert_eq!(run.status, 2, "{line}: {run:?}");
        assert!(!run.err.contains("eyJ"), "{line}: {}", run.err);
    }
}
