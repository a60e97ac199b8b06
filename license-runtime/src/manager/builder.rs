//! Starting a manager.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use license_core::Licensing;
use tokio::sync::{Mutex, watch};

#[cfg(feature = "sources")]
use super::sources::{self, Judged, Sources};
use super::{
    Handle, LicenseManager, Shared, StoreView, Usage, figures, machine::MachineWatch,
    store_clock::StoreClock, store_health::StoreHealth, tick,
};
#[cfg(feature = "sources")]
use crate::source::Source;
use crate::{
    limits::{
        leases::{self, LeaseRegistry},
        quota::Quotas,
    },
    machine_id::MachineLadder,
    store::{Store, StoreError},
};

/// A manager that is being built; by value. It starts once it has a store.
#[must_use]
pub struct ManagerBuilder<S = ()> {
    licensing: Licensing,
    store: S,
    ladder: MachineLadder,
    usage: Option<Box<Usage>>,
    #[cfg(feature = "alerts")]
    alerts: Option<crate::alerts::Alerts>,
    #[cfg(feature = "sources")]
    sources: Vec<Source>,
    lease_ttl: Duration,
    ticks: bool,
}

/// How long a host counts of which nothing is heard, unless said otherwise.
const LEASE_TTL: Duration = Duration::from_secs(30);
const SHORTEST_LEASE_TTL: Duration = Duration::from_millis(300);

impl ManagerBuilder {
    pub(super) fn new(licensing: Licensing) -> Self {
        let ladder = MachineLadder::of(licensing.product());
        Self {
            licensing,
            store: (),
            ladder,
            usage: None,
            #[cfg(feature = "alerts")]
            alerts: None,
            #[cfg(feature = "sources")]
            sources: Vec::new(),
            lease_ttl: LEASE_TTL,
            ticks: true,
        }
    }

    /// Where the license is kept. An `Arc` of a store is a store, too.
    pub fn store(self, store: impl Store + 'static) -> ManagerBuilder<Arc<dyn Store>> {
        ManagerBuilder {
            licensing: self.licensing,
            store: Arc::new(store),
            ladder: self.ladder,
            usage: self.usage,
            #[cfg(feature = "alerts")]
            alerts: self.alerts,
            #[cfg(feature = "sources")]
            sources: self.sources,
            lease_ttl: self.lease_ttl,
            ticks: self.ticks,
        }
    }
}

impl<S> ManagerBuilder<S> {
    /// By what this machine is known, in place of the
    /// [ladder](MachineLadder::of) of the product's profile; a
    /// [`MachineIdSource`](crate::MachineIdSource) is a ladder of one rung.
    pub fn machine_id(mut self, ladder: impl Into<MachineLadder>) -> Self {
        self.ladder = ladder.into();
        self
    }

    /// How much of each limit is used, asked for every full status and every 15
    /// seconds. Quotas and leases are known without; other limits that it does
    /// not name are shown without.
    pub fn usage<F>(mut self, usage: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = BTreeMap<String, u64>> + Send + 'static,
    {
        self.usage = Some(Box::new(move || Box::pin(usage())));
        self
    }

    /// Where licenses come from that nobody uploads, in order of precedence:
    /// a flag before the environment before a file. See [`Source`] for what
    /// decides and how files are followed.
    #[cfg(feature = "sources")]
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.sources = sources.into_iter().collect();
        self
    }

    /// How long a host counts of which nothing is heard any more, because it
    /// or the node it is connected to has vanished; 30 seconds unless said
    /// otherwise, 300 milliseconds at least. Leases are renewed every third of
    /// it.
    pub fn lease_ttl(mut self, ttl: Duration) -> Self {
        self.lease_ttl = ttl.max(SHORTEST_LEASE_TTL);
        self
    }

    /// Tells people before the license ends.
    #[cfg(feature = "alerts")]
    pub fn alerts(mut self, alerts: crate::alerts::Alerts) -> Self {
        self.alerts = Some(alerts);
        self
    }

    /// Starts no background task: whoever calls
    /// [`tick_once`](LicenseManager::tick_once) lets things happen. For tests
    /// that move the time by hand.
    pub fn manual_ticks(mut self) -> Self {
        self.ticks = false;
        self
    }
}

impl ManagerBuilder<Arc<dyn Store>> {
    /// Loads what the store holds, verifies it again, puts exactly that in
    /// force and starts what runs in the background. A license that is missing, bad or expired stops
    /// nothing: the handle knows, and the log says so.
    ///
    /// # Errors
    ///
    /// When the store cannot be read. The service should not start: it would
    /// run without the license that it has.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with time enabled.
    pub async fn start(self) -> Result<LicenseManager, StoreError> {
        let Self { licensing, store, ladder, usage, lease_ttl, ticks, .. } = self;
        let loaded = store.load().await?;
        let quotas = Quotas::new(licensing.clone(), Arc::clone(&store));
        let leases = LeaseRegistry::new(licensing.clone(), Arc::clone(&store), lease_ttl);
        let shared = Arc::new(Shared {
            announcer: licensing.control().announcer().into(),
            started: licensing.clock().monotonic(),
            licensing,
            store,
            quotas,
            leases: Arc::new(leases),
            ladder,
            usage,
            #[cfg(feature = "alerts")]
            alerts: self.alerts.map(crate::alerts::Job::new),
            #[cfg(feature = "sources")]
            sources: Sources::new(self.sources),
            known: Mutex::new(StoreView {
                revision: loaded.revision,
                clock: loaded.saved.clock,
                in_doubt: false,
                #[cfg(feature = "sources")]
                sources: Judged::default(),
                expired: None,
            }),
            machine: Mutex::new(MachineWatch::default()),
            store_clock: StoreClock::default(),
            store_health: StoreHealth::default(),
        });
        shared.saw_store_clock(loaded.now);
        shared.find_machine().await;
        if let Some(name) = &loaded.installation {
            shared.licensing.control().set_installation(name);
        }
        if let Err(error) = shared.name().await {
            shared.store_health.write_failed(&error);
        }
        shared.restore(loaded.saved).await;
        if !shared.store.is_shared() {
            shared.licensing.control().set_machine_history(loaded.machine);
        }
        if loaded.corrupt {
            shared.licensing.control().mark_corrupt();
        }
        shared.take_evidence().await;
        shared.tick().await;
        #[cfg(feature = "sources")]
        {
            shared.check_sources().await;
            shared.take_evidence().await;
        }
        shared.save_mark().await;
        shared.announce();
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        if ticks {
            #[cfg(feature = "sources")]
            if !shared.sources.is_empty() {
                shared.sources.watch();
                tasks.push(tokio::spawn(sources::follow(Arc::clone(&shared), stopped.clone())));
            }
            tasks.push(tokio::spawn(leases::run(Arc::clone(&shared.leases), stopped.clone())));
            #[cfg(feature = "alerts")]
            if shared.alerts.is_some() {
                let run = super::alerts::run(Arc::clone(&shared), stopped.clone());
                tasks.push(tokio::spawn(run));
            }
            tasks.push(tokio::spawn(figures::run(Arc::clone(&shared), stopped.clone())));
            tasks.push(tokio::spawn(tick::run(Arc::clone(&shared), stopped)));
        }
        Ok(LicenseManager(Arc::new(Handle { shared, stop, tasks: Mutex::new(tasks) })))
    }
}

impl<S> fmt::Debug for ManagerBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManagerBuilder")
            .field("licensing", &self.licensing)
            .field("ladder", &self.ladder)
            .finish_non_exhaustive()
    }
}
