//! What a node knows of its hosts of one limit.
//!
//! Nothing here waits or talks to the store. A host is *reconciled*: whatever
//! happens to it changes its entry and queues it, and when its turn comes the
//! entry tells what the store has to be told, if anything.

use std::collections::{HashMap, VecDeque};

use license_core::{Denial, HostId};
use tokio::sync::oneshot;

use crate::store::{
    LeaseAnswers, LeaseBasis, LeaseChanges, LeaseClaim, LeaseNode, LeaseRelease, LeaseVerdict,
};

/// The hosts of a limit; `G` is the guard that a waiter gets.
#[derive(Debug)]
pub(super) struct Book<G> {
    hosts: HashMap<HostId, Entry<G>>,
    /// The node that holds the leases of the entries.
    node: Option<LeaseNode>,
    /// Hosts that are gone, connected hosts that lost their lease, and hosts
    /// that ask: the store is told in this order.
    leaving: VecDeque<HostId>,
    returning: VecDeque<HostId>,
    asking: VecDeque<HostId>,
    /// Connected hosts for which there was no place. They return before the
    /// next one asks, and when the node beats.
    left_out: VecDeque<HostId>,
    /// Whether somebody is talking to the store.
    pub(super) working: bool,
    pub(super) closed: bool,
}

#[derive(Debug)]
struct Entry<G> {
    guards: usize,
    held: Held,
    /// Whether the store is being told of it.
    in_flight: bool,
    /// Whether it stands among those who leave.
    leaving: bool,
    waiters: VecDeque<(LeaseBasis, Waiter<G>)>,
}

/// Whether the store holds a lease for a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    No,
    Yes(u64),
    /// An answer was lost.
    Perhaps,
}

/// Where somebody waits for a guard. It comes with its generation.
pub(super) type Waiter<G> = oneshot::Sender<Result<(G, u64), Refused>>;

/// Why a waiter gets nothing.
#[derive(Clone, Debug)]
pub(super) enum Refused {
    Denied(Denial),
    /// So many hold a lease, and so many may.
    Full {
        used: u64,
        cap: Option<u64>,
    },
    Settling,
    Lost,
    Failed,
}

/// What the store is being told of.
#[derive(Debug)]
pub(super) struct Flight {
    node: LeaseNode,
    cap: Option<u64>,
    releases: Vec<HostId>,
    claims: Vec<LeaseClaim>,
}

/// Who is to be told what; outside of the lock, for a guard that nobody wants
/// is dropped, and takes it.
#[derive(Debug)]
pub(super) struct Outcomes<G> {
    pub(super) granted: Vec<(HostId, u64, Waiter<G>)>,
    pub(super) refused: Vec<(Refused, HostId, Waiter<G>)>,
}

/// How many hosts the store is told of at once.
const MOST: usize = 4096;

// Derived, these would ask a guard to have a default.
impl<G> Default for Book<G> {
    fn default() -> Self {
        Self {
            hosts: HashMap::new(),
            node: None,
            leaving: VecDeque::new(),
            returning: VecDeque::new(),
            asking: VecDeque::new(),
            left_out: VecDeque::new(),
            working: false,
            closed: false,
        }
    }
}

impl<G> Default for Entry<G> {
    fn default() -> Self {
        Self {
            guards: 0,
            held: Held::No,
            in_flight: false,
            leaving: false,
            waiters: VecDeque::new(),
        }
    }
}

impl<G> Default for Outcomes<G> {
    fn default() -> Self {
        Self { granted: Vec::new(), refused: Vec::new() }
    }
}

impl<G> Entry<G> {
    /// What the store has to be told.
    fn claim(&mut self) -> Option<LeaseBasis> {
        while self.waiters.front().is_some_and(|(_, waiter)| waiter.is_closed()) {
            self.waiters.pop_front();
        }
        match self.waiters.front() {
            Some((basis, _)) => Some(*basis),
            None if self.guards > 0 && !matches!(self.held, Held::Yes(_)) => {
                Some(LeaseBasis::Returning)
            }
            None => None,
        }
    }

    fn is_idle(&self) -> bool {
        self.guards == 0 && self.waiters.is_empty() && !self.in_flight
    }
}

impl<G> Book<G> {
    /// Counts another connection of a host that is connected, or that was a
    /// moment ago while the leases of the `certain` node are there still.
    pub(super) fn join(&mut self, host: &HostId, certain: Option<LeaseNode>) -> bool {
        let Some(entry) = self.hosts.get_mut(host) else { return false };
        let certain = certain.is_some() && certain == self.node;
        let held = matches!(entry.held, Held::Yes(_)) && !entry.in_flight && certain;
        if entry.guards > 0 || held {
            entry.guards += 1;
            return true;
        }
        false
    }

