//! `license renew` and `license amend`: what is counted, changed and said.

use crate::program::{POLYGENT, Place, claims_of, standard};
use license_core::{Clock, SystemClock, Timestamp};
use serde_json::{Value, json};

const DAY: i64 = 86_400;
const RENEW: &str = "renew --key private.pem --product profile.toml old.lic";
const AMEND: &str = "amend --key private.pem --product profile.toml old.lic";

fn now() -> i64 {
    SystemClock::new().now().as_seconds()
}

/// A place with `old.lic`, which still has this many days.
fn place(days: i64) -> Place {
    let place = Place::polygent();
    let mut claims = standard();
    claims.as_object_mut().unwrap().remove("nbf");
    claims["iat"] = (now() - 300 * DAY).into();
    claims["exp"] = (now() + days * DAY + 60).into();
    place.write("old.lic", &place.sign(&claims));
    place
}

fn json_of(place: &Place, line: &str) -> Value {
    let run = place.run(&format!("{line} --json"));
    assert_eq!((run.status, run.err.as_str()), (0, ""), "{run:?}");
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn days_count_from_the_old_end_where_it_lies_ahead() {
    let place = place(40);
    let old_end = claims_of(place.read("old.lic").trim_end())["exp"].as_i64().unwrap();
    let run = place.run(&format!("{RENEW} --days 365"));
    let new = claims_of(run.out.trim_end());
    assert_eq!(new["exp"], old_end + 365 * DAY);
    let end = Timestamp::from_seconds(old_end);
    let said = format!("the new term counts from the end of the old one, {end}, to ");
    assert!(run.err.contains(&said) && run.err.contains("365 days more than before"), "{run:?}");
    assert!(!run.err.contains("given away"), "{run:?}");

    let run = place.run(&format!("{RENEW} --days 365 --from-now"));
    let new = claims_of(run.out.trim_end());
    assert_eq!(new["exp"].as_i64().unwrap() - new["iat"].as_i64().unwrap(), 365 * DAY);
    assert!(run.err.contains("warning: 40 paid days of the old license are given"), "{run:?}");
    assert!(run.err.contains("the new term counts from now to "), "{run:?}");
    let told = json_of(&place, &format!("{RENEW} --days 365 --from-now"));
    assert_eq!(told["given_away"], 40);
    let told = json_of(&place, &format!("{RENEW} --days 365"));
    assert_eq!((&told["given_away"], &told["counts_from"]), (&json!(0), &json!(end)));
    place.bad(2, &format!("{RENEW} --expires 2036-12-31 --from-now"));
}

#[test]
fn days_count_from_now_where_the_old_end_has_passed() {
    let place = place(-40);
    for flags in ["--days 365", "--days 365 --from-now"] {
        let run = place.run(&format!("{RENEW} {flags}"));
        let new = claims_of(run.out.trim_end());
        assert_eq!(new["exp"].as_i64().unwrap() - new["iat"].as_i64().unwrap(), 365 * DAY);
        assert!(run.err.contains("the new term counts from now to "), "{run:?}");
        assert!(!run.err.contains("given away"), "{run:?}");
    }
}

#[test]
fn a_year_stays_a_year_however_early_and_often_it_is_renewed() {
    let place = Place::polygent();
    let year = |text: &str| text.parse::<Timestamp>().unwrap().as_seconds();
    let mut claims = standard();
    claims.as_object_mut().unwrap().remove("nbf");
    claims["exp"] = year("2035-01-01").into();
    claims["iat"] = now().into();
    claims["term_from"] = year("2034-01-01").into();
    let mut token = place.sign(&claims);
    for end in ["2036-01-01", "2037-01-01", "2038-01-01"] {
        place.write("old.lic", &token);
        token = place.good(RENEW);
        assert_eq!(claims_of(&token)["exp"], year(end), "a leap year and its neighbours");
    }
}

#[test]
fn a_comparison_says_what_is_given_away() {
    let place = place(40);
    place.good(&format!("{RENEW} --days 300 --from-now --out lost.lic"));
    place.good(&format!("{RENEW} --days 300 --out kept.lic"));
    let diff = |new: &str| json_of(&place, &format!("diff old.lic {new} --product profile.toml"));
    assert_eq!(diff("lost.lic")["given_away"], 40);
    assert!(diff("lost.lic")["warnings"].to_string().contains("40 paid days are given away"));
    assert_eq!(diff("kept.lic")["given_away"], 0);
    assert_eq!(diff("kept.lic")["warnings"], json!([]));
}

#[test]
fn an_amendment_changes_what_it_names_and_says_so() {
    let place = place(40);
    let old = claims_of(place.read("old.lic").trim_end());
    let line =
        format!("{AMEND} --limit users=70 --without-feature sso-saml --domain *.acme.example");
    let before = now();
    let run = place.run(&line);
    assert_eq!(run.status, 0, "{run:?}");
    let mut new = claims_of(run.out.trim_end());
    assert!((before..=now()).contains(&new["iat"].as_i64().unwrap()), "issued now");
    assert_eq!(new["term_from"], old["iat"], "a renewal is as long as before");
    let mut expected = old.clone();
    expected["limits"]["users"] = 70.into();
    expected["features"] = json!(["workflows"]);
    expected["binding"]["domain"] = "*.acme.example".into();
    for claims in [&mut new, &mut expected] {
        let claims = claims.as_object_mut().unwrap();
        claims.remove("term_from");
        claims.remove("iat");
    }
    assert_eq!(new, expected);
    for part in ["+ users: 50 to 70", "- sso-saml", "*.acme.internal -> *.acme.example"] {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }

    let told = json_of(&place, &line);
    let gained = json!(["users: 50 to 70", "domain: *.acme.example"]);
    assert_eq!(told["difference"]["gained"], gained);
    assert_eq!(told["license"]["id"], "lic_01");
    assert!(told["token"].as_str().unwrap().starts_with("eyJ"));
    let told = json_of(&place, &format!("{line} --out new.lic"));
    assert_eq!((&told["out"], &told["token"]), (&json!("new.lic"), &Value::Null));
    assert!(place.bad(2, &format!("{line} --out new.lic")).contains("not overwritten"));

    // The same as it is: told, and signed.
    let run = place.run(&format!("{AMEND} --limit users=50"));
    assert!(run.status == 0 && run.err.contains("nothing changes but when"), "{run:?}");
    let later = claims_of(&place.good(&format!("{AMEND} --not-before 2020-01-01")));
    assert_eq!((&later["nbf"], &later["exp"]), (&json!(1_577_836_800), &old["exp"]));
}

#[test]
fn another_plan_takes_the_binding_that_it_demands_and_drops_the_one_it_forbids() {
    let place = place(40);
    let error = place.bad(1, &format!("{AMEND} --plan standard"));
    assert!(error.contains("binding.machine") && error.contains("--machine-info"), "{error}");
    let mut standard = standard();
    standard["plan"] = "standard".into();
    standard["exp"] = (now() + DAY).into();
    standard["binding"] = json!({"machine": format!("fp1:machine-id:{}", "ab".repeat(32))});
    place.write("old.lic", &place.sign(&standard));
    let run = place.run(&format!("{AMEND} --plan enterprise --feature sso-saml"));
    assert_eq!(claims_of(run.out.trim_end())["binding"], json!({}), "{run:?}");
    assert!(run.err.contains("machine      fp1:machine-id:abab"), "{}", run.err);
    assert!(run.err.contains("+ sso-saml"), "{}", run.err);
}

#[test]
fn an_amendment_that_cannot_be_is_refused_with_the_cure() {
    let place = place(40);
    for (status, flags, named) in [
        (2, "", "license renew"),
        (1, "--feature sso-samll", "did you mean \"sso-saml\"?"),
        (1, "--without-feature billing", "its features are: workflows, sso-saml"),
        (2, "--feature workflows --without-feature workflows", "both name \"workflows\""),
        (1, "--limit user=5", "did you mean \"users\"?"),
        (1, "--plan enterprize", "did you mean \"enterprise\"?"),
        (1, "--domain *", "domain_invalid"),
        (1, "--not-before 2099-01-01", "ends before it begins"),
        (2, "--limit users=many", "NAME=unlimited"),
    ] {
        let error = place.bad(status, &format!("{AMEND} {flags}"));
        assert!(error.contains(named) && error.lines().count() == 1, "{flags}: {error}");
    }
    place.write("open.toml", &POLYGENT.replace("known_plans_only = true", ""));
    let run = place.run("amend --key private.pem --product open.toml old.lic --plan enterprize");
    assert!(run.status == 0 && run.err.contains("did you mean \"enterprise\"?"), "{run:?}");
}

#[test]
fn claims_that_were_dated_long_ago_are_warned_of_and_made_fresh() {
    let place = Place::polygent();
    let issue = |days: i64, profile: &str, flags: &str| {
        let mut claims = standard();
        claims.as_object_mut().unwrap().remove("nbf");
        claims["iat"] = (now() - days * DAY).into();
        claims["exp"] = (now() + DAY).into();
        place.write("claims.json", &claims.to_string());
        place.write("some.toml", profile);
        let run = place.run(&format!(
            "issue --key private.pem --product some.toml --claims claims.json {flags}"
        ));
        assert_eq!(run.status, 0, "{run:?}");
        run
    };
    assert_eq!(issue(0, POLYGENT, "").err, "");
    let old = issue(40, POLYGENT, "");
    assert!(old.err.contains("40 days ago") && old.err.contains("license_not_fresh"), "{old:?}");
    assert!(old.err.contains("--fresh"), "{old:?}");
    let any = format!("{POLYGENT}\n[policy]\nfreshness = \"none\"\n");
    assert!(issue(40, &any, "").err.contains("older_than_installed"));
    assert!(issue(1, POLYGENT, "").err.contains("1 day ago"));
    let fresh = issue(40, POLYGENT, "--fresh");
    assert_eq!(fresh.err, "");
    assert!(now() - claims_of(fresh.out.trim_end())["iat"].as_i64().unwrap() < 60);
    place.bad(2, "issue --key private.pem --product profile.toml --days 1 --fresh");
}
