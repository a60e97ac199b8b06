//! Counting live hosts, as one seam: HTTP routes know leases only through
//! [`LeaseHosts`].

use std::{fmt, future::Future, time::Duration};

use super::host_id::HostId;
use crate::{licensing::Licensing, refusal::Denial};

/// Counts the hosts that are connected. `LicenseManager` of `license-runtime`
/// is one.
///
/// Cheap to clone; clones count together.
pub trait LeaseHosts: Clone + Send + Sync + 'static {
    /// One connection of a host. The host counts as long as at least one of
    /// its leases lives; dropping the last one frees its place.
    type Lease: fmt::Debug + Send + Sync + 'static;

    /// The handle whose license caps the hosts.
    fn licensing(&self) -> &Licensing;

    /// How long a host counts of which nothing is heard any more.
    fn lease_ttl(&self) -> Duration;

    /// Counts a connection of a host. A host that counts already always gets
    /// in, however many there are.
    ///
    /// # Errors
    ///
    /// `concurrent_host_limit_reached` with `limit`, `max` and `used`; the
    /// denial of the phase where no license can say; `store_unavailable` when
    /// it cannot be decided.
    fn lease(
        &self,
        limit: &str,
        host: HostId,
    ) -> impl Future<Output = Result<Self::Lease, Denial>> + Send;
}
