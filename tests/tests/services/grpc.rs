//! `grpc`: a licensed service on tonic. Clients of others are in
//! `scripts/check-grpc`.

use std::{path::PathBuf, time::Duration};

use license_core::{
    Product,
    testing::{LicenseBuilder, Vendor},
};
use license_tests::{Process, Start, example, now, until};
use tempfile::TempDir;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

use self::reports::{ExportRequest, ListRequest, WatchRequest, reports_client::ReportsClient};

#[allow(missing_docs, unreachable_pub, reason = "generated")]
mod reports {
    include!("../../../examples/grpc/reports.v1.rs");
}

const PROFILE: &str = include_str!("../../../examples/grpc/grpc.toml");
const PATIENCE: Duration = Duration::from_secs(20);
const DAY: Duration = Duration::from_secs(86_400);

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

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn license(&self, features: &[&str]) -> LicenseBuilder<'_> {
        self.vendor.license().issued_at(now()).days(30).features(features.iter().copied())
    }

    /// One that ended yesterday.
    fn expired(&self) -> LicenseBuilder<'_> {
        self.license(&["export", "live"]).issued_at(now().saturating_sub(2 * DAY)).days(1)
    }

    fn put(&self, license: LicenseBuilder<'_>) {
        std::fs::write(self.path("new"), license.sign().as_str()).unwrap();
        std::fs::rename(self.path("new"), self.path("acme.lic")).unwrap();
    }

    async fn start(&self) -> (Process, ReportsClient<Channel>) {
        let start = Start::new(&example("grpc")).arg("--public-key").arg(self.path("key.pem"));
        let process = start.arg("--license-file").arg(self.path("acme.lic")).start().await;
        let channel = Channel::from_shared(format!("http://{}", process.address())).unwrap();
        let client = ReportsClient::new(channel.connect().await.unwrap());
        (process, client)
    }

    async fn licensed(&self, license: LicenseBuilder<'_>) -> (Process, ReportsClient<Channel>) {
        self.put(license);
        self.start().await
    }
}

/// What each of the three calls is answered, a stream by its first item.
async fn outcomes(client: &mut ReportsClient<Channel>) -> [Result<String, Status>; 3] {
    let list = client.list(ListRequest {}).await;
    let export = client.export(ExportRequest { title: "Readers".to_owned() }).await;
    let watch = async {
        let mut stream = client.watch(WatchRequest {}).await?.into_inner();
        stream.message().await.map(|item| item.unwrap().readers.to_string())
    };
    let watch = watch.await;
    [
        list.map(|answer| answer.into_inner().titles.concat()),
        export.map(|answer| answer.into_inner().csv),
        watch,
    ]
}

/// The status, the reason and the feature that it is about.
#[track_caller]
fn refused(status: &Status, code: Code, reason: &str, feature: Option<&str>) {
    assert_eq!(status.code(), code, "{status:?}");
    assert!(status.message().starts_with(&reason.to_ascii_lowercase()), "{status:?}");
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), (reason, "grpc"));
    assert_eq!(info.metadata.get("feature").map(String::as_str), feature);
    let help = status.get_details_help().unwrap();
    assert_eq!(help.links[0].url, "https://grpc.example/renew");
}

#[track_caller]
fn all_refused(outcomes: &[Result<String, Status>; 3], reason: &str) {
    for outcome in outcomes {
        refused(outcome.as_ref().unwrap_err(), Code::FailedPrecondition, reason, None);
    }
}

#[tokio::test]
async fn each_call_is_answered_as_the_license_says() {
    let place = Place::new();
    let (_process, mut client) = place.licensed(place.license(&["export", "live"])).await;
    let answers = outcomes(&mut client).await.map(Result::unwrap);
    assert_eq!(answers, ["Readers", "title,readers\nReaders,3\n", "3"]);

    let (_process, mut client) = place.licensed(place.license(&[])).await;
    let [list, export, watch] = outcomes(&mut client).await;
    assert!(list.is_ok());
    let missing = "FEATURE_NOT_LICENSED";
    refused(&export.unwrap_err(), Code::PermissionDenied, missing, Some("export"));
    refused(&watch.unwrap_err(), Code::PermissionDenied, missing, Some("live"));

    let (_process, mut client) = place.licensed(place.expired()).await;
    let expired = outcomes(&mut client).await;
    all_refused(&expired, "LICENSE_EXPIRED");
    let info = expired[0].as_ref().unwrap_err().get_details_error_info().unwrap();
    assert!(info.metadata.contains_key("expires_at"), "{info:?}");
}

#[tokio::test]
async fn whoever_has_no_license_puts_one_in_place_while_it_runs() {
    let place = Place::new();
    let (_process, mut client) = place.start().await;
    all_refused(&outcomes(&mut client).await, "LICENSE_MISSING");
    place.put(place.expired());
    until("the new one is known", PATIENCE, async || {
        let listed = client.clone().list(ListRequest {}).await;
        listed.unwrap_err().message().starts_with("license_expired")
    })
    .await;
    place.put(place.license(&["export", "live"]));
    until("all is granted", PATIENCE, async || {
        outcomes(&mut client.clone()).await.iter().all(Result::is_ok)
    })
    .await;
}

/// What a stream ends with, after at least one item.
async fn end(client: &mut ReportsClient<Channel>, change: impl FnOnce()) -> Status {
    let mut stream = client.watch(WatchRequest {}).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    change();
    let ends = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended without a reason"),
                Err(status) => return status,
            }
        }
    };
    tokio::time::timeout(PATIENCE, ends).await.expect("it ends")
}

#[tokio::test]
async fn a_stream_ends_with_the_reason_when_its_right_does() {
    let place = Place::new();
    let (_process, mut client) = place.licensed(place.license(&["live"])).await;
    let status = end(&mut client, || place.put(place.license(&["export"]))).await;
    refused(&status, Code::PermissionDenied, "FEATURE_NOT_LICENSED", Some("live"));
    assert!(client.list(ListRequest {}).await.is_ok());

    let (_process, mut client) = place.licensed(place.license(&["live"])).await;
    let mut soon = now();
    // The stream runs by then: it need only be read before it ends.
    let ending = || {
        soon = now().saturating_add(Duration::from_secs(6));
        place.put(place.license(&["live"]).expires_at(soon));
    };
    let status = end(&mut client, ending).await;
    refused(&status, Code::FailedPrecondition, "LICENSE_EXPIRED", None);
    assert!(now() >= soon);
    place.put(place.license(&["live"]));
    until("it is renewed", PATIENCE, async || outcomes(&mut client.clone()).await[2].is_ok()).await;
}
