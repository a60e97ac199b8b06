//! What the tests share.

use std::{sync::Arc, time::Duration};

use license_core::{
    Actor, Clock, InstallError, Installer, Licensing, MachineId, Status, SystemClock, Timestamp,
    Token,
    licensing::InstallRequest,
    testing::{LicenseBuilder, Vendor},
};
use license_runtime::{LicenseManager, MachineIdSource, PostgresStore, PostgresStoreBuilder};
use license_tests::{postgres, unique_name};
use tokio::time::{Instant, sleep};

/// A schema of a test's own on the server of all tests.
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) schema: String,
}

impl Place {
    pub(crate) fn new() -> Option<Self> {
        Some(Self { url: postgres()?, schema: unique_name() })
    }

    pub(crate) fn builder(&self) -> PostgresStoreBuilder {
        PostgresStore::builder(&self.url).unwrap().schema(&self.schema)
    }

    /// A node's own store there.
    pub(crate) async fn open(&self) -> PostgresStore {
        self.builder().open().await.unwrap()
    }

    /// An instance of a service there.
    pub(crate) async fn node(&self, vendor: &Vendor) -> LicenseManager {
        node(vendor, self.open().await).await
    }
}

/// An instance of a service.
pub(crate) async fn node(vendor: &Vendor, store: PostgresStore) -> LicenseManager {
    start(Licensing::new(vendor.verifier()), store).await
}

pub(crate) async fn start(licensing: Licensing, store: PostgresStore) -> LicenseManager {
    let machine = MachineIdSource::Custom(MachineId::custom("the-machine-of-the-tests").unwrap());
    LicenseManager::builder(licensing).store(store).machine_id(machine).start().await.unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(SystemClock::new().now().as_seconds())
}

/// A license of today.
pub(crate) fn license<'v>(vendor: &'v Vendor, id: &str) -> LicenseBuilder<'v> {
    vendor.license().id(id).issued_at(now()).days(365)
}

pub(crate) async fn install(
    manager: &LicenseManager,
    token: &Token,
) -> Result<Status, InstallError> {
    let request = InstallRequest::new(Actor::new("admin@example.com", None));
    manager.install(token.as_str().as_bytes(), request).await
}

/// The id of the license that counts.
pub(crate) fn in_force(manager: &LicenseManager) -> Option<String> {
    Some(manager.licensing().license()?.license().id().to_owned())
}

/// Waits until it is so, for some seconds. Returns how long it took.
#[track_caller]
pub(crate) fn until(
    patience: Duration,
    mut is_so: impl FnMut() -> bool,
) -> impl Future<Output = Duration> {
    let caller = std::panic::Location::caller();
    async move {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < patience, "not within {patience:?}, {caller}");
            sleep(Duration::from_millis(1)).await;
        }
        began.elapsed()
    }
}

/// Handles that live by a clock of their own.
pub(crate) fn by_clock(vendor: &Vendor, clock: Arc<dyn Clock>) -> Licensing {
    Licensing::with_clock(vendor.verifier(), clock)
}
