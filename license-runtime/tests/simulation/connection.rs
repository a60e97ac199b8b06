//! The store as a manager sees it: every call over the link, and what the
//! database did compared with what it must do.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use license_core::{
    TokenDigest,
    licensing::StoredState,
    machine::MachineHistory,
    time::{ClockMark, Month},
};
use license_runtime::{
    AlertClaim, AlertStore, AuditChain, AuditRecord, AuditRow, LeaseAnswers, LeaseChanges,
    LeaseNode, LeaseStore, Loaded, QuotaGrant, QuotaRequest, SeatLock, Store, StoreError,
    StoreErrorKind,
};

use crate::link::{Kind, Link};

/// One process's store.
#[derive(Clone, Debug)]
pub(crate) struct Connection(pub(crate) Arc<Link>);

#[async_trait]
impl Store for Connection {
    fn is_shared(&self) -> bool {
        true
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        let world = &self.0.world;
        self.0
            .call(Kind::License, async || Ok(world.store.load().await?.read_at(world.wall())))
            .await
    }

    async fn install(
        &self,
        revision: u64,
        saved: &StoredState,
        record: AuditRecord,
    ) -> Result<u64, StoreError> {
        let world = &self.0.world;
        let effect = async || {
            let before = world.store.load().await?;
            let stored = world.store.install(revision, saved, record.clone()).await?;
            world.note(format!("node {} stored {:?}", self.0.slot, record.license_id));
            if before.revision != revision || stored != revision + 1 {
                world.broken(format!("revision {} became {stored} by {revision}", before.revision));
            }
            let now = world.now();
            let follows = {
                let mut state = world.state();
                state.installed_at = now;
                state.licenses.follows(now, &before.saved, saved, &record)
            };
            world.expect(follows);
            Ok(stored)
        };
        self.0.call(Kind::License, effect).await
    }

    async fn save_clock(&self, revision: u64, clock: ClockMark) -> Result<(), StoreError> {
        let store = &self.0.world.store;
        let effect = async || {
            let before = store.load().await?.saved.clock;
            let later = ClockMark::new(before.mark.max(clock.mark), clock.latched);
            store.save_clock(revision, later).await
        };
        self.0.call(Kind::License, effect).await
    }

    async fn name_installation(&self, name: &str) -> Result<String, StoreError> {
        let store = &self.0.world.store;
        self.0.call(Kind::License, async || store.name_installation(name).await).await
    }

    async fn installation_id(&self, id: &str) -> Result<String, StoreError> {
        let store = &self.0.world.store;
        self.0.call(Kind::License, async || store.installation_id(id).await).await
    }

    async fn save_machine(&self, history: &MachineHistory) -> Result<(), StoreError> {
        let store = &self.0.world.store;
        self.0.call(Kind::License, async || store.save_machine(history).await).await
    }

    async fn record(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.0.call(Kind::License, async || self.0.world.store.record(record).await).await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.0.call(Kind::Audit, async || self.0.world.store.audit(limit).await).await
    }

    async fn record_once(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.0.call(Kind::License, async || self.0.world.store.record_once(record).await).await
    }

    async fn audit_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
        self.0.call(Kind::Audit, async || self.0.world.store.audit_after(seq, limit).await).await
    }

    async fn lock_seats(&self, limit: &str) -> Result<SeatLock, StoreError> {
        self.0.lock(limit).await
    }

    async fn take_quota(
        &self,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        let world = &self.0.world;
        self.0.note_cap();
        if !self.0.was_in_force(request.cap) {
            world.broken(format!("node {} took units of {:?}", self.0.slot, request.cap));
        }
        let effect = async || {
            let taken = world.store.quota_taken(limit, month).await?;
            let part = request.grant_shared(taken);
            if part == 0 {
                return Ok(QuotaGrant::new(0, taken));
            }
            let request = QuotaRequest::new(part, part, request.cap);
            let grant = world.store.take_quota(limit, month, request).await?;
            let most = world.state().licenses.most_decisions;
            let cap = request.cap.unwrap_or_default();
            if grant.taken > cap.min(most) {
                world.broken(format!("{} of {cap} are taken", grant.taken));
            }
            Ok(grant)
        };
        self.0.call(Kind::Quota, effect).await
    }

    async fn return_quota(&self, limit: &str, month: Month, units: u64) -> Result<(), StoreError> {
        let store = &self.0.world.store;
        self.0.call(Kind::Quota, async || store.return_quota(limit, month, units).await).await
    }

    async fn quota_taken(&self, limit: &str, month: Month) -> Result<u64, StoreError> {
        let store = &self.0.world.store;
        self.0.call(Kind::Taken, async || store.quota_taken(limit, month).await).await
    }

    /// Others use it still.
    async fn close(&self) {
        self.0.dead.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl LeaseStore for Connection {
    async fn beat(&self, node: Option<LeaseNode>, ttl: Duration) -> Result<LeaseNode, StoreError> {
        let world = &self.0.world;
        let effect = async || {
            let beaten = world.store.beat(node, ttl).await?;
            let agrees = world.state().leases.beat(world.now(), node, beaten);
            world.expect(agrees);
            Ok(beaten)
        };
        let beaten = self.0.call(Kind::Beat, effect).await?;
        *self.0.number.lock().unwrap() = Some(beaten);
        Ok(beaten)
    }

    async fn change_leases(
        &self,
        node: LeaseNode,
        changes: LeaseChanges,
    ) -> Result<Option<LeaseAnswers>, StoreError> {
        let world = &self.0.world;
        let cap = self.0.cap(|terms| terms.agents);
        if !changes.claims.is_empty() && changes.cap != cap {
            world.broken(format!("claims under a cap of {:?}, not {cap:?}", changes.cap));
        }
        let effect = async || {
            let answers = world.store.change_leases(node, changes.clone()).await?;
            let now = world.now();
            let agrees = world.state().leases.change(now, node, &changes, cap, answers.as_ref());
            world.expect(agrees);
            Ok(answers)
        };
        self.0.call(Kind::Leases, effect).await
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        let world = &self.0.world;
        let effect = async || {
            let leased = world.store.leased(limit).await?;
            let agrees = world.state().leases.leased(world.now(), leased);
            world.expect(agrees);
            Ok(leased)
        };
        self.0.call(Kind::Leased, effect).await
    }

    async fn leave(&self, node: LeaseNode) -> Result<(), StoreError> {
        let world = &self.0.world;
        let effect = async || {
            world.store.leave(node).await?;
            world.state().leases.leave(world.now(), node);
            Ok(())
        };
        self.0.call(Kind::Beat, effect).await
    }
}

/// Nobody is told anything.
#[async_trait]
impl AlertStore for Connection {
    async fn claim_alert(
        &self,
        _: u64,
        _: TokenDigest,
        _: u32,
        _: Duration,
    ) -> Result<AlertClaim, StoreError> {
        Err(StoreErrorKind::Unavailable.into())
    }

    async fn confirm_alert(&self, _: u64, _: TokenDigest, _: u32) -> Result<(), StoreError> {
        Err(StoreErrorKind::Unavailable.into())
    }

    async fn release_alert(&self, _: u64, _: TokenDigest) -> Result<(), StoreError> {
        Err(StoreErrorKind::Unavailable.into())
    }

    async fn sent_alert(&self, _: TokenDigest) -> Result<Option<u32>, StoreError> {
        Err(StoreErrorKind::Unavailable.into())
    }
}
