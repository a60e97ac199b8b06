//! Telling people before a license ends.
//!
//! ```
//! # use license_core::{Licensing, testing::Vendor};
//! # use license_runtime::{LicenseManager, MemoryStore};
//! use license_runtime::alerts::{Alert, AlertDelivery, Alerts, DeliveryError};
//!
//! /// Passes alerts on to a chat.
//! #[derive(Debug)]
//! struct Chat;
//!
//! #[async_trait::async_trait]
//! impl AlertDelivery for Chat {
//!     async fn deliver(&self, alert: &Alert, to: &str) -> Result<(), DeliveryError> {
//!         println!("{to}: {}", alert.subject());
//!         Ok(())
//!     }
//! }
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! # let licensing = Licensing::new(Vendor::new().verifier());
//! let alerts = Alerts::by(Chat)
//!     .milestones([30, 14, 7, 1])
//!     .at("09:00".parse()?)
//!     .recipients(["operations"])
//!     .recipients_from(async || Ok(vec!["the administrators".to_owned()]));
//! let manager = LicenseManager::builder(licensing)
//!     .store(MemoryStore::new())
//!     .alerts(alerts)
//!     .start()
//!     .await?;
//! assert!(manager.run_alerts().await?.is_empty(), "nothing is installed yet");
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
//! #     .block_on(serve()).unwrap();
//! ```
//!
//! With the feature `mail` `Mail` delivers by SMTP.
//!
//! # What is sent
//!
//! Once a day the milestones are looked at. One is due when the license in
//! force has that many days left or fewer (rounded up, as in the status) and
//! its alert was not sent. Of several only the smallest is sent; the larger
//! ones count as sent with it. Nothing is sent once the license has expired,
//! while it is not trusted, or while a next license waits.
//!
//! Over all instances that share a store, and over restarts, an alert is sent
//! once for each license. A license is known by its token's digest: a renewal
//! is another license, also under the same id, and is announced anew.
//!
//! # When it fails
//!
//! An alert that reached nobody is not marked as sent and is tried again, here
//! or by another instance: after a minute, two, four, at most an hour. Where it
//! reached some, this instance tries again for the others. Who is refused for
//! good, while others are reached, is left out with a line in the log, which
//! names nobody.
//!
//! A process that is killed between delivering and noting it leaves the alert
//! to be sent again, a few minutes later: rather twice than never.

mod config;
mod delivery;
mod job;
#[cfg(feature = "mail")]
mod mail;
mod message;
mod schedule;
#[cfg(test)]
mod tests;

pub(crate) use self::job::Job;
#[cfg(feature = "mail")]
pub use self::mail::{Mail, MailError};
pub use self::{
    config::Alerts,
    delivery::{AlertDelivery, DeliveryError},
    job::{AlertsError, SentAlert},
    message::Alert,
    schedule::{LocalTime, ParseLocalTimeError},
};
