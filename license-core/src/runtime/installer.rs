//! What administrators do with a license, as one seam: HTTP routes know
//! installing, machine info and the audit history only through [`Installer`].

use std::future::{Future, ready};

use serde::Serialize;

use crate::{
    licensing::{InstallRequest, Licensing},
    machine::MachineInfo,
    refusal::InstallError,
    report::{Diagnosis, DryRun, Status, Surroundings},
    time::Timestamp,
};

/// One row of the audit history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its number, from 1 on without gaps. Not serialised.
    #[serde(skip)]
    pub row: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: String,
    /// From where.
    pub address: Option<String>,
    /// The license's id, where its signature and claims were good.
    pub license_id: Option<String>,
    /// `installed`, `scheduled`, `unchanged`, `took_over`, `expired`,
    /// `removed`, or `refused:` and the code.
    pub outcome: String,
}

/// How alerts about a license are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertsStatus {
    /// The latest failure that nothing has made good since.
    pub failed: Option<AlertFailure>,
}

/// An alert that reached nobody, or not everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlertFailure {
    /// When it was tried last.
    pub at: Timestamp,
    /// The stable code: `delivery`, `recipients`, `no_recipients`, `store` or
    /// `broken_off`.
    pub code: &'static str,
    /// What the delivery said, in English; names nobody.
    pub reason: String,
}

/// A part of the audit history as JSON lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditPage {
    /// Whole lines, oldest first.
    pub lines: String,
    /// Behind which row the next part begins; `None` at the end.
    pub next: Option<u64>,
}

/// What the license routes ask: installing, the status, machine info and the
/// audit history. Implemented by `license_runtime::LicenseManager`.
pub trait Installer: Clone + Send + Sync + 'static {
    /// The handle that installations change.
    fn licensing(&self) -> &Licensing;

    /// Installs a license.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the token, the machine, the moment or the
    /// store; what was installed stays.
    fn install(
        &self,
        token: &[u8],
        request: InstallRequest,
    ) -> impl Future<Output = Result<Status, InstallError>> + Send;

    /// Tells what [`install`](Self::install) would do, and changes nothing.
    fn dry_run(&self, token: &[u8], request: InstallRequest)
    -> impl Future<Output = DryRun> + Send;

    /// Examines the license and the service around it; changes nothing. `host` is
    /// the name by which the service is being used.
    fn diagnose(&self, host: Option<String>) -> impl Future<Output = Diagnosis> + Send {
        let surroundings = Surroundings::new().host(host);
        ready(self.licensing().control().diagnose(None, &surroundings))
    }

    /// The full status, with how much of each limit is used.
    fn status(&self) -> impl Future<Output = Status> + Send;

    /// Machine info for the vendor.
    ///
    /// # Errors
    ///
    /// `fingerprint_unavailable`; `store_unavailable` where the installation has
    /// no name yet and none can be kept.
    fn machine_info(&self) -> impl Future<Output = Result<MachineInfo, InstallError>> + Send;

    /// The newest rows of the audit history, newest first.
    ///
    /// # Errors
    ///
    /// `store_unavailable`.
    fn audit(
        &self,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AuditEntry>, InstallError>> + Send;

    /// At most `limit` rows of the audit history before the row of this number,
    /// newest first.
    ///
    /// # Errors
    ///
    /// `store_unavailable`.
    fn audit_before(
        &self,
        row: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AuditEntry>, InstallError>> + Send;

    /// How alerts about the license are doing; `None` where none are set up.
    fn alerts(&self) -> Option<AlertsStatus> {
        None
    }

    /// The part of the audit history behind the row of this number, 0 for the
    /// first part, in a form by which others can verify that nothing is
    /// missing and nothing was changed.
    ///
    /// # Errors
    ///
    /// `store_unavailable`.
    fn export_audit(
        &self,
        after: u64,
    ) -> impl Future<Output = Result<AuditPage, InstallError>> + Send;
}

impl AlertsStatus {
    /// Alerts that are set up, and what went wrong last.
    pub fn new(failed: Option<AlertFailure>) -> Self {
        Self { failed }
    }
}

impl AlertFailure {
    /// A failure.
    pub fn new(at: Timestamp, code: &'static str, reason: impl Into<String>) -> Self {
        Self { at, code, reason: reason.into() }
    }
}

impl AuditPage {
    /// A part, and behind which row the next one begins.
    pub fn new(lines: impl Into<String>, next: Option<u64>) -> Self {
        Self { lines: lines.into(), next }
    }
}

impl AuditEntry {
    /// A row without address and license id.
    pub fn new(at: Timestamp, actor: impl Into<String>, outcome: impl Into<String>) -> Self {
        Self {
            row: 0,
            at,
            actor: actor.into(),
            address: None,
            license_id: None,
            outcome: outcome.into(),
        }
    }
}
