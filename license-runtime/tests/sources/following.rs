//! Files that change while the service runs.

use std::{fs, io::Write, os::unix::fs::symlink, path::Path, sync::Arc, time::Duration};

use license_core::Phase;
use license_runtime::Source;

use crate::place::{
    DEADLINE, Place, has_warning, history, in_force, rename_over, takes_effect, warns,
};

#[tokio::test]
async fn a_license_renamed_over_the_file_takes_effect() {
    let place = Place::new();
    place.write("one");
    let manager = place.start().await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    for id in ["two", "three"] {
        place.rename_over(id);
        takes_effect(&manager, id).await;
    }
    manager.shutdown().await;
}

#[tokio::test]
async fn a_license_written_in_place_takes_effect() {
    let place = Place::new();
    place.write("one");
    let manager = place.start().await;
    for id in ["two", "three"] {
        place.write(id);
        takes_effect(&manager, id).await;
    }
    manager.shutdown().await;
}

#[tokio::test]
async fn half_a_license_changes_nothing_is_reported_and_the_rest_is_awaited() {
    let place = Place::new();
    place.write("one");
    let manager = place.start().await;
    let token = place.token("two");
    let (half, rest) = token.as_str().split_at(token.as_str().len() / 2);
    fs::write(place.file(), half).unwrap();
    warns(&manager, &["license.jwt", "token_malformed"]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    let mut file = fs::OpenOptions::new().append(true).open(place.file()).unwrap();
    file.write_all(rest.as_bytes()).unwrap();
    takes_effect(&manager, "two").await;
    assert!(!has_warning(&manager, &["token_malformed"]).await);
    manager.shutdown().await;
}

#[tokio::test]
async fn a_file_that_vanishes_changes_nothing_is_reported_once_and_may_come_back() {
    let place = Place::new();
    place.write("one");
    let manager = place.start().await;
    fs::remove_file(place.file()).unwrap();
    warns(&manager, &["license.jwt", "file_missing"]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    place.write("two");
    takes_effect(&manager, "two").await;
    assert!(!has_warning(&manager, &["file_missing"]).await);
    manager.shutdown().await;
}

/// Publishes files as kubelet's `AtomicWriter` does: a new directory with a
/// name from the time, `..data` turned to it in one step, the old one removed.
fn publish(volume: &Path, stamp: &str, token: &str) {
    let old = fs::read_link(volume.join("..data")).ok();
    let new = volume.join(format!("..{stamp}"));
    fs::create_dir(&new).unwrap();
    fs::write(new.join("license.jwt"), token).unwrap();
    symlink(format!("..{stamp}"), volume.join("..data_tmp")).unwrap();
    fs::rename(volume.join("..data_tmp"), volume.join("..data")).unwrap();
    let file = volume.join("license.jwt");
    if fs::symlink_metadata(&file).is_err() {
        symlink("..data/license.jwt", &file).unwrap();
    }
    if let Some(old) = old {
        fs::remove_dir_all(volume.join(old)).unwrap();
    }
}

#[tokio::test]
async fn a_secret_swapped_as_kubernetes_does_takes_effect_and_is_never_bad() {
    let place = Place::new();
    let publish = |stamp: &str, id: &str| {
        publish(place.directory.path(), stamp, place.token(id).as_str());
    };
    publish("2026_11_01_00_00_00.1", "one");
    let manager = place.start().await;
    for round in 2..12 {
        let id = format!("number-{round}");
        publish(&format!("2026_11_01_00_00_00.{round}"), &id);
        takes_effect(&manager, &id).await;
    }
    let history = history(&manager).await;
    assert!(history.iter().all(|(_, outcome)| outcome == "installed"), "{history:?}");
    manager.shutdown().await;
}

#[tokio::test]
async fn a_directory_that_is_a_link_and_is_turned_is_followed() {
    let place = Place::new();
    let at = |name: &str| place.directory.path().join(name);
    for id in ["one", "two", "three"] {
        fs::create_dir(at(id)).unwrap();
        fs::write(at(id).join("license.jwt"), place.token(id).as_str()).unwrap();
    }
    symlink("one", at("current")).unwrap();
    let manager = place.start_with([Source::file(at("current").join("license.jwt"))]).await;
    assert_eq!(in_force(&manager).as_deref(), Some("one"));
    for id in ["two", "three"] {
        symlink(id, at("turned")).unwrap();
        fs::rename(at("turned"), at("current")).unwrap();
        takes_effect(&manager, id).await;
    }
    manager.shutdown().await;
}

#[tokio::test]
async fn a_file_elsewhere_that_a_link_leads_to_is_followed() {
    let place = Place::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("target.jwt");
    fs::write(&target, place.token("one").as_str()).unwrap();
    symlink(&target, place.file()).unwrap();
    let manager = place.start().await;
    for id in ["two", "three"] {
        rename_over(&target, place.token(id).as_str());
        takes_effect(&manager, id).await;
    }
    manager.shutdown().await;
}

#[tokio::test]
async fn a_directory_that_is_made_later_goes_and_comes_again_is_followed() {
    let place = Place::new();
    let directory = place.directory.path().join("later").join("deep");
    let file = directory.join("license.jwt");
    let manager = place.start_with([Source::file(&file)]).await;
    assert_eq!(manager.licensing().phase(), Phase::Unlicensed);
    assert!(has_warning(&manager, &["file_missing"]).await);
    for id in ["one", "two"] {
        fs::create_dir_all(&directory).unwrap();
        fs::write(&file, place.token(id).as_str()).unwrap();
        takes_effect(&manager, id).await;
        rename_over(&file, place.token("again").as_str());
        takes_effect(&manager, "again").await;
        fs::remove_dir_all(&directory).unwrap();
        warns(&manager, &["file_missing"]).await;
    }
    manager.shutdown().await;
}

#[tokio::test]
async fn of_a_thousand_licenses_in_a_row_the_last_is_in_force() {
    let place = Place::new();
    place.write("first");
    let manager = place.start().await;
    let tokens: Vec<_> = (0..1000).map(|round| place.token(&format!("number-{round}"))).collect();
    for (round, token) in tokens.iter().enumerate() {
        match round % 2 {
            0 => rename_over(&place.file(), token.as_str()),
            _ => fs::write(place.file(), token.as_str()).unwrap(),
        }
    }
    takes_effect(&manager, "number-999").await;
    let saved = place.saved().await;
    assert_eq!(saved.current.as_deref(), Some(tokens[999].as_str()));
    manager.shutdown().await;
}

#[tokio::test]
async fn with_the_manager_the_tasks_end() {
    let place = Place::new();
    place.write("one");
    let manager = place.start().await;
    manager.shutdown().await;
    drop(manager);
    assert_eq!(Arc::strong_count(&place.store), 1, "somebody is left who could write to it");
}

#[tokio::test]
async fn without_a_manager_the_tasks_end_by_themselves() {
    let place = Place::new();
    place.write("one");
    drop(place.start().await);
    let ended = async {
        while Arc::strong_count(&place.store) > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, ended).await.is_ok());
}
