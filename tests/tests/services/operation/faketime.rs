//! SECURITY.md, cases 38 to 40 and 42: a running service whose wall
//! clock is moved, by libfaketime.

use std::{
    fs,
    path::{Path, PathBuf},
};

use license_core::Timestamp;
use license_tests::{Client, Polygent, Start, now};
use serde_json::{Value, json};

/// The library, where it is installed.
fn library() -> Option<PathBuf> {
    let directories = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    let found = directories
        .map(|directory| directory.path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists());
    if found.is_none() {
        license_test_skips::missing("libfaketime");
    }
    found
}

/// Where the service reads by how much its clock is moved.
fn offset_file(directory: &Path) -> PathBuf {
    directory.join("offset")
}

/// Moves the wall clock, of a service that runs and of one that starts. The
/// monotonic clock goes on as it does.
fn with_clock(start: Start, library: &Path, directory: &Path) -> Start {
    start
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", offset_file(directory))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
}

/// A service under a clock that can be moved.
struct Moved {
    polygent: Polygent,
    library: PathBuf,
    admin: Client,
    session: String,
}

impl Moved {
    /// A licensed service at the right time.
    async fn new(library: PathBuf) -> Self {
        let polygent = Polygent::start().await;
        let license = polygent.license().features(["workflows", "multiple-active-sessions"]);
        polygent.install(license).await;
        let body = json!({
            "email": license_tests::ADMINISTRATOR, "password": license_tests::PASSWORD
        });
        let answer = polygent.client().post_json("/api/auth/sign-in", &body).await;
        let session = answer.json()["token"].as_str().unwrap().to_owned();
        let admin = polygent.client().bearer(&session);
        Self { polygent, library, admin, session }.restart("+0").await
    }

    fn move_to(&self, offset: &str) {
        let file = offset_file(self.polygent.directory.path());
        // Renamed, so that it is never read half-written.
        fs::write(file.with_extension("new"), format!("{offset}\n")).unwrap();
        fs::rename(file.with_extension("new"), file).unwrap();
    }

    /// Moves the clock of the running service by so many seconds.
    fn move_by(&self, seconds: i64) {
        self.move_to(&format!("{seconds:+}"));
    }

    /// Starts the service again with another clock.
    async fn restart(mut self, offset: &str) -> Self {
        self.move_to(offset);
        let library = self.library.clone();
        let start = |vendor: &_, directory: &Path| {
            with_clock(Polygent::command(vendor, directory), &library, directory)
        };
        self.polygent = self.polygent.replace(start).await;
        self.admin = self.polygent.client().bearer(&self.session);
        self
    }

    async fn serves(&self) {
        self.admin.get("/api/workflows").await.is(200);
        assert_eq!(self.status().await["problem"], json!(null));
    }

    async fn refuses(&self, code: &str) {
        self.admin.get("/api/workflows").await.refused(503, code);
        self.admin.http2().get("/api/nowhere").await.refused(503, code);
        let status = self.status().await;
        assert_eq!(
            (&status["problem"]["code"], &status["restricted"]),
            (&json!(code), &json!(true))
        );
        // What is to be cured elsewhere is not cured by a license; one of
        // before the clock was moved to is not even from the future.
        let at = Timestamp::from_seconds(now().as_seconds() - 3 * 86_400);
        let license = self.polygent.license().id("lic_again").issued_at(at).days(365).sign();
        let answer = self.admin.upload("/api/license", license.as_str().to_owned()).await;
        let never_set = code == "clock_not_set";
        answer.refused(422, if never_set { "issued_in_future" } else { code });
        self.admin.get("/healthz").await.is(200);
    }

    async fn status(&self) -> Value {
        let answer = self.admin.get("/api/license").await;
        answer.is(200);
        answer.json()
    }

    /// The latest time that the service trusts, by its machine info.
    async fn mark(&self) -> i64 {
        let info = self.admin.get("/api/license/machine-info").await;
        info.is(200);
        let info = info.json();
        let mark: Timestamp = info["clock_mark"]
            .as_str()
            .and_then(|mark| mark.parse().ok())
            .or_else(|| info["clock_mark"].as_i64().map(Timestamp::from_seconds))
            .unwrap_or_else(|| panic!("no mark: {info}"));
        mark.as_seconds()
    }
}

#[tokio::test]
async fn case_38_back_86_400_s_is_valid_and_86_401_s_is_clock_rolled_back() {
    let Some(library) = library() else { return };
    let service = Moved::new(library).await;
    service.serves().await;
    service.move_by(-86_400);
    service.serves().await;
    service.move_by(-86_401);
    service.refuses("clock_rolled_back").await;
}

#[tokio::test]
async fn case_38_it_is_the_same_for_a_service_that_was_stopped_meanwhile() {
    let Some(library) = library() else { return };
    let mut service = Moved::new(library).await;
    // What was saved is the time at which it stopped.
    service = service.restart("-86395").await;
    service.serves().await;
    service = service.restart("-2d").await;
    service.refuses("clock_rolled_back").await;
}

#[tokio::test]
async fn case_39_then_forward_short_of_the_mark_is_still_refused_and_to_the_mark_valid() {
    let Some(library) = library() else { return };
    let service = Moved::new(library).await;
    service.serves().await;
    service.move_by(-2 * 86_400);
    service.refuses("clock_rolled_back").await;
    service.move_by(-86_400);
    service.refuses("clock_rolled_back").await;
    // Ten seconds before the mark, whatever time it is now.
    let mark = service.mark().await;
    service.move_by(mark - 10 - now().as_seconds());
    service.refuses("clock_rolled_back").await;
    service.move_by(mark + 1 - now().as_seconds());
    service.serves().await;
}

#[tokio::test]
async fn case_40_a_restart_does_not_forget_that_the_clock_was_moved_back() {
    let Some(library) = library() else { return };
    let mut service = Moved::new(library).await;
    service.serves().await;
    service = service.restart("-2d").await;
    service.refuses("clock_rolled_back").await;
    service = service.restart("-2d").await;
    service.refuses("clock_rolled_back").await;
    // Not even a day back any more, but not yet where it was.
    service = service.restart("-1h").await;
    service.refuses("clock_rolled_back").await;
    service = service.restart("+0").await;
    service.serves().await;
    service = service.restart("+0").await;
    service.serves().await;
}

#[tokio::test]
async fn case_42_a_clock_that_was_never_set_is_told_and_forgotten() {
    let Some(library) = library() else { return };
    let mut service = Moved::new(library).await;
    for offset in ["@1970-01-01 00:00:10", "@2000-01-01 00:00:00"] {
        service = service.restart(offset).await;
        service.refuses("clock_not_set").await;
        assert!(!service.polygent.process().log().contains("panicked"));
    }
    service = service.restart("+0").await;
    service.serves().await;
}
