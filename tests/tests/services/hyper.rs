//! `hyper`: the license layers around a plain Hyper service.

use std::{path::Path, time::Duration};

use http::{Method, header};
use license_core::{
    Clock, Product, SystemClock,
    testing::{LicenseBuilder, Vendor},
};
use license_tests::{Client, Process, Start, example, now};
use tempfile::TempDir;
use tokio::time::sleep;

const PROFILE: &str = include_str!("../../../examples/hyper/hyper.toml");

struct Place {
    vendor: Vendor,
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let vendor = Vendor::of(Product::from_toml(PROFILE).unwrap());
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("key.pem"), vendor.key().public_pem().unwrap())
            .unwrap();
        Self { vendor, directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn license(&self) -> LicenseBuilder<'_> {
        self.vendor.license().issued_at(now()).days(365)
    }

    fn command(&self) -> Start {
        Start::new(&example("hyper")).arg("--public-key").arg(self.path("key.pem"))
    }

    async fn start(&self, file: &Path) -> (Process, [Client; 2]) {
        let process = self.command().arg("--license-file").arg(file).start().await;
        let client = Client::new(process.address());
        let clients = [client.clone(), client.http2()];
        (process, clients)
    }

    /// Starts it with this license.
    async fn licensed(&self, license: LicenseBuilder<'_>) -> (Process, [Client; 2]) {
        let file = self.path("acme.lic");
        std::fs::write(&file, license.sign().as_str()).unwrap();
        self.start(&file).await
    }
}

#[tokio::test]
async fn one_route_is_open_one_needs_a_license_and_one_a_feature() {
    let place = Place::new();
    let (process, clients) = place.licensed(place.license().features(["export"])).await;
    for client in clients {
        for (path, body) in [
            ("/", "This page is always open.\n"),
            ("/api/hello", "Hello, licensee.\n"),
            ("/api/export", "id,name\n"),
        ] {
            let answer = client.get(path).await;
            answer.is(200);
            assert_eq!(answer.body, body);
            let head = client.send(Method::HEAD, path, "").await;
            head.is(200);
            assert_eq!(head.headers[header::CONTENT_TYPE], answer.headers[header::CONTENT_TYPE]);
            assert!(head.body.is_empty());
            let post = client.send(Method::POST, path, "").await;
            post.refused(405, "method_not_allowed");
            assert_eq!(post.headers[header::ALLOW], "GET, HEAD");
        }
        for path in ["/nothing", "/api", "/api/nothing", "/api/hello/", "/API/hello"] {
            client.get(path).await.refused(404, "not_found");
            assert!(client.send(Method::HEAD, path, "").await.body.is_empty());
        }
    }
    assert_eq!(process.terminate().await, (Some(0), String::new()));

    let (process, clients) = place.licensed(place.license()).await;
    for client in clients {
        client.get("/api/hello").await.is(200);
        let answer = client.get("/api/export").await;
        answer.refused(403, "feature_not_licensed");
        assert_eq!(answer.json()["feature"], "export");
        // 405 comes before the feature.
        client.send(Method::POST, "/api/export", "").await.refused(405, "method_not_allowed");
    }
    process.signal("INT").await;
    assert_eq!(process.stopped().await, (Some(0), String::new()));
}

async fn refused_with(clients: &[Client; 2], code: &str) {
    for client in clients {
        client.get("/").await.is(200);
        for path in ["/api/hello", "/api/export", "/api/nothing", "//api/hello", "/%61pi/hello"] {
            client.get(path).await.refused(503, code);
            client.send(Method::POST, path, "").await.refused(503, code);
        }
        client.get("/nothing").await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_missing_or_bad_license_never_stops_the_start() {
    let place = Place::new();
    let process = place.command().start().await;
    let client = Client::new(process.address());
    refused_with(&[client.clone(), client.http2()], "license_missing").await;
    process.logged("--license-file").await;

    let missing = place.path("missing.lic");
    let (process, clients) = place.start(&missing).await;
    refused_with(&clients, "license_missing").await;
    process.logged("missing.lic").await;
    let (_process, clients) = place.start(place.directory.path()).await;
    refused_with(&clients, "license_missing").await;

    let other = Vendor::of(Product::from_toml(PROFILE).unwrap());
    let bad = [
        ("".to_owned(), "token_malformed"),
        ("garbage".to_owned(), "token_malformed"),
        (other.license().issued_at(now()).days(1).sign().as_str().to_owned(), "key_unknown"),
        (place.license().claim("aud", "other").sign().as_str().to_owned(), "audience_mismatch"),
    ];
    for (text, code) in bad {
        let file = place.path("bad.lic");
        std::fs::write(&file, &text).unwrap();
        let (process, clients) = place.start(&file).await;
        refused_with(&clients, "license_missing").await;
        let log = process.logged(code).await;
        assert!(text.is_empty() || !log.contains(&text), "{log}");
    }
}

#[tokio::test]
async fn a_license_that_has_expired_or_not_begun_refuses() {
    let place = Place::new();
    let day = Duration::from_secs(86_400);
    let old = place.license().issued_at(now().saturating_sub(2 * day)).days(1);
    let (_process, clients) = place.licensed(old).await;
    refused_with(&clients, "license_expired").await;
    let early = place.license().not_before(now().saturating_add(day));
    let (_process, clients) = place.licensed(early).await;
    refused_with(&clients, "license_not_yet_valid").await;
}

#[tokio::test]
async fn a_license_expires_to_the_second_while_the_process_runs() {
    let place = Place::new();
    let clock = SystemClock::new();
    // Built before the time counts.
    example("hyper");
    let expires_at = now().saturating_add(Duration::from_secs(4));
    let license = place.license().features(["export"]).expires_at(expires_at);
    let (_process, clients) = place.licensed(license).await;
    let mut checked = [0; 2];
    while clock.now() < expires_at.saturating_add(Duration::from_millis(500)) {
        for client in &clients {
            let asked = clock.now();
            let (status, code) = client.get("/api/export").await.outcome();
            if clock.now() < expires_at {
                assert_eq!(status, 200);
                checked[0] += 1;
            } else if asked >= expires_at {
                assert_eq!((status, code.as_str()), (503, "license_expired"));
                checked[1] += 1;
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
    assert!(checked.iter().all(|count| *count > 1), "{checked:?}");
    refused_with(&clients, "license_expired").await;
}

#[tokio::test]
async fn a_bad_configuration_stops_the_start() {
    let place = Place::new();
    let hyper = || Start::new(&example("hyper"));
    let (status, told) = hyper().fails().await;
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("--public-key"), "{told}");
    let (status, told) = hyper().arg("--public-key").arg(place.path("missing.pem")).fails().await;
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("--public-key") && told.contains("missing.pem"), "{told}");
    let private = place.vendor.key().to_pkcs8_pem().unwrap();
    let (status, told) = hyper().arg("--public-key").arg(private.as_str()).fails().await;
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("private key"), "{told}");
}

#[tokio::test]
async fn the_environment_says_as_much_as_flags() {
    let place = Place::new();
    let file = place.path("acme.lic");
    std::fs::write(&file, place.license().sign().as_str()).unwrap();
    let process = Start::bare(&example("hyper"))
        .env("LISTEN", "127.0.0.1:0")
        .env("LICENSE_PUBLIC_KEY", place.vendor.key().public_pem().unwrap())
        .env("LICENSE_FILE", file)
        .start()
        .await;
    Client::new(process.address()).get("/api/hello").await.is(200);
}
