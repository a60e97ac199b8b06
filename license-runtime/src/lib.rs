//! What licensing needs of a runtime and a disk.
//!
//! `license-core` decides; this crate finds out which machine it runs on,
//! keeps the license over restarts, and installs a new one while the service
//! runs. A [`LicenseManager`] owns the store and what runs in the background:
//!
//! ```
//! # #[cfg(feature = "sqlite")] {
//! # use license_core::{Actor, Installer, Licensing, testing::Vendor, licensing::InstallRequest};
//! # use license_runtime::{LicenseManager, SqliteStore};
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! # let vendor = Vendor::new();
//! # let token = vendor.license().sign();
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("license.db");
//! let licensing = Licensing::new(vendor.verifier());
//! let manager = LicenseManager::builder(licensing.clone())
//!     .store(SqliteStore::open(&path).await?)
//!     .start()
//!     .await?;
//!
//! let administrator = Actor::new("admin@example.com", None);
//! # let _ =
//! manager.install(token.as_str().as_bytes(), InstallRequest::new(administrator)).await;
//! let users = manager.seats("users");
//! let decisions = manager.quota("decisions");
//! // ...
//! manager.shutdown().await;
//! # Ok(())
//! # }
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
//! # runtime.unwrap().block_on(serve()).unwrap();
//! # }
//! ```
//!
//! # Features
//!
//! On by default: `machine`, `manager` (with `audit`), `sources`, `sqlite`.
//!
//! - `audit`: the audit history, for the operator's program.
//! - `metrics`: figures through the `metrics` facade; see
//!   `LicenseManager::publish_metrics`.
//! - `machine`: [`MachineLadder`] and [`MachineIdSource`], for the operator's program.
//! - `manager`: [`LicenseManager`], the [`Store`] trait, [`Seats`], [`Quota`].
//! - `sources`: [`Source`], licenses from files, the environment and flags.
//!   Brings `notify`, which is under CC0-1.0; nothing else does.
//! - `sqlite`: [`SqliteStore`], one file.
//! - `postgres`: `PostgresStore`, one database for all instances.
//! - `alerts`: the module `alerts`, telling people before a license ends.
//! - `mail`: alerts by SMTP.
//! - `testing`: the `conformance` suite, for those who write a store.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alerts")]
pub mod alerts;
#[cfg(feature = "audit")]
mod audit;
#[cfg(any(feature = "testing", all(test, feature = "manager")))]
pub mod conformance;
#[cfg(feature = "manager")]
mod limits;
#[cfg(feature = "machine")]
mod machine_id;
#[cfg(feature = "manager")]
mod manager;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(feature = "machine")]
mod regular_file;
#[cfg(feature = "sources")]
pub mod source;
#[cfg(feature = "manager")]
mod store;

#[cfg(feature = "audit")]
pub use audit::{
    AuditChain, AuditRecord, AuditRow, AuditVerdict, ChainHash, ExportError, ExportVerdict,
    Outcome, ParseChainHashError, verify_export,
};
#[cfg(feature = "manager")]
pub use limits::{Lease, LeaseGuard, Leases, LimitError, Quota, SeatGuard, Seats};
#[cfg(feature = "machine")]
pub use machine_id::{
    MachineIdSource, MachineLadder, OperatorId, ReadMachineIdError, ReadMachineIdErrorKind,
    machine_info,
};
#[cfg(feature = "manager")]
pub use manager::{FINDING_CODES, LicenseManager, ManagerBuilder};
#[cfg(feature = "sources")]
pub use source::Source;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
#[cfg(feature = "manager")]
pub use store::{
    AlertClaim, AlertStore, LeaseAnswers, LeaseBasis, LeaseChanges, LeaseClaim, LeaseNode,
    LeaseRelease, LeaseStore, LeaseVerdict, Loaded, LocalLeases, MemoryStore, NamedLocks,
    QuotaGrant, QuotaJournal, QuotaRequest, SeatLock, Store, StoreChanges, StoreError,
    StoreErrorKind,
};
#[cfg(feature = "postgres")]
pub use store::{PostgresStore, PostgresStoreBuilder};
