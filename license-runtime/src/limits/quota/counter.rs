//! One quota within this process.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use license_core::{Denial, DenialCode, Licensing, time::Month};
use tokio::runtime::Handle;

use super::{
    balance::{Balance, MOST},
    books::Books,
    pace::Pace,
};
use crate::{
    limits::LimitError,
    store::{QuotaGrant, QuotaRequest, Store, StoreError, StoreErrorKind},
};

/// Counts the uses of one limit.
#[derive(Debug)]
pub(super) struct Counter {
    pub(super) limit: Box<str>,
    licensing: Licensing,
    store: Arc<dyn Store>,
    runtime: Handle,
    balance: Balance,
    /// The cap below which the balance was taken; [`UNLIMITED`] for none.
    cap: AtomicU64,
    /// With fewer units left the next block is taken ahead.
    low: AtomicU64,
    taking_ahead: AtomicBool,
    /// Whether uses are noted.
    journaled: AtomicBool,
    /// How often the store was asked.
    asked: AtomicU64,
    books: Mutex<Books>,
    turn: tokio::sync::Mutex<Turn>,
}

/// Held by the one who talks to the store.
#[derive(Debug)]
struct Turn {
    pace: Pace,
    closed: bool,
    /// The last question that was not answered, and the last wish that was
    /// not granted, by their numbers: an answer for all who waited meanwhile.
    failed: u64,
    refused: Option<(u64, Month, QuotaRequest)>,
}

const UNLIMITED: u64 = u64::MAX;
/// A shared store must have this many blocks left for one to be taken ahead.
const PLENTY: u64 = 8;

impl Counter {
    pub(super) fn new(
        licensing: Licensing,
        store: Arc<dyn Store>,
        runtime: Handle,
        limit: &str,
    ) -> Self {
        Self {
            limit: limit.into(),
            licensing,
            store,
            runtime,
            balance: Balance::new(),
            cap: AtomicU64::new(UNLIMITED),
            low: AtomicU64::new(0),
            taking_ahead: AtomicBool::new(false),
            journaled: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            books: Mutex::default(),
            turn: tokio::sync::Mutex::new(Turn {
                pace: Pace::new(),
                closed: false,
                failed: 0,
                refused: None,
            }),
        }
    }

    /// Spends units, all or none.
    pub(super) async fn consume(self: &Arc<Self>, units: u64) -> Result<(), LimitError> {
        let cap = self.licensing.control().check_max(&self.limit)?;
        if units == 0 {
            return Ok(());
        }
        if units > MOST {
            let used = self.used().await?;
            return Err(self.limit_reached(cap, used).into());
        }
        let month = self.licensing.control().month();
        if self.cap.load(Ordering::Acquire) == cap.unwrap_or(UNLIMITED)
            && let Some(left) = self.balance.spend(month, units)
        {
            self.take_ahead_if_low(left);
            return self.note(month, units);
        }
        let (counter, arrived) = (Arc::clone(self), self.asked.load(Ordering::Acquire));
        // In a task of its own: units that were taken are credited when the
        // client goes away.
        let task = self.runtime.spawn(async move {
            let spent = counter.take_and_spend(units, arrived).await;
            counter.take_ahead_if_low(counter.balance.left());
            spent
        });
        task.await.unwrap_or_else(|error| Err(self.unavailable(error)))
    }

    /// How many units are used this month.
    pub(super) async fn used(&self) -> Result<u64, LimitError> {
        let month = self.licensing.control().month();
        if !self.store.is_shared() {
            let books = self.books();
            if books.month == Some(month) && books.known {
                return Ok(books.used(self.balance.left()));
            }
        }
        // A block that is just being taken is in both numbers or in none.
        let _turn = self.turn.lock().await;
        let taken = self.store.quota_taken(&self.limit, month).await;
        let taken = taken.map_err(|error| LimitError::store(&self.licensing, error))?;
        let books = self.books();
        let left = if books.month == Some(month) { self.balance.left() } else { 0 };
        Ok(taken.saturating_sub(left))
    }

