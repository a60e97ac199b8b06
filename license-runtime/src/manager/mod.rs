//! Keeping a license while a service runs: loading, installing, the clock
//! mark, the waiting license, the machine's identity.

#[cfg(feature = "alerts")]
mod alerts;
mod builder;
mod doctor;
mod dry_run;
mod figures;
mod install;
mod machine;
#[cfg(feature = "sources")]
mod sources;
mod store_clock;
mod store_health;
mod tick;

use std::{
    collections::BTreeMap,
    fmt,
    pin::Pin,
    sync::{Arc, PoisonError},
    time::Duration,
};

#[cfg(feature = "alerts")]
use license_core::runtime::AlertsStatus;
use license_core::{
    Actor, Banner, Denial, HostId, InstallError, InstallErrorKind, Installer, Licensing, Status,
    Token, TokenDigest,
    licensing::{Announcer, InstallRequest},
    machine::MachineInfo,
    product::LogLine,
    report::{Diagnosis, DryRun},
    runtime::{AuditEntry, AuditPage, LeaseHosts},
    time::ClockMark,
};
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};

#[cfg(feature = "sources")]
use self::sources::{Judged, Sources};
pub use self::{builder::ManagerBuilder, doctor::FINDING_CODES};
use self::{machine::MachineWatch, store_clock::StoreClock, store_health::StoreHealth};
use crate::{
    audit::AuditRow,
    limits::{LeaseGuard, Leases, Quota, Seats, leases::LeaseRegistry, quota::Quotas},
    machine_id::MachineLadder,
    store::{AUDIT_PAGE, Store, StoreError},
};

/// Owns the store and the background tasks of a service's license. Clones
/// share them; the tasks end with the last clone.
///
/// ```
/// use license_core::{Installer, Licensing, testing::Vendor};
/// use license_runtime::{LicenseManager, MemoryStore};
///
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let licensing = Licensing::new(Vendor::new().verifier());
/// let manager = LicenseManager::builder(licensing)
///     .store(MemoryStore::new())
///     .usage(async || [("users".to_owned(), 12)].into())
///     .start()
///     .await?;
/// assert!(manager.status().await.restricted, "nothing is installed yet");
/// manager.shutdown().await;
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
/// #     .block_on(serve()).unwrap();
/// ```
///
/// Requests never wait for any of this: they are decided from memory, and
/// right to the second without the background task.
#[derive(Clone)]
pub struct LicenseManager(Arc<Handle>);

/// What the clones share. Dropping `stop` ends the tasks.
struct Handle {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the task and installations work on.
struct Shared {
    licensing: Licensing,
    store: Arc<dyn Store>,
    quotas: Quotas,
    leases: Arc<LeaseRegistry>,
    ladder: MachineLadder,
    usage: Option<Box<Usage>>,
    #[cfg(feature = "alerts")]
    alerts: Option<crate::alerts::Job>,
    #[cfg(feature = "sources")]
    sources: Sources,
    /// Held over everything that changes the license, in memory and in the
    /// store.
    known: Mutex<StoreView>,
    machine: Mutex<MachineWatch>,
    announcer: std::sync::Mutex<Announcer>,
    store_clock: StoreClock,
    store_health: StoreHealth,
    /// Where the monotonic clock stood at the start.
    started: Duration,
}

/// What the store is known to hold.
struct StoreView {
    revision: u64,
    clock: ClockMark,
    /// A write failed, so that the store may or may not have kept it.
    in_doubt: bool,
    /// What the sources are known to hold.
    #[cfg(feature = "sources")]
    sources: Judged,
    /// The license whose expiry stands in the audit history.
    expired: Option<TokenDigest>,
}

type Usage = dyn Fn() -> Pin<Box<dyn Future<Output = BTreeMap<String, u64>> + Send>> + Send + Sync;

impl LicenseManager {
    /// Starts building a manager for this handle.
    pub fn builder(licensing: Licensing) -> ManagerBuilder {
        ManagerBuilder::new(licensing)
    }

    /// The handle by which requests are decided.
    pub fn licensing(&self) -> &Licensing {
        &self.0.shared.licensing
    }

    /// The seats of a limit: units that the product holds and counts itself.
    pub fn seats(&self, limit: &str) -> Seats {
        let shared = &self.0.shared;
        Seats::new(shared.licensing.clone(), Arc::clone(&shared.store), limit)
    }

    /// The quota of a limit: units that are used up within a month (UTC).
    pub fn quota(&self, limit: &str) -> Quota {
        self.0.shared.quotas.quota(limit)
    }

