//! What may stand at a path: looked at when the test says so.

use std::{fs, process::Command};

use license_core::{Installer, Phase};
use license_runtime::Source;

use crate::{
    place::{Place, has_warning, history, in_force},
    support::{DAY, day, set},
};

fn refused(actor: &str, outcomes: &[(String, String)]) -> Vec<String> {
    let of = outcomes.iter().filter(|(by, _)| by.starts_with(actor));
    of.map(|(_, outcome)| outcome.clone()).filter(|it| it.starts_with("refused:")).collect()
}

#[tokio::test]
async fn a_license_from_a_file_is_stored_and_in_the_history_with_its_source() {
    let place = Place::new();
    let token = place.token("one");
    fs::write(place.file(), format!("{}\r\n", token.as_str())).unwrap();
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    assert_eq!(place.saved().await.current.as_deref(), Some(token.as_str()));
    let rows = manager.audit(10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].actor, format!("file:{}", place.file().display()));
    assert_eq!(rows[0].outcome, "installed");
    assert_eq!(rows[0].license_id.as_deref(), Some("one"));
}

#[tokio::test]
async fn the_same_file_at_the_next_start_changes_nothing() {
    let place = Place::new();
    place.write("one");
    let source = || [Source::file(place.file())];
    place.start_by_hand(source()).await;
    let writes = place.store.writes();
    let manager = place.start_by_hand(source()).await;
    manager.tick_once().await;
    assert_eq!(history(&manager).await.len(), 1);
    assert_eq!(place.store.writes(), writes);
}

#[tokio::test]
async fn without_a_file_at_the_first_start_there_is_no_license_and_it_is_said_why() {
    let place = Place::new();
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    assert_eq!(manager.licensing().phase(), Phase::Unlicensed);
    assert!(has_warning(&manager, &["license.jwt", "file_missing"]).await);
    assert_eq!(history(&manager).await, []);
}

#[tokio::test]
async fn over_restarts_with_the_file_gone_or_bad_the_last_verified_license_stays() {
    let place = Place::new();
    place.write("one");
    let source = || [Source::file(place.file())];
    place.start_by_hand(source()).await;
    fs::remove_file(place.file()).unwrap();
    let manager = place.start_by_hand(source()).await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    assert!(has_warning(&manager, &["file_missing"]).await);
    fs::write(place.file(), Place::new().token("forged").as_str()).unwrap();
    let manager = place.start_by_hand(source()).await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    assert!(has_warning(&manager, &["key_unknown"]).await);
    assert_eq!(refused("file:", &history(&manager).await), ["refused:key_unknown"]);
}

#[tokio::test]
async fn what_is_no_license_keeps_the_one_in_force_and_is_told_once_for_each_change() {
    let place = Place::new();
    place.write("one");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    let forged = Place::new().token("forged");
    let long = "a".repeat(17 * 1024);
    let longer = "a".repeat(1024 * 1024);
    for (text, code) in [
        (forged.as_str(), "key_unknown"),
        ("", "token_malformed"),
        (&long, "token_too_large"),
        (&longer, "token_too_large"),
    ] {
        fs::write(place.file(), text).unwrap();
        manager.tick_once().await;
        for _ in 0..3 {
            manager.tick_once().await;
        }
        assert!(has_warning(&manager, &["license.jwt", code]).await, "{code}");
        assert_eq!(in_force(&manager).as_deref(), Some("one"));
    }
    let refused = refused("file:", &history(&manager).await);
    let codes = ["key_unknown", "token_malformed", "token_too_large", "token_too_large"];
    assert_eq!(refused, codes.map(|code| format!("refused:{code}")));
}

