//! `align`: flags, environment variables and the demo mode.

use license_tests::{
    ADMINISTRATOR, Client, Start,
    align::{self, license_file},
    demo, example,
};
use serde_json::json;

fn align() -> Start {
    Start::bare(&example("align"))
}

#[tokio::test]
async fn every_flag_can_come_from_the_environment_and_a_flag_wins() {
    let data = tempfile::tempdir().unwrap();
    align::license().features(["sso"]).put(data.path());
    let key = align::KEY.public_pem().unwrap();
    let start = || {
        let start = align().env("LISTEN", "127.0.0.1:0").env("DATA_DIR", data.path());
        start.env("LICENSE_PUBLIC_KEY", &key).env("ADMIN_PASSWORD", "from the environment")
    };
    let signed_in = async |client: Client| {
        let body = json!({"email": ADMINISTRATOR, "password": "from the environment"});
        let answer = client.post_json("/api/auth/sign-in", &body).await;
        answer.is(200);
        client.bearer(answer.json()["token"].as_str().unwrap())
    };
    let process = start().env("LICENSE_FILE", license_file(data.path())).start().await;
    assert!(data.path().join("align.db").exists() && data.path().join("license.db").exists());
    signed_in(Client::new(process.address())).await.get("/api/sso").await.is(200);
    let log = process.log();
    assert!(!log.contains("DEMO") && !log.contains("from the environment"), "{log}");
    assert_eq!(process.terminate().await, (Some(0), String::new()));

    let nowhere = data.path().join("nowhere.jwt");
    let process = start().env("LICENSE_FILE", license_file(data.path()));
    let process = process.arg("--license-file").arg(&nowhere).start().await;
    let wanted = format!("License file not found at {}", nowhere.display());
    process.logged(&wanted).await;
    process.terminate().await;

    let fresh = tempfile::tempdir().unwrap();
    let process = start().env("DATA_DIR", fresh.path()).start().await;
    process.logged("License file not found at /etc/align/license/license.jwt").await;
    let client = Client::new(process.address());
    client.get("/api/users").await.refused(503, "license_missing");
}

#[tokio::test]
async fn a_bad_configuration_stops_the_start_and_names_the_cure() {
    let data = tempfile::tempdir().unwrap();
    let key = data.path().join("small.pem");
    let small =
        license_core::key::SigningKey::generate(license_core::key::Algorithm::Rs256, Some(3072));
    std::fs::write(&key, small.unwrap().public_pem().unwrap()).unwrap();
    let start = || align().arg("--data-dir").arg(data.path()).arg("--listen").arg("127.0.0.1:0");
    for (start, cure) in [
        (start().arg("--public-key").arg(&key), "--public-key"),
        (start().arg("--public-key").arg("/nowhere.pem"), "--public-key"),
        (start().arg("--listen").arg("nowhere"), "--listen"),
        (start().arg("--admin-password").arg(""), "--admin-password"),
        (start().arg("--data-dir").arg("/dev/null/data"), "--data-dir"),
    ] {
        let (status, told) = start.fails().await;
        assert_eq!(status, Some(2), "{told}");
        assert!(told.contains(cure), "{cure}: {told}");
    }
}

#[tokio::test]
async fn what_the_demo_mode_prints_licenses_it_as_pasted() {
    if !demo::can_paste() {
        return;
    }
    // A directory that a shell would split, and a relative one.
    let place = tempfile::Builder::new().prefix("demo mode ").tempdir().unwrap();
    let start = || {
        let start = align().directory(place.path()).arg("--listen").arg("127.0.0.1:0");
        start.arg("--data-dir").arg("some data")
    };
    let ends = "/api/banner.";
    let process = start().start().await;
    let log = process.logged(ends).await;
    assert!(log.contains("DEMO MODE"), "{log}");
    let answers = demo::paste_all(demo::commands(&log)).await;
    assert!(answers[0].contains("token"), "{answers:?}");
    assert!(answers[1].starts_with("HTTP/1.1 503"), "{answers:?}");
    assert!(answers[4].starts_with("HTTP/1.1 200"), "{answers:?}");
    assert!(answers[5].starts_with("HTTP/1.1 403"), "{answers:?}");
    assert!(answers[6].starts_with("HTTP/1.1 402"), "{answers:?}");
    assert_eq!(answers.len(), 7);
    assert_eq!(process.terminate().await, (Some(0), String::new()));
    // The key, the password and the license are kept, and can be pasted again.
    let process = start().start().await;
    let log = process.logged(ends).await;
    let answers = demo::paste_all(demo::commands(&log)).await;
    assert!(answers[1].starts_with("HTTP/1.1 200"), "{answers:?}");
    assert!(answers[4].starts_with("HTTP/1.1 200"), "{answers:?}");
}
