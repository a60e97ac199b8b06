//! SECURITY.md, cases 55 and 56, and what else can happen to the
//! files of a service: copies, damage, a second process, a full disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use http::Method;
use license_core::{Timestamp, testing::Vendor};
use license_tests::{
    Answer, Client, PASSWORD, Polygent, Process, SmallDisk, alexandria, align, now,
};
use serde_json::json;
use tempfile::TempDir;

const LICENSE: &str = "/api/license";
const USER: &str = "user@example.com";

/// A license that was issued so many seconds after the first.
fn token(vendor: &Vendor, seconds: i64) -> String {
    let at = Timestamp::from_seconds(now().as_seconds() - 1000 + seconds);
    let license = vendor.license().id(&format!("lic_{seconds}")).issued_at(at).days(365);
    license.limit("users", 5).sign().as_str().to_owned()
}

/// Copies the databases, and nothing that lies beside them.
fn copy(directory: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["license.db", "polygent.db"] {
        fs::copy(directory.join(name), copy.path().join(name)).unwrap();
    }
    copy
}

/// Starts a service on a copy and looks for the license and the user.
async fn has(vendor: &Vendor, copy: &TempDir, id: &str) {
    let process = Polygent::command(vendor, copy.path()).start().await;
    let user = sign_in(&process, USER, "secret").await;
    user.is(200);
    let admin = sign_in(&process, license_tests::ADMINISTRATOR, PASSWORD).await;
    let admin = Client::new(process.address()).bearer(admin.json()["token"].as_str().unwrap());
    assert_eq!(admin.get(LICENSE).await.json()["license"]["id"], id);
    process.terminate().await;
}

async fn sign_in(process: &Process, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    Client::new(process.address()).post_json("/api/auth/sign-in", &body).await
}

/// A service with two licenses, one after the other, and a user.
async fn service() -> (Polygent, Client) {
    let polygent = Polygent::start().await;
    let admin = polygent.admin().await;
    for seconds in [1, 2] {
        admin.upload(LICENSE, token(&polygent.vendor, seconds)).await.is(200);
    }
    let user = json!({"email": USER, "password": "secret", "role": "user"});
    admin.post_json("/api/users", &user).await.is(201);
    (polygent, admin)
}

#[tokio::test]
async fn case_55_a_copy_of_the_databases_alone_restores_the_license_and_the_users() {
    let (polygent, admin) = service().await;
    has(&polygent.vendor, &copy(polygent.directory.path()), "lic_2").await;
    admin.upload(LICENSE, token(&polygent.vendor, 3)).await.is(200);
    let (vendor, directory, process) = polygent.into_parts();
    process.kill().await;
    let killed = copy(directory.path());
    let process = Polygent::command(&vendor, directory.path()).start().await;
    process.terminate().await;
    let stopped = copy(directory.path());
    for copy in [killed, stopped] {
        has(&vendor, &copy, "lic_3").await;
    }
}

#[tokio::test]
async fn case_55_a_backup_over_a_running_service_is_noticed_and_there_at_the_next_start() {
    let (polygent, admin) = service().await;
    let backup = copy(polygent.directory.path());
    admin.upload(LICENSE, token(&polygent.vendor, 3)).await.is(200);
    let file = polygent.directory.path().join("license.db");
    fs::copy(backup.path().join("license.db"), &file).unwrap();
    let refused = admin.upload(LICENSE, token(&polygent.vendor, 4)).await;
    refused.refused(503, "store_unavailable");
    let detail = refused.json()["detail"].to_string();
    assert!(detail.contains("replaced") && detail.contains("Start the service again"), "{detail}");
    assert!(!detail.contains("disk"), "{detail}");
    let status = admin.get(LICENSE).await.json();
    assert_eq!(status["license"]["id"], "lic_3");
    assert!(status["warnings"].to_string().contains("store_unavailable"), "{status}");
    polygent.process().logged("changed or replaced by somebody else").await;
    assert_eq!(fs::read(&file).unwrap(), fs::read(backup.path().join("license.db")).unwrap());

    let polygent = polygent.restart().await;
    let admin = polygent.admin().await;
    assert_eq!(admin.get(LICENSE).await.json()["license"]["id"], "lic_2");
    admin.upload(LICENSE, token(&polygent.vendor, 4)).await.is(200);
}

