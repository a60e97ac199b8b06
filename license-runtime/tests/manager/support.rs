//! What the tests share: a vendor, a clock, and a store that counts, fails
//! and waits on command.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use license_core::{
    Actor, InstallError, Installer, Licensing, Status, Timestamp, Token, TokenDigest,
    licensing::{InstallRequest, StoredState},
    machine::MachineHistory,
    testing::{ManualClock, START, Vendor, licensing},
    time::{ClockMark, Month},
};
use license_runtime::{
    AlertClaim, AlertStore, AuditChain, AuditRecord, AuditRow, LeaseAnswers, LeaseChanges,
    LeaseNode, LeaseStore, LicenseManager, Loaded, MachineIdSource, MemoryStore, QuotaGrant,
    QuotaRequest, SeatLock, SqliteStore, Store, StoreError, StoreErrorKind,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const MACHINE: &str = "the-machine-of-the-tests";

/// `days` after the start.
pub(crate) fn day(days: i64) -> Timestamp {
    Timestamp::from_seconds(START.as_seconds() + days * 86_400)
}

/// One service with its store, to be started over and over.
pub(crate) struct Service {
    pub(crate) vendor: Vendor,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) manager: LicenseManager,
    pub(crate) store: Arc<Probe>,
    _directory: TempDir,
    path: PathBuf,
}

impl Service {
    /// A service with an empty SQLite store, without the background task.
    pub(crate) async fn new() -> Self {
        Self::of(Vendor::new()).await
    }

    pub(crate) async fn of(vendor: Vendor) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("license.db");
        let (licensing, clock) = licensing(&vendor);
        let store = Probe::of(SqliteStore::open(&path).await.unwrap());
        let manager = start(licensing, &store).await;
        Self { vendor, clock, manager, store, _directory: directory, path }
    }

    /// Starts anew from what is on the disk, as after a kill: nobody gets a
    /// chance to save anything.
    pub(crate) async fn restart(&mut self) {
        let clock = Arc::clone(&self.clock);
        let licensing = Licensing::with_clock(self.vendor.verifier(), clock);
        // Whoever opens a file that this process has open shares it.
        self.store = Probe::memory();
        let nobody = Licensing::with_clock(self.vendor.verifier(), Arc::clone(&self.clock) as _);
        self.manager = start(nobody, &self.store).await;
        self.store = Probe::of(SqliteStore::open(&self.path).await.unwrap());
        self.manager = start(licensing, &self.store).await;
    }

    pub(crate) fn licensing(&self) -> &Licensing {
        self.manager.licensing()
    }

    pub(crate) async fn install(&self, token: &Token) -> Result<Status, InstallError> {
        install(&self.manager, token.as_str().as_bytes()).await
    }

    /// The code with which a token is refused.
    pub(crate) async fn refusal(&self, token: &Token) -> &'static str {
        self.install(token).await.unwrap_err().code()
    }

    /// The id of the license in force.
    pub(crate) fn in_force(&self) -> Option<String> {
        Some(self.licensing().license()?.license().id().to_owned())
    }

    /// Asserts that the disk holds exactly the licenses in memory.
    pub(crate) async fn assert_disk_is_memory(&self) {
        assert_same_licenses(
            &self.store.load().await.unwrap().saved,
            &self.licensing().control().saved(),
        );
    }

    /// The outcomes in the audit history, oldest first.
    pub(crate) async fn outcomes(&self) -> Vec<String> {
        let rows = self.manager.audit(1000).await.unwrap();
        rows.into_iter().rev().map(|row| row.outcome).collect()
    }
}

pub(crate) fn assert_same_licenses(one: &StoredState, two: &StoredState) {
    assert_eq!(one.current, two.current);
    assert_eq!(one.next, two.next);
    assert_eq!(one.newest_issued_at, two.newest_issued_at);
}

pub(crate) async fn start(licensing: Licensing, store: &Arc<Probe>) -> LicenseManager {
    LicenseManager::builder(licensing)
        .store(Arc::clone(store))
        .machine_id(machine())
        .manual_ticks()
        .start()
        .await
        .unwrap()
}

