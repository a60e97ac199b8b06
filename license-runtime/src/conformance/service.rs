//! A service on the store under test.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::{
    Actor, Installer, MachineId,
    licensing::InstallRequest,
    testing::{ManualClock, Vendor, licensing},
};

use crate::{machine_id::MachineIdSource, manager::LicenseManager, store::Store};

/// A manager with a clock to move and a vendor who sends licenses.
pub(super) struct Service {
    pub(super) manager: LicenseManager,
    pub(super) clock: Arc<ManualClock>,
    vendor: Vendor,
    renewals: AtomicU64,
}

impl Service {
    /// A service whose license has one limit.
    pub(super) async fn start(
        store: Arc<dyn Store>,
        limit: &str,
        max: impl Into<Option<u64>>,
    ) -> Self {
        let vendor = Vendor::new();
        let (licensing, clock) = licensing(&vendor);
        let machine = MachineIdSource::Custom(
            MachineId::custom("the-machine-of-the-conformance-suite").unwrap(),
        );
        let builder = LicenseManager::builder(licensing).store(store).machine_id(machine);
        let manager = builder.manual_ticks().start().await.unwrap();
        let service = Self { manager, clock, vendor, renewals: AtomicU64::new(0) };
        service.renew(limit, max).await;
        service
    }

    /// Installs a license with another limit.
    pub(super) async fn renew(&self, limit: &str, max: impl Into<Option<u64>>) {
        let id = self.renewals.fetch_add(1, Ordering::SeqCst).to_string();
        let license = self.vendor.license().id(&id).limit(limit, max.into());
        let request = InstallRequest::new(Actor::new("conformance", None));
        let token = license.sign();
        self.manager.install(token.as_str().as_bytes(), request).await.unwrap();
    }

    /// Lets the license run out.
    pub(super) fn expire(&self) {
        self.clock.advance(Duration::from_secs(366 * 86_400));
    }
}