#[tokio::test]
async fn case_56_a_flipped_bit_of_the_license_is_state_corrupt_and_in_the_log() {
    let (polygent, _) = service().await;
    let (vendor, directory, process) = polygent.into_parts();
    process.terminate().await;
    let file = directory.path().join("license.db");
    let mut bytes = fs::read(&file).unwrap();
    // In the token that is in force: what stands there last.
    let place = bytes.windows(3).rposition(|bytes| bytes == b"eyJ").unwrap();
    bytes[place + 20] ^= 1;
    fs::write(&file, bytes).unwrap();
    let process = Polygent::command(&vendor, directory.path()).start().await;
    process.logged("it was kept aside").await;
    let status = Client::new(process.address()).get(LICENSE).await.json();
    assert_eq!(status["code"], "state_corrupt");
    let names = fs::read_dir(directory.path()).unwrap().flatten();
    let names: Vec<PathBuf> = names.map(|entry| entry.path()).collect();
    assert!(names.iter().any(|it| it.to_string_lossy().contains("license.db.corrupt-")));
    process.terminate().await;
}

#[tokio::test]
async fn a_second_process_on_the_same_files_says_so_and_ends() {
    let (polygent, admin) = service().await;
    let second = Polygent::command(&polygent.vendor, polygent.directory.path());
    let (status, told) = second.fails().await;
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("another process uses the license store"), "{told}");
    admin.upload(LICENSE, token(&polygent.vendor, 3)).await.is(200);
    // However the first has ended.
    let polygent = polygent.crash().await;
    let admin = polygent.admin().await;
    assert_eq!(admin.get(LICENSE).await.json()["license"]["id"], "lic_3");
}

/// Repeats a change until the disk is full, and some times more.
async fn until_refused(change: impl AsyncFn(usize) -> Answer) {
    let mut refused = 0;
    for number in 0..400 {
        let answer = change(number).await;
        if matches!(answer.status.as_u16(), 200 | 201) {
            continue;
        }
        answer.refused(503, "store_unavailable");
        refused += 1;
        if refused == 3 {
            return;
        }
    }
    panic!("the disk is not full");
}

#[tokio::test]
async fn on_a_full_disk_users_sessions_and_documents_are_store_unavailable() {
    let Some(disk) = SmallDisk::new("16m") else { return };
    let directory = |name: &str| {
        let directory = disk.path().join(name);
        fs::create_dir(&directory).unwrap();
        directory
    };
    let (polygent, align_files, blobs) =
        (directory("polygent"), directory("align"), directory("alexandria"));
    let vendor = license_tests::vendor();
    let polygent = Polygent::command(&vendor, &polygent).start().await;
    align::license().limit("users", json!(null)).put(&align_files);
    let align = align::command(&align_files).start().await;
    let alexandria = alexandria::command(&blobs).start().await;
    let mut admins = Vec::new();
    for process in [&polygent, &align] {
        let answer = sign_in(process, license_tests::ADMINISTRATOR, PASSWORD).await;
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        admins.push(Client::new(process.address()).bearer(&token));
    }
    let license = vendor.license().issued_at(now()).days(365).limit("users", None::<u64>);
    admins[0].upload(LICENSE, license.sign().as_str().to_owned()).await.is(200);

    disk.fill();
    let user = |number| json!({"email": format!("{number}@example.com"), "password": "secret", "role": "user"});
    until_refused(async |number| admins[0].post_json("/api/users", &user(number)).await).await;
    for process in [&polygent, &align] {
        until_refused(async |_| sign_in(process, license_tests::ADMINISTRATOR, PASSWORD).await)
            .await;
    }
    until_refused(async |number| {
        let body = json!({"email": format!("{number}@example.com")});
        admins[1].post_json("/api/users/invite", &body).await
    })
    .await;
    until_refused(async |_| {
        admins[1].post_json("/api/decisions", &json!({"title": "where"})).await
    })
    .await;
    let blobs = Client::new(alexandria.address());
    until_refused(async |number| {
        blobs.send(Method::PUT, &format!("/v1/blobs/{number}"), "hello".repeat(400)).await
    })
    .await;
    // What is there is read all the same.
    for admin in &admins {
        admin.get("/api/auth/me").await.is(200);
    }
    blobs.get("/v1/blobs").await.is(200);

    disk.free();
    admins[0].post_json("/api/users", &user(1000)).await.is(201);
    sign_in(&polygent, license_tests::ADMINISTRATOR, PASSWORD).await.is(200);
    let body = json!({"email": "1000@example.com"});
    admins[1].post_json("/api/users/invite", &body).await.is(201);
    blobs.send(Method::PUT, "/v1/blobs/last", "hello").await.is(200);
    for process in [polygent, align, alexandria] {
        process.terminate().await;
    }
}
