//! `license doctor`: each broken license is named by its cause first.

use std::{collections::BTreeSet, fs};

use license_core::{InstallErrorKind, report::FINDING_CODES};
use serde_json::{Value, json};

use crate::program::{Place, Run, standard};

const GUIDE: &str = include_str!("../../../docs/guide.md");
const DOCTOR: &str = "doctor acme.lic --public-key public.pem --product profile.toml";

/// What is said of it in JSON, fit for a ticket.
#[track_caller]
fn examined(place: &Place, more: &str) -> (i32, Value) {
    let run = place.run(&format!("{DOCTOR} --at 2026-01-20 {more} --json"));
    let said: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
    is_fit_for_a_ticket(&run);
    let status = match said["outcome"].as_str().unwrap() {
        "ok" => 0,
        "warning" => 1,
        _ => 2,
    };
    assert_eq!(run.status, status, "{run:?}");
    (status, said)
}

#[track_caller]
fn is_fit_for_a_ticket(run: &Run) {
    for secret in ["Acme Corp", "cust_1", "it@acme.example", "eyJ", "lic_01"] {
        assert!(!run.out.contains(secret) && !run.err.contains(secret), "{secret}: {run:?}");
    }
}

#[track_caller]
fn names(place: &Place, more: &str, reason: [&str; 3]) {
    let (ended, said) = examined(place, more);
    let first = &said["findings"][0];
    let [check, code, text] = reason;
    assert_eq!(
        (ended, &first["check"], &first["code"]),
        (2, &json!(check), &json!(code)),
        "{said:#}"
    );
    assert!(first["text"].as_str().unwrap().contains(text), "{said:#}");
}

#[test]
fn a_good_license_ends_with_0_and_says_what_was_not_checked() {
    let place = Place::licensed(|_| {});
    let run = place.run(&format!("{DOCTOR} --at 2026-01-20"));
    is_fit_for_a_ticket(&run);
    assert_eq!((run.status, run.err.as_str()), (0, ""), "{run:?}");
    for part in
        ["ok       form", "ok       signature", "domain (give --host)", "order (give --installed)"]
    {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    place.write("old.lic", &place.read("acme.lic"));
    let run =
        place.run(&format!("{DOCTOR} --at 2026-01-20 --host a.acme.internal --installed old.lic"));
    assert!(run.status == 0 && !run.out.contains("not checked"), "{run:?}");
}

#[test]
fn a_warning_ends_with_1_and_a_failure_with_2_and_a_cure() {
    let place = Place::licensed(|_| {});
    let run = place.run(&format!("{DOCTOR} --at 2026-12-20"));
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.out.starts_with("warning  term            license_expiring: "), "{}", run.out);
    let run = place.run(&format!("{DOCTOR} --at 2027-06-01"));
    assert_eq!(run.status, 2, "{run:?}");
    assert!(run.out.starts_with("failed   term            license_expired: "), "{}", run.out);
    assert!(run.out.contains("Ask the vendor for a renewed license."), "{}", run.out);
    for no_host in ["https://a/x", "", "a/b"] {
        let run = place.run(&format!("{DOCTOR} --host={no_host}"));
        assert!(run.status == 2 && run.err.contains("not a host name"), "{run:?}");
    }
    // Wrong use is told apart by its JSON.
    let run = place.run("doctor acme.lic --json");
    assert_eq!(run.status, 2, "{run:?}");
    let said: Value = serde_json::from_str(&run.out).unwrap();
    assert!(said.get("outcome").is_none() && said["code"] == "wrong_use", "{said}");
}

