//! What administrators do with a license, as one seam: HTTP routes know
//! installing, machine info and the audit history only through [`Installer`].

use std::future::Future;

use serde::Serialize;

use crate::{
    licensing::{InstallRequest, Licensing},
    machine::MachineInfo,
    refusal::InstallError,
    report::{DryRun, Status},
    time::Timestamp,
};

/// One row of the audit history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
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

impl AuditPage {
    /// A part, and behind which row the next one begins.
    pub fn new(lines: impl Into<String>, next: Option<u64>) -> Self {
        Self { lines: lines.into(), next }
    }
}

impl AuditEntry {
    /// A row without address and license id.
    pub fn new(at: Timestamp, actor: impl Into<String>, outcome: impl Into<String>) -> Self {
        Self { at, actor: actor.into(), address: None, license_id: None, outcome: outcome.into() }
    }
}
