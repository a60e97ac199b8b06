//! Leases: hosts that are connected at the same time.
//!
//! ```
//! # use license_core::{Actor, HostId, Installer, InstallRequest, testing::{Vendor, licensing}};
//! # use license_runtime::{LicenseManager, MemoryStore};
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! # let vendor = Vendor::new();
//! # let (licensing, _clock) = licensing(&vendor);
//! # let manager = LicenseManager::builder(licensing).store(MemoryStore::new()).start().await?;
//! # let token = vendor.license().limit("session_hosts", 1).sign();
//! # let request = InstallRequest::new(Actor::new("admin", None));
//! # manager.install(token.as_str().as_bytes(), request).await?;
//! let hosts = manager.leases("session_hosts");
//! let connection = hosts.acquire("build-7".parse()?).await?;
//! let another = hosts.acquire("build-7".parse()?).await?;      // the same host: counts once
//!
//! let refused = hosts.acquire("build-8".parse()?).await.unwrap_err();
//! assert_eq!(refused.denial().code().as_str(), "concurrent_host_limit_reached");
//!
//! drop((connection, another));                                // its place is free
//! hosts.acquire("build-8".parse()?).await?;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
//! #     .block_on(serve()).unwrap();
//! ```
//!
//! # How they are counted
//!
//! Every node keeps the connections of its hosts in memory, and one lease for
//! each host in the store. Renewing all of them is one small write every third
//! of the [TTL](crate::ManagerBuilder::lease_ttl), however many there are.
//! Hosts that connect or disconnect at the same time are told to the store
//! together, up to 4096 at once; a further connection of a host that is
//! connected to the node already asks nobody.
//!
//! # What is promised
//!
//! - No lease is ever granted above the cap, whatever fails.
//! - A host counts once, however many connections it has, to however many
//!   nodes; while it counts it always gets in. Lowering the cap disturbs no
//!   live host.
//! - **A node that crashes**: its hosts stop counting within the TTL.
//! - **A store that is away**: whoever is connected stays so, and hosts that
//!   are connected to a node get in there again. Others are refused with
//!   `store_unavailable`. When it is back, nodes that were overdue meanwhile
//!   keep their leases if they beat within a third of the TTL, and nobody new
//!   is let in before.
//! - **A node that is cut off** for longer than the TTL loses its leases, and
//!   others may take the places. Its hosts stay connected; when it is back it
//!   acquires leases for them again, ahead of its new hosts, as long as there
//!   are places.

mod book;
mod handle;
mod holders;
mod hosts;
mod node;
mod registry;

pub(crate) use self::registry::{LeaseRegistry, run};
pub use self::{handle::Leases, holders::Lease, hosts::LeaseGuard};
