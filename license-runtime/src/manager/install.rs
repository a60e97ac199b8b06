//! Installing: verify, judge, persist, swap, under one lock.

use std::{net::IpAddr, sync::Arc};

use license_core::{
    InstallError, InstallErrorKind, TokenDigest, VerifiedLicense,
    licensing::{Admission, InstallRequest, Installation, StoredState},
    token::DecodedToken,
};

use super::{Shared, StoreView};
use crate::{
    audit::{AuditRecord, Outcome},
    store::{StoreError, StoreErrorKind},
};

/// A token that was looked at.
pub(super) struct Read {
    /// Its identity, where it could be parsed.
    pub(super) digest: Option<TokenDigest>,
    pub(super) verified: Result<VerifiedLicense, InstallError>,
}

/// How often an installation starts over because another instance was faster.
pub(super) const ATTEMPTS: u32 = 5;
/// How much of an actor's name is kept.
const MAX_NAME_CHARS: usize = 256;

impl Shared {
    /// Installs a token; `None` is one that is too large.
    pub(super) async fn install(
        self: Arc<Self>,
        token: Option<Vec<u8>>,
        request: InstallRequest,
    ) -> Result<(), InstallError> {
        let mut known = self.known.lock().await;
        self.settle(&mut known).await;
        self.find_machine().await;
        let read = self.read_expected(token, request.expect).await;
        let record = self.audit_record(&request.actor.name, request.actor.address, &read);
        let result = match read.verified {
            Ok(verified) => self.install_upload(&mut known, &verified, &request, &record).await,
            Err(error) => Err(error),
        };
        match &result {
            Ok(outcome) => tracing::info!(%outcome, "license installation"),
            Err(error) => self.refused(error, record).await,
        }
        drop(known);
        self.announce();
        result.map(drop)
    }

    /// Installs what was uploaded, also where sources decide: a file that uploads
    /// replace is written first, any other source has the last word.
    async fn install_upload(
        &self,
        known: &mut StoreView,
        verified: &VerifiedLicense,
        request: &InstallRequest,
        record: &AuditRecord,
    ) -> Result<Outcome, InstallError> {
        #[cfg(feature = "sources")]
        if !self.sources.is_empty() {
            // What is refused leaves the file alone.
            let (time, host) = (self.shared_time(), request.host.as_deref());
            drop(self.licensing.control().prepare_by(time, verified, host, request.force)?);
            let replacement = self.replacement(known, verified.token().as_str()).await?;
            let outcome = self.install_verified(known, verified, request, record).await?;
            match replacement {
                Some(replacement) => self.replace_file(known, replacement).await?,
                None => self.reassert_source(known).await,
            }
            return Ok(outcome);
        }
        self.install_verified(known, verified, request, record).await
    }

    async fn install_verified(
        &self,
        known: &mut StoreView,
        verified: &VerifiedLicense,
        request: &InstallRequest,
        record: &AuditRecord,
    ) -> Result<Outcome, InstallError> {
        let host = request.host.as_deref();
        let time = self.shared_time();
        let prepare = || self.licensing.control().prepare_by(time, verified, host, request.force);
        let outcome = self.apply(known, prepare, record).await?;
        if outcome == Outcome::Unchanged {
            let record = AuditRecord { outcome: outcome.to_string(), ..record.clone() };
            self.count(&record.outcome);
            self.store.record(record).await.map_err(|error| self.not_stored(error))?;
            self.store_health.was_written();
        }
        Ok(outcome)
    }

    /// Verifies away from the threads that serve requests. A panic there is
    /// an internal error.
    pub(super) async fn read(&self, token: Option<Vec<u8>>) -> Read {
        self.read_expected(token, None).await
    }

    /// Reads and verifies a token, but only the license of this digest.
    pub(super) async fn read_expected(
        &self,
        token: Option<Vec<u8>>,
        expect: Option<TokenDigest>,
    ) -> Read {
        let Some(token) = token else {
            let verified = Err(InstallErrorKind::TokenTooLarge.into());
            return Read { digest: None, verified };
        };
        let licensing = self.licensing.clone();
        let task = tokio::task::spawn_blocking(move || {
            let decoded = match DecodedToken::read(&token) {
                Ok(decoded) => decoded,
                Err(error) => return Read { digest: None, verified: Err(error) },
            };
            let digest = decoded.digest();
            let verified = match expect.is_some_and(|expect| expect != digest) {
                true => Err(InstallErrorKind::NotPreviewed.into()),
                false => licensing.control().verify_decoded(decoded),
            };
            Read { digest: Some(digest), verified }
        });
        task.await.unwrap_or_else(|_| Read {
            digest: None,
            verified: Err(InstallErrorKind::Internal.into()),
        })
    }

