//! The hosts of a limit that are connected to this node.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use license_core::{HostId, Licensing};
use tokio::{runtime::Handle, sync::oneshot};

use super::{
    book::{Book, Flight, Outcomes, Refused},
    node::Node,
};
use crate::{
    limits::LimitError,
    store::{LeaseAnswers, LeaseBasis, Store, StoreError},
};

/// Counts the hosts of a limit.
pub(super) struct Hosts {
    limit: Box<str>,
    licensing: Licensing,
    store: Arc<dyn Store>,
    runtime: Handle,
    node: Arc<Node>,
    book: Mutex<Book<LeaseGuard>>,
}

/// One connection of a host: the host counts as long as one of its guards
/// lives, and its place is free when the last is dropped.
#[must_use = "a host stops counting when its last guard is dropped"]
pub struct LeaseGuard {
    host: HostId,
    hosts: Arc<Hosts>,
}

/// The turn of whoever talks to the store for these hosts; one has it at a
/// time. Nobody is left waiting where it ends in a panic.
struct Turn<'a> {
    hosts: &'a Arc<Hosts>,
    flight: Option<Flight>,
    ended: bool,
}

impl Hosts {
    pub(super) fn new(
        limit: &str,
        licensing: Licensing,
        store: Arc<dyn Store>,
        runtime: Handle,
        node: Arc<Node>,
    ) -> Self {
        Self { limit: limit.into(), licensing, store, runtime, node, book: Mutex::default() }
    }

    pub(super) fn limit(&self) -> &str {
        &self.limit
    }