#[tokio::test]
async fn pipes_and_directories_are_not_read_and_hold_nobody_up() {
    let place = Place::new();
    place.write("one");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    fs::remove_file(place.file()).unwrap();
    assert!(Command::new("mkfifo").arg(place.file()).status().unwrap().success());
    manager.tick_once().await;
    manager.tick_once().await;
    assert!(has_warning(&manager, &["file_unreadable", "not a regular file"]).await);
    fs::remove_file(place.file()).unwrap();
    fs::create_dir(place.file()).unwrap();
    manager.tick_once().await;
    manager.tick_once().await;
    assert!(has_warning(&manager, &["file_unreadable", "not a regular file"]).await);
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    manager.shutdown().await;
}

#[tokio::test]
async fn a_license_that_begins_later_waits_and_the_same_file_changes_nothing_when_it_has_begun() {
    let place = Place::new();
    place.write("one");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    let next = place.vendor.license().id("next").not_before(day(1)).sign();
    fs::write(place.file(), next.as_str()).unwrap();
    manager.tick_once().await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    assert_eq!(manager.status().await.next.unwrap().id, "next");
    place.clock.advance(DAY);
    assert_eq!(in_force(&manager).as_deref(), Some("next"));
    manager.tick_once().await;
    manager.tick_once().await;
    let restarted = place.start_by_hand([Source::file(place.file())]).await;
    assert_eq!(in_force(&restarted).as_deref(), Some("next"));
    let outcomes: Vec<_> = history(&restarted).await.into_iter().map(|row| row.1).collect();
    assert_eq!(outcomes, ["installed", "scheduled", "took_over"]);
}

#[tokio::test]
async fn a_license_older_than_the_one_in_force_is_in_force_all_the_same() {
    let place = Place::new();
    place.write("new");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    let old = place.vendor.license().id("old").issued_at(day(-9)).days(99).sign();
    fs::write(place.file(), old.as_str()).unwrap();
    manager.tick_once().await;
    assert_eq!(in_force(&manager).as_deref(), Some("old"));
    assert!(has_warning(&manager, &["license.jwt", "issued before"]).await);
}

#[tokio::test]
async fn while_the_store_fails_the_old_license_stays_and_storing_is_tried_again() {
    let place = Place::new();
    place.write("one");
    let manager = place.start_by_hand([Source::file(place.file())]).await;
    set(&place.store.full, true);
    place.write("two");
    manager.tick_once().await;
    manager.tick_once().await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    assert!(has_warning(&manager, &["store_unavailable"]).await);
    set(&place.store.full, false);
    manager.tick_once().await;
    assert_eq!(in_force(&manager).as_deref(), Some("two"));
    assert!(!has_warning(&manager, &["store_unavailable"]).await);
    assert_eq!(history(&manager).await.len(), 2);
}

/// Run by the next test, where the file is mounted by itself.
#[tokio::test]
async fn a_single_mounted_file_is_warned_about_child() {
    let Some(file) = std::env::var_os("MOUNTED_FILE_OF_THIS_TEST") else { return };
    let place = Place::new();
    let manager = place.start_by_hand([Source::file(&file)]).await;
    assert!(has_warning(&manager, &["license.jwt", "subPath"]).await);
    let beside = std::path::Path::new(&file).with_file_name("beside.jwt");
    fs::write(&beside, place.token("one").as_str()).unwrap();
    let manager = place.start_by_hand([Source::file(beside)]).await;
    assert!(!has_warning(&manager, &["subPath"]).await);
}

#[test]
fn a_single_mounted_file_is_warned_about() {
    with_a_mounted_file("files::a_single_mounted_file_is_warned_about_child");
}

/// Runs a test of this program with a license file that is mounted by itself.
pub(crate) fn with_a_mounted_file(test: &str) {
    let place = Place::new();
    place.write("one");
    let script = "mount --bind \"$0\" \"$0\" || exit 9; exec \"$@\"";
    let mounted = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script]).arg(place.file());
        command
    };
    if !mounted().arg("true").status().is_ok_and(|status| status.success()) {
        license_test_skips::missing("the right to mount a file");
        return;
    }
    let child = mounted()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env("MOUNTED_FILE_OF_THIS_TEST", place.file())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && told.contains("1 passed"), "{told}");
}
