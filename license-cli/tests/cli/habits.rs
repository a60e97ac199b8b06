//! What every command does alike: JSON, standard input and output, statuses,
//! and messages that say all of what is wrong.

use std::process::{Command, Stdio};

use crate::program::Place;
use serde_json::Value;

const ISSUE: &str = "issue --key private.pem --product profile.toml";

fn licensed() -> Place {
    Place::licensed(|claims| claims["exp"] = 4_000_000_000_u64.into())
}

/// Every command as it succeeds.
const GOOD: [&str; 12] = [
    "keygen --alg es256 --out more",
    "issue --key private.pem --product profile.toml --claims claims.json",
    "renew --key private.pem --product profile.toml acme.lic",
    "amend --key private.pem --product profile.toml acme.lic --limit users=70",
    "inspect acme.lic",
    "verify acme.lic --product profile.toml --public-key public.pem",
    "simulate acme.lic --product profile.toml",
    "diff acme.lic acme.lic",
    "audit verify audit.jsonl",
    "completions bash",
    "man pages",
    "machine-info --product profile.toml",
];

#[test]
fn every_command_answers_in_one_json_object() {
    let place = licensed();
    place.write("audit.jsonl", &license_runtime::AuditChain::default().to_line());
    for line in GOOD {
        if line.starts_with("machine-info") && std::fs::read("/etc/machine-id").is_err() {
            license_test_skips::missing("/etc/machine-id");
            continue;
        }
        let run = place.run(&format!("{line} --json"));
        assert_eq!((run.status, run.err.as_str()), (0, ""), "{line}: {run:?}");
        assert!(serde_json::from_str::<Value>(&run.out).unwrap().is_object(), "{line}");
    }
}

#[test]
fn a_refusal_has_one_form_in_json() {
    let place = licensed();
    place.write("wrong.lic", "nothing");
    place.write("wrong.jsonl", "nothing");
    place.write("old.json", "{}");
    let sign = "--key private.pem --product profile.toml";
    for (status, line, code) in [
        (2, "keygen --alg es256 --out .".to_owned(), "wrong_use"),
        (2, "keygen --alg none --out x".to_owned(), "wrong_use"),
        (2, "unknown".to_owned(), "wrong_use"),
        (2, "audit".to_owned(), "wrong_use"),
        (1, format!("issue {sign} --claims old.json"), "issuer_mismatch"),
        (2, format!("issue {sign} --days 1"), "wrong_use"),
        (2, format!("issue {sign} --claims claims.json --machine-info old.json"), "wrong_use"),
        (1, format!("renew {sign} wrong.lic"), "token_malformed"),
        (1, format!("amend {sign} wrong.lic --plan x"), "token_malformed"),
        (1, "inspect wrong.lic".to_owned(), "token_malformed"),
        (2, "inspect missing.lic".to_owned(), "wrong_use"),
        (
            1,
            "verify wrong.lic --product profile.toml --public-key public.pem".to_owned(),
            "token_malformed",
        ),
        (1, "simulate wrong.lic --product profile.toml".to_owned(), "token_malformed"),
        (1, "diff acme.lic wrong.lic".to_owned(), "token_malformed"),
        (2, "audit verify wrong.jsonl".to_owned(), "wrong_use"),
        (2, "machine-info --product missing.toml".to_owned(), "wrong_use"),
        (2, "completions cmd".to_owned(), "wrong_use"),
        (2, "man private.pem".to_owned(), "wrong_use"),
    ] {
        for line in [format!("{line} --json"), format!("--json {line}")] {
            let run = place.run(&line);
            assert_eq!((run.status, run.err.as_str()), (status, ""), "{line}: {run:?}");
            let told: Value = serde_json::from_str(&run.out).unwrap();
            assert!(told["detail"].as_str().is_some_and(|it| !it.is_empty()), "{line}: {told}");
            if code != "issuer_mismatch" {
                assert_eq!(told["code"], code, "{line}: {told}");
            }
        }
    }
}

