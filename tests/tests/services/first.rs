//! `first`: the smallest licensed service.

use std::time::Duration;

use license_core::{Product, testing::Vendor};
use license_tests::{Client, Start, example, now, until};

const PROFILE: &str = include_str!("../../../examples/first/first.toml");

#[tokio::test]
async fn a_license_in_the_files_place_is_in_force_without_a_restart() {
    let vendor = Vendor::of(Product::from_toml(PROFILE).unwrap());
    let place = tempfile::tempdir().unwrap();
    let [key, file, new] = ["key.pem", "acme.lic", "new"].map(|name| place.path().join(name));
    std::fs::write(&key, vendor.key().public_pem().unwrap()).unwrap();
    let start = Start::bare(&example("first")).arg(&key).arg(&file).arg("127.0.0.1:0");
    let process = start.start().await;
    let client = Client::new(process.address());
    client.get("/api/hello").await.refused(503, "license_missing");
    let installs = |features: &'static [&'static str], status: u16| {
        let license = vendor.license().issued_at(now()).days(30).features(features.iter().copied());
        std::fs::write(&new, license.sign().as_str()).unwrap();
        std::fs::rename(&new, &file).unwrap();
        let client = client.clone();
        async move {
            let answered = async || client.get("/api/sso/saml").await.status == status;
            until(&status.to_string(), Duration::from_secs(20), answered).await;
        }
    };
    installs(&[], 403).await;
    client.get("/api/hello").await.is(200);
    installs(&["sso-saml"], 200).await;
}
