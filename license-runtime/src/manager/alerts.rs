//! Alerts before the license ends.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{LicenseManager, Shared};
use crate::alerts::{AlertsError, SentAlert};

/// How often it is looked whether it is time.
const INTERVAL: Duration = Duration::from_secs(10);

/// The background task, until it is told to stop or nobody is left who could.
pub(super) async fn run(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    loop {
        let worker = Arc::clone(&shared);
        if tokio::spawn(async move { worker.alert().await }).await.is_err() {
            tracing::error!("looking at alerts failed; it is tried again");
        }
        if timeout(INTERVAL, stop.changed()).await.is_ok() {
            break;
        }
    }
}

impl LicenseManager {
    /// Sends the alert that is due now, whatever the time of day, unless it
    /// was sent; carried through when the caller goes away. Returns whom it
    /// reached.
    ///
    /// # Errors
    ///
    /// It reached nobody.
    pub async fn run_alerts(&self) -> Result<Vec<SentAlert>, AlertsError> {
        let shared = Arc::clone(&self.0.shared);
        let task = tokio::spawn(async move {
            let job = shared.alerts.as_ref().ok_or(AlertsError::NotConfigured)?;
            job.run(&shared.licensing, &shared.store, async || shared.catch_up().await).await
        });
        task.await.unwrap_or(Err(AlertsError::BrokenOff))
    }
}

impl Shared {
    /// Sends what is due if it is time to.
    pub(super) async fn alert(&self) {
        if let Some(job) = &self.alerts {
            job.tick(&self.licensing, &self.store, async || self.catch_up().await).await;
        }
    }

    /// Learns what other instances have installed.
    async fn catch_up(&self) {
        let mut known = self.known.lock().await;
        self.settle(&mut known).await;
    }
}