pub(crate) fn machine() -> MachineIdSource {
    MachineIdSource::Custom(license_core::MachineId::custom(MACHINE).unwrap())
}

pub(crate) fn request() -> InstallRequest {
    let address = [192, 0, 2, 7].into();
    InstallRequest::new(Actor::new("admin@example.com", Some(address)))
}

pub(crate) async fn install(
    manager: &LicenseManager,
    token: &[u8],
) -> Result<Status, InstallError> {
    manager.install(token, request()).await
}

/// A store that counts writes, and fails or waits when told to.
#[derive(Debug)]
pub(crate) struct Probe {
    inner: Box<dyn Store>,
    writes: AtomicU64,
    /// Writing fails, reading works.
    pub(crate) full: AtomicBool,
    /// Nothing works.
    pub(crate) down: AtomicBool,
    /// Installing is carried out, and then fails all the same.
    pub(crate) loses_answers: AtomicBool,
    /// Other instances use it, too.
    pub(crate) shared: AtomicBool,
    /// Closing is forgotten.
    pub(crate) stays_open: AtomicBool,
    /// How often leases were changed, or tried to be.
    pub(crate) lease_changes: AtomicU64,
    /// What its clock says, by which its users agree about the time.
    pub(crate) time: Mutex<Option<Timestamp>>,
    /// Installations, leases and what is remembered of the machine wait for a
    /// permit each while this is set.
    pub(crate) waits: AtomicBool,
    pub(crate) entered: Semaphore,
    pub(crate) permits: Semaphore,
}

impl Probe {
    pub(crate) fn of(inner: impl Store + 'static) -> Arc<Self> {
        Arc::new(Self {
            inner: Box::new(inner),
            writes: AtomicU64::new(0),
            full: AtomicBool::new(false),
            down: AtomicBool::new(false),
            loses_answers: AtomicBool::new(false),
            shared: AtomicBool::new(false),
            time: Mutex::default(),
            stays_open: AtomicBool::new(false),
            lease_changes: AtomicU64::new(0),
            waits: AtomicBool::new(false),
            entered: Semaphore::new(0),
            permits: Semaphore::new(0),
        })
    }

    pub(crate) fn memory() -> Arc<Self> {
        Self::of(MemoryStore::new())
    }

    /// How often something was written or tried to be.
    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// How many decisions are taken in a month.
    pub(crate) async fn quota_taken_now(&self, month: Month) -> u64 {
        self.inner.quota_taken("decisions", month).await.unwrap()
    }

    /// How many hosts hold a lease, whatever is set.
    pub(crate) async fn leased_at_all(&self, limit: &str) -> u64 {
        self.inner.leased(limit).await.unwrap()
    }

    async fn wait(&self) {
        if self.waits.load(Ordering::SeqCst) {
            self.entered.add_permits(1);
            self.permits.acquire().await.unwrap().forget();
        }
    }

    fn reading(&self) -> Result<(), StoreError> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(StoreErrorKind::Unavailable.into()),
            false => Ok(()),
        }
    }

    fn writing(&self) -> Result<(), StoreError> {
        self.writes.fetch_add(1, Ordering::SeqCst);
        self.reading()?;
        match self.full.load(Ordering::SeqCst) {
            true => Err(StoreError::new(StoreErrorKind::Unavailable).with_source("disk full")),
            false => Ok(()),
        }
    }
}

pub(crate) fn set(flag: &AtomicBool, on: bool) {
    flag.store(on, Ordering::SeqCst);
}

#[async_trait]
impl AlertStore for Probe {
    async fn claim_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
        time: Duration,
    ) -> Result<AlertClaim, StoreError> {
        self.writing()?;
        self.inner.claim_alert(holder, license, milestone, time).await
    }

    async fn confirm_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
    ) -> Result<(), StoreError> {
        self.writing()?;
        self.inner.confirm_alert(holder, license, milestone).await
    }

    async fn release_alert(&self, holder: u64, license: TokenDigest) -> Result<(), StoreError> {
        self.writing()?;
        self.inner.release_alert(holder, license).await
    }

    async fn sent_alert(&self, license: TokenDigest) -> Result<Option<u32>, StoreError> {
        self.reading()?;
        self.inner.sent_alert(license).await
    }
}