    /// Asks the store for a host.
    pub(super) fn ask(&mut self, host: HostId, basis: LeaseBasis, waiter: Waiter<G>) {
        let entry = self.hosts.entry(host.clone()).or_default();
        entry.waiters.push_back((basis, waiter));
        if !entry.in_flight {
            self.asking.push_back(host);
        }
    }

    /// A connection has ended. Returns whether the store is to be told.
    pub(super) fn leave(&mut self, host: &HostId) -> bool {
        let Some(entry) = self.hosts.get_mut(host) else { return false };
        entry.guards = entry.guards.saturating_sub(1);
        if entry.guards > 0 || entry.in_flight || entry.leaving {
            return false;
        }
        entry.leaving = true;
        self.leaving.push_back(host.clone());
        true
    }

    /// Whether somebody waits in a queue. While the store is `away` only
    /// those count who ask.
    pub(super) fn has_work(&self, away: bool) -> bool {
        let others = self.returning.len() + self.leaving.len();
        !self.asking.is_empty() || (!away && others > 0)
    }

    /// Takes what the store is to be told. While it is `away` only of those
    /// who ask: what else fails leaves a doubt behind.
    pub(super) fn depart(
        &mut self,
        node: LeaseNode,
        limit: &str,
        cap: &Result<Option<u64>, Denial>,
        away: bool,
        told: &mut Outcomes<G>,
    ) -> Option<(Flight, LeaseChanges)> {
        self.settle_on(node);
        if !away && !self.asking.is_empty() && self.returning.is_empty() {
            let some = self.left_out.len().min(MOST / 2);
            self.returning = self.left_out.drain(..some).collect();
        }
        let mut changes = LeaseChanges::new(limit, cap.as_ref().ok().copied().flatten());
        let mut flight =
            Flight { node, cap: changes.cap, releases: Vec::new(), claims: Vec::new() };
        while changes.claims.len() + changes.releases.len() < MOST {
            let Some((host, left)) = self.pop(away) else { break };
            let Some(entry) = self.hosts.get_mut(&host) else { continue };
            if entry.in_flight {
                continue;
            }
            match (entry.claim(), cap) {
                // Left, and asks again: it stands among those who ask, behind
                // those who were connected all the time.
                (Some(_), _) if left => {}
                // Whoever is connected without a lease waits for a license.
                (Some(LeaseBasis::Returning), Err(_)) => self.left_out.push_back(host),
                (Some(_), Err(denial)) => {
                    let refused = Refused::Denied(denial.clone());
                    let waiters = entry.waiters.drain(..);
                    told.refused
                        .extend(waiters.map(|(_, waiter)| (refused.clone(), host.clone(), waiter)));
                    self.requeue(&host);
                }
                (Some(basis), Ok(_)) => {
                    entry.in_flight = true;
                    changes.claims.push(LeaseClaim { host, basis });
                }
                (None, _) if entry.guards > 0 => {}
                (None, _) => {
                    let generation = match entry.held {
                        Held::No => {
                            self.hosts.remove(&host);
                            continue;
                        }
                        Held::Yes(generation) => Some(generation),
                        Held::Perhaps => None,
                    };
                    entry.in_flight = true;
                    flight.releases.push(host.clone());
                    changes.releases.push(LeaseRelease { host, generation });
                }
            }
        }
        flight.claims.clone_from(&changes.claims);
        (!flight.releases.is_empty() || !flight.claims.is_empty()).then_some((flight, changes))
    }

    /// The next host, and whether it stood among those who leave.
    fn pop(&mut self, away: bool) -> Option<(HostId, bool)> {
        if away {
            return Some((self.asking.pop_front()?, false));
        }
        if let Some(host) = self.leaving.pop_front() {
            if let Some(entry) = self.hosts.get_mut(&host) {
                entry.leaving = false;
            }
            return Some((host, true));
        }
        let host = self.returning.pop_front().or_else(|| self.asking.pop_front())?;
        Some((host, false))
    }

