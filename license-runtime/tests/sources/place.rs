//! A service with a license file, to be started over and over.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use license_core::{
    Installer, Licensing, Token,
    licensing::StoredState,
    testing::{ManualClock, Vendor, licensing},
};
use license_runtime::{LicenseManager, Source, Store};
use tempfile::TempDir;

use crate::support::{Probe, machine};

/// Long enough for the slowest machine. What is in force is awaited, so
/// nothing takes as long where all is well.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Place {
    pub(crate) vendor: Vendor,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Arc<Probe>,
    pub(crate) directory: TempDir,
}

impl Place {
    /// A vendor, an empty store and an empty directory.
    pub(crate) fn new() -> Self {
        Self::of(Vendor::new())
    }

    pub(crate) fn of(vendor: Vendor) -> Self {
        let (_, clock) = licensing(&vendor);
        let store = Probe::memory();
        Self { vendor, clock, store, directory: tempfile::tempdir().unwrap() }
    }

    /// The license file.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("license.jwt")
    }

    pub(crate) fn token(&self, id: &str) -> Token {
        self.vendor.license().id(id).sign()
    }

    pub(crate) fn write(&self, id: &str) {
        fs::write(self.file(), self.token(id).as_str()).unwrap();
    }

    /// Puts a license in the place of the file in one step.
    pub(crate) fn rename_over(&self, id: &str) {
        rename_over(&self.file(), self.token(id).as_str());
    }

    /// What the store holds.
    pub(crate) async fn saved(&self) -> StoredState {
        self.store.load().await.unwrap().saved
    }

    fn licensing(&self) -> Licensing {
        Licensing::with_clock(self.vendor.verifier(), self.clock.clone())
    }

    /// Starts with this file alone, and follows it.
    pub(crate) async fn start(&self) -> LicenseManager {
        self.start_with([Source::file(self.file())]).await
    }

    pub(crate) async fn start_with<const N: usize>(&self, sources: [Source; N]) -> LicenseManager {
        LicenseManager::builder(self.licensing())
            .store(Arc::clone(&self.store))
            .machine_id(machine())
            .sources(sources)
            .start()
            .await
            .unwrap()
    }

    /// Starts with these sources, and looks at them when told to.
    pub(crate) async fn start_by_hand<const N: usize>(
        &self,
        sources: [Source; N],
    ) -> LicenseManager {
        LicenseManager::builder(self.licensing())
            .store(Arc::clone(&self.store))
            .machine_id(machine())
            .sources(sources)
            .manual_ticks()
            .start()
            .await
            .unwrap()
    }
}

pub(crate) fn rename_over(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, file).unwrap();
}

/// The id of the license in force.
pub(crate) fn in_force(manager: &LicenseManager) -> Option<String> {
    Some(manager.licensing().license()?.license().id().to_owned())
}

/// Waits until this license is in force.
pub(crate) async fn takes_effect(manager: &LicenseManager, id: &str) {
    let mut subscription = manager.licensing().subscribe();
    let seen = async {
        while in_force(manager).as_deref() != Some(id) {
            subscription.changed().await;
        }
    };
    let seen = tokio::time::timeout(DEADLINE, seen).await;
    assert!(seen.is_ok(), "{id} is not in force, but {:?}", in_force(manager));
}

/// Waits until a warning of the status holds all these texts.
pub(crate) async fn warns(manager: &LicenseManager, texts: &[&str]) {
    let seen = async {
        while !has_warning(manager, texts).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let seen = tokio::time::timeout(DEADLINE, seen).await;
    assert!(seen.is_ok(), "{texts:?} is not in {:?}", manager.status().await.warnings);
}

pub(crate) async fn has_warning(manager: &LicenseManager, texts: &[&str]) -> bool {
    let warnings = manager.status().await.warnings;
    warnings.iter().any(|it| texts.iter().all(|text| it.text.contains(text)))
}

/// The audit history as actor and outcome, oldest first.
pub(crate) async fn history(manager: &LicenseManager) -> Vec<(String, String)> {
    let rows = manager.audit(10_000).await.unwrap();
    rows.into_iter().rev().map(|row| (row.actor, row.outcome)).collect()
}
