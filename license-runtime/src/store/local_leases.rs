//! Leases in memory, for stores that only one process uses.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use license_core::{Clock, HostId, SystemClock};

use super::leases::{LeaseJudge, longest_silence, settling_time};
use crate::store::{
    LeaseAnswers, LeaseChanges, LeaseNode, LeaseStore, LeaseVerdict, StoreError, StoreErrorKind,
};

/// Leases within one process. Nothing of them is on a disk: no host outlives
/// the process that it is connected to. Clones share them.
#[derive(Clone)]
pub struct LocalLeases(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    nodes: BTreeMap<LeaseNode, Node>,
    limits: HashMap<String, Limit>,
    /// The last number that was given, to a node or a lease.
    last: u64,
    last_beat: Option<Duration>,
    settled_from: Duration,
    closed: bool,
}

#[derive(Debug)]
struct Node {
    beaten_at: Duration,
    ttl: Duration,
}

/// The leases of every host: node and generation.
type Limit = HashMap<HostId, Vec<(LeaseNode, u64)>>;

impl LocalLeases {
    /// No leases, by the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::new()))
    }

    /// No leases, by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { clock, book: Mutex::default() }))
    }

    /// Ends all leases; later calls fail.
    pub fn close(&self) {
        let mut book = self.0.book.lock().unwrap_or_else(PoisonError::into_inner);
        *book = Book { closed: true, ..Book::default() };
    }

    /// The book, and what time it is.
    fn open(&self) -> Result<(MutexGuard<'_, Book>, Duration), StoreError> {
        let book = self.0.book.lock().unwrap_or_else(PoisonError::into_inner);
        if book.closed {
            return Err(StoreErrorKind::Unavailable.into());
        }
        Ok((book, self.0.clock.monotonic()))
    }
}

impl Default for LocalLeases {
    fn default() -> Self {
        Self::new()
    }
}

impl Book {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Whether the store seems to have been away until now.
    fn was_away(&self, now: Duration, ttl: Duration) -> bool {
        self.last_beat.is_some_and(|at| now.saturating_sub(at) > longest_silence(ttl))
            && self.nodes.iter().any(|(node, state)| state.is_overdue(now) && self.holds(*node))
    }

    fn holds(&self, node: LeaseNode) -> bool {
        let mut leases = self.limits.values().flat_map(HashMap::values).flatten();
        leases.any(|(holder, _)| *holder == node)
    }

    /// Ends the nodes that are overdue, but not this one.
    fn sweep(&mut self, now: Duration, but: Option<LeaseNode>) {
        let overdue = |node: &LeaseNode, state: &Node| Some(*node) != but && state.is_overdue(now);
        let swept: Vec<LeaseNode> = self
            .nodes
            .iter()
            .filter_map(|(node, state)| overdue(node, state).then_some(*node))
            .collect();
        self.end(&swept);
    }

    fn end(&mut self, nodes: &[LeaseNode]) {
        if nodes.is_empty() {
            return;
        }
        self.nodes.retain(|node, _| !nodes.contains(node));
        for limit in self.limits.values_mut() {
            limit.retain(|_, leases| {
                leases.retain(|(node, _)| !nodes.contains(node));
                !leases.is_empty()
            });
        }
    }
}

impl Node {
    fn is_overdue(&self, now: Duration) -> bool {
        now.saturating_sub(self.beaten_at) >= self.ttl
    }
}

#[async_trait]
impl LeaseStore for LocalLeases {
    async fn beat(&self, node: Option<LeaseNode>, ttl: Duration) -> Result<LeaseNode, StoreError> {
        let (mut book, now) = self.open()?;
        if book.was_away(now, ttl) {
            book.settled_from = now.saturating_add(settling_time(ttl));
        }
        book.last_beat = Some(now);
        let node = match node {
            Some(node) if book.nodes.contains_key(&node) => node,
            _ => LeaseNode::new(book.number()),
        };
        book.nodes.insert(node, Node { beaten_at: now, ttl });
        Ok(node)
    }

    async fn change_leases(
        &self,
        node: LeaseNode,
        changes: LeaseChanges,
    ) -> Result<Option<LeaseAnswers>, StoreError> {
        let (mut book, now) = self.open()?;
        let Some(ttl) = book.nodes.get(&node).map(|state| state.ttl) else { return Ok(None) };
        let settling = now < book.settled_from || book.was_away(now, ttl);
        if !settling {
            book.sweep(now, Some(node));
        }
        let LeaseChanges { limit, cap, releases, claims } = changes;
        let mut last = book.last;
        let leases = book.limits.entry(limit).or_default();
        for release in releases {
            let ended = |(holder, generation): &(LeaseNode, u64)| {
                *holder == node && release.generation.is_none_or(|it| it == *generation)
            };
            if let Some(held) = leases.get_mut(&release.host) {
                held.retain(|lease| !ended(lease));
                if held.is_empty() {
                    leases.remove(&release.host);
                }
            }
        }
        let mut judge = LeaseJudge { cap, used: count(leases), settling };
        let mut verdicts = Vec::with_capacity(claims.len());
        for claim in claims {
            let held = leases.get(&claim.host).into_iter().flatten();
            let generations: Vec<u64> = held.map(|(_, generation)| *generation).collect();
            let verdict = judge.refusal(claim.basis, &generations).unwrap_or_else(|| {
                last += 1;
                let held = leases.entry(claim.host).or_default();
                held.retain(|(holder, _)| *holder != node);
                held.push((node, last));
                LeaseVerdict::Granted(last)
            });
            verdicts.push(verdict);
        }
        let used = count(leases);
        book.last = last;
        Ok(Some(LeaseAnswers::new(verdicts, used)))
    }

    async fn leased(&self, limit: &str) -> Result<u64, StoreError> {
        let (mut book, now) = self.open()?;
        let ttl = book.nodes.values().map(|node| node.ttl).max().unwrap_or_default();
        if now >= book.settled_from && !book.was_away(now, ttl) {
            book.sweep(now, None);
        }
        Ok(book.limits.get(limit).map_or(0, count))
    }

    async fn leave(&self, node: LeaseNode) -> Result<(), StoreError> {
        self.open()?.0.end(&[node]);
        Ok(())
    }
}

fn count(leases: &Limit) -> u64 {
    u64::try_from(leases.len()).unwrap_or(u64::MAX)
}

impl fmt::Debug for LocalLeases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalLeases").finish_non_exhaustive()
    }
}
