//! The quotas of a manager.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use license_core::{Licensing, license::LimitKind};
use tokio::runtime::Handle;

use super::{Quota, counter::Counter};
use crate::store::Store;

/// One counter for each limit, made when it is first asked for.
#[derive(Debug)]
pub(crate) struct Quotas {
    licensing: Licensing,
    store: Arc<dyn Store>,
    runtime: Handle,
    by_limit: Mutex<BTreeMap<String, Quota>>,
}

impl Quotas {
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub(crate) fn new(licensing: Licensing, store: Arc<dyn Store>) -> Self {
        let (runtime, by_limit) = (Handle::current(), Mutex::default());
        Self { licensing, store, runtime, by_limit }
    }

    pub(crate) fn quota(&self, limit: &str) -> Quota {
        let mut by_limit = self.by_limit();
        if let Some(quota) = by_limit.get(limit) {
            return quota.clone();
        }
        let (licensing, store) = (self.licensing.clone(), Arc::clone(&self.store));
        let counter = Counter::new(licensing, store, self.runtime.clone(), limit);
        by_limit.entry(limit.to_owned()).or_insert(Quota::new(Arc::new(counter))).clone()
    }

    /// How much is used of every monthly limit that the product knows and of
    /// every other that was asked for. What cannot be read is left out.
    pub(crate) async fn used(&self) -> BTreeMap<String, u64> {
        let limits = self.licensing.product().limits().iter();
        for (limit, _) in limits.filter(|(_, kind)| **kind == LimitKind::Monthly) {
            self.quota(limit);
        }
        let mut used = BTreeMap::new();
        for (limit, quota) in self.all() {
            if let Ok(units) = quota.used().await {
                used.insert(limit, units);
            }
        }
        used
    }

    /// Brings back what is left of open blocks, for good.
    pub(crate) async fn close(&self) {
        for quota in self.all().into_values() {
            quota.close().await;
        }
    }

    fn all(&self) -> BTreeMap<String, Quota> {
        self.by_limit().clone()
    }

    fn by_limit(&self) -> MutexGuard<'_, BTreeMap<String, Quota>> {
        self.by_limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
