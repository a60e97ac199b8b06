//! Which alerts were sent, and who is sending one.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use license_core::TokenDigest;

use crate::store::StoreError;

/// Sees to it that one of many sends an alert, and only once. One claim at a
/// time is held for a license, whatever the milestone; an alert that was sent
/// counts for every larger milestone as well.
#[async_trait]
pub trait AlertStore {
    /// Claims the alert of a milestone (days before the end of a license) for
    /// this long, by the store's clock: nobody else gets it meanwhile. The
    /// holder of a claim may claim again, for longer.
    ///
    /// # Errors
    ///
    /// `Unavailable`. It may be claimed all the same.
    async fn claim_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
        time: Duration,
    ) -> Result<AlertClaim, StoreError>;

    /// Notes that an alert was sent, and ends this holder's claim.
    ///
    /// # Errors
    ///
    /// `Unavailable`. It may be noted all the same; noting it twice does no
    /// harm.
    async fn confirm_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
    ) -> Result<(), StoreError>;

    /// Ends this holder's claim; nothing was sent.
    ///
    /// # Errors
    ///
    /// `Unavailable`. The claim ends by itself, then.
    async fn release_alert(&self, holder: u64, license: TokenDigest) -> Result<(), StoreError>;

    /// The smallest milestone whose alert was sent for a license.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn sent_alert(&self, license: TokenDigest) -> Result<Option<u32>, StoreError>;
}

/// What became of the wish to send an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlertClaim {
    /// It is the caller's.
    Granted,
    /// It was sent, or that of a smaller milestone was.
    Sent,
    /// Somebody else is sending one.
    Busy,
}

/// Whether an alert needs not be sent: it was, or that of a smaller milestone.
pub(crate) fn is_sent(sent: Option<u32>, milestone: u32) -> bool {
    sent.is_some_and(|sent| sent <= milestone)
}

/// What is known of the alerts of one license, in a store that keeps it in
/// memory.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AlertState {
    sent: Option<u32>,
    /// Who sends one, and until when at most, on a monotonic clock.
    claim: Option<(u64, Duration)>,
}

impl AlertState {
    pub(crate) fn claim(
        &mut self,
        holder: u64,
        milestone: u32,
        now: Duration,
        time: Duration,
    ) -> AlertClaim {
        if is_sent(self.sent, milestone) {
            return AlertClaim::Sent;
        }
        if self.claim.is_some_and(|(other, until)| other != holder && now < until) {
            return AlertClaim::Busy;
        }
        self.claim = Some((holder, now.saturating_add(time)));
        AlertClaim::Granted
    }

    pub(crate) fn confirm(&mut self, holder: u64, milestone: u32) {
        self.sent = Some(self.sent.map_or(milestone, |sent| sent.min(milestone)));
        self.release(holder);
    }

    pub(crate) fn release(&mut self, holder: u64) {
        self.claim = self.claim.filter(|(other, _)| *other != holder);
    }

    pub(crate) fn sent(&self) -> Option<u32> {
        self.sent
    }
}

#[async_trait]
impl<S: AlertStore + Send + Sync + ?Sized> AlertStore for Arc<S> {
    async fn claim_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
        time: Duration,
    ) -> Result<AlertClaim, StoreError> {
        (**self).claim_alert(holder, license, milestone, time).await
    }

    async fn confirm_alert(
        &self,
        holder: u64,
        license: TokenDigest,
        milestone: u32,
    ) -> Result<(), StoreError> {
        (**self).confirm_alert(holder, license, milestone).await
    }

    async fn release_alert(&self, holder: u64, license: TokenDigest) -> Result<(), StoreError> {
        (**self).release_alert(holder, license).await
    }

    async fn sent_alert(&self, license: TokenDigest) -> Result<Option<u32>, StoreError> {
        (**self).sent_alert(license).await
    }
}
