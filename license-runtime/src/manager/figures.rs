//! How much of the limits is used, and what administrators should know of the
//! service: found out in the background, for those who cannot wait.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{Shared, store_health::StoreFailure};

/// How often figures are brought up to date...
const EVERY: Duration = Duration::from_secs(1);
/// ...and every how many times the store and the product are asked what is
/// used of limits.
const COUNT_EVERY: u32 = 15;

/// The background task, until it is told to stop or nobody is left who could.
/// A task of its own: a product that takes its time to count keeps nothing
/// else waiting.
pub(super) async fn run(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    for round in 0_u32.. {
        let counts = round % COUNT_EVERY == 0;
        let worker = Arc::clone(&shared);
        let work = tokio::spawn(async move { worker.bring_up_to_date(counts).await });
        tokio::select! {
            _ = stop.changed() => break,
            result = work => if result.is_err() {
                tracing::error!("counting what is used of limits failed; it is tried again");
            },
        }
        if timeout(EVERY, stop.changed()).await.is_ok() {
            break;
        }
    }
}

impl Shared {
    async fn bring_up_to_date(&self, counts: bool) {
        #[cfg(feature = "metrics")]
        crate::metrics::license(&self.licensing);
        if counts {
            let used = self.count_used().await;
            #[cfg(feature = "metrics")]
            {
                crate::metrics::describe();
                crate::metrics::limits(&self.licensing, &used);
            }
            #[cfg(not(feature = "metrics"))]
            drop(used);
        }
    }

    /// Counts how much of each limit is used, and reports it.
    pub(super) async fn count_used(&self) -> BTreeMap<String, u64> {
        let mut used = self.quotas.used().await;
        used.extend(self.leases.used().await);
        if let Some(usage) = &self.usage {
            // What the product says itself counts.
            used.extend(usage().await);
        }
        self.report_warnings();
        self.licensing.control().report_used(used.clone());
        used
    }

    /// Reports what administrators should know of sources, clock and store.
    pub(super) fn report_warnings(&self) {
        let warnings = self
            .skew_warning()
            .into_iter()
            .chain(self.store_health.failure().map(StoreFailure::warning));
        #[cfg(feature = "sources")]
        let warnings = self.sources.warnings().into_iter().chain(warnings);
        self.licensing.control().report_warnings(warnings.collect());
    }
}
