//! One connection of a host.

use std::{fmt, sync::Arc};

use license_core::HostId;

use super::hosts::Hosts;

/// One connection of a host: the host counts as long as one of its guards
/// lives, and its place is free when the last is dropped.
#[must_use = "a host stops counting when its last guard is dropped"]
pub struct LeaseGuard {
    host: HostId,
    hosts: Arc<Hosts>,
}

impl LeaseGuard {
    /// A guard that is counted in the book of these hosts already.
    pub(super) const fn new(host: HostId, hosts: Arc<Hosts>) -> Self {
        Self { host, hosts }
    }

    /// The host.
    pub const fn host(&self) -> &HostId {
        &self.host
    }

    /// The name of the limit.
    pub fn limit(&self) -> &str {
        self.hosts.limit()
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.hosts.disconnected(&self.host);
    }
}

impl fmt::Debug for LeaseGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseGuard")
            .field("limit", &self.limit())
            .field("host", &self.host)
            .finish()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<LeaseGuard>();
