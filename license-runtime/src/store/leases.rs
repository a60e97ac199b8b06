//! What a store and the leases of a service say to each other.
//!
//! A *lease* says that a host is connected to an instance of the service, a
//! *node*. It lives as long as its node does: a node
//! [beats](LeaseStore::beat) every third of its TTL, which renews all its
//! leases at once, however many there are. A host counts once, however many
//! nodes hold a lease for it.
//!
//! The store's clock alone decides when a node has not beaten for too long.
//! Whoever changes the leases of a limit then sweeps that node first: its
//! leases are gone, and the node is told so when it comes back. Until it is
//! swept a late beat still counts.

use std::time::Duration;

use async_trait::async_trait;
use license_core::HostId;

use crate::store::StoreError;

/// Counts live hosts, perhaps for several instances of the service.
#[async_trait]
pub trait LeaseStore {
    /// Says that a node lives, for `ttl` from now on. `None`, or a node that
    /// was swept, enters a new one, which holds no lease yet; the node that
    /// is returned tells.
    ///
    /// When nobody has beaten for much longer than the heartbeat (a third of
    /// `ttl`) and a node with leases is overdue, the store was away, and
    /// nobody is to blame: for one heartbeat no node is swept and nobody new
    /// is granted a lease, so that all can beat first.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn beat(&self, node: Option<LeaseNode>, ttl: Duration) -> Result<LeaseNode, StoreError>;

    /// Sweeps overdue nodes other than this, then releases, then acquires, in
    /// the order given, all of it or nothing; what a sweep removes may be gone
    /// in steps before. Over all nodes the hosts that are granted a lease never
    /// exceed the cap by it. `None`: this node was swept, and nothing is done.
    ///
    /// # Errors
    ///
    /// `Unavailable`. It may have been done all the same; a later call comes
    /// after it.
    async fn change_leases(
        &self,
        node: LeaseNode,
        changes: LeaseChanges,
    ) -> Result<Option<LeaseAnswers>, StoreError>;

    /// How many hosts hold a lease of a limit.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn leased(&self, limit: &str) -> Result<u64, StoreError>;

    /// Ends a node and all its leases.
    ///
    /// # Errors
    ///
    /// `Unavailable`: they end with the node's TTL.
    async fn leave(&self, node: LeaseNode) -> Result<(), StoreError>;
}

/// Counts where somebody else does.
macro_rules! forward_leases {
    ([$($generics:tt)*] $type:ty, $store:ident => $leases:expr) => {
        #[::async_trait::async_trait]
        impl<$($generics)*> $crate::LeaseStore for $type {
            async fn beat(
                &self,
                node: Option<$crate::LeaseNode>,
                ttl: ::std::time::Duration,
            ) -> Result<$crate::LeaseNode, $crate::StoreError> {
                let $store = self;
                ($leases).beat(node, ttl).await
            }

            async fn change_leases(
                &self,
                node: $crate::LeaseNode,
                changes: $crate::LeaseChanges,
            ) -> Result<Option<$crate::LeaseAnswers>, $crate::StoreError> {
                let $store = self;
                ($leases).change_leases(node, changes).await
            }

            async fn leased(&self, limit: &str) -> Result<u64, $crate::StoreError> {
                let $store = self;
                ($leases).leased(limit).await
            }

            async fn leave(&self, node: $crate::LeaseNode) -> Result<(), $crate::StoreError> {
                let $store = self;
                ($leases).leave(node).await
            }
        }
    };
}
pub(crate) use forward_leases;

/// An instance of the service, by the number that the store gave it. No
/// number is given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeaseNode(u64);

/// What a node wants to be changed in the leases of one limit. A host is
/// named at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseChanges {
    /// The name of the limit.
    pub limit: String,
    /// How many hosts may hold a lease; `None` is unlimited.
    pub cap: Option<u64>,
    /// Leases of this node to end.
    pub releases: Vec<LeaseRelease>,
    /// Hosts for which this node wants a lease.
    pub claims: Vec<LeaseClaim>,
}

/// A lease to end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseRelease {
    /// The host.
    pub host: HostId,
    /// The generation that was granted; a later one stays. `None` is any.
    pub generation: Option<u64>,
}

/// A host that wants a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseClaim {
    /// The host.
    pub host: HostId,
    /// On what ground.
    pub basis: LeaseBasis,
}

/// On what ground a host wants a lease. One that counts already is granted one
/// in any case but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseBasis {
    /// It connects.
    New,
    /// It has been connected all the time, and its lease was lost with the
    /// node.
    Returning,
    /// It connects, and the cap is observed and not enforced.
    Uncapped,
    /// It shows the generation of a lease that is to go on, granted by
    /// whichever node. Without that lease it is refused.
    Renewing(u64),
}

