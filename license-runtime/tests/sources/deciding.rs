//! Several sources, and sources against uploads.

use std::{fs, process::Command, time::Duration};

use license_core::{Actor, Installer};
use license_runtime::{LicenseManager, Source};

use crate::{
    place::{Place, has_warning, history, in_force},
    support::{DAY, day, install, request, set},
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
    assert!(dry_run.warnings.iter().any(|it| it.text.contains("license.jwt decides")));
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

#[tokio::test]
async fn on_a_shared_store_an_older_source_stands_back_at_the_start_and_a_warning_names_both() {
    let minute = |minutes: u64| day(0).saturating_add(Duration::from_secs(60 * minutes));
    for shared in [true, false] {
        let place = Place::new();
        set(&place.store.shared, shared);
        place.write("of the file");
        let file = || [Source::file(place.file())];
        let other = place.start_by_hand([]).await;
        let newer = place.vendor.license().id("accepted").issued_at(minute(1)).sign();
        install(&other, newer.as_str().as_bytes()).await.unwrap();
        let manager = place.start_by_hand(file()).await;
        let decides = if shared { "accepted" } else { "of the file" };
        assert_eq!(in_force(&manager).as_deref(), Some(decides));
        let warnings = manager.status().await.warnings;
        let codes: Vec<_> = warnings.iter().map(|it| it.code).collect();
        if !shared {
            assert_eq!(codes, ["source_overrides"]);
            continue;
        }
        assert_eq!(codes, ["source_older"]);
        let text = &warnings[0].text;
        for named in ["license.jwt", "of the file", "accepted", "2026-11-01T00:01:00Z"] {
            assert!(text.contains(named), "{text}");
        }
        // Nor does it come back when somebody uploads, or by looking again.
        let upload = place.vendor.license().id("uploaded").issued_at(minute(2)).sign();
        install(&manager, upload.as_str().as_bytes()).await.unwrap();
        manager.tick_once().await;
        assert_eq!(in_force(&manager).as_deref(), Some("uploaded"));
        assert!(has_warning(&manager, &["of the file", "uploaded"]).await);
        // Whoever replaces the file while it runs means it.
        place.write("put there");
        manager.tick_once().await;
        assert_eq!(in_force(&manager).as_deref(), Some("put there"));
        assert_eq!(manager.status().await.warnings[0].code, "source_overrides");
    }
}

#[tokio::test]
async fn on_a_shared_store_that_holds_no_license_a_source_speaks_however_old_it_is() {
    let place = Place::new();
    set(&place.store.shared, true);
    let manager = place.start_by_hand([]).await;
    let newer = place.vendor.license().issued_at(day(0).saturating_add(Duration::from_secs(60)));
    install(&manager, newer.sign().as_str().as_bytes()).await.unwrap();
    manager.remove(&Actor::new("admin", None)).await.unwrap();
    place.write("file");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("file"));
}

#[tokio::test]
async fn case_54_a_reset_license_in_a_file_cures_the_clock_once() {
    let place = Place::new();
    place.write("old");
    let file = || [Source::file(place.file())];
    let manager = place.start_by_hand(file()).await;
    place.clock.set(day(100));
    manager.tick_once().await;
    place.clock.set(day(1));
    manager.tick_once().await;
    let refused = |manager: &LicenseManager| {
        let denial = manager.licensing().check_service().err()?;
        assert!(denial.problem().remedy?.contains("replace the license file"));
        Some(denial.code().as_str())
    };
    assert_eq!(refused(&manager), Some("clock_rolled_back"));
    let info = manager.machine_info().await.unwrap();
    let mark = info.clock_mark.unwrap().as_seconds();
    let reset = |id: &str, installation: &str| {
        let license = place.vendor.license().id(id).issued_at(day(1));
        license.claim("clock_reset_from", mark).claim("clock_reset_for", installation).sign()
    };
    fs::write(place.file(), reset("theirs", "another installation").as_str()).unwrap();
    manager.tick_once().await;
    assert_eq!(refused(&manager), Some("clock_rolled_back"));
    let reset = reset("cure", &info.nonce);
    fs::write(place.file(), reset.as_str()).unwrap();
    manager.tick_once().await;
    assert_eq!(refused(&manager), None);
    assert_eq!(in_force(&manager).as_deref(), Some("cure"));
    // Weeks later, at a mark that it names as well, the clock is turned back,
    // and everything tried again.
    place.clock.advance(50 * DAY);
    manager.tick_once().await;
    place.clock.set(day(1));
    manager.tick_once().await;
    assert_eq!(refused(&manager), Some("clock_rolled_back"));
    for again in ["other", "cure"] {
        match again {
            "cure" => fs::write(place.file(), reset.as_str()).unwrap(),
            other => place.write(other),
        }
        manager.tick_once().await;
        assert_eq!(refused(&manager), Some("clock_rolled_back"), "{again}");
    }
    let restarted = place.start_by_hand(file()).await;
    assert_eq!(refused(&restarted), Some("clock_rolled_back"));
}

#[tokio::test]
async fn the_time_of_a_source_license_is_evidence_where_the_store_is_new() {
    let place = Place::new();
    let license = place.vendor.license().issued_at(day(10)).sign();
    fs::write(place.file(), license.as_str()).unwrap();
    place.clock.set(day(8));
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    assert_eq!(manager.licensing().public_status().code, Some("clock_rolled_back"));
    place.clock.set(day(10));
    assert_eq!(manager.licensing().public_status().code, None);
}

#[tokio::test]
async fn the_remedy_names_the_way_by_which_a_license_gets_here() {
    let place = Place::new();
    let remedy = |manager: &LicenseManager| {
        let denial = manager.licensing().check_service().unwrap_err();
        denial.problem().remedy.unwrap().into_owned()
    };
    let unset = || Source::environment("LICENSE_THAT_NOBODY_SETS");
    let uploads = place.start_by_hand([]).await;
    assert!(remedy(&uploads).contains("install"));
    for (sources, way) in [
        ([unset(), unset()], "start the service again"),
        ([unset(), Source::file(place.file())], "license file"),
        ([Source::literal("--key", "bad"), Source::file(place.file())], "start the service again"),
    ] {
        let manager = place.start_by_hand(sources).await;
        let remedy = remedy(&manager);
        assert!(remedy.contains(way) && !remedy.contains("install"), "{remedy}");
        let detail = manager.status().await.problem.unwrap().detail;
        assert!(detail.contains(way) && !detail.contains("install a"), "{detail}");
    }
}

#[test]
fn no_token_is_shown_of_a_source() {
    let text = format!("{:?}", [Source::literal("--key", "secret"), Source::environment("KEY")]);
    assert_eq!(text, r#"[Source("literal:--key"), Source("environment:KEY")]"#);
}
