//! What a service holds of a quota.

use std::{fmt, sync::Arc};

use super::counter::Counter;
use crate::limits::LimitError;

/// A quota: units of a limit that are used up within a month (UTC). Cheap to
/// clone; see [`LicenseManager::quota`](crate::LicenseManager::quota).
#[derive(Clone)]
pub struct Quota(Arc<Counter>);

impl Quota {
    pub(super) const fn new(counter: Arc<Counter>) -> Self {
        Self(counter)
    }

    /// The name of the limit.
    pub fn limit(&self) -> &str {
        &self.0.limit
    }

    /// Uses units up, all or none. Once it returns `Ok` they are counted,
    /// whatever happens next; use them up first and do the work then. A call
    /// that is dropped before may have used them up.
    ///
    /// In the common case this is one atomic operation, and on a store with a
    /// journal one write that waits for no disk. It waits for the store where
    /// no block is at hand: for the first use after a start and in a month,
    /// and after uses that came faster than blocks can be taken.
    ///
    /// # Errors
    ///
    /// `limit_reached` with `limit`, `max` and `used`, or the denial of the
    /// phase; `store_unavailable` when no block is left and none can be taken.
    pub async fn consume(&self, units: u64) -> Result<(), LimitError> {
        self.0.consume(units).await
    }

    /// How many units are used this month. On a store that several nodes
    /// share it includes the open blocks of the others.
    ///
    /// # Errors
    ///
    /// `store_unavailable`.
    pub async fn used(&self) -> Result<u64, LimitError> {
        self.0.used().await
    }

    /// Brings back what is left of the open block, for good.
    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

impl fmt::Debug for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quota").field("limit", &self.limit()).finish_non_exhaustive()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<Quota>();
