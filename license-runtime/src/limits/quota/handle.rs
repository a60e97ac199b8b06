//! What a service holds of a quota.

use std::{fmt, sync::Arc};

use super::counter::Counter;
use crate::limits::LimitError;

/// A quota: units of a limit that are used up within a month (UTC). Cheap to
/// clone; see [`LicenseManager::quota`](crate::LicenseManager::quota).
///
/// ```
/// # use license_core::{Actor, Installer, testing::{Vendor, licensing}, licensing::InstallRequest};
/// # use license_runtime::{LicenseManager, MemoryStore};
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// # let vendor = Vendor::new();
/// # let (licensing, _clock) = licensing(&vendor);
/// # let manager = LicenseManager::builder(licensing).store(MemoryStore::new()).start().await?;
/// # let token = vendor.license().limit("decisions", 100).sign();
/// # let request = InstallRequest::new(Actor::new("admin", None));
/// # manager.install(token.as_str().as_bytes(), request).await?;
/// let decisions = manager.quota("decisions");
/// decisions.consume(1).await?;                                // then do the work
/// assert_eq!(decisions.used().await?, 1);
///
/// let refused = decisions.consume(100).await.unwrap_err();    // all or nothing
/// assert_eq!(refused.denial().code().as_str(), "limit_reached");
/// assert_eq!(refused.denial().problem().used, Some(1));
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
/// #     .block_on(serve()).unwrap();
/// ```
///
/// # How it is counted
///
/// A node takes a block of units from the store and spends it in memory, with
/// one atomic operation for each use. The next block is taken in the
/// background, before the current one runs out. Blocks follow the pace: one
/// that did not last a second is followed by one twice as large, up to 65,536;
/// one that lasted a minute by one half as large. None is larger than 1/64 of
/// the cap, and on a store that several nodes share they shrink to what is
/// asked for near the cap. What is left is brought back on
/// [`shutdown`](crate::LicenseManager::shutdown).
///
/// The cap is never exceeded, and it is reached exactly: a use is refused only
/// when it does not fit beside what is taken. On a shared store that includes
/// what another node has taken and not spent yet.
///
/// # What survives what
///
/// - **A killed process** (`kill -9`, a crash): with `SqliteStore` on Linux the
///   count is exact; whatever was acknowledged is counted, and nothing else
///   but what was under way. Elsewhere an open block counts as spent.
/// - **A machine that loses power**: whatever was acknowledged is counted. The
///   open block counts as spent.
/// - **A store that cannot be reached**: uses are served from the block while
///   it lasts, and then refused with `store_unavailable`.
/// - **A clock moved back**: the month is judged as expiry is, by the latest
///   time that was seen. A month once left is not reopened.
/// - **A new license**: a lower cap refuses at once where more is used already,
///   a higher one allows at once. Unlimited use is counted, too.
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
