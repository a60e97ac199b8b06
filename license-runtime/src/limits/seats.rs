//! Seats: units of a limit that the product holds and counts itself.

use std::{fmt, sync::Arc};

use license_core::Licensing;

use super::error::LimitError;
use crate::store::{SeatLock, Store};

/// The seats of one limit. Cheap to clone.
///
/// ```
/// # use license_core::{Actor, Installer, testing::{Vendor, licensing}, licensing::InstallRequest};
/// # use license_runtime::{LicenseManager, MemoryStore};
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// # let vendor = Vendor::new();
/// # let (licensing, _clock) = licensing(&vendor);
/// # let manager = LicenseManager::builder(licensing).store(MemoryStore::new()).start().await?;
/// # let token = vendor.license().limit("users", 2).sign();
/// # let request = InstallRequest::new(Actor::new("admin", None));
/// # manager.install(token.as_str().as_bytes(), request).await?;
/// # struct Users(u64);
/// # impl Users {
/// #     async fn count(&self) -> Result<u64, std::io::Error> { Ok(self.0) }
/// #     async fn insert(&mut self) -> Result<(), std::io::Error> { self.0 += 1; Ok(()) }
/// # }
/// # let mut users = Users(1);
/// let seats = manager.seats("users");
///
/// let seat = seats.reserve(1, async || users.count().await).await?;
/// users.insert().await?;          // what was counted cannot change before...
/// seat.commit().await?;           // ...this
///
/// let refused = seats.reserve(1, async || users.count().await).await.unwrap_err();
/// assert_eq!(refused.denial().code().as_str(), "limit_reached");
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
/// #     .block_on(serve()).unwrap();
/// ```
///
/// A reservation holds the store's lock of that limit from before the count
/// until it is committed or dropped, so however many ask for the last seat,
/// one gets it. Giving a seat back needs no reservation. Reserve one limit
/// at a time, or always in the same order.
#[derive(Clone)]
pub struct Seats {
    licensing: Licensing,
    store: Arc<dyn Store>,
    limit: Arc<str>,
}

/// Seats that are reserved and not taken yet. Dropping it gives them back.
#[derive(Debug)]
#[must_use = "dropping a reservation gives it back"]
pub struct SeatGuard {
    /// `None` where nothing is added.
    lock: Option<SeatLock>,
    licensing: Licensing,
}

impl Seats {
    pub(crate) fn new(licensing: Licensing, store: Arc<dyn Store>, limit: &str) -> Self {
        Self { licensing, store, limit: limit.into() }
    }

    /// The name of the limit.
    pub fn limit(&self) -> &str {
        &self.limit
    }

    /// Reserves `adding` seats, all or none, beside those that `count` says
    /// the product holds now. Nothing to add always fits and counts nothing.
    ///
    /// # Errors
    ///
    /// `limit_reached` with `limit`, `max` and `used`, or the denial of the
    /// phase; `store_unavailable` when the lock or the count fails.
    pub async fn reserve<E>(
        &self,
        adding: u64,
        count: impl AsyncFnOnce() -> Result<u64, E>,
    ) -> Result<SeatGuard, LimitError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let licensing = self.licensing.clone();
        if adding == 0 {
            return Ok(SeatGuard { lock: None, licensing });
        }
        let lock = self.store.lock_seats(&self.limit).await;
        let lock = lock.map_err(|error| LimitError::store(&licensing, error))?;
        let used = count().await.map_err(|error| LimitError::store(&licensing, error))?;
        licensing.check_limit(&self.limit, used, adding)?;
        Ok(SeatGuard { lock: Some(lock), licensing })
    }

    /// Reserves the seats of an exchange, of one user for another, say. One
    /// that adds no more than it removes always fits, even where a renewal
    /// has lowered the limit below what is held.
    ///
    /// # Errors
    ///
    /// As [`reserve`](Self::reserve), for the difference.
    pub async fn reserve_change<E>(
        &self,
        added: u64,
        removed: u64,
        count: impl AsyncFnOnce() -> Result<u64, E>,
    ) -> Result<SeatGuard, LimitError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.reserve(added.saturating_sub(removed), count).await
    }
}

impl SeatGuard {
    /// Says that the seats are taken: what `count` counts has grown. Lets the
    /// next one count.
    ///
    /// # Errors
    ///
    /// `store_unavailable` when the lock was lost in the meantime, so that
    /// somebody else may have been given the same seats: take back what was
    /// added.
    pub async fn commit(self) -> Result<(), LimitError> {
        let Self { lock, licensing } = self;
        let Some(lock) = lock else { return Ok(()) };
        lock.release().await.map_err(|error| LimitError::store(&licensing, error))
    }
}

impl fmt::Debug for Seats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seats").field("limit", &self.limit).finish_non_exhaustive()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = {
    assert_send_sync::<Seats>();
    assert_send_sync::<SeatGuard>();
};
