//! The locks under which seats are reserved.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;

use crate::store::StoreError;

/// One lock that is held; dropping it lets go of it.
pub struct SeatLock(Box<dyn Held>);

/// What a store does to let go of a lock.
#[async_trait]
trait Held: Send + Sync {
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// Locks by name within one process, for stores that only one process uses.
/// Clones share the locks.
#[derive(Clone, Debug, Default)]
pub struct NamedLocks(Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>);

struct Local {
    _guard: tokio::sync::OwnedMutexGuard<()>,
}

struct Releasing<T, F>(T, F);

impl SeatLock {
    /// A lock that is held as long as `held` lives. `release` is told when
    /// the holder is done; it says whether the lock was held all the time.
    pub fn new<T, F, R>(held: T, release: F) -> Self
    where
        T: Send + Sync + 'static,
        F: FnOnce(T) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), StoreError>> + Send,
    {
        Self(Box::new(Releasing(held, release)))
    }

    /// Lets go of the lock.
    ///
    /// # Errors
    ///
    /// When it was lost before: somebody else may have held it in between.
    pub async fn release(self) -> Result<(), StoreError> {
        self.0.release().await
    }
}

impl NamedLocks {
    /// Waits for the lock of this name.
    pub async fn lock(&self, name: &str) -> SeatLock {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(name.to_owned()).or_default())
        };
        SeatLock(Box::new(Local { _guard: lock.lock_owned().await }))
    }
}

#[async_trait]
impl Held for Local {
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl<T, F, R> Held for Releasing<T, F>
where
    T: Send + Sync,
    F: FnOnce(T) -> R + Send + Sync,
    R: Future<Output = Result<(), StoreError>> + Send,
{
    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        let Self(held, release) = *self;
        release(held).await
    }
}

impl fmt::Debug for SeatLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeatLock(..)")
    }
}
