//! What the guide shows and no documentation test can run: its service, its
//! test, and its tables of codes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod coverage;
mod figures;
mod operations;
#[allow(dead_code, unreachable_pub, reason = "a whole program, as the guide shows it")]
mod service;
mod testing;

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use license_core::{DenialCode, InstallErrorKind, Policy, Product, testing::Vendor};
use license_tests::{example, now};
use tokio::{net::TcpListener, process::Command, time::timeout};
use tower::ServiceExt;

const GUIDE: &str = include_str!("../../../docs/guide.md");
const PROFILE: &str = include_str!("../../../docs/profile.md");

/// The blocks of one language, in order.
fn blocks(language: &str) -> impl Iterator<Item = &str> {
    let blocks = GUIDE.split("\n```").skip(1).step_by(2);
    blocks.filter_map(move |block| {
        let (its, text) = block.split_once('\n')?;
        (its == language).then_some(text)
    })
}

#[test]
fn the_guide_shows_the_files_that_are_compiled_here() {
    let shown: Vec<&str> = blocks("rust,ignore").collect();
    let files =
        [include_str!("service.rs"), include_str!("testing.rs"), include_str!("coverage.rs")];
    assert_eq!(shown, files.map(str::trim_end));
}

#[test]
fn the_guide_shows_the_profile_that_is_read_here() {
    let shown = blocks("toml").find_map(|block| block.strip_prefix("# acme.toml\n")).unwrap();
    assert_eq!(shown, include_str!("acme.toml").trim_end());
}

#[test]
fn every_part_of_a_profile_in_the_guide_is_accepted() {
    let other = ["dependencies]", "# repositories.toml"];
    let parts = blocks("toml").filter(|block| !other.iter().any(|it| block.contains(it)));
    let mut count = 0;
    for part in parts {
        let whole = part.contains("audience = ");
        let head = if whole { "" } else { "name = \"a\"\nissuer = \"b\"\naudience = \"c\"\n" };
        let read = Product::from_toml(&format!("{head}{part}"));
        assert!(read.is_ok(), "{}: {part}", read.unwrap_err());
        count += 1;
    }
    assert!(count >= 3);
}

/// The first cells of the table below a heading.
fn codes(heading: &str) -> Vec<&str> {
    let section = GUIDE.split_once(&format!("\n### {heading}\n")).unwrap().1;
    let section = section.split("\n### ").next().unwrap();
    let cell = |line: &'static str| line.strip_prefix("| `")?.split_once("` |");
    section.lines().filter_map(|line| Some(cell(line)?.0)).collect()
}