#[test]
fn what_damaged_the_file_is_named() {
    let place = Place::licensed(|_| {});
    let good = place.read("acme.lic");
    let good = good.trim();
    let malformed = |text| ["form", "token_malformed", text];
    for (text, named) in [
        (format!("\"{good}\"\n"), "quotes"),
        (format!("> {}\n> {}\n", &good[..60], &good[60..]), "as in a reply"),
        (format!("{}=\r\n{}", &good[..60], &good[60..]), "as mail encodes it"),
        (good.rsplit_once('.').unwrap().0.to_owned(), "signature is missing"),
        (place.read("public.pem"), "A key, not a license"),
        ("acme.lic".to_owned(), "name of a file"),
    ] {
        place.write("acme.lic", &text);
        names(&place, "", malformed(named));
    }
    fs::write(place.path("acme.lic"), vec![b'a'; 64 * 1024]).unwrap();
    names(&place, "", ["form", "token_too_large", "16 KiB"]);
    // What can be read over is no fault.
    let utf16: Vec<u8> =
        format!("\u{feff}{good}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(place.path("acme.lic"), utf16).unwrap();
    assert_eq!(examined(&place, "").0, 0);
}

#[test]
fn keys_claims_plans_and_bindings_are_named() {
    let place = Place::licensed(|_| {});
    let other = Place::polygent();
    place.write("acme.lic", &other.sign(&standard()));
    names(&place, "", ["key", "key_unknown", "trusted are"]);

    let place = Place::licensed(|_| {});
    names(&place, "--host license.example", ["domain", "domain_mismatch", "license.example"]);
    let other =
        place.read("profile.toml").replace("audience = \"polygent\"", "audience = \"other\"");
    place.write("profile.toml", &other);
    names(&place, "", ["audience", "audience_mismatch", "another product"]);
    place.write("profile.toml", &other.replace("https://polygent", "https://other"));
    names(&place, "", ["issuer", "issuer_mismatch", "another vendor"]);
    let stricter =
        crate::program::POLYGENT.replace("machine = \"forbidden\"", "machine = \"required\"");
    place.write("profile.toml", &stricter);
    names(&place, "", ["plan", "claims_invalid", "must have it"]);
}

#[test]
fn the_machine_and_its_clock_come_from_its_machine_info() {
    let digits = "a".repeat(64);
    let place = Place::licensed(|claims| {
        claims["plan"] = json!("standard");
        claims["binding"] = json!({"machine": format!("fp1:machine-id:{digits}")});
    });
    let info = |product: &str, scheme: &str, digit: &str, mark: Option<&str>| {
        let info = json!({
            "schema": 1, "product": product, "version": "0.1.0", "scheme": scheme,
            "fingerprint": format!("fp1:{scheme}:{}", digit.repeat(64)), "nonce": "n",
            "created_at": "2026-01-20T00:00:00Z", "clock_mark": mark, "latched": false,
        });
        place.write("machine-info.json", &info.to_string());
    };
    let with = "--machine-info machine-info.json";
    info("polygent", "machine-id", "a", None);
    assert_eq!(examined(&place, with).0, 0);
    info("polygent", "machine-id", "b", None);
    names(&place, with, ["machine", "machine_mismatch", "fp1:machine-id:bbbbbbbbbbbb…"]);
    info("polygent", "custom", "a", None);
    names(&place, with, ["machine", "machine_mismatch", "this one by `custom`"]);
    info("align", "machine-id", "b", None);
    names(&place, with, ["machine", "machine_info_of_other_product", "another product"]);
    info("polygent", "machine-id", "a", Some("2026-09-01T00:00:00Z"));
    names(&place, with, ["clock", "clock_rolled_back", "has seen 2026-09-01"]);
    let run = place.run(&format!("{DOCTOR} --at 2026-07-01 {with} --json"));
    assert!(run.out.contains("machine_info_refused"), "{run:?}");
}

#[test]
fn an_older_license_than_the_one_in_force_is_named() {
    let place = Place::licensed(|_| {});
    let mut newer = standard();
    newer["iat"] = json!(1_767_225_600 + 86_400);
    place.write("newer.lic", &place.sign(&newer));
    names(&place, "--installed newer.lic", ["order", "older_than_installed", "accepted before"]);
    place.write("newer.lic", "nothing");
    let run = place.run(&format!("{DOCTOR} --installed newer.lic"));
    assert!(run.status == 2 && run.err.contains("newer.lic"), "{run:?}");
}

/// The codes in the guide's table below the heading.
fn codes_of_the_guide() -> BTreeSet<&'static str> {
    let section = GUIDE.split_once("\n### Doctor\n").unwrap().1;
    let section = section.split_once("\n### ").unwrap().0;
    let rows = section.lines().filter(|line| line.starts_with("| "));
    rows.flat_map(|row| row.split('|').nth(2).unwrap_or_default().split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn the_guide_lists_every_code() {
    let program = ["machine_info_of_other_product", "machine_info_refused"];
    // What is said of uploads alone.
    let uploads = ["not_previewed", "license_file_read_only"];
    let codes: BTreeSet<&str> = InstallErrorKind::ALL
        .iter()
        .map(|it| it.as_str())
        .chain(FINDING_CODES)
        .chain(program)
        .chain(RUNTIME_CODES)
        .filter(|code| !uploads.contains(code))
        .collect();
    assert_eq!(codes_of_the_guide(), codes);
}

/// Those of license-runtime, whose own tests hold them against its list.
const RUNTIME_CODES: [&str; 10] = [
    "alert_failed",
    "file_missing",
    "file_unreadable",
    "mail_slow",
    "mail_unreachable",
    "source_hidden",
    "source_mounted_alone",
    "source_older",
    "source_overrides",
    "store_slow",
];