#[test]
fn a_file_that_is_left_out_is_standard_input() {
    let place = licensed();
    let token = place.read("acme.lic");
    for line in [
        "inspect",
        "verify --product profile.toml --public-key public.pem",
        "simulate --product profile.toml",
        "diff acme.lic",
        "renew --key private.pem --product profile.toml",
        "amend --key private.pem --product profile.toml --limit users=70",
    ] {
        let run = place.run_with(line, &[], &token);
        assert_eq!(run.status, 0, "{line}: {run:?}");
    }
    let run =
        place.run_with("audit verify", &[], &license_runtime::AuditChain::default().to_line());
    assert_eq!(run.status, 0, "{run:?}");
    for line in [
        "diff - -",
        "verify --product - --public-key public.pem",
        "renew --key private.pem --product profile.toml --machine-info -",
    ] {
        let run = place.run_with(line, &[], &token);
        assert_eq!((run.status, run.out.as_str()), (2, ""), "{line}: {run:?}");
    }
    assert!(place.bad(2, "diff - -").contains("only one file can come from standard input"));
}

#[test]
fn a_dash_is_standard_output() {
    let place = licensed();
    for line in [
        format!("{ISSUE} --claims claims.json --out -"),
        "renew --key private.pem --product profile.toml acme.lic --out -".to_owned(),
        "amend --key private.pem --product profile.toml acme.lic --limit users=1 --out -"
            .to_owned(),
    ] {
        assert!(place.good(&line).starts_with("eyJ"), "{line}");
    }
    assert!(!place.exists("-"));
    assert!(place.bad(2, "keygen --alg es256 --out -").contains("directory"));
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let place = Place::polygent();
    let error = place.bad(2, &format!("{ISSUE} --feature workflows"));
    for flag in ["--customer-id", "--customer ", "--plan", "--expires DATE or --days N"] {
        assert!(error.contains(flag), "{flag}: {error}");
    }
    place.write("license.toml", "features = []");
    let error = place.bad(2, &format!("{ISSUE} --spec license.toml"));
    for member in ["license.toml", "`customer.id`", "`customer.name`", "`plan`", "`days`"] {
        assert!(error.contains(member), "{member}: {error}");
    }
    let error = place.bad(2, "issue");
    assert!(error.contains("--key") && error.contains("--product"), "{error}");
}

#[test]
fn what_nobody_knows_is_shown_with_what_is_known_and_what_was_meant() {
    let place = Place::polygent();
    let facts = "--customer-id c --customer n --days 1";
    for (flags, parts) in [
        (
            "--plan enterprise --feature worklows",
            ["\"worklows\"", "\"workflows\"", "sso-saml, workflows"],
        ),
        (
            "--plan enterprise --limit user=1",
            ["\"user\"", "\"users\"", "deploy_hosts, session_hosts"],
        ),
        ("--plan enterprize", ["\"enterprize\"", "\"enterprise\"", "enterprise, standard"]),
    ] {
        let error = place.bad(1, &format!("{ISSUE} {facts} {flags}"));
        assert!(error.contains("did you mean"), "{error}");
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
    let error = place.bad(1, &format!("{ISSUE} {facts} --plan enterprise --feature billing"));
    assert!(!error.contains("did you mean") && error.contains("billing"), "{error}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = licensed();
    for line in ["inspect acme.lic", "inspect acme.lic --json", "--help", "completions bash"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_license"))
            .args(line.split_whitespace())
            .current_dir(place.path("."))
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*told), (Some(0), ""), "{line}");
    }
}

#[test]
fn shells_and_readers_get_what_they_need() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.good(&format!("completions {shell}"));
        assert!(script.contains("without-feature"), "{shell}");
    }
    place.good("man pages/man1");
    let page = place.read("pages/man1/license-amend.1");
    assert!(page.contains("license\\-amend") && page.contains("without\\-feature"), "{page}");
    assert!(
        place.exists("pages/man1/license.1") && place.exists("pages/man1/license-audit-verify.1")
    );
    assert!(place.bad(2, "man pages/man1").contains("not overwritten"));
}

#[test]
fn help_is_as_wide_as_the_terminal() {
    let place = Place::empty();
    let help = |columns: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_license"))
            .args(["issue", "--help"])
            .current_dir(place.path("."))
            .env("COLUMNS", columns)
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let (flags, _) = help.split_once("A specification says").unwrap();
        // clap never wraps the usage, which is one line to copy.
        let flags = flags.lines().filter(|line| !line.starts_with("Usage:"));
        flags.map(|line| line.trim_end().chars().count()).max().unwrap()
    };
    assert!(help("60") <= 60, "{}", help("60"));
    assert!(help("100") > 60);
}