    /// Brings back what is left; uses are refused from now on.
    pub(super) async fn close(&self) {
        let mut turn = self.turn.lock().await;
        turn.closed = true;
        if let Err(error) = self.give_back().await {
            tracing::warn!(%error, limit = %self.limit, "an open block of a quota is lost");
        }
        self.open(None);
    }

    async fn take_and_spend(&self, units: u64, arrived: u64) -> Result<(), LimitError> {
        let mut turn = self.turn.lock().await;
        if turn.closed {
            return Err(self.unavailable("the manager is shut down"));
        }
        loop {
            let cap = self.licensing.max(&self.limit)?;
            let month = self.licensing.control().month();
            self.adapt(month, cap).await?;
            if self.balance.spend(month, units).is_some() {
                return self.note(month, units);
            }
            if turn.failed > arrived {
                return Err(self.unavailable("the store has just failed"));
            }
            let left = self.balance.left();
            // Others only spend, so that there is not more by now.
            let least = units.saturating_sub(left).max(1);
            let request = QuotaRequest::new(least, self.block(&turn, cap).max(least), cap);
            let mut grant = self.ask(&mut turn, arrived, month, request).await?;
            if grant.granted == 0 {
                let used = grant.taken.saturating_sub(left);
                self.licensing.check_limit(&self.limit, used, units)?;
                if self.licensing.max(&self.limit)? != cap {
                    continue;
                }
                // The limit is observed and not enforced: exactly these.
                let request = QuotaRequest::new(least, least, None);
                grant = self.ask(&mut turn, arrived, month, request).await?;
                if grant.granted == 0 {
                    return Err(self.limit_reached(cap, used).into());
                }
            }
            if self.credit(grant, units) {
                return self.note(month, units);
            }
        }
    }

    /// Begins another month, or another cap.
    async fn adapt(&self, month: Month, cap: Option<u64>) -> Result<(), LimitError> {
        let failed = |error| self.unavailable(error);
        let (open, taken) = {
            let books = self.books();
            (books.month, books.taken)
        };
        if open != Some(month) {
            self.give_back().await.map_err(failed)?;
            self.open(Some(month));
        } else if cap.is_some_and(|cap| taken > cap) && self.is_new(cap) {
            self.give_back().await.map_err(failed)?;
        }
        self.cap.store(cap.unwrap_or(UNLIMITED), Ordering::Release);
        Ok(())
    }

    fn is_new(&self, cap: Option<u64>) -> bool {
        self.cap.load(Ordering::Acquire) != cap.unwrap_or(UNLIMITED)
    }

    fn open(&self, month: Option<Month>) {
        let mut books = self.books();
        *books = Books::open(month);
        self.balance.reset(month);
        self.journaled.store(false, Ordering::Release);
        self.low.store(0, Ordering::Relaxed);
    }

    /// Brings what is left back to the store. Where the store does not say
    /// that it has it, it counts as spent.
    async fn give_back(&self) -> Result<(), StoreError> {
        let (month, units) = {
            let mut books = self.books();
            let Some(month) = books.month else { return Ok(()) };
            let units = self.balance.drain();
            books.taken = books.taken.saturating_sub(units);
            if let Err(error) = books.note(0) {
                books.taken = books.taken.saturating_add(units);
                self.balance.add_and_spend(units, 0);
                return Err(error);
            }
            (month, units)
        };
        if units > 0
            && let Err(error) = self.store.return_quota(&self.limit, month, units).await
        {
            let mut books = self.books();
            books.taken = books.taken.saturating_add(units);
            tracing::warn!(%error, limit = %self.limit, units, "units of a quota count as spent");
        }
        Ok(())
    }

