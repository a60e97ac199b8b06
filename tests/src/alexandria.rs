//! The example `alexandria`, with a vendor and administrators that it trusts.

use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use license_core::{
    Product, Timestamp,
    testing::{LicenseBuilder, Vendor},
};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{Start, example, now, with_clock};

/// What administrators' tokens are signed with.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A vendor of Alexandria; every one made in a process has the same key.
pub fn vendor() -> &'static Vendor {
    static VENDOR: std::sync::LazyLock<Vendor> = std::sync::LazyLock::new(|| {
        let profile = include_str!("../../examples/alexandria/alexandria.toml");
        Vendor::of(Product::from_toml(profile).expect("the profile is valid"))
    });
    &VENDOR
}

/// How to start a service that trusts the vendor and has no license.
pub fn command(directory: &Path) -> Start {
    let key = directory.join("vendor.pub.pem");
    std::fs::write(&key, vendor().key().public_pem().expect("a key")).expect("writable");
    let start = Start::new(&example("alexandria")).arg("--data-dir").arg(directory);
    with_clock(start.arg("--public-key").arg(key), directory).env("ADMIN_JWT_SECRET", SECRET)
}

/// How Alexandria starts with a key file that is watched.
pub fn command_with_file(directory: &Path) -> Start {
    command(directory).arg("--license-key-file").arg(key_file(directory))
}

/// Where [`command_with_file`] has it take the license from.
pub fn key_file(directory: &Path) -> PathBuf {
    directory.join("mount/license.key")
}

/// Renames a file with this text over the key file.
pub fn put(directory: &Path, text: &str) {
    let file = key_file(directory);
    std::fs::create_dir_all(file.parent().expect("a directory")).expect("writable");
    std::fs::write(file.with_extension("new"), text).expect("writable");
    std::fs::rename(file.with_extension("new"), file).expect("writable");
}

/// An enterprise license of now for 365 days.
pub fn license<'f>(entitlements: impl IntoIterator<Item = &'f str>) -> LicenseBuilder<'static> {
    let entitlements: Vec<_> = entitlements.into_iter().collect();
    ["jti", "customer", "plan", "features", "limits"]
        .into_iter()
        .fold(vendor().license(), LicenseBuilder::without)
        .claim("sub", "lic_1")
        .claim("tier", "enterprise")
        .claim("entitlements", entitlements)
        .issued_at(now())
        .days(365)
}

/// The token of a license.
pub fn sign(license: LicenseBuilder<'_>) -> String {
    license.sign().as_str().to_owned()
}

/// A token of an administrator until then.
pub fn admin_token(until: Timestamp) -> String {
    token(&json!({"role": "admin", "exp": until.as_seconds()}), SECRET)
}

/// A token of these claims, HS256.
pub fn token(claims: &Value, secret: &str) -> String {
    token_with_header(&json!({"alg": "HS256", "typ": "JWT"}), claims, secret)
}

/// A token with this header, whatever it says, signed as HS256.
pub fn token_with_header(header: &Value, claims: &Value, secret: &str) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = format!("{header}.{claims}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
