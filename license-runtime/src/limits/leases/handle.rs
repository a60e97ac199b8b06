//! What a service holds of a limit of hosts.

use std::{fmt, sync::Arc, time::Duration};

use license_core::HostId;

use super::{
    book::Refused,
    holders::{Holders, Lease},
    hosts::{Hosts, LeaseGuard},
};
use crate::{limits::LimitError, store::LeaseBasis};

/// The leases of one limit: hosts that are connected at the same time. Cheap
/// to clone; see [`LicenseManager::leases`](crate::LicenseManager::leases).
///
/// ```
/// # use license_core::{Actor, HostId, Installer, licensing::InstallRequest};
/// # use license_core::testing::{Vendor, licensing};
/// # use license_runtime::{LicenseManager, MemoryStore};
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// # let vendor = Vendor::new();
/// # let (licensing, _clock) = licensing(&vendor);
/// # let manager = LicenseManager::builder(licensing).store(MemoryStore::new()).start().await?;
/// # let token = vendor.license().limit("session_hosts", 1).sign();
/// # let request = InstallRequest::new(Actor::new("admin", None));
/// # manager.install(token.as_str().as_bytes(), request).await?;
/// let hosts = manager.leases("session_hosts");
/// let connection = hosts.acquire("build-7".parse()?).await?;
/// let another = hosts.acquire("build-7".parse()?).await?;      // the same host: counts once
///
/// let refused = hosts.acquire("build-8".parse()?).await.unwrap_err();
/// assert_eq!(refused.denial().code().as_str(), "concurrent_host_limit_reached");
///
/// drop((connection, another));                                // its place is free
/// hosts.acquire("build-8".parse()?).await?;
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
/// #     .block_on(serve()).unwrap();
/// ```
///
/// # How they are counted
///
/// Every node keeps the connections of its hosts in memory, and one lease for
/// each host in the store. Renewing all of them is one small write every third
/// of the [TTL](crate::ManagerBuilder::lease_ttl), however many there are.
/// Hosts that connect or disconnect at the same time are told to the store
/// together, up to 4096 at once; a further connection of a host that is
/// connected to the node already asks nobody.
///
/// # What is promised
///
/// - No lease is ever granted above the cap, whatever fails.
/// - A host counts once, however many connections it has, to however many
///   nodes; while it counts it always gets in. Lowering the cap disturbs no
///   live host.
/// - **A node that crashes**: its hosts stop counting within the TTL.
/// - **A store that is away**: whoever is connected stays so, and hosts that
///   are connected to a node get in there again. Others are refused with
///   `store_unavailable`. When it is back, nodes that were overdue meanwhile
///   keep their leases if they beat within a third of the TTL, and nobody new
///   is let in before.
/// - **A node that is cut off** for longer than the TTL loses its leases, and
///   others may take the places. Its hosts stay connected; when it is back it
///   acquires leases for them again, ahead of its new hosts, as long as there
///   are places.
#[derive(Clone)]
pub struct Leases {
    hosts: Arc<Hosts>,
    holders: Arc<Holders>,
}

impl Leases {
    pub(super) fn new(hosts: Arc<Hosts>) -> Self {
        Self { hosts, holders: Arc::default() }
    }

    /// The name of the limit.
    pub fn limit(&self) -> &str {
        self.hosts.limit()
    }

    /// How long a host counts of which nothing is heard any more.
    pub fn ttl(&self) -> Duration {
        self.hosts.node().ttl()
    }

    /// Counts a connection of a host. One that counts already always gets in,
    /// and counts once.
    ///
    /// # Errors
    ///
    /// `concurrent_host_limit_reached` with `limit`, `max` and `used`, or the
    /// denial of the phase; `store_unavailable` when the store fails.
    pub async fn acquire(&self, host: HostId) -> Result<LeaseGuard, LimitError> {
        self.hosts.acquire(host).await
    }

    /// Counts a host that holds no connection but comes back before its lease
    /// ends, to [renew](Self::renew) it. It ends `ttl` from now unless it is
    /// renewed. An earlier one of the same host on this node has ended.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub async fn acquire_for(&self, host: HostId, ttl: Duration) -> Result<Lease, LimitError> {
        self.hosts.licensing().control().check_max(self.limit())?;
        match self.hosts.ask(host, LeaseBasis::New).await {
            Ok((guard, generation)) => Ok(self.keep(guard, generation, ttl)),
            Err(refused) => Err(self.hosts.error(refused)),
        }
    }

    /// Lets a lease live on for `ttl` from now, on this node, whichever has
    /// granted it. `None` where there is no lease of this generation any
    /// more: the host is to acquire one like any other.
    ///
    /// On the node that renewed it last this asks nobody.
    ///
    /// # Errors
    ///
    /// `store_unavailable` when the store would have to be asked, and fails.
    pub async fn renew(
        &self,
        host: HostId,
        generation: u64,
        ttl: Duration,
    ) -> Result<Option<Lease>, LimitError> {
        let now = self.hosts.node().now();
        if self.holders.renew(&host, generation, now, now.saturating_add(ttl)) {
            return Ok(Some(Lease { generation, ttl }));
        }
        match self.hosts.ask(host, LeaseBasis::Renewing(generation)).await {
            Ok((guard, generation)) => Ok(Some(self.keep(guard, generation, ttl))),
            Err(Refused::Lost) => Ok(None),
            Err(refused) => Err(self.hosts.error(refused)),
        }
    }

    /// Ends a lease. One that another node has granted or renewed ends there
    /// with its TTL. A generation that is not the last is ignored; returns
    /// whether it was.
    pub fn release(&self, host: &HostId, generation: u64) -> bool {
        self.holders.release(host, generation)
    }

    /// How many hosts count, on all nodes.
    ///
    /// # Errors
    ///
    /// `store_unavailable`.
    pub async fn used(&self) -> Result<u64, LimitError> {
        let used = self.hosts.used().await;
        used.map_err(|error| LimitError::store(self.hosts.licensing(), error))
    }

    pub(super) const fn hosts(&self) -> &Arc<Hosts> {
        &self.hosts
    }

    /// Ends the leases that were not renewed in time.
    pub(super) fn expire(&self) {
        self.holders.expire(self.hosts.node().now());
    }

    /// Ends all leases, for good.
    pub(super) fn close(&self) {
        self.hosts.close();
        self.holders.clear();
    }

    fn keep(&self, guard: LeaseGuard, generation: u64, ttl: Duration) -> Lease {
        let until = self.hosts.node().now().saturating_add(ttl);
        self.holders.keep(guard, generation, until);
        Lease { generation, ttl }
    }
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases").field("limit", &self.limit()).finish_non_exhaustive()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Leases>();
