//! The vendor, the licenses, and what a node needs to verify them.

use std::time::Duration;

use license_core::{
    Clock, Product, PublicKey, SystemClock, Timestamp, Verifier,
    testing::{LicenseBuilder, Vendor},
};

/// The feature that every request asks for.
pub(crate) const FEATURE: &str = "reporting";
/// The limit of hosts, and another that nobody fills.
pub(crate) const HOSTS: &str = "session_hosts";
pub(crate) const PROBES: &str = "probes";
/// The limit of seats.
pub(crate) const USERS: &str = "users";
/// The quotas that are measured, and the one that is raced for.
pub(crate) const DECISIONS: &str = "decisions";
pub(crate) const RACE: &str = "race";
/// How many other quotas there are, to be used up one after the other.
pub(crate) const QUOTAS: usize = 50;

fn product() -> Product {
    let product = Product::builder("test", "https://vendor.example", "test").build();
    product.expect("the product is valid")
}

pub(crate) fn vendor() -> Vendor {
    Vendor::of(product())
}

/// What a node trusts.
pub(crate) fn verifier(public_key: &str) -> Verifier {
    let key = PublicKey::pem(public_key.as_bytes()).expect("the key is one");
    Verifier::builder(&product()).key(key).build().expect("the key is accepted")
}

/// A license of today.
pub(crate) fn license<'v>(vendor: &'v Vendor, id: &str) -> LicenseBuilder<'v> {
    let now = Timestamp::from_seconds(SystemClock::new().now().as_seconds());
    let license = vendor.license().id(id).issued_at(now).days(365).features([FEATURE]);
    license.limit(PROBES, 1_000_000).limit(USERS, 1_000_000)
}

/// A quota of the ones that are used up one after the other.
pub(crate) fn quota(number: usize) -> String {
    format!("uses_{number}")
}

/// The time by which processes of this machine can compare notes.
pub(crate) fn monotonic() -> Duration {
    SystemClock::new().monotonic()
}
