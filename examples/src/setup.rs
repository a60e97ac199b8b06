//! What every service with a profile begins with.

use std::{path::PathBuf, sync::Arc};

use license_core::{Licensing, Product};
use license_runtime::{LicenseManager, ManagerBuilder, SqliteStore, Store};

use crate::{Demo, Settings, StartError, clock, verifier};

/// The product, its handle, and where it keeps things.
#[derive(Debug)]
#[non_exhaustive]
pub struct Setup {
    /// What must survive a restart stands below this directory.
    pub data_dir: PathBuf,
    /// The handle; nothing is installed yet.
    pub licensing: Licensing,
    /// The vendor, where no public key was given.
    pub demo: Option<Demo>,
}

impl Setup {
    /// Reads the profile and the keys, and makes the data directory.
    ///
    /// # Errors
    ///
    /// A configuration with which the service does not start.
    pub fn new(settings: &Settings, profile: &str) -> Result<Self, StartError> {
        let product = Product::from_toml(profile).map_err(|error| {
            StartError::new("the product profile is not valid").with_source(error)
        })?;
        let data_dir = settings.data_dir(product.name())?;
        let demo = settings.public_key.is_empty().then(|| Demo::open(&data_dir, &product));
        let demo = demo.transpose()?;
        let keys = match &demo {
            Some(demo) => vec![demo.public_key()],
            None => settings.public_key.clone(),
        };
        let licensing = clock::licensing(verifier(&product, &keys)?);
        Ok(Self { data_dir, licensing, demo })
    }

    /// Starts building what keeps the license, in `license.db`.
    ///
    /// # Errors
    ///
    /// A store that cannot be opened.
    pub async fn manager(&self) -> Result<ManagerBuilder<Arc<dyn Store>>, StartError> {
        let store = SqliteStore::open(self.data_dir.join("license.db")).await?;
        Ok(LicenseManager::builder(self.licensing.clone()).store(store))
    }
}
