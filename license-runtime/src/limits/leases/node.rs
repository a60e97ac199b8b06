//! This instance of the service, as the store knows it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::Clock;

use crate::store::{LeaseNode, Store, StoreError};

/// Keeps the node alive in the store, once there is somebody to count.
pub(super) struct Node {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ttl: Duration,
    /// Held while the store is told of the node.
    number: tokio::sync::Mutex<Option<LeaseNode>>,
    /// Until when the leases are certain to be there, and when to beat next;
    /// milliseconds of the monotonic clock, 0 before the first beat.
    certain_until: AtomicU64,
    beat_at: AtomicU64,
    /// The number under which they are.
    certain_number: AtomicU64,
    away: AtomicBool,
    closed: AtomicBool,
}

/// The shortest and the longest wait before a failed beat is tried again.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

impl Node {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ttl: Duration) -> Self {
        Self {
            store,
            clock,
            ttl,
            number: tokio::sync::Mutex::const_new(None),
            certain_until: AtomicU64::new(0),
            beat_at: AtomicU64::new(0),
            certain_number: AtomicU64::new(0),
            away: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) const fn ttl(&self) -> Duration {
        self.ttl
    }

    pub(super) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// The node's number, while the store cannot have swept it yet.
    pub(super) fn certain(&self) -> Option<LeaseNode> {
        let number = self.certain_number.load(Ordering::Acquire);
        let certain = millis(self.now()) < self.certain_until.load(Ordering::Acquire);
        certain.then_some(LeaseNode::new(number))
    }

    /// Whether the store could not be reached when it was last tried.
    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Acquire)
    }

    /// How long until the next beat; `None` before the first.
    pub(super) fn next_beat(&self) -> Option<Duration> {
        let at = self.beat_at.load(Ordering::Acquire);
        (at > 0).then(|| Duration::from_millis(at).saturating_sub(self.now()))
    }

    /// The node's number; the store gives it one where it has none.
    pub(super) async fn number(&self) -> Result<LeaseNode, StoreError> {
        let mut number = self.number.lock().await;
        match *number {
            Some(number) => Ok(number),
            None => self.tell(&mut number).await,
        }
    }

    /// Tells the store that this node lives.
    pub(super) async fn beat(&self) -> Result<LeaseNode, StoreError> {
        self.tell(&mut *self.number.lock().await).await
    }

    /// The store has swept the node of this number.
    pub(super) async fn was_swept(&self, swept: LeaseNode) {
        let mut number = self.number.lock().await;
        if *number == Some(swept) {
            *number = None;
            self.certain_until.store(0, Ordering::Release);
        }
    }

    /// The store has answered, or it has not. Returns whether that is news.
    pub(super) fn noted(&self, answered: bool) -> bool {
        self.away.swap(!answered, Ordering::AcqRel) == answered
    }

    /// Ends the node in the store, for good.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        self.closed.store(true, Ordering::Release);
        self.beat_at.store(0, Ordering::Release);
        match self.number.lock().await.take() {
            Some(number) => self.store.leave(number).await,
            None => Ok(()),
        }
    }

    async fn tell(&self, number: &mut Option<LeaseNode>) -> Result<LeaseNode, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(crate::store::StoreErrorKind::Unavailable.into());
        }
        let asked_at = self.now();
        let result = self.store.beat(*number, self.ttl).await;
        let next = match &result {
            Ok(beaten) if number.replace(*beaten) != Some(*beaten) => {
                self.certain_until.store(0, Ordering::Release);
                self.certain_number.store(beaten.number(), Ordering::Release);
                // At once: all limits are to know the new number.
                asked_at
            }
            Ok(_) => {
                let until = millis(asked_at.saturating_add(self.ttl));
                self.certain_until.store(until, Ordering::Release);
                asked_at.saturating_add(self.ttl / 3)
            }
            Err(_) => self.now().saturating_add((self.ttl / 9).clamp(RETRY.0, RETRY.1)),
        };
        self.beat_at.store(millis(next).max(1), Ordering::Release);
        result
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("ttl", &self.ttl).finish_non_exhaustive()
    }
}
