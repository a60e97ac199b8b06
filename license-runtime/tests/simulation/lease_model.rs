//! What a shared store must answer about leases: the rules once more, plainly,
//! and all of them checked at every call.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use license_core::HostId;
use license_runtime::{LeaseAnswers, LeaseBasis, LeaseChanges, LeaseNode, LeaseVerdict};

/// Every node and lease of one limit, as the answers of the store told.
#[derive(Debug, Default)]
pub(crate) struct LeaseModel {
    /// When each node has beaten.
    nodes: BTreeMap<LeaseNode, Duration>,
    /// The generation of each lease.
    leases: BTreeMap<HostId, BTreeMap<LeaseNode, u64>>,
    last_beat: Option<Duration>,
    settled_from: Duration,
    /// Since when each host counts, and when the others stopped to.
    since: BTreeMap<HostId, Duration>,
    until: BTreeMap<HostId, Duration>,
    pub(crate) seen: Seen,
}

/// How often something happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) granted: u64,
    pub(crate) full: u64,
    pub(crate) settling: u64,
    pub(crate) swept: u64,
    pub(crate) told_swept: u64,
    pub(crate) above_cap: u64,
}

pub(crate) const TTL: Duration = Duration::from_secs(30);

impl LeaseModel {
    /// How many hosts count.
    pub(crate) fn count(&self) -> u64 {
        self.leases.len() as u64
    }

    /// Since when a host counts.
    pub(crate) fn counts_since(&self, host: &HostId) -> Option<Duration> {
        self.since.get(host).copied()
    }

    /// Whether a host counted at `moment` or later.
    pub(crate) fn counted_after(&self, host: &HostId, moment: Duration) -> bool {
        self.since.contains_key(host) || self.until.get(host).is_some_and(|until| *until >= moment)
    }

    /// The hosts that count for this node.
    pub(crate) fn hosts_of(&self, node: LeaseNode) -> BTreeSet<HostId> {
        let of = self.leases.iter().filter(|(_, held)| held.contains_key(&node));
        of.map(|(host, _)| host.clone()).collect()
    }

    /// Whether nobody new is let in, or was `before` a moment ago.
    pub(crate) fn settles(&self, now: Duration, before: Duration) -> bool {
        now < self.settled_from + before || self.was_away(now)
    }

    /// A beat that the store has answered.
    pub(crate) fn beat(
        &mut self,
        now: Duration,
        node: Option<LeaseNode>,
        answer: LeaseNode,
    ) -> Result<(), String> {
        if self.was_away(now) {
            self.settled_from = now + TTL / 3;
        }
        self.last_beat = Some(now);
        let known = node.is_some_and(|node| self.nodes.contains_key(&node));
        let same = node == Some(answer);
        if known != same {
            return Err(format!("a beat of {node:?} gave {answer:?}; it was known: {known}"));
        }
        self.nodes.insert(answer, now);
        Ok(())
    }

    /// A change of leases that the store has answered. `cap` is that of the
    /// license on the node that asked.
    pub(crate) fn change(
        &mut self,
        now: Duration,
        node: LeaseNode,
        changes: &LeaseChanges,
        cap: Option<u64>,
        answers: Option<&LeaseAnswers>,
    ) -> Result<(), String> {
        let (true, Some(answers)) = (self.nodes.contains_key(&node), answers) else {
            self.seen.told_swept += 1;
            return match (self.nodes.contains_key(&node), answers) {
                (false, None) => Ok(()),
                (known, _) => Err(format!("{node:?}, known: {known}, was told {answers:?}")),
            };
        };
        let settling = now < self.settled_from || self.was_away(now);
        if !settling {
            self.sweep(now, Some(node));
        }
        for release in &changes.releases {
            let Some(held) = self.leases.get_mut(&release.host) else { continue };
            let ends = |generation| release.generation.is_none_or(|it| it == generation);
            if held.get(&node).is_some_and(|generation| ends(*generation)) {
                held.remove(&node);
            }
        }
        self.settle(now);
        for (claim, verdict) in changes.claims.iter().zip(&answers.verdicts) {
            let expected = self.expected(claim.basis, &claim.host, cap, settling);
            match (expected, *verdict) {
                (None, LeaseVerdict::Granted(generation)) => {
                    self.grant(now, node, &claim.host, generation, cap)?;
                }
                (Some(expected), verdict) if expected == verdict => match verdict {
                    LeaseVerdict::Full => self.seen.full += 1,
                    _ => self.seen.settling += 1,
                },
                (expected, verdict) => {
                    return Err(format!(
                        "{} on {node:?} was answered {verdict:?}, not {expected:?}; {} count of \
                         {cap:?}",
                        claim.host,
                        self.count()
                    ));
                }
            }
        }
        self.agrees(answers.used)
    }

