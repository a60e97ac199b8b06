//! Several sources, and sources against uploads.

use std::{fs, process::Command};

use license_core::Installer;
use license_runtime::Source;

use crate::{
    place::{Place, has_warning, history, in_force},
    support::{day, install, request, set},
};

#[tokio::test]
async fn the_first_source_that_is_present_decides_and_a_warning_names_what_it_hides() {
    let place = Place::new();
    place.write("file");
    let literal = Source::literal("--license-key", place.token("literal").as_str());
    let file = Source::file(place.file());
    let unset = Source::environment("LICENSE_THAT_NOBODY_SETS");
    let manager = place.start_by_hand([unset.clone(), literal.clone(), file.clone()]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("literal"));
    assert!(has_warning(&manager, &["--license-key decides", "hides", "license.jwt"]).await);
    assert_eq!(manager.status().await.warnings[0].code, "source_hidden");
    assert!(!has_warning(&manager, &["NOBODY"]).await);
    let blank = Source::literal("--license-key", "\n");
    let manager = place.start_by_hand([blank, file, literal]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("file"));
    assert!(has_warning(&manager, &["license.jwt decides", "hides --license-key"]).await);
}

#[tokio::test]
async fn a_source_that_is_bad_decides_and_one_that_is_gone_does_not() {
    let place = Place::new();
    fs::write(place.file(), "no token").unwrap();
    let key = Source::environment("LICENSE_THAT_NOBODY_SETS");
    let literal = Source::literal("--fallback", place.token("fallback").as_str());
    let manager = place.start_by_hand([key, Source::file(place.file()), literal]).await;
    assert_eq!(in_force(&manager), None);
    fs::remove_file(place.file()).unwrap();
    manager.tick_once().await;
    assert_eq!(in_force(&manager), None, "it may come back at once");
    manager.tick_once().await;
    assert_eq!(in_force(&manager).as_deref(), Some("fallback"));
    assert!(!has_warning(&manager, &["hides"]).await);
}

#[tokio::test]
async fn an_uploaded_license_gives_way_to_the_source_at_once_and_over_restarts() {
    let place = Place::new();
    place.write("file");
    let file = || [Source::file(place.file())];
    let manager = place.start_by_hand(file()).await;
    assert!(!has_warning(&manager, &["issued before"]).await);
    let upload = place
        .vendor
        .license()
        .id("upload")
        .issued_at(day(0).saturating_add(std::time::Duration::from_secs(60)));
    let upload = upload.sign();
    let dry_run = manager.dry_run(upload.as_str().as_bytes(), request()).await;
    assert!(dry_run.would_install);
    assert!(dry_run.warnings.iter().any(|it| it.contains("license.jwt decides")));
    let status = install(&manager, upload.as_str().as_bytes()).await.unwrap();
    assert_eq!(status.license.unwrap().id, "file");
    assert!(status.warnings.iter().any(|it| it.text.contains("issued before")));
    assert!(status.warnings.iter().any(|it| it.code == "source_overrides"));
    let restarted = place.start_by_hand(file()).await;
    assert_eq!(in_force(&restarted).as_deref(), Some("file"));
    assert!(has_warning(&restarted, &["issued before"]).await);
    let actors: Vec<_> = history(&restarted)
        .await
        .into_iter()
        .map(|row| row.0.chars().take(5).collect::<String>())
        .collect();
    assert_eq!(actors, ["file:", "admin", "file:"]);
    // The newest one put where it decides ends it.
    fs::write(place.file(), upload.as_str()).unwrap();
    restarted.tick_once().await;
    assert_eq!(in_force(&restarted).as_deref(), Some("upload"));
    assert!(!has_warning(&restarted, &["issued before"]).await);
}

#[tokio::test]
async fn an_upload_stays_in_force_where_no_source_gives_a_license() {
    let place = Place::new();
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    install(&manager, place.token("upload").as_str().as_bytes()).await.unwrap();
    manager.tick_once().await;
    assert_eq!(in_force(&manager).as_deref(), Some("upload"));
    let restarted = place.start_by_hand([Source::file(place.file())]).await;
    assert_eq!(in_force(&restarted).as_deref(), Some("upload"));
}

/// Run by the next test, with a variable set.
#[tokio::test]
async fn a_variable_gives_a_license_child() {
    let Some(token) = std::env::var_os("LICENSE_OF_THIS_TEST") else { return };
    let place = Place::new();
    let source = Source::environment("LICENSE_OF_THIS_TEST");
    let manager = place.start_by_hand([source]).await;
    assert_eq!(in_force(&manager), None, "another vendor's");
    assert_eq!(
        history(&manager).await,
        [("environment:LICENSE_OF_THIS_TEST".to_owned(), "refused:key_unknown".to_owned())]
    );
    assert!(!format!("{manager:?}").contains(token.to_str().unwrap()));
}

#[test]
fn a_variable_gives_a_license() {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "deciding::a_variable_gives_a_license_child"])
        .env("LICENSE_OF_THIS_TEST", Place::new().token("of the environment").as_str())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
}

#[tokio::test]
async fn what_another_instance_installs_is_adopted_until_the_source_changes_or_starts_anew() {
    let place = Place::new();
    set(&place.store.shared, true);
    place.write("file");
    let file = || [Source::file(place.file())];
    let (one, other) = (place.start_by_hand(file()).await, place.start_by_hand([]).await);
    install(&other, place.token("upload").as_str().as_bytes()).await.unwrap();
    one.tick_once().await;
    one.tick_once().await;
    assert_eq!(in_force(&one).as_deref(), Some("upload"));
    place.write("new");
    one.tick_once().await;
    other.tick_once().await;
    assert_eq!((in_force(&one), in_force(&other)), (Some("new".into()), Some("new".into())));
    install(&other, place.token("again").as_str().as_bytes()).await.unwrap();
    let restarted = place.start_by_hand(file()).await;
    assert_eq!(in_force(&restarted).as_deref(), Some("new"));
}

#[test]
fn no_token_is_shown_of_a_source() {
    let text = format!("{:?}", [Source::literal("--key", "secret"), Source::environment("KEY")]);
    assert_eq!(text, r#"[Source("literal:--key"), Source("environment:KEY")]"#);
}
