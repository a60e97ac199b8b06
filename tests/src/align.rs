//! The example `align`, with a vendor that it trusts.

use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use license_core::{
    Timestamp,
    key::{Algorithm, SigningKey},
};
use serde_json::{Value, json};

use crate::{PASSWORD, Service, Start, example, now, with_clock};

/// The vendor's key.
pub static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::generate(Algorithm::Rs256, Some(4096)).expect("a key can be generated")
});

/// How to start a service that trusts the vendor.
pub fn command(directory: &Path) -> Start {
    let key = directory.join("vendor.pub.pem");
    std::fs::write(&key, KEY.public_pem().expect("a key")).expect("writable");
    let start = Start::new(&example("align")).arg("--data-dir").arg(directory);
    let start = start.arg("--public-key").arg(key).arg("--admin-password").arg(PASSWORD);
    start.arg("--license-file").arg(license_file(directory))
}

/// How Align starts under a clock that can be moved.
pub fn moved_command(directory: &Path) -> Start {
    with_clock(command(directory), directory)
}

/// Where [`command`] has it take the license from.
pub fn license_file(directory: &Path) -> PathBuf {
    directory.join("mount/license.jwt")
}

/// An enterprise license for Acme Corp from now on for 365 days, with room
/// for 5 users, without a cap on decisions, for any connector, without
/// features.
pub fn license() -> License {
    License::new()
}

/// A license under construction; built by value.
#[derive(Clone, Debug)]
#[must_use]
pub struct License(pub Value);

impl License {
    fn new() -> Self {
        let now = now().as_seconds();
        Self(json!({
            "iss": "https://align.tech",
            "sub": "lic_1",
            "aud": "align-self-hosted",
            "iat": now,
            "exp": now + 365 * 86_400,
            "customer": {"id": "cust_1", "name": "Acme Corp", "email": "admin@acme.example"},
            "plan": "enterprise",
            "limits": {"users": 5, "decisions": null, "connectors": null, "features": []},
            "deployment": {"type": "self-hosted"},
        }))
    }

    /// Sets the claim at a JSON pointer of at most two members.
    pub fn claim(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let mut place = &mut self.0;
        for member in pointer.split('/').skip(1) {
            place = &mut place[member];
        }
        *place = value.into();
        self
    }

    /// Leaves out one of the limits.
    pub fn without_limit(mut self, name: &str) -> Self {
        self.0["limits"].as_object_mut().expect("an object").remove(name);
        self
    }

    /// The license's id.
    pub fn id(self, id: &str) -> Self {
        self.claim("/sub", id)
    }

    /// The features it grants.
    pub fn features<const N: usize>(self, features: [&str; N]) -> Self {
        self.claim("/limits/features", features.to_vec())
    }

    /// A limit: a number, `null` for unlimited, or a list of names.
    pub fn limit(self, name: &str, value: impl Into<Value>) -> Self {
        self.claim(&format!("/limits/{name}"), value)
    }

    /// When it is signed and when it ends.
    pub fn term(self, issued_at: Timestamp, expires_at: Timestamp) -> Self {
        self.claim("/iat", issued_at.as_seconds()).claim("/exp", expires_at.as_seconds())
    }

    /// The token.
    pub fn sign(&self) -> String {
        let claims = self.0.as_object().expect("an object");
        KEY.sign(claims).expect("it can be signed").as_str().to_owned()
    }

    /// Writes the token to where [`command`] takes it from, by renaming.
    pub fn put(&self, directory: &Path) {
        put(directory, &self.sign());
    }
}

/// The token of a license with another signature.
pub fn forged(license: &License) -> String {
    let token = license.sign();
    let (text, signature) = token.rsplit_once('.').expect("a signature");
    let other = if signature.starts_with('A') { "B" } else { "A" };
    format!("{text}.{other}{}", &signature[1..])
}

/// Renames a file with this text over the license file.
pub fn put(directory: &Path, text: &str) {
    let file = license_file(directory);
    std::fs::create_dir_all(file.parent().expect("a directory")).expect("writable");
    std::fs::write(file.with_extension("new"), text).expect("writable");
    std::fs::rename(file.with_extension("new"), file).expect("writable");
}

/// A service with this license from the first moment on.
pub async fn licensed(license: License) -> Service {
    Service::start(command, |directory| license.put(directory)).await
}

/// Align with this license, started at this time by its clock.
pub async fn licensed_at(time: Timestamp, license: License) -> Service {
    let prepare = |directory: &Path| {
        license.put(directory);
        crate::move_clock(directory, time);
    };
    Service::start(moved_command, prepare).await
}

/// Waits until the license of this id is in force, as the administrator sees
/// it. Two seconds are allowed.
pub async fn in_force(admin: &crate::Client, id: &str) {
    in_force_within(admin, id, Duration::from_secs(2)).await;
}

/// Waits as long as `allowed`, for a service that is busy, until this license is
/// in force.
pub async fn in_force_within(admin: &crate::Client, id: &str, allowed: Duration) {
    let seen = tokio::time::timeout(allowed, async {
        loop {
            let status = admin.get("/api/license").await.json();
            if status["license"]["id"] == id {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(seen.await.is_ok(), "{id} is not in force within {allowed:?}");
}
