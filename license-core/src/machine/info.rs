//! What an administrator sends to the vendor.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fingerprint::Fingerprint;
use crate::time::{ClockMark, Timestamp};

/// What an administrator sends to the vendor to get a license for a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MachineInfo {
    /// The version of this form, 1.
    pub schema: u32,
    /// The product, as the audience of its licenses.
    pub product: String,
    /// The version of the program that wrote it.
    pub version: String,
    /// By what the fingerprint knows the machine: `machine-id`, `custom` or
    /// `installation`.
    pub scheme: String,
    /// The machine's fingerprint for the product.
    pub fingerprint: Fingerprint,
    /// What the installation is called; the same in all that a service writes.
    /// A license has to name it to reset the clock there.
    pub nonce: String,
    /// When it was written, by the machine's clock.
    pub created_at: Timestamp,
    /// The latest time the machine trusts; rounded up to a second.
    pub clock_mark: Option<Timestamp>,
    /// Whether its clock was found moved back.
    pub latched: bool,
}

/// Why machine info is not accepted for issuing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MachineInfoError {
    /// It is of a form that this version does not read.
    #[error("machine info has an unknown schema; update this program")]
    Schema,
    /// It was written for another product.
    #[error("machine info is for another product; ask for one that this product's service made")]
    Product,
    /// It is more than seven days old.
    #[error("machine info is more than 7 days old; ask for a fresh one")]
    Stale,
    /// It was written in the future.
    #[error("machine info is from the future; check the clocks of both machines")]
    Future,
    /// Its scheme is not the one of its fingerprint.
    #[error(
        "machine info contradicts itself: it was edited; ask for the file as the service made it"
    )]
    Inconsistent,
}

const SCHEMA: u32 = 1;

const MAX_AGE: Duration = Duration::from_secs(7 * 86_400);

impl MachineInfo {
    /// Machine info of this moment. `nonce` names the installation; any unique
    /// text will do.
    pub fn new(
        product: &str,
        fingerprint: Fingerprint,
        nonce: String,
        now: Timestamp,
        clock: ClockMark,
    ) -> Self {
        let up = |mark: Timestamp| mark.saturating_add(Duration::from_millis(999)).as_seconds();
        Self {
            schema: SCHEMA,
            product: product.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scheme: fingerprint.scheme().to_string(),
            fingerprint,
            nonce,
            created_at: Timestamp::from_seconds(now.as_seconds()),
            clock_mark: clock.mark.map(|mark| Timestamp::from_seconds(up(mark))),
            latched: clock.latched,
        }
    }

    /// Whether a license may be issued from it now.
    ///
    /// # Errors
    ///
    /// Machine info of another product, older than seven days, or from the
    /// future by more than five minutes.
    pub fn check(&self, product: &str, now: Timestamp) -> Result<(), MachineInfoError> {
        if self.schema != SCHEMA {
            return Err(MachineInfoError::Schema);
        }
        if self.product != product {
            return Err(MachineInfoError::Product);
        }
        if self.scheme != self.fingerprint.scheme().as_str() {
            return Err(MachineInfoError::Inconsistent);
        }
        if self.created_at.is_ahead_of(now) {
            return Err(MachineInfoError::Future);
        }
        if now.saturating_since(self.created_at) > MAX_AGE {
            return Err(MachineInfoError::Stale);
        }
        Ok(())
    }
}
