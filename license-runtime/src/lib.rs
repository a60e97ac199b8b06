//! What licensing needs of a runtime and a disk.
//!
//! # Features
//!
//! All are on by default but the last.
//!
//! - `machine`: [`MachineIdSource`], for the operator's program.
//! - `manager`: the [`Store`] trait.
//! - `sqlite`: [`SqliteStore`], one file.
//! - `testing`: the `conformance` suite, for those who write a store.

#[cfg(feature = "manager")]
mod audit;
#[cfg(any(feature = "testing", all(test, feature = "manager")))]
pub mod conformance;
#[cfg(feature = "machine")]
mod machine_id;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "manager")]
mod store;

#[cfg(feature = "manager")]
pub use audit::{AuditChain, AuditRecord, AuditRow, AuditVerdict, ChainHash, Outcome};
#[cfg(feature = "machine")]
pub use machine_id::{MachineIdSource, ReadMachineIdError, machine_info};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
#[cfg(feature = "manager")]
pub use store::{Loaded, MemoryStore, NamedLocks, SeatLock, Store, StoreError, StoreErrorKind};
