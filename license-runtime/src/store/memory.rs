//! A store that forgets everything when the process ends.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use license_core::{
    Clock, SystemClock, TokenDigest,
    licensing::StoredState,
    machine::MachineHistory,
    time::{ClockMark, Month},
};

use super::AlertState;
use crate::{
    audit::{AuditChain, AuditRecord, AuditRow},
    store::{
        AlertClaim, AlertStore, Loaded, LocalLeases, NamedLocks, QuotaGrant, QuotaRequest,
        SeatLock, Store, StoreError, StoreErrorKind,
    },
};

/// A store in memory, for tests and for services that read their license from
/// a file or the environment at every start. Clones share what they hold.
///
/// A restart forgets the newest issue time and the clock mark with it, so
/// that a clock moved back while the service was down goes unnoticed, and
/// every quota begins at 0.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: Mutex<Kept>,
    locks: NamedLocks,
    leases: LocalLeases,
}

#[derive(Debug, Default)]
struct Kept {
    loaded: Loaded,
    installation_id: Option<String>,
    audit: Vec<AuditRow>,
    chain: AuditChain,
    /// Units taken, by limit and month.
    quotas: BTreeMap<(String, Month), u64>,
    /// Alerts, by token digest.
    alerts: BTreeMap<[u8; 32], AlertState>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store whose leases live by this clock: for tests that move the
    /// time by hand.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let leases = LocalLeases::with_clock(clock);
        Self(Arc::new(Inner { leases, ..Inner::default() }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn at(&mut self, revision: u64) -> Result<&mut Self, StoreError> {
        if self.loaded.revision == revision {
            Ok(self)
        } else {
            Err(StoreErrorKind::Conflict.into())
        }
    }

    fn alert(&mut self, license: TokenDigest) -> &mut AlertState {
        self.alerts.entry(*license.as_bytes()).or_default()
    }

    fn record(&mut self, record: AuditRecord) {
        let row = self.chain.append(record);
        self.audit.push(row);
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self) -> Result<Loaded, StoreError> {
        Ok(self.kept().loaded.clone())
    }

    async fn install(
        &self,
        revision: u64,
        saved: &StoredState,
        record: AuditRecord,
    ) -> Result<u64, StoreError> {
        let mut kept = self.kept();
        let kept = kept.at(revision)?;
        kept.loaded.saved = saved.clone();
        kept.loaded.revision = revision.saturating_add(1);
        kept.loaded.corrupt = false;
        kept.record(record);
        Ok(kept.loaded.revision)
    }

    async fn save_clock(&self, revision: u64, clock: ClockMark) -> Result<(), StoreError> {
        self.kept().at(revision)?.loaded.saved.clock = clock;
        Ok(())
    }

    async fn name_installation(&self, name: &str) -> Result<String, StoreError> {
        Ok(self.kept().loaded.installation.get_or_insert_with(|| name.to_owned()).clone())
    }

    async fn installation_id(&self, id: &str) -> Result<String, StoreError> {
        Ok(self.kept().installation_id.get_or_insert_with(|| id.to_owned()).clone())
    }

    async fn save_machine(&self, history: &MachineHistory) -> Result<(), StoreError> {
        self.kept().loaded.machine = history.clone();
        Ok(())
    }

    async fn record(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.kept().record(record);
        Ok(())
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        Ok(self.kept().audit.iter().rev().take(limit as usize).cloned().collect())
    }

    async fn record_once(&self, record: AuditRecord) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let same = |row: &AuditRow| {
            row.record.outcome == record.outcome && row.record.digest == record.digest
        };
        if !kept.audit.iter().any(same) {
            kept.record(record);
        }
        Ok(())
    }

    async fn audit_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
        let skipped = usize::try_from(seq).unwrap_or(usize::MAX);
        let kept = self.kept();
        let rows = kept.audit.iter().skip(skipped).take(limit as usize).cloned();
        Ok((rows.collect(), kept.chain))
    }

    async fn lock_seats(&self, limit: &str) -> Result<SeatLock, StoreError> {
        Ok(self.0.locks.lock(limit).await)
    }

    async fn take_quota(
        &self,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        let mut kept = self.kept();
        let taken = kept.quotas.entry((limit.to_owned(), month)).or_default();
        let granted = request.grant(*taken);
        *taken = taken.saturating_add(granted);
        Ok(QuotaGrant::new(granted, *taken))
    }

    async fn return_quota(&self, limit: &str, month: Month, units: u64) -> Result<(), StoreError> {
        if let Some(taken) = self.kept().quotas.get_mut(&(limit.to_owned(), month)) {
            *taken = taken.saturating_sub(units);
        }
        Ok(())
    }

    async fn quota_taken(&self, limit: &str, month: Month) -> Result<u64, StoreError> {
        Ok(self.kept().quotas.get(&(limit.to_owned(), month)).copied().unwrap_or_default())
    }

    async fn close(&self) {
        self.0.leases.close();
    }
}

super::forward_leases!([] MemoryStore, store => store.0.leases);

#[async_trait]
impl AlertStore for MemoryStore {
    async fn claim_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
        time: Duration,
    ) -> Result<AlertClaim, StoreError> {
        let now = SystemClock::new().monotonic();
        Ok(self.kept().alert(license).claim(holder, milestone, now, time))
    }

    async fn confirm_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
    ) -> Result<(), StoreError> {
        self.kept().alert(license).confirm(holder, milestone);
        Ok(())
    }

    async fn release_alert(&self, holder: u64, license: TokenDigest) -> Result<(), StoreError> {
        self.kept().alert(license).release(holder);
        Ok(())
    }

    async fn sent_alert(&self, license: TokenDigest) -> Result<Option<u32>, StoreError> {
        Ok(self.kept().alert(license).sent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open() -> ((), MemoryStore) {
        ((), MemoryStore::new())
    }

    async fn open_with_clock() -> ((), MemoryStore, crate::conformance::Elapse) {
        let clock = Arc::new(license_core::testing::ManualClock::new());
        let store = MemoryStore::with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        ((), store, crate::conformance::Elapse::by_hand(clock))
    }

    crate::store_conformance!(conformance, open);
    crate::lease_conformance!(leases, open_with_clock);
}
