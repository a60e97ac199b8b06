//! `license keygen`, and how keys are handled.

use crate::program::{Place, standard};
use license_core::{
    PublicKey,
    key::{Algorithm, SigningKey},
};

#[test]
fn a_key_pair_is_made_in_a_new_directory_and_its_kid_is_printed() {
    let place = Place::empty();
    let kid = place.good("keygen --alg es256 --out keys/2026");
    let private = SigningKey::pem(place.read("keys/2026/private.pem").as_bytes()).unwrap();
    let public = PublicKey::pem(place.read("keys/2026/public.pem").as_bytes()).unwrap();
    assert_eq!(private.public_key(), &public);
    assert_eq!(public.kid(), kid);
    assert_eq!(kid.len(), 43);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_private_key_whatever_the_umask() {
    use std::{os::unix::fs::PermissionsExt, process::Command};

    let place = Place::empty();
    let made = Command::new("sh")
        .args([
            "-c",
            "umask 000; exec \"$0\" keygen --alg eddsa --out .",
            env!("CARGO_BIN_EXE_license"),
        ])
        .current_dir(place.path("."))
        .output()
        .unwrap();
    assert!(made.status.success());
    let mode = |name| place.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("private.pem"), 0o600);
    assert_eq!(mode("public.pem"), 0o666);
}

#[test]
fn nothing_existing_is_overwritten() {
    for existing in ["private.pem", "public.pem"] {
        let place = Place::empty();
        place.write(existing, "precious");
        let error = place.bad(2, "keygen --alg es256 --out .");
        assert!(error.contains(existing), "{error}");
        assert_eq!(place.read(existing), "precious");
        let other = if existing == "private.pem" { "public.pem" } else { "private.pem" };
        assert!(!place.exists(other));
    }
}

#[test]
fn every_kind_of_key_can_be_made() {
    let place = Place::empty();
    place.good("keygen --alg eddsa --out ed");
    let key = PublicKey::pem(place.read("ed/public.pem").as_bytes()).unwrap();
    assert_eq!(key.algorithm(), Algorithm::EdDsa);

    let run = place.run("keygen --alg ps256 --bits 3072 --out ps");
    assert_eq!(run.status, 0);
    assert!(run.err.contains("--public-key PS256:ps/public.pem"), "{}", run.err);
    let key = PublicKey::pem(place.read("ps/public.pem").as_bytes()).unwrap();
    assert_eq!(key.bits(), 3072);
    assert_eq!(key.kid(), run.out.trim_end());
}

#[test]
fn wrong_algorithms_and_sizes_are_wrong_use() {
    let place = Place::empty();
    for line in [
        "keygen --alg hs256 --out .",
        "keygen --alg none --out .",
        "keygen --alg rs256 --bits 2048 --out .",
        "keygen --alg es256 --bits 256 --out .",
        "keygen --alg es256 --bits 4096 --out new",
        "keygen --alg es256",
        "keygen",
        "",
        "unknown",
    ] {
        place.bad(2, line);
    }
    assert!(!place.exists("private.pem") && !place.exists("public.pem"));
    assert!(!place.exists("new"), "a directory was left behind");
}

#[cfg(unix)]
#[test]
fn a_private_key_that_others_may_read_is_refused_unless_allowed() {
    use std::{fs, os::unix::fs::PermissionsExt};

    let place = Place::polygent();
    place.write("claims.json", &standard().to_string());
    let issue = "issue --key private.pem --product profile.toml --claims claims.json";
    for mode in [0o640, 0o604, 0o620, 0o601] {
        fs::set_permissions(place.path("private.pem"), fs::Permissions::from_mode(mode)).unwrap();
        let error = place.bad(2, issue);
        assert!(error.contains("chmod 600"), "{error}");
    }
    place.good(&format!("{issue} --dangerous-allow-readable-key"));
    fs::set_permissions(place.path("private.pem"), fs::Permissions::from_mode(0o400)).unwrap();
    place.good(issue);
}

#[test]
fn no_key_is_ever_part_of_a_message() {
    let place = Place::polygent();
    place.write("claims.json", &standard().to_string());
    let pem = place.read("private.pem");
    let secret: Vec<&str> = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let issue = "issue --product profile.toml --claims claims.json";
    let verify = "verify claims.json --issuer a --audience b";
    for (line, more) in [
        (issue, vec!["--key", &pem]),
        (issue, vec!["--key", "private.pem", &pem]),
        ("issue --claims claims.json --key private.pem --product private.pem", vec![]),
        ("issue --spec private.pem --key private.pem --product profile.toml", vec![]),
        ("issue --key private.pem --product profile.toml --expires", vec![&pem]),
        (verify, vec!["--public-key", &pem]),
        (verify, vec!["--public-key", "private.pem"]),
        ("verify --public-key public.pem --product profile.toml", vec![&pem]),
        ("verify --public-key public.pem --issuer a --audience b private.pem", vec![]),
        ("inspect private.pem", vec![]),
    ] {
        let run = place.run_with(line, &more, "");
        assert_ne!(run.status, 0, "{line}");
        for part in &secret {
            assert!(!run.err.contains(part) && !run.out.contains(part), "{line}: {run:?}");
        }
    }
}

#[test]
fn a_key_that_the_product_does_not_accept_is_refused() {
    let place = Place::polygent();
    place.write("claims.json", &standard().to_string());
    place.good("keygen --alg eddsa --out ed");
    let with = |key: &str| {
        place.bad(2, &format!("issue --key {key} --product profile.toml --claims claims.json"))
    };
    assert!(with("ed/private.pem").contains("algorithms"));
    assert!(with("EdDSA:ed/private.pem").contains("EdDSA"));
    assert!(with("PS256:private.pem").contains("PS256"));
    assert!(with("public.pem").contains("public key"));
    assert!(with("missing.pem").contains("missing.pem"));
}

/// A file in every spelling that people have, and a key in every wrapping.
#[test]
fn case_63_a_private_key_in_place_of_a_public_one_is_never_printed() {
    let place = Place::polygent();
    place.write("acme.lic", &place.sign(&standard()));
    let pem = place.read("private.pem");
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for value in [
        pem.clone(),
        format!("\"{}\"", pem.trim().replace('\n', "\\n")),
        format!("\u{feff}{pem}"),
        pem.replace('\n', "\n  "),
        pem.replace('\n', " "),
        body.clone(),
        format!("k={body}"),
        format!("ES256:{body}"),
        body[..64].to_owned(),
        format!("{body}.pem.d/{}", body.to_lowercase()),
    ] {
        for flag in ["--public-key", "--key", "--product", "--no-such-flag", ""] {
            for form in [vec![format!("{flag}={value}")], vec![flag.to_owned(), value.clone()]] {
                let mut arguments: Vec<&str> =
                    vec!["verify", "--product", "profile.toml", "acme.lic"];
                if flag == "--key" {
                    arguments = vec!["issue", "--product", "profile.toml", "--days", "3"];
                }
                arguments.extend(form.iter().map(String::as_str).filter(|it| !it.is_empty()));
                let run = place.run_with("", &arguments, "");
                let shown = format!("{}{}", run.out, run.err);
                assert_ne!(run.status, 0, "{shown}");
                let leaks = (0..body.len() - 12).any(|at| shown.contains(&body[at..at + 12]));
                assert!(!leaks, "{flag} {value}: {shown}");
                if flag == "--public-key" {
                    let may_be_a_file = value.contains(".pem.d/");
                    assert_ne!(shown.contains("a private key"), may_be_a_file, "{shown}");
                }
            }
        }
    }
}
