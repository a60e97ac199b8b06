//! Waiting for the license to change, without polling and without a runtime.

use super::Licensing;
use crate::policy::{Phase, Restriction};

/// Tells of changes of phase or license. Futures work under any runtime.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # let licensing = license_core::Licensing::new(license_core::testing::Vendor::new().verifier());
/// # async fn show(licensing: license_core::Licensing) {
/// let mut subscription = licensing.subscribe();
/// loop {
///     let phase = subscription.changed().await;
///     println!("the license is {phase}");
/// }
/// # }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Subscription {
    licensing: Licensing,
    seen: u64,
}

/// Open while the service is not refused as a whole. Background work waits on
/// it and pauses by itself.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// # let licensing = license_core::Licensing::new(license_core::testing::Vendor::new().verifier());
/// # async fn work() {}
/// # async fn worker(licensing: license_core::Licensing) {
/// let mut gate = licensing.gate();
/// loop {
///     gate.opened().await;
///     work().await;
/// }
/// # }
/// # }
/// ```
///
/// A gate closes at the very moment of expiry for whoever asks; those that
/// wait in [`closed`](Self::closed) are woken when somebody looks at the
/// clock: a request, or the tick of a `LicenseManager`.
#[derive(Clone, Debug)]
pub struct Gate(Subscription);

impl Subscription {
    pub(crate) fn new(licensing: Licensing) -> Self {
        let seen = licensing.revision();
        Self { licensing, seen }
    }

    /// Waits for the next change since the last call, or since the
    /// subscription was made; changes in between count as one. Cancel-safe.
    pub async fn changed(&mut self) -> Phase {
        loop {
            let listener = self.licensing.changed().listen();
            let revision = self.licensing.revision();
            if revision != self.seen {
                self.seen = revision;
                return self.licensing.phase();
            }
            listener.await;
        }
    }

    /// The handle that is subscribed to.
    pub fn licensing(&self) -> &Licensing {
        &self.licensing
    }
}

impl Gate {
    pub(crate) fn new(subscription: Subscription) -> Self {
        Self(subscription)
    }

    /// Whether the service is not refused as a whole.
    pub fn is_open(&self) -> bool {
        self.0.licensing.restriction() != Some(Restriction::Everything)
    }

    /// Waits until the gate is open. Cancel-safe.
    pub async fn opened(&mut self) {
        while !self.is_open() {
            self.0.changed().await;
        }
    }

    /// Waits until the gate is closed. Cancel-safe.
    pub async fn closed(&mut self) {
        while self.is_open() {
            self.0.changed().await;
        }
    }
}
