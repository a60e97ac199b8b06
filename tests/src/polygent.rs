//! The example `polygent`, with a vendor that it trusts.

use std::{net::SocketAddr, path::Path};

use license_core::{
    Product,
    testing::{LicenseBuilder, Vendor},
};
use serde_json::json;
use tempfile::TempDir;

use crate::{Client, Process, Start, example, now};

/// A running `polygent` with a data directory of its own.
#[derive(Debug)]
pub struct Polygent {
    /// The vendor that it trusts.
    pub vendor: Vendor,
    /// What survives a restart.
    pub directory: TempDir,
    process: Process,
}

/// The administrator's e-mail address.
pub const ADMINISTRATOR: &str = "admin@example.com";
/// The administrator's password.
pub const PASSWORD: &str = "correct horse";

/// A vendor of Polygent.
pub fn vendor() -> Vendor {
    let profile = include_str!("../../examples/polygent/polygent.toml");
    Vendor::of(Product::from_toml(profile).expect("the profile is valid"))
}

impl Polygent {
    /// A service that nothing is licensed for.
    pub async fn start() -> Self {
        Self::start_with(|start| start).await
    }

    /// Starts Polygent with more arguments or another environment.
    pub async fn start_with(change: impl FnOnce(Start) -> Start) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let vendor = vendor();
        let process = change(Self::command(&vendor, directory.path())).start().await;
        Self { vendor, directory, process }
    }

    /// How to start a service with this vendor and data directory.
    pub fn command(vendor: &Vendor, directory: &Path) -> Start {
        Self::configure(Start::new(&example("polygent")), vendor, directory)
    }

    /// Adds the arguments of [`command`](Self::command).
    pub fn configure(start: Start, vendor: &Vendor, directory: &Path) -> Start {
        let key = directory.join("vendor.pub.pem");
        std::fs::write(&key, vendor.key().public_pem().expect("a key")).expect("writable");
        let start = start.arg("--data-dir").arg(directory).arg("--public-key").arg(key);
        start.arg("--admin-password").arg(PASSWORD)
    }

    /// Stops it with SIGTERM and starts it again.
    pub async fn restart(self) -> Self {
        let Self { vendor, directory, process } = self;
        process.terminate().await;
        let process = Self::command(&vendor, directory.path()).start().await;
        Self { vendor, directory, process }
    }

    /// Kills it with SIGKILL and starts it again.
    pub async fn crash(self) -> Self {
        let Self { vendor, directory, process } = self;
        process.kill().await;
        let process = Self::command(&vendor, directory.path()).start().await;
        Self { vendor, directory, process }
    }

    /// Replaces the process, with the same vendor and data directory.
    pub async fn replace(self, start: impl FnOnce(&Vendor, &Path) -> Start) -> Self {
        let Self { vendor, directory, process } = self;
        process.terminate().await;
        let process = start(&vendor, directory.path()).start().await;
        Self { vendor, directory, process }
    }

    /// The process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Gives up the parts: vendor, data directory, process.
    pub fn into_parts(self) -> (Vendor, TempDir, Process) {
        (self.vendor, self.directory, self.process)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// A client that is not signed in.
    pub fn client(&self) -> Client {
        Client::new(self.address())
    }

    /// A client that is signed in as the administrator.
    pub async fn admin(&self) -> Client {
        self.signed_in(ADMINISTRATOR, PASSWORD).await
    }

    /// A client that is signed in.
    pub async fn signed_in(&self, email: &str, password: &str) -> Client {
        let client = self.client();
        let body = json!({ "email": email, "password": password });
        let answer = client.post_json("/api/auth/sign-in", &body).await;
        answer.is(200);
        client.bearer(answer.json()["token"].as_str().expect("a token"))
    }

    /// An enterprise license of today for 365 days with room for 5 users.
    pub fn license(&self) -> LicenseBuilder<'_> {
        self.vendor.license().issued_at(now()).days(365).limit("users", 5)
    }

    /// Installs a license as the administrator.
    #[track_caller]
    pub fn install(&self, license: LicenseBuilder<'_>) -> impl Future<Output = ()> {
        let token = license.sign().as_str().to_owned();
        async move {
            self.admin().await.upload("/api/license?force=true", token).await.is(200);
        }
    }
}