    /// The leases of a limit: hosts that are connected at the same time.
    pub fn leases(&self, limit: &str) -> Leases {
        self.0.shared.leases.leases(limit)
    }

    /// What the product may show all its users about the license: a banner of
    /// its warnings, those of limits that are used up included.
    pub async fn banner(&self) -> Banner {
        self.0.shared.count_used().await;
        self.0.shared.licensing.banner(|_| None)
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.shared.store
    }

    /// What the background tasks do every second or sooner: look at the
    /// clock, let a waiting license that has begun take over in the store,
    /// save the clock mark where it has moved, read the machine's id now and
    /// then, read the sources, let the node of the leases beat, send alerts.
    /// Returns how long nothing is due to change.
    ///
    /// For tests, and for services that run without the tasks.
    pub async fn tick_once(&self) -> Duration {
        let due = self.0.shared.licensing.control().refresh();
        self.0.shared.tick().await;
        self.0.shared.leases.keep().await;
        #[cfg(feature = "sources")]
        self.0.shared.check_sources().await;
        self.0.shared.count_used().await;
        self.0.shared.announce();
        #[cfg(feature = "alerts")]
        self.0.shared.alert().await;
        due
    }

    /// Brings all figures up to date in the process's `metrics` recorder. The
    /// background task does so about every second, for limits every 15
    /// seconds; a service that is scraped calls it before it answers.
    ///
    /// | figure | what |
    /// |---|---|
    /// | `license_expires_timestamp_seconds` | when the license ends; 0 without one |
    /// | `license_phase{phase}` | 1 for the phase in which it stands, 0 for all others |
    /// | `license_denials_total{code}` | requests that were denied |
    /// | `license_shadow_denials_total{code}` | requests that a rule in shadow would have denied |
    /// | `license_installs_total{outcome}` | installations, as the audit history names them |
    /// | `license_limit_max{limit}` | a limit; `+Inf` for unlimited |
    /// | `license_limit_used{limit}` | how much of it is used, where that is known |
    /// | `license_store_errors_total` | failures of the store |
    #[cfg(feature = "metrics")]
    pub async fn publish_metrics(&self) {
        let shared = &self.0.shared;
        crate::metrics::describe();
        crate::metrics::license(&shared.licensing);
        crate::metrics::limits(&shared.licensing, &shared.count_used().await);
    }

    /// Takes the installed and the waiting license out, in the store first: the
    /// service is unlicensed from then on, until something is installed or a
    /// source changes. An older license can still not be installed afterwards.
    /// Without a license nothing happens.
    ///
    /// # Errors
    ///
    /// `store_unavailable`; the license stays.
    pub async fn remove(&self, actor: &Actor) -> Result<(), InstallError> {
        let (shared, actor) = (Arc::clone(&self.0.shared), actor.clone());
        let task = tokio::spawn(async move { shared.remove(&actor).await });
        task.await.unwrap_or_else(|_| Err(InstallErrorKind::Internal.into()))
    }

    /// Ends the background tasks and all leases, brings back what is left of
    /// quotas, saves the clock mark and closes the store. Requests are decided
    /// as before; installing, using quotas up and counting hosts is refused
    /// from now on.
    ///
    /// Without it nothing is lost that was answered: licenses, seats, the audit
    /// history are in the store before anybody is told. What a process that
    /// just ends, or is killed, leaves behind is less:
    ///
    /// - the clock mark is the last one that was saved, some seconds old: by so
    ///   much the clock may be moved back unnoticed;
    /// - units of a quota that were taken ahead count as used, but for a
    ///   SQLite store that is opened again during the same boot of a Linux
    ///   system;
    /// - on a store that instances share, this one's hosts count until nothing
    ///   was heard of them for the lease's time;
    /// - an alert that is being sent may be sent again.
    ///
    /// Dropping the last clone ends the tasks and does none of this.
    pub async fn shutdown(&self) {
        self.0.stop.send_replace(true);
        for task in self.0.tasks.lock().await.drain(..) {
            // It has ended by itself, or with the runtime.
            let _ = task.await;
        }
        self.0.shared.shut_down().await;
    }
}

impl Installer for LicenseManager {
    fn licensing(&self) -> &Licensing {
        self.licensing()
    }

    async fn install(&self, token: &[u8], request: InstallRequest) -> Result<Status, InstallError> {
        let shared = Arc::clone(&self.0.shared);
        let token = bounded(token);
        // In a task of its own: an installation that has begun is carried
        // through when the client goes away.
        let task = tokio::spawn(async move { shared.install(token, request).await });
        match task.await {
            Ok(result) => result?,
            Err(_) => return Err(InstallErrorKind::Internal.into()),
        }
        Ok(self.status().await)
    }