    /// Asks the store, unless the answer is known.
    async fn ask(
        &self,
        turn: &mut Turn,
        arrived: u64,
        month: Month,
        request: QuotaRequest,
    ) -> Result<QuotaGrant, LimitError> {
        {
            let books = self.books();
            let alone = books.known && !self.store.is_shared() && request.grant(books.taken) == 0;
            let told = turn.refused.is_some_and(|(asked, of, refused)| {
                asked > arrived
                    && of == month
                    && refused.cap == request.cap
                    && refused.least <= request.least
            });
            if alone || told {
                self.low.store(0, Ordering::Relaxed);
                return Ok(QuotaGrant::new(0, books.taken));
            }
        }
        let asked = self.asked.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        match self.store.take_quota(&self.limit, month, request).await {
            Ok(grant) => {
                if grant.granted == 0 {
                    turn.refused = Some((asked, month, request));
                    self.books().learn(grant.clone());
                } else {
                    let now = self.licensing.clock().monotonic();
                    turn.pace.granted(now, grant.granted);
                }
                self.low.store(self.low_after(&request, &grant), Ordering::Relaxed);
                Ok(grant)
            }
            Err(error) => {
                turn.failed = asked;
                self.low.store(0, Ordering::Relaxed);
                Err(self.unavailable(error))
            }
        }
    }

    fn block(&self, turn: &Turn, cap: Option<u64>) -> u64 {
        turn.pace.next(self.licensing.clock().monotonic(), cap)
    }

    /// When to take the next block ahead: not where one was granted in part,
    /// nor where another node may need the units more.
    fn low_after(&self, request: &QuotaRequest, grant: &QuotaGrant) -> u64 {
        let plenty = request.cap.is_none_or(|cap| {
            cap.saturating_sub(grant.taken) >= request.most.saturating_mul(PLENTY)
        });
        let ahead = grant.granted == request.most && (plenty || !self.store.is_shared());
        if ahead { grant.granted.div_ceil(2) } else { 0 }
    }

    /// Adds what was granted to the balance, and spends from it, all or none.
    fn credit(&self, grant: QuotaGrant, spending: u64) -> bool {
        let mut books = self.books();
        let granted = grant.granted;
        books.learn(grant);
        self.journaled.store(books.journal.is_some(), Ordering::Release);
        self.balance.add_and_spend(granted, spending)
    }

    /// Takes the next block in the background, unless that is under way.
    fn take_ahead_if_low(self: &Arc<Self>, left: u64) {
        if left < self.low.load(Ordering::Relaxed)
            && !self.taking_ahead.swap(true, Ordering::AcqRel)
        {
            self.take_ahead();
        }
    }

    fn take_ahead(self: &Arc<Self>) {
        let counter = Arc::clone(self);
        self.runtime.spawn(async move {
            if let Err(LimitError::Store { source: error, .. }) = counter.fill().await {
                tracing::warn!(error, limit = %counter.limit, "no units of a quota were taken ahead");
            }
            counter.taking_ahead.store(false, Ordering::Release);
        });
    }

    async fn fill(&self) -> Result<(), LimitError> {
        let mut turn = self.turn.lock().await;
        let cap = self.licensing.max(&self.limit)?;
        let month = self.licensing.control().month();
        let idle = self.balance.left() >= self.low.load(Ordering::Relaxed);
        if turn.closed || idle || self.is_new(cap) || self.books().month != Some(month) {
            return Ok(());
        }
        let request = QuotaRequest::new(1, self.block(&turn, cap), cap);
        let arrived = self.asked.load(Ordering::Acquire);
        let grant = self.ask(&mut turn, arrived, month, request).await?;
        if grant.granted > 0 {
            self.credit(grant, 0);
        }
        Ok(())
    }

    /// Notes what was spent, before it is acknowledged. One note serves all
    /// who have spent until then.
    fn note(&self, month: Month, units: u64) -> Result<(), LimitError> {
        if !self.journaled.load(Ordering::Acquire) {
            return Ok(());
        }
        let books = self.books();
        if books.month != Some(month) {
            // It was noted when the month was closed.
            return Ok(());
        }
        books.note(self.balance.left()).map_err(|error| {
            self.balance.add_and_spend(units, 0);
            self.unavailable(error)
        })
    }

    fn limit_reached(&self, cap: Option<u64>, used: u64) -> Denial {
        let denial = self.licensing.control().denial(DenialCode::LimitReached);
        denial.with_limit(&self.limit, cap, Some(used))
    }

    fn unavailable(
        &self,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> LimitError {
        let error = StoreError::new(StoreErrorKind::Unavailable).with_source(error);
        LimitError::store(&self.licensing, error)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
