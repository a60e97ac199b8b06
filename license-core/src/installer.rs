//! What administrators do with a license, as one seam: HTTP routes know
//! installing, machine info and the audit history only through [`Installer`].

use std::{future::Future, net::IpAddr};

use serde::Serialize;

use crate::{
    InstallError, Licensing, MachineInfo, Status, Timeline, Timestamp, TokenDigest, Warning,
    WarningLevel,
};

/// Who installs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Actor {
    /// The administrator's name or address, as the product knows it. Kept in
    /// the audit history, never in a log.
    pub name: String,
    /// Where the request came from.
    pub address: Option<IpAddr>,
}

/// Who installs, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InstallRequest {
    /// Who installs.
    pub actor: Actor,
    /// The host name by which the service is being used, if there is one.
    pub host: Option<String>,
    /// Install even if the license's domain locks this host out.
    pub force: bool,
    /// Install only the license of this digest, which a dry run has told.
    pub expect: Option<TokenDigest>,
}

/// What an installation would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DryRun {
    /// Whether it would succeed.
    pub would_install: bool,
    /// The code with which it would be refused.
    pub code: Option<&'static str>,
    /// The license's identity, for [`InstallRequest::expect`]; `None` for
    /// what is no license at all.
    pub digest: Option<TokenDigest>,
    /// When the license would take effect; `None` where it is refused.
    pub begins: Option<Timestamp>,
    /// What the license gives that is not there now; see
    /// [`Difference`](crate::Difference).
    pub gained: Vec<String>,
    /// What is there now and would not be any more.
    pub lost: Vec<String>,
    /// What to know before installing; written as a list of texts.
    #[serde(serialize_with = "Warning::texts")]
    pub warnings: Vec<Warning>,
    /// What happens without it.
    pub timeline_now: Timeline,
    /// What would happen with it.
    pub timeline_then: Timeline,
}

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
    /// The license's id, where the token could be read so far.
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

/// Installs licenses. Implemented by `license_runtime::LicenseManager`.
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
    /// `fingerprint_unavailable`.
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

impl Actor {
    /// An actor of this name, from this address.
    pub fn new(name: impl Into<String>, address: Option<IpAddr>) -> Self {
        Self { name: name.into(), address }
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
        Self { at, actor: actor.into(), address: None, license_id: None, outcome: outcome.into() }
    }
}

impl DryRun {
    /// That it would be refused.
    pub fn refused(digest: Option<TokenDigest>, error: &InstallError, timeline: Timeline) -> Self {
        let warning = Warning::new(error.code(), WarningLevel::Warning, error.detail());
        Self {
            code: Some(error.code()),
            digest,
            warnings: vec![warning],
            timeline_then: timeline.clone(),
            timeline_now: timeline,
            ..Self::default()
        }
    }
}

impl InstallRequest {
    /// A request by an actor, without a host and without force.
    pub fn new(actor: Actor) -> Self {
        Self { actor, host: None, force: false, expect: None }
    }

    /// Names the host by which the service is being used.
    #[must_use]
    pub fn host(mut self, host: Option<String>) -> Self {
        self.host = host;
        self
    }

    /// Installs even if the license's domain locks this host out.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Installs only the license of this digest.
    #[must_use]
    pub fn expect(mut self, digest: Option<TokenDigest>) -> Self {
        self.expect = digest;
        self
    }
}