    async fn dry_run(&self, token: &[u8], request: InstallRequest) -> DryRun {
        self.0.shared.dry_run(bounded(token), request).await
    }

    async fn diagnose(&self, host: Option<String>) -> Diagnosis {
        Arc::clone(&self.0.shared).diagnose(host).await
    }

    async fn status(&self) -> Status {
        self.0.shared.status().await
    }

    async fn machine_info(&self) -> Result<MachineInfo, InstallError> {
        let shared = &self.0.shared;
        shared.find_machine().await;
        let machine = shared.licensing.control().machine();
        let unknown = || {
            let kind = InstallErrorKind::FingerprintUnavailable;
            InstallError::new(kind).with_detail(no_machine_info(&shared.ladder))
        };
        let fingerprint = machine.fingerprint().ok_or_else(unknown)?.clone();
        let name = shared.name().await?;
        let licensing = &shared.licensing;
        let (now, mark) = (licensing.clock().now(), licensing.control().clock_mark());
        Ok(MachineInfo::new(licensing.product().audience(), fingerprint, name, now, mark))
    }

    async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, InstallError> {
        let rows = self.0.shared.store.audit(limit).await?;
        Ok(rows.into_iter().map(AuditEntry::from).collect())
    }

    async fn audit_before(&self, row: u64, limit: u32) -> Result<Vec<AuditEntry>, InstallError> {
        // Rows are numbered without gaps; behind the last one all are older.
        let newest = self.audit(1).await?.first().map_or(0, |newest| newest.row);
        let before = row.saturating_sub(1).min(newest);
        let after = before.saturating_sub(u64::from(limit));
        let wanted = u32::try_from(before - after).unwrap_or(limit);
        let page = self.0.shared.store.audit_after(after, wanted).await;
        let (rows, _) = page?;
        Ok(rows.into_iter().rev().filter(|it| it.seq < row).map(AuditEntry::from).collect())
    }

    #[cfg(feature = "alerts")]
    fn alerts(&self) -> Option<AlertsStatus> {
        let job = self.0.shared.alerts.as_ref()?;
        Some(AlertsStatus::new(job.failed()))
    }

    async fn export_audit(&self, after: u64) -> Result<AuditPage, InstallError> {
        let page = export(&*self.0.shared.store, after).await;
        page.map_err(InstallError::from)
    }
}

/// What is said where there is no machine info: no license needs to be there.
fn no_machine_info(ladder: &MachineLadder) -> String {
    let wrong = "This machine's identity cannot be read, and machine info names the machine by it.";
    match ladder.remedy() {
        Some(remedy) => {
            format!("{wrong} To mend it, {remedy}, then try again; the log has the details.")
        }
        None => format!("{wrong} The log has the details."),
    }
}

/// A part of the audit history, and at its end where the chain ends.
async fn export(store: &dyn Store, after: u64) -> Result<AuditPage, StoreError> {
    let (rows, end) = store.audit_after(after, AUDIT_PAGE).await?;
    let Some(last) = rows.last() else { return Ok(AuditPage::new(end.to_line(), None)) };
    let next = Some(last.seq);
    Ok(AuditPage::new(rows.iter().map(AuditRow::to_line).collect::<String>(), next))
}

impl LeaseHosts for LicenseManager {
    type Lease = LeaseGuard;

    fn licensing(&self) -> &Licensing {
        self.licensing()
    }

    fn lease_ttl(&self) -> Duration {
        self.0.shared.leases.ttl()
    }

    async fn lease(&self, limit: &str, host: HostId) -> Result<LeaseGuard, Denial> {
        Ok(self.leases(limit).acquire(host).await?)
    }
}

/// The bytes to verify; `None` where they are too many to be copied.
fn bounded(token: &[u8]) -> Option<Vec<u8>> {
    (token.len() <= Token::MAX_RECEIVED_BYTES).then(|| token.to_vec())
}

impl Shared {
    async fn status(&self) -> Status {
        self.count_used().await;
        self.licensing.status(|_| None)
    }

    /// Logs what has changed of license and phase since the last call, in the
    /// product's words; everything at the first. Says what administrators
    /// should know of the service.
    fn announce(&self) {
        self.report_warnings();
        let mut announcer = self.announcer.lock().unwrap_or_else(PoisonError::into_inner);
        announcer.due().iter().for_each(LogLine::log);
    }
}

impl fmt::Debug for LicenseManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LicenseManager")
            .field("licensing", &self.0.shared.licensing)
            .field("store", &self.0.shared.store)
            .finish_non_exhaustive()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<LicenseManager>();