    /// Judges a license against what is installed, stores it and puts it in
    /// force. One that is installed already leaves no trace.
    pub(super) async fn apply(
        &self,
        known: &mut StoreView,
        prepare: impl Fn() -> Result<Installation, InstallError>,
        record: &AuditRecord,
    ) -> Result<Outcome, InstallError> {
        for _ in 0..ATTEMPTS {
            let installation = prepare()?;
            let outcome = match installation.admission() {
                Admission::Unchanged => return Ok(Outcome::Unchanged),
                Admission::Next => Outcome::Scheduled,
                _ => Outcome::Installed,
            };
            let record = AuditRecord { outcome: outcome.to_string(), ..record.clone() };
            match self.persist(known, installation.saved(), record).await {
                Ok(()) => {
                    self.licensing.control().commit(installation);
                    self.remember_machine(&self.licensing.control().machine()).await;
                    return Ok(outcome);
                }
                Err(error) if error.kind() == StoreErrorKind::Conflict => {
                    let known = self.follow(known).await;
                    if !known.map_err(|error| self.not_stored(error))? {
                        // Another instance has to judge it: what is installed
                        // has not begun by this clock.
                        return Err(InstallError::from(error));
                    }
                }
                Err(error) => return Err(self.not_stored(error)),
            }
        }
        Err(InstallError::from(StoreError::new(StoreErrorKind::Conflict)))
    }

    /// Stores the license state. When it returns `Ok` the store holds exactly
    /// this; when it fails, memory must stay as it is.
    pub(super) async fn persist(
        &self,
        known: &mut StoreView,
        mut saved: StoredState,
        record: AuditRecord,
    ) -> Result<(), StoreError> {
        saved.clock = self.mark_to_keep(known, saved.clock);
        let outcome = record.outcome.clone();
        match self.store.install(known.revision, &saved, record).await {
            Ok(revision) => {
                self.count(&outcome);
                known.revision = revision;
                known.clock = saved.clock;
                self.store_health.was_written();
                Ok(())
            }
            Err(error) if error.kind() == StoreErrorKind::Conflict => Err(error),
            Err(error) => match self.store.load().await {
                // It was kept, and only the answer was lost.
                Ok(loaded)
                    if loaded.revision == known.revision.saturating_add(1)
                        && has_same_licenses(&loaded.saved, &saved) =>
                {
                    self.count(&outcome);
                    known.revision = loaded.revision;
                    known.clock = saved.clock;
                    Ok(())
                }
                Ok(loaded) if loaded.revision == known.revision => Err(error),
                _ => {
                    known.in_doubt = true;
                    Err(error)
                }
            },
        }
    }

    /// Counts an installation, where figures are wanted.
    pub(super) fn count(&self, outcome: &str) {
        #[cfg(feature = "metrics")]
        crate::metrics::installation(outcome);
        #[cfg(not(feature = "metrics"))]
        let _ = outcome;
    }

    fn not_stored(&self, error: StoreError) -> InstallError {
        self.store_health.write_failed(&error);
        InstallError::from(error)
    }

    pub(super) fn audit_record(
        &self,
        actor: &str,
        address: Option<IpAddr>,
        read: &Read,
    ) -> AuditRecord {
        let mut record = self.record_of(actor, address);
        record.digest = read.digest;
        // Only what was verified: an unverified id is a stranger's text.
        let id = read.verified.as_ref().ok().map(|verified| verified.license().id());
        record.license_id = id.map(str::to_owned);
        record
    }

    /// A record of what somebody does now.
    pub(super) fn record_of(&self, actor: &str, address: Option<IpAddr>) -> AuditRecord {
        let name: String = actor.chars().take(MAX_NAME_CHARS).map(printable).collect();
        let mut record = AuditRecord::new(self.licensing.clock().now(), name, "");
        record.address = address.map(|address| address.to_string());
        record
    }

    /// Notes a refusal. That the store cannot keep it changes nothing.
    async fn refused(&self, error: &InstallError, record: AuditRecord) {
        let (code, reason) = (error.code(), error.reason());
        tracing::warn!(code, reason, "license installation refused");
        self.record_refusal(error.kind(), record).await;
    }

    pub(super) async fn record_refusal(&self, kind: InstallErrorKind, mut record: AuditRecord) {
        record.outcome = Outcome::Refused(kind).to_string();
        self.count(&record.outcome);
        match self.store.record(record).await {
            Ok(()) => self.store_health.was_written(),
            Err(error) => self.store_health.write_failed(&error),
        }
    }
}

/// The clock mark may have been saved again in between.
fn has_same_licenses(one: &StoredState, other: &StoredState) -> bool {
    one.current == other.current
        && one.next == other.next
        && one.newest_issued_at == other.newest_issued_at
        && one.last_reset == other.last_reset
}

/// Not every store can keep a control character.
fn printable(character: char) -> char {
    if character.is_control() { char::REPLACEMENT_CHARACTER } else { character }
}
