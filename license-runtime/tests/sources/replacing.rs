//! A license file that uploads replace.

use std::{fs, os::unix::fs::symlink};

use license_core::{Actor, InstallErrorKind, Installer, licensing::InstallRequest};
use license_runtime::{LicenseManager, Source};

use crate::place::{Place, in_force, takes_effect};

fn request() -> InstallRequest {
    InstallRequest::new(Actor::new("admin", None))
}

async fn upload(manager: &LicenseManager, place: &Place, id: &str) -> Result<(), InstallErrorKind> {
    let token = place.token(id);
    let installed = manager.install(token.as_str().as_bytes(), request()).await;
    installed.map(drop).map_err(|error| error.kind())
}

#[tokio::test]
async fn an_upload_replaces_the_file_and_stays_in_force_over_a_restart() {
    let place = Place::new();
    place.write("old");
    let source = || Source::file(place.file()).replaced_by_uploads();
    let manager = place.start_with([source()]).await;
    takes_effect(&manager, "old").await;
    let token = place.token("new");
    let dry_run = manager.dry_run(token.as_str().as_bytes(), request()).await;
    let codes: Vec<_> = dry_run.warnings.iter().map(|it| it.code).collect();
    assert!(codes.contains(&"source_replaced") && !codes.contains(&"source_decides"), "{codes:?}");
    upload(&manager, &place, "new").await.unwrap();
    assert_eq!(in_force(&manager).as_deref(), Some("new"));
    assert_eq!(fs::read_to_string(place.file()).unwrap().trim(), place.token("new").as_str());
    manager.shutdown().await;
    let manager = place.start_with([source()]).await;
    takes_effect(&manager, "new").await;
    // The file decides as before.
    place.rename_over("by hand");
    takes_effect(&manager, "by hand").await;
}

#[tokio::test]
async fn where_there_is_no_file_yet_an_upload_makes_it() {
    let place = Place::new();
    let manager = place.start_with([Source::file(place.file()).replaced_by_uploads()]).await;
    upload(&manager, &place, "first").await.unwrap();
    assert_eq!(in_force(&manager).as_deref(), Some("first"));
    assert!(place.file().exists());
    // And where it cannot be made, the store alone will do.
    let nowhere = Place::new();
    let file = nowhere.directory.path().join("none/license.jwt");
    let manager = nowhere.start_with([Source::file(file).replaced_by_uploads()]).await;
    upload(&manager, &nowhere, "first").await.unwrap();
    assert_eq!(in_force(&manager).as_deref(), Some("first"));
}

#[tokio::test]
async fn an_upload_that_the_file_cannot_take_is_refused_and_nothing_changes() {
    let place = Place::new();
    // Whoever is root may write everywhere, but nobody a longer path than there
    // is: a file beside this one cannot be named.
    let mut directory = place.directory.path().to_owned();
    while directory.as_os_str().len() + 202 < 4090 {
        directory.push("d".repeat(200));
    }
    let rest = 4090 - directory.as_os_str().len();
    directory.push("d".repeat(rest.saturating_sub(1).clamp(1, 200)));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("a");
    fs::write(&file, place.token("old").as_str()).unwrap();
    let manager = place.start_with([Source::file(&file).replaced_by_uploads()]).await;
    takes_effect(&manager, "old").await;
    let token = place.token("new");
    let dry_run = manager.dry_run(token.as_str().as_bytes(), request()).await;
    assert_eq!((dry_run.would_install, dry_run.code), (false, Some("license_file_read_only")));
    assert_eq!(upload(&manager, &place, "new").await, Err(InstallErrorKind::FileReadOnly));
    assert_eq!(in_force(&manager).as_deref(), Some("old"));
    assert_eq!(fs::read_to_string(&file).unwrap(), place.token("old").as_str());
}

#[tokio::test]
async fn what_is_refused_leaves_the_file_alone() {
    let place = Place::new();
    place.write("old");
    let link = place.directory.path().join("link.jwt");
    symlink("license.jwt", &link).unwrap();
    let manager = place.start_with([Source::file(&link).replaced_by_uploads()]).await;
    takes_effect(&manager, "old").await;
    let other = Place::new();
    assert!(upload(&manager, &other, "forged").await.is_err());
    assert_eq!(fs::read_to_string(place.file()).unwrap(), place.token("old").as_str());
    // A link is followed, and stays one.
    upload(&manager, &place, "new").await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(place.file()).unwrap().trim(), place.token("new").as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_before_an_upload_does_not_take_it_back() {
    let place = Place::new();
    place.write("0");
    let source = Source::file(place.file()).replaced_by_uploads();
    let manager = place.start_by_hand([source]).await;
    manager.tick_once().await;
    for id in 1..=60 {
        let id = id.to_string();
        let looking = tokio::spawn({
            let manager = manager.clone();
            async move {
                for _ in 0..4 {
                    manager.tick_once().await;
                }
            }
        });
        upload(&manager, &place, &id).await.unwrap();
        looking.await.unwrap();
        assert_eq!(in_force(&manager).as_deref(), Some(&*id));
    }
    let took_over = manager.audit(1000).await.unwrap();
    let came_back = took_over.iter().filter(|row| row.actor.starts_with("file:")).count();
    assert!(came_back <= 1, "the file's old license came back: {came_back}");
}