#[async_trait]
impl Store for Probe {
    fn is_shared(&self) -> bool {
        self.shared.load(Ordering::SeqCst)
    }

    async fn load(&self) -> Result<Loaded, StoreError> {
        self.reading()?;
        let loaded = self.inner.load().await?;
        let time = *self.time.lock().unwrap();
        Ok(time.into_iter().fold(loaded, Loaded::read_at))
    }

    async fn install(
        &self,
        revision: u64,
        saved: &StoredState,
        record: AuditRecord,
    ) -> Result<u64, StoreError> {
        self.writing()?;
        self.wait().await;
        let revision = self.inner.install(revision, saved, record).await?;
        match self.loses_answers.load(Ordering::SeqCst) {
            true => Err(StoreErrorKind::Unavailable.into()),
            false => Ok(revision),
        }
    }

    async fn save_clock(&self, revision: u64, clock: ClockMark) -> Result<(), StoreError> {
        self.writing()?;
        self.inner.save_clock(revision, clock).await
    }

    async fn name_installation(&self, name: &str) -> Result<String, StoreError> {
        self.writing()?;
        self.inner.name_installation(name).await
    }

    async fn installation_id(&self, id: &str) -> Result<String, StoreError> {
        self.writing()?;
        self.wait().await;
        self.inner.installation_id(id).await
    }

    async fn save_machine(&self, history: &MachineHistory) -> Result<(), StoreError> {
        self.writing()?;
        self.wait().await;
        self.inner.save_machine(history).await
    }

    async fn record(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.writing()?;
        self.inner.record(record).await
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        self.reading()?;
        self.inner.audit(limit).await
    }

    async fn record_once(&self, record: AuditRecord) -> Result<(), StoreError> {
        self.writing()?;
        self.inner.record_once(record).await
    }

    async fn audit_after(
        &self,
        seq: u64,
        limit: u32,
    ) -> Result<(Vec<AuditRow>, AuditChain), StoreError> {
        self.reading()?;
        self.inner.audit_after(seq, limit).await
    }

    async fn lock_seats(&self, limit: &str) -> Result<SeatLock, StoreError> {
        self.reading()?;
        self.inner.lock_seats(limit).await
    }

    async fn take_quota(
        &self,
        limit: &str,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, StoreError> {
        self.writing()?;
        self.inner.take_quota(limit, month, request).await
    }

    async fn return_quota(&self, limit: &str, month: Month, units: u64) -> Result<(), StoreError> {
        self.writing()?;
        self.inner.return_quota(limit, month, units).await
    }

    async fn quota_taken(&self, limit: &str, month: Month) -> Result<u64, StoreError> {
        self.reading()?;
        self.inner.quota_taken(limit, month).await
    }

    async fn close(&self) {
        if !self.stays_open.load(Ordering::SeqCst) {
            self.inner.close().await;
        }
    }
}

#[async_trait]
impl LeaseStore for Probe {
    async fn beat(&self, node: Option<LeaseNode>, ttl: Duration) -> Result<LeaseNode, StoreError> {
        self.writing()?;
        self.inner.beat(node, ttl).await
    }

    async fn change_leases(
        &self,
        node: LeaseNode,
        changes: LeaseChanges,
    ) -> Result<Option<LeaseAnswers>, StoreError> {
        self.lease_changes.fetch_add(1, Ordering::SeqCst);
        self.writing()?;
        self.wait().await;
        let answers = self.inner.change_leases(node, changes).await?;
        match self.loses_answers.load(Ordering::SeqCst) {
            true => Err(StoreErrorKind::Unavailable.into()),
            false => Ok(answers),
        }
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        self.reading()?;
        self.inner.leased(limit).await
    }

    async fn leave(&self, node: LeaseNode) -> Result<(), StoreError> {
        self.writing()?;
        self.inner.leave(node).await
    }
}