/// The second cells.
fn statuses(heading: &str) -> Vec<u16> {
    let section = GUIDE.split_once(&format!("\n### {heading}\n")).unwrap().1;
    let section = section.split("\n### ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.split(" | ").nth(1).unwrap()[..3].parse().unwrap()).collect()
}

#[test]
fn every_denial_is_in_the_guide_with_its_status() {
    assert_eq!(codes("Denials"), DenialCode::ALL.map(DenialCode::as_str));
    assert_eq!(statuses("Denials"), DenialCode::ALL.map(DenialCode::default_status));
}

#[test]
fn every_refusal_to_install_is_in_the_guide_with_its_status() {
    let kinds = InstallErrorKind::ALL;
    assert_eq!(codes("Refused installations"), kinds.map(InstallErrorKind::as_str));
    assert_eq!(statuses("Refused installations"), kinds.map(InstallErrorKind::status));
}

async fn answer(app: &license_axum::Enforced, request: Request<Body>) -> (StatusCode, String) {
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn the_service_of_the_guide_is_licensed_while_it_runs() {
    let vendor = Vendor::of(Product::from_toml(include_str!("acme.toml")).unwrap());
    let directory = tempfile::tempdir().unwrap();
    let key = vendor.key().public_key().clone();
    let app = service::app(key.clone(), directory.path(), "secret").await.unwrap();

    let (status, body) = answer(&app, get("/api/hello")).await;
    assert_eq!(status, 503);
    let shown = r#"{"type":"urn:license:problem:license_missing","title":"No license is installed","status":503,"#;
    assert!(body.starts_with(shown), "{body}");
    assert!(GUIDE.contains(shown));
    assert_eq!(answer(&app, get("/healthz")).await, (StatusCode::OK, "well\n".to_owned()));
    assert_eq!(answer(&app, get("/api/license")).await.0, 200);

    let license = vendor.license().features(["sso-saml"]).limit("users", 50).issued_at(now());
    let token = license.days(365).sign();
    let upload = |credential: &str| {
        Request::builder()
            .method(Method::POST)
            .uri("/api/license")
            .header(header::CONTENT_TYPE, "application/jwt")
            .header(header::AUTHORIZATION, credential)
            .body(Body::from(token.as_str().to_owned()))
            .unwrap()
    };
    assert_eq!(answer(&app, upload("Bearer wrong")).await.0, 401);
    assert_eq!(answer(&app, upload("Bearer secret")).await.0, 200);
    assert_eq!(answer(&app, get("/api/hello")).await, (StatusCode::OK, "hello\n".to_owned()));
    assert_eq!(answer(&app, get("/api/sso/saml")).await.1, "signed in\n");

    // Kept over a restart.
    drop(app);
    let app = service::app(key, directory.path(), "secret").await.unwrap();
    assert_eq!(answer(&app, get("/api/sso/saml")).await.0, 200);
}

#[test]
fn the_reference_of_the_profile_is_a_profile_and_has_every_member() {
    let (_, rest) = PROFILE.split_once("```toml\n").unwrap();
    let (reference, _) = rest.split_once("```").unwrap();
    let product = Product::from_toml(reference).unwrap();
    // What is said to be the default is.
    assert_eq!(*product.policy(), Policy::new());
    let part = |name: &str| {
        let begins = reference.find(name).unwrap_or_else(|| panic!("no {name}"));
        let part = &reference[begins + name.len()..];
        part.split("\n[").next().unwrap()
    };
    let mut members = 0;
    for (section, part) in [
        ("", &reference[..reference.find("\n[").unwrap()]),
        ("[claims]", part("[claims]")),
        ("[policy]", part("[policy]")),
        ("[plans.standard]", part("[plans.standard]")),
        ("[[messages]]", part("[[messages]]")),
    ] {
        let error = Product::from_toml(&format!("{section}\nzzz = 1")).unwrap_err().to_string();
        let (_, known) = error.split_once("expected one of ").unwrap_or_else(|| panic!("{error}"));
        for name in known.lines().next().unwrap().split('`').skip(1).step_by(2) {
            let there = part.lines().any(|line| line.starts_with(&format!("{name} =")));
            let tables = [format!("[{name}]"), format!("[{name}."), format!("[[{name}]]")];
            let is_table = tables.iter().any(|it| reference.contains(it));
            assert!(there || section.is_empty() && is_table, "{section} {name}");
            members += 1;
        }
    }
    assert!(members > 30, "{members}");
}

#[tokio::test]
async fn the_program_of_the_guide_says_what_it_misses() {
    // Where it would listen is taken, by this test or by somebody else, so that
    // it ends.
    let _taken = TcpListener::bind("127.0.0.1:3000").await;
    let directory = tempfile::tempdir().unwrap();
    let mut program = Command::new(example("guide"));
    program.current_dir(directory.path()).env("ADMIN_TOKEN", "secret").kill_on_drop(true);
    let ended = timeout(Duration::from_secs(60), program.output()).await;
    let output = ended.expect("it ends").unwrap();
    assert!(!output.status.success());
    let log = String::from_utf8(output.stdout).unwrap();
    assert!(log.contains("license"), "{log}");
}
