//! As containers and systemd run a service: as any user, without a right, on a
//! file system of which it can write its own directory alone.

use std::path::Path;

use license_tests::{
    ADMINISTRATOR, Client, PASSWORD, Polygent, Process, alexandria, align, now, vendor,
};
use serde_json::json;

/// Asks the kernel how a process is confined.
fn is_confined(process: &Process) {
    let read = |name| std::fs::read_to_string(format!("/proc/{}/{name}", process.id())).unwrap();
    let status = read("status");
    let lines = ["Uid:\t4242\t4242", "Groups:\t \n", "CapEff:\t0000000000000000", "NoNewPrivs:\t1"];
    for line in lines {
        assert!(status.contains(line), "{line} {status}");
    }
    let mounts = read("mountinfo");
    let mut root = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let root = root.rfind(|mount| mount[4] == "/").unwrap();
    assert!(root[5].starts_with("ro"), "{root:?}");
}

/// What a service made for itself, which nobody else can read.
fn keeps(directory: &Path) {
    use std::os::unix::fs::MetadataExt;
    let kept = std::fs::metadata(directory.join("license.db")).unwrap();
    assert_eq!((kept.uid(), kept.mode() & 0o077), (4242, 0));
}

#[tokio::test]
async fn polygent_takes_a_license_as_any_user_on_a_read_only_file_system() {
    let (vendor, data) = (vendor(), tempfile::tempdir().unwrap());
    for installed in [false, true] {
        let start = Polygent::command(&vendor, data.path()).confined(data.path());
        let Some(start) = start else { return };
        let process = start.start().await;
        is_confined(&process);
        let client = Client::new(process.address());
        let sign_in = json!({"email": ADMINISTRATOR, "password": PASSWORD});
        let token = client.post_json("/api/auth/sign-in", &sign_in).await.json();
        let admin = client.bearer(token["token"].as_str().unwrap());
        if !installed {
            admin.get("/api/workflows").await.refused(503, "license_missing");
            let license = vendor.license().issued_at(now()).days(30).features(["workflows"]);
            admin.upload("/api/license", license.sign().as_str().to_owned()).await.is(200);
        }
        admin.get("/api/workflows").await.is(200);
        assert_eq!(process.terminate().await, (Some(0), String::new()));
        keeps(data.path());
    }
}

#[tokio::test]
async fn align_and_alexandria_take_a_file_as_any_user_on_a_read_only_file_system() {
    let data = tempfile::tempdir().unwrap();
    align::license().put(data.path());
    let Some(start) = align::command(data.path()).confined(data.path()) else { return };
    let process = start.start().await;
    is_confined(&process);
    let client = Client::new(process.address());
    assert_eq!(client.get("/api/license").await.json()["phase"], "active");
    keeps(data.path());

    let data = tempfile::tempdir().unwrap();
    alexandria::put(data.path(), &alexandria::sign(alexandria::license(["scim"])));
    let start = alexandria::command_with_file(data.path()).confined(data.path());
    let process = start.unwrap().start().await;
    is_confined(&process);
    Client::new(process.address()).get("/scim/v2/Users").await.is(200);
    keeps(data.path());
}