    /// The store has answered.
    pub(super) fn arrive(
        &mut self,
        flight: Flight,
        answers: &LeaseAnswers,
        told: &mut Outcomes<G>,
    ) {
        if self.node != Some(flight.node) {
            return self.turn_back(flight);
        }
        for host in flight.releases {
            self.landed(&host, |entry| entry.held = Held::No);
        }
        let verdicts = answers.verdicts.iter().copied();
        for (claim, verdict) in flight.claims.into_iter().zip(verdicts) {
            let Some(entry) = self.hosts.get_mut(&claim.host) else { continue };
            let refused = match verdict {
                LeaseVerdict::Granted(generation) => {
                    entry.held = Held::Yes(generation);
                    None
                }
                LeaseVerdict::Full => Some(Refused::Full { used: answers.used, cap: flight.cap }),
                LeaseVerdict::Settling => Some(Refused::Settling),
                LeaseVerdict::Lost => Some(Refused::Lost),
            };
            // A host that counts already is granted another lease: one that is
            // turned away has none, whatever was in doubt. Left in doubt it
            // would ask again at once, and without end.
            if matches!(verdict, LeaseVerdict::Full | LeaseVerdict::Settling) {
                entry.held = Held::No;
            }
            entry.answer(&claim, refused.as_ref(), told);
            self.landed(&claim.host, |_| {});
        }
    }

    /// This node was swept; the store has done nothing.
    pub(super) fn turn_back(&mut self, flight: Flight) {
        let claimed = flight.claims.into_iter().map(|claim| claim.host);
        for host in flight.releases.into_iter().chain(claimed) {
            self.landed(&host, |entry| entry.held = Held::No);
        }
    }

    /// The store has not answered: it may have done it or not. Everybody who
    /// waits is told.
    pub(super) fn crash(&mut self, flight: Option<Flight>, told: &mut Outcomes<G>) {
        if let Some(flight) = flight {
            let claimed = flight.claims.into_iter().map(|claim| claim.host);
            for host in flight.releases.into_iter().chain(claimed) {
                self.landed(&host, |entry| entry.held = Held::Perhaps);
            }
        }
        for host in std::mem::take(&mut self.asking) {
            let Some(entry) = self.hosts.get_mut(&host) else { continue };
            let waiters = entry.waiters.drain(..).map(|(_, waiter)| waiter);
            told.refused.extend(waiters.map(|waiter| (Refused::Failed, host.clone(), waiter)));
            self.requeue(&host);
        }
    }

    /// The node beats: those who found no place try again.
    pub(super) fn beaten(&mut self, node: LeaseNode) {
        self.settle_on(node);
        self.returning.append(&mut self.left_out);
    }

    /// Leases of another node are gone.
    fn settle_on(&mut self, node: LeaseNode) {
        if self.node.replace(node).is_none_or(|before| before == node) {
            return;
        }
        self.hosts.retain(|_, entry| {
            entry.held = Held::No;
            !entry.is_idle()
        });
        self.left_out.clear();
        let connected = self.hosts.iter().filter(|(_, entry)| entry.guards > 0 && !entry.in_flight);
        self.returning = connected.map(|(host, _)| host.clone()).collect();
    }

    /// A host is not in flight any more; what it wants next is queued.
    fn landed(&mut self, host: &HostId, change: impl FnOnce(&mut Entry<G>)) {
        if let Some(entry) = self.hosts.get_mut(host) {
            entry.in_flight = false;
            change(entry);
            self.requeue(host);
        }
    }

    fn requeue(&mut self, host: &HostId) {
        let Some(entry) = self.hosts.get_mut(host) else { return };
        match entry.claim() {
            Some(LeaseBasis::Returning) if entry.held == Held::No => {
                self.left_out.push_back(host.clone());
            }
            Some(LeaseBasis::Returning) => self.returning.push_back(host.clone()),
            Some(_) => self.asking.push_back(host.clone()),
            None if entry.guards > 0 || entry.leaving => {}
            None if entry.held == Held::No => {
                self.hosts.remove(host);
            }
            None => {
                entry.leaving = true;
                self.leaving.push_back(host.clone());
            }
        }
    }
}

impl<G> Entry<G> {
    /// Answers those who wait on the ground that the store was told of.
    fn answer(&mut self, claim: &LeaseClaim, refused: Option<&Refused>, told: &mut Outcomes<G>) {
        while self.waiters.front().is_some_and(|(basis, _)| *basis == claim.basis) {
            let Some((_, waiter)) = self.waiters.pop_front() else { break };
            match (refused, self.held) {
                (None, Held::Yes(generation)) => {
                    self.guards += 1;
                    told.granted.push((claim.host.clone(), generation, waiter));
                }
                (refused, _) => {
                    let refused = refused.cloned().unwrap_or(Refused::Failed);
                    told.refused.push((refused, claim.host.clone(), waiter));
                }
            }
        }
    }
}