    /// The number of hosts that the store has told.
    pub(crate) fn leased(&mut self, now: Duration, answer: u64) -> Result<(), String> {
        if now >= self.settled_from && !self.was_away(now) {
            self.sweep(now, None);
        }
        self.agrees(answer)
    }

    /// A node has left.
    pub(crate) fn leave(&mut self, now: Duration, node: LeaseNode) {
        self.end(now, &[node]);
    }

    fn agrees(&self, answer: u64) -> Result<(), String> {
        if answer == self.count() {
            return Ok(());
        }
        Err(format!("the store counts {answer} hosts, and there are {}", self.count()))
    }

    /// Why a claim must be refused, if so.
    fn expected(
        &self,
        basis: LeaseBasis,
        host: &HostId,
        cap: Option<u64>,
        settling: bool,
    ) -> Option<LeaseVerdict> {
        if self.leases.contains_key(host) {
            return None;
        }
        if settling && basis != LeaseBasis::Returning {
            return Some(LeaseVerdict::Settling);
        }
        cap.is_some_and(|cap| self.count() >= cap).then_some(LeaseVerdict::Full)
    }

    fn grant(
        &mut self,
        now: Duration,
        node: LeaseNode,
        host: &HostId,
        generation: u64,
        cap: Option<u64>,
    ) -> Result<(), String> {
        self.seen.granted += 1;
        let is_new = !self.leases.contains_key(host);
        self.leases.entry(host.clone()).or_default().insert(node, generation);
        self.since.entry(host.clone()).or_insert(now);
        self.until.remove(host);
        let above = cap.is_some_and(|cap| self.count() > cap);
        if above && is_new {
            return Err(format!("{host} on {node:?} is number {} of {cap:?}", self.count()));
        }
        self.seen.above_cap += u64::from(above);
        Ok(())
    }

    fn is_overdue(&self, node: &LeaseNode, now: Duration) -> bool {
        self.nodes.get(node).is_some_and(|beaten| now - *beaten >= TTL)
    }

    /// Whether nobody has beaten for half a TTL and a node with leases is
    /// overdue.
    fn was_away(&self, now: Duration) -> bool {
        self.last_beat.is_some_and(|beat| now - beat > TTL / 2)
            && self.leases.values().flat_map(BTreeMap::keys).any(|node| self.is_overdue(node, now))
    }

    fn sweep(&mut self, now: Duration, but: Option<LeaseNode>) {
        let nodes = self.nodes.keys().copied();
        let overdue = |node: &LeaseNode| Some(*node) != but && self.is_overdue(node, now);
        let swept: Vec<LeaseNode> = nodes.filter(overdue).collect();
        self.seen.swept += swept.len() as u64;
        self.end(now, &swept);
    }

    fn end(&mut self, now: Duration, nodes: &[LeaseNode]) {
        self.nodes.retain(|node, _| !nodes.contains(node));
        for held in self.leases.values_mut() {
            held.retain(|node, _| !nodes.contains(node));
        }
        self.settle(now);
    }

    /// Forgets the hosts without a lease.
    fn settle(&mut self, now: Duration) {
        let gone = self.leases.extract_if(.., |_, held| held.is_empty());
        for (host, _) in gone {
            self.since.remove(&host);
            self.until.insert(host, now);
        }
    }
}