/// What became of the claims.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseAnswers {
    /// One for each claim, in their order.
    pub verdicts: Vec<LeaseVerdict>,
    /// How many hosts hold a lease now, on all nodes.
    pub used: u64,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseVerdict {
    /// Granted. Every grant has a number of its own, and a later one a higher.
    Granted(u64),
    /// The cap is reached.
    Full,
    /// The store was away a moment ago, and those who held leases come first.
    Settling,
    /// There is no lease of that generation any more.
    Lost,
}

impl LeaseNode {
    /// The node of this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl LeaseChanges {
    /// No change.
    pub fn new(limit: impl Into<String>, cap: Option<u64>) -> Self {
        Self { limit: limit.into(), cap, releases: Vec::new(), claims: Vec::new() }
    }

    /// Ends the lease of a host as well.
    #[must_use]
    pub fn release(mut self, host: HostId, generation: Option<u64>) -> Self {
        self.releases.push(LeaseRelease { host, generation });
        self
    }

    /// Wants a lease for a host as well.
    #[must_use]
    pub fn claim(mut self, host: HostId, basis: LeaseBasis) -> Self {
        self.claims.push(LeaseClaim { host, basis });
        self
    }
}

impl LeaseAnswers {
    /// Answers, and how many hosts hold a lease.
    pub const fn new(verdicts: Vec<LeaseVerdict>, used: u64) -> Self {
        Self { verdicts, used }
    }
}

/// How long nobody may have beaten before the store counts as having been
/// away: half a heartbeat more than one.
pub(crate) fn longest_silence(ttl: Duration) -> Duration {
    ttl / 2
}

/// For how long nobody new is granted a lease then: one heartbeat.
pub(crate) fn settling_time(ttl: Duration) -> Duration {
    ttl / 3
}

/// Judges claims one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaseJudge {
    pub(crate) cap: Option<u64>,
    /// How many hosts count.
    pub(crate) used: u64,
    pub(crate) settling: bool,
}

impl LeaseJudge {
    /// Why a claim is refused; `None` where it is granted, and its host counts
    /// from now on. `held` are the generations of the leases that the host
    /// has.
    pub(crate) fn refusal(&mut self, basis: LeaseBasis, held: &[u64]) -> Option<LeaseVerdict> {
        if let LeaseBasis::Renewing(generation) = basis {
            return (!held.contains(&generation)).then_some(LeaseVerdict::Lost);
        }
        if !held.is_empty() {
            return None;
        }
        if self.settling && basis != LeaseBasis::Returning {
            return Some(LeaseVerdict::Settling);
        }
        if basis != LeaseBasis::Uncapped && self.cap.is_some_and(|cap| self.used >= cap) {
            return Some(LeaseVerdict::Full);
        }
        self.used = self.used.saturating_add(1);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{LeaseBasis::*, *};

    fn judge(used: u64, settling: bool) -> LeaseJudge {
        LeaseJudge { cap: Some(3), used, settling }
    }

    #[test]
    fn hosts_get_in_up_to_the_cap() {
        let mut judge = judge(1, false);
        let refusals = [New, Returning, New, Returning].map(|basis| judge.refusal(basis, &[]));
        assert_eq!(refusals, [None, None, Some(LeaseVerdict::Full), Some(LeaseVerdict::Full)]);
        assert_eq!(judge.used, 3);
        assert_eq!(judge.refusal(Uncapped, &[]), None);
        assert_eq!(judge.used, 4);
    }

    #[test]
    fn a_host_that_counts_gets_in_above_the_cap_and_counts_once() {
        let mut judge = judge(7, true);
        for basis in [New, Returning, Uncapped, Renewing(5)] {
            assert_eq!(judge.refusal(basis, &[4, 5]), None);
        }
        assert_eq!(judge.used, 7);
    }

    #[test]
    fn a_generation_that_is_not_there_is_lost() {
        assert_eq!(judge(0, false).refusal(Renewing(6), &[4, 5]), Some(LeaseVerdict::Lost));
        assert_eq!(judge(0, false).refusal(Renewing(6), &[]), Some(LeaseVerdict::Lost));
    }

    #[test]
    fn while_a_store_settles_only_those_who_were_there_get_in() {
        let mut judge = judge(0, true);
        assert_eq!(judge.refusal(New, &[]), Some(LeaseVerdict::Settling));
        assert_eq!(judge.refusal(Uncapped, &[]), Some(LeaseVerdict::Settling));
        assert_eq!(judge.refusal(Returning, &[]), None);
    }
}
