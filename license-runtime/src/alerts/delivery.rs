//! How an alert reaches people.

use std::fmt;

use async_trait::async_trait;

use super::Alert;

/// Brings an alert to one recipient. It has half a minute.
#[async_trait]
pub trait AlertDelivery: fmt::Debug + Send + Sync {
    /// Delivers an alert. What a recipient is, such as an e-mail address, the
    /// delivery knows.
    ///
    /// # Errors
    ///
    /// It did not reach the recipient.
    async fn deliver(&self, alert: &Alert, to: &str) -> Result<(), DeliveryError>;

    /// Asks whether an alert could be delivered now, and delivers nothing; `Ok`
    /// where that cannot be asked.
    ///
    /// # Errors
    ///
    /// It could not.
    async fn reach(&self) -> Result<(), DeliveryError> {
        Ok(())
    }
}

/// An alert did not reach a recipient. The text goes to the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DeliveryError {
    reason: String,
    permanent: bool,
}

impl DeliveryError {
    /// It may work later. The reason names no person.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), permanent: false }
    }

    /// It will never work for this recipient. The reason names no person.
    pub fn permanent(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), permanent: true }
    }

    /// Whether it will never work for this recipient.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}
