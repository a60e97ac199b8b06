//! What every service with a profile begins with.

pub(crate) mod arguments;
mod clock;
pub(crate) mod database;
mod demo;
mod keys;
mod secret;
mod settings;

use std::{path::PathBuf, sync::Arc};

use license_core::{Licensing, Product};
use license_runtime::{LicenseManager, MachineLadder, ManagerBuilder, Store};
use sqlx::AnyPool;

use self::database::Database;
pub use self::{
    arguments::arguments,
    demo::{Demo, write_private},
    keys::{TrustedKeys, trusted_keys, verifier, verifier_of},
    secret::Secret,
    settings::{Settings, StartError},
};

/// The product, its handle, and where it keeps things.
#[derive(Debug)]
#[non_exhaustive]
pub struct Setup {
    /// What must survive a restart stands below this directory.
    pub data_dir: PathBuf,
    database: Database,
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
        let database = Database::new(settings, &data_dir, product.name())?;
        let demo = settings.public_key.is_empty().then(|| Demo::open(&data_dir, &product));
        let demo = demo.transpose()?;
        let keys = match &demo {
            Some(demo) => vec![demo.public_key()],
            None => settings.public_key.clone(),
        };
        let licensing = clock::licensing(verifier(&product, &keys)?);
        Ok(Self { data_dir, database, licensing, demo })
    }

    /// Makes sure that the profile lists the features that the service asks
    /// for: otherwise no license could grant them.
    ///
    /// # Errors
    ///
    /// A feature that it does not list.
    pub fn check_features(&self, names: &[&str]) -> Result<(), StartError> {
        self.licensing.product().check_features(names).map_err(|error| {
            StartError::new("the service asks for a feature that there is not").with_source(error)
        })
    }

    /// Starts building what keeps the license: in `license.db`, or in the
    /// database that instances share.
    ///
    /// # Errors
    ///
    /// A machine id that is set and is none; a store that cannot be opened.
    pub async fn manager(&self) -> Result<ManagerBuilder<Arc<dyn Store>>, StartError> {
        let ladder = MachineLadder::of(self.licensing.product());
        ladder.check().map_err(|error| {
            StartError::new("this machine's id is not usable; correct it").with_source(error)
        })?;
        let store = self.database.store().await?;
        Ok(LicenseManager::builder(self.licensing.clone()).store(store).machine_id(ladder))
    }

    /// Opens what keeps the product's own things: a file that is named after it,
    /// or the database that instances share.
    ///
    /// # Errors
    ///
    /// A database that cannot be opened.
    pub async fn open_database(&self) -> Result<AnyPool, StartError> {
        self.database.pool().await
    }
}