    pub(super) const fn licensing(&self) -> &Licensing {
        &self.licensing
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// Counts a connection of a host.
    pub(super) async fn acquire(self: &Arc<Self>, host: HostId) -> Result<LeaseGuard, LimitError> {
        self.licensing.control().check_max(&self.limit)?;
        if self.book().join(&host, self.node.certain()) {
            return Ok(LeaseGuard::new(host, Arc::clone(self)));
        }
        match self.ask(host, LeaseBasis::New).await {
            Ok((guard, _)) => Ok(guard),
            Err(refused) => Err(self.error(refused)),
        }
    }

    /// Asks the store for a lease, whatever is known; returns its generation,
    /// too.
    pub(super) async fn ask(
        self: &Arc<Self>,
        host: HostId,
        basis: LeaseBasis,
    ) -> Result<(LeaseGuard, u64), Refused> {
        let (waiter, answer) = oneshot::channel();
        {
            let mut book = self.book();
            if book.closed {
                return Err(Refused::Failed);
            }
            book.ask(host, basis, waiter);
        }
        self.work();
        answer.await.unwrap_or(Err(Refused::Failed))
    }

    /// A guard was dropped.
    pub(super) fn disconnected(self: &Arc<Self>, host: &HostId) {
        if self.book().leave(host) {
            self.work();
        }
    }

    /// How many hosts hold a lease, on all nodes.
    pub(super) async fn used(&self) -> Result<u64, StoreError> {
        self.store.leased(&self.limit).await
    }

    /// The node beats under this number.
    pub(super) fn beaten(self: &Arc<Self>, number: crate::store::LeaseNode) {
        self.book().beaten(number);
        self.work();
    }

    /// Refuses everybody from now on.
    pub(super) fn close(self: &Arc<Self>) {
        let mut told = Outcomes::default();
        {
            let mut book = self.book();
            book.closed = true;
            book.crash(None, &mut told);
        }
        self.tell(told);
    }

    pub(super) fn error(&self, refused: Refused) -> LimitError {
        let unavailable = |story: &'static str| LimitError::store(&self.licensing, story);
        match refused {
            Refused::Denied(denial) => denial.into(),
            Refused::Full { used, .. } => match self.licensing.check_hosts(&self.limit, used, 1) {
                Err(denial) => denial.into(),
                Ok(()) => unavailable("the limit was changed at this moment"),
            },
            Refused::Settling => unavailable("the store was away, and others come first"),
            Refused::Lost => unavailable("the lease has ended"),
            Refused::Failed => unavailable("the store has just failed"),
        }
    }

    /// Has the store told of what is queued, by a task of its own: what was
    /// granted is noted, whoever goes away.
    fn work(self: &Arc<Self>) {
        {
            let mut book = self.book();
            if book.working || book.closed || !book.has_work(self.node.is_away()) {
                return;
            }
            book.working = true;
        }
        let hosts = Arc::clone(self);
        self.runtime.spawn(async move {
            let mut turn = Turn { hosts: &hosts, flight: None, ended: false };
            turn.run().await;
        });
    }

    fn tell(self: &Arc<Self>, told: Outcomes<LeaseGuard>) {
        for (host, generation, waiter) in told.granted {
            let guard = LeaseGuard::new(host, Arc::clone(self));
            // Whoever has gone away gets nothing, and the guard is dropped.
            let _ = waiter.send(Ok((guard, generation)));
        }
        for (refused, host, waiter) in told.refused {
            match self.retry_basis(&refused) {
                Some(basis) => self.book().ask(host, basis, waiter),
                None => drop(waiter.send(Err(refused))),
            }
        }
    }

    /// On what ground a host asks again that found the limit reached: with
    /// the cap of a license installed meanwhile, or with none where the limit
    /// is observed and not enforced.
    fn retry_basis(&self, refused: &Refused) -> Option<LeaseBasis> {
        let Refused::Full { used, cap } = refused else { return None };
        self.licensing.check_hosts(&self.limit, *used, 1).ok()?;
        let same = self.licensing.max(&self.limit).is_ok_and(|max| max == *cap);
        Some(if same { LeaseBasis::Uncapped } else { LeaseBasis::New })
    }

    fn book(&self) -> MutexGuard<'_, Book<LeaseGuard>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Until nothing is queued, or the store fails.
    async fn run(&mut self) {
        let hosts = self.hosts;
        loop {
            let answered = match hosts.node.number().await {
                Ok(node) => {
                    let mut told = Outcomes::default();
                    let cap = hosts.licensing.max(&hosts.limit);
                    let away = hosts.node.is_away();
                    let departed = hosts.book().depart(node, &hosts.limit, &cap, away, &mut told);
                    hosts.tell(told);
                    let Some((flight, changes)) = departed else {
                        if self.end() {
                            return;
                        }
                        continue;
                    };
                    self.flight = Some(flight);
                    let answered = hosts.store.change_leases(node, changes).await;
                    if let Ok(None) = answered {
                        hosts.node.was_swept(node).await;
                    }
                    answered
                }
                Err(error) => Err(error),
            };
            match answered {
                Ok(answers) => {
                    self.answered(answers);
                    hosts.note(None);
                }
                Err(error) => {
                    hosts.note(Some(&error));
                    return;
                }
            }
        }
    }

    fn answered(&mut self, answers: Option<LeaseAnswers>) {
        let mut told = Outcomes::default();
        if let Some(flight) = self.flight.take() {
            match answers {
                Some(answers) => self.hosts.book().arrive(flight, &answers, &mut told),
                None => self.hosts.book().turn_back(flight),
            }
        }
        self.hosts.tell(told);
    }

    /// Ends the turn if nothing is queued.
    fn end(&mut self) -> bool {
        let mut book = self.hosts.book();
        book.working = book.has_work(self.hosts.node.is_away());
        self.ended = !book.working;
        self.ended
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut told = Outcomes::default();
        {
            let mut book = self.hosts.book();
            book.crash(self.flight.take(), &mut told);
            book.working = false;
        }
        self.hosts.tell(told);
    }
}

impl Hosts {
    /// Says once that the store fails, and once that it works again.
    pub(super) fn note(&self, error: Option<&StoreError>) {
        #[cfg(feature = "metrics")]
        if error.is_some() {
            crate::metrics::store_failed();
        }
        if !self.node.noted(error.is_none()) || self.book().closed {
            return;
        }
        match error {
            Some(error) => tracing::warn!(
                %error,
                cause = std::error::Error::source(error),
                "hosts cannot be counted; those connected stay, others are refused"
            ),
            None => tracing::info!("hosts are counted again"),
        }
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosts").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl LeaseGuard {
    /// A guard that is counted in the book of these hosts already.
    pub(super) const fn new(host: HostId, hosts: Arc<Hosts>) -> Self {
        Self { host, hosts }
    }

    /// The host.
    pub const fn host(&self) -> &HostId {
        &self.host
    }

    /// The name of the limit.
    pub fn limit(&self) -> &str {
        self.hosts.limit()
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.hosts.disconnected(&self.host);
    }
}

impl fmt::Debug for LeaseGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseGuard")
            .field("limit", &self.limit())
            .field("host", &self.host)
            .finish()
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<LeaseGuard>();
