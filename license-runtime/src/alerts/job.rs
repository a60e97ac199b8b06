//! Sending what is due, once.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
    time::Duration,
};

use license_core::{Licensing, Phase, Timestamp, TokenDigest, runtime::AlertFailure};
use rand::{RngCore, rngs::OsRng};
use serde::Serialize;
use tokio::{sync::Mutex, task::JoinHandle, time::timeout};

use super::{Alert, Alerts, DeliveryError, schedule::Schedule};
use crate::store::{AlertClaim, Store, StoreError, is_sent};

/// An alert that reached somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SentAlert {
    /// How many days before the end.
    pub milestone: u32,
    /// Whom it reached.
    pub to: String,
}

/// An alert that is due was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertsError {
    /// The manager was built without alerts.
    #[error("no alerts are set up; give the manager an `Alerts` by its builder")]
    NotConfigured,
    /// The store cannot say whether it was sent, or keep that it was.
    #[error("the store of alerts failed; it is tried again")]
    Store(#[source] StoreError),
    /// It cannot be told who is to get it.
    #[error("the recipients of alerts cannot be read; it is tried again")]
    Recipients,
    /// There is nobody to get it.
    #[error("nobody is to get alerts; name recipients, or give an administrator an e-mail address")]
    NoRecipients,
    /// It reached nobody.
    #[error("an alert could not be delivered; it is tried again")]
    Delivery(#[source] DeliveryError),
    /// The task that sent it was broken off.
    #[error("sending an alert was broken off; it is sent again when it is due")]
    BrokenOff,
}

/// Sends alerts for one instance of a service.
#[derive(Debug)]
pub(crate) struct Job {
    alerts: Alerts,
    /// Who this is, to the store.
    holder: u64,
    state: Mutex<State>,
    /// What went wrong last, until an alert is sent again.
    failed: std::sync::Mutex<Option<AlertFailure>>,
    /// Whether the delivery could reach anybody: a question that is out.
    asked: Mutex<Option<Asked>>,
}

/// Since when, in time of the monotonic clock, and its answer.
#[derive(Debug)]
struct Asked {
    since: Duration,
    answer: JoinHandle<Result<(), DeliveryError>>,
    /// Whether one that was asked before got no answer.
    again: bool,
}

#[derive(Debug, Default)]
struct State {
    schedule: Schedule,
    /// What reached some, and is to reach others or to be noted.
    begun: Option<Begun>,
}

/// An alert and whom it has reached.
#[derive(Debug)]
struct Begun {
    license: TokenDigest,
    milestone: u32,
    reached: BTreeSet<String>,
}

/// How an attempt ended.
enum End {
    /// Nothing is left to be done.
    Done,
    /// Another instance is at it.
    Busy,
}

/// How long a delivery may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the question may be out whether a delivery could reach anybody.
const LATE: Duration = Duration::from_secs(10);
/// How long an alert is claimed beyond what is planned.
const MARGIN: Duration = Duration::from_secs(90);

impl From<StoreError> for AlertsError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl AlertsError {
    /// What administrators are told.
    fn told(&self, at: Timestamp) -> AlertFailure {
        let code = match self {
            Self::Store(_) => "store",
            Self::Recipients => "recipients",
            Self::NoRecipients | Self::NotConfigured => "no_recipients",
            Self::Delivery(_) => "delivery",
            Self::BrokenOff => "broken_off",
        };
        let story = std::error::Error::source(self).map(ToString::to_string);
        AlertFailure::new(at, code, story.unwrap_or_else(|| self.to_string()))
    }

    fn log(&self, milestone: u32, wait: Duration) {
        let cause = std::error::Error::source(self);
        tracing::warn!(milestone, error = %self, cause, ?wait, "an alert is tried again");
    }
}

impl Job {
    pub(crate) fn new(alerts: Alerts) -> Self {
        alerts.tell_of_zone();
        Self {
            alerts,
            holder: OsRng.next_u64(),
            state: Mutex::default(),
            failed: Default::default(),
            asked: Mutex::default(),
        }
    }

    /// Whether the delivery could reach anybody now; `None` where it does not
    /// say so in time. Then the answer is waited for all the same, and told to
    /// who asks again.
    pub(crate) async fn reach(
        &self,
        patience: Duration,
        now: Duration,
    ) -> Option<Result<(), DeliveryError>> {
        timeout(patience, self.ask(now)).await.ok()
    }

    /// Waits for the answer to the question that is out, or asks.
    async fn ask(&self, now: Duration) -> Result<(), DeliveryError> {
        // Who comes second waits for the lock, and for no longer.
        let mut asked = self.asked.lock().await;
        let late =
            asked.take_if(|it| now.saturating_sub(it.since) > LATE && !it.answer.is_finished());
        let again = late.inspect(|it| it.answer.abort()).is_some();
        let question = asked.get_or_insert_with(|| {
            let delivery = Arc::clone(&self.alerts.delivery);
            Asked { since: now, answer: tokio::spawn(async move { delivery.reach().await }), again }
        });
        if question.again && !question.answer.is_finished() {
            return Err(DeliveryError::passing("the mail server does not answer"));
        }
        let answer = (&mut question.answer).await;
        *asked = None;
        answer.unwrap_or_else(|_| Err(DeliveryError::passing("asking was broken off")))
    }

    /// What went wrong last, for administrators; nothing once it is made good.
    pub(crate) fn failed(&self) -> Option<AlertFailure> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, failed: Option<AlertFailure>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }

    /// Sends what is due if it is time to; asked every few seconds. `settle`
    /// brings the license up to date first.
    pub(crate) async fn tick(
        &self,
        licensing: &Licensing,
        store: &Arc<dyn Store>,
        settle: impl AsyncFnOnce(),
    ) {
        let mut state = self.state.lock().await;
        let (now, monotonic) = (licensing.control().judged_time(), licensing.clock().monotonic());
        if state.schedule.is_time(self.alerts.at, &self.alerts.zone, now, monotonic) {
            settle().await;
            // What failed is in the log, and tried again.
            let _ = self.send_due(&mut state, licensing, &**store).await;
        }
    }

    /// Sends what is due now.
    pub(crate) async fn run(
        &self,
        licensing: &Licensing,
        store: &Arc<dyn Store>,
        settle: impl AsyncFnOnce(),
    ) -> Result<Vec<SentAlert>, AlertsError> {
        let mut state = self.state.lock().await;
        settle().await;
        self.send_due(&mut state, licensing, &**store).await
    }

    async fn send_due(
        &self,
        state: &mut State,
        licensing: &Licensing,
        store: &dyn Store,
    ) -> Result<Vec<SentAlert>, AlertsError> {
        let Some(alert) = self.due(licensing) else {
            state.begun = None;
            state.schedule.succeeded();
            self.note(None);
            return Ok(Vec::new());
        };
        let begun = state.begun.take().filter(|begun| begun.is_of(&alert));
        let mut begun = begun.unwrap_or_else(|| Begun::new(&alert));
        let before = begun.reached.clone();
        let end = self.send(&alert, &mut begun, store).await;
        let sent: Vec<SentAlert> = begun
            .reached
            .difference(&before)
            .map(|to| SentAlert { milestone: alert.milestone, to: to.clone() })
            .collect();
        if !sent.is_empty() {
            let recipients = sent.len();
            tracing::info!(milestone = alert.milestone, recipients, "an alert was sent");
        }
        match end {
            Ok(End::Done) => {
                state.schedule.succeeded();
                self.note(None);
                Ok(sent)
            }
            Ok(End::Busy) => {
                state.schedule.failed(licensing.clock().monotonic());
                Ok(sent)
            }
            Err(error) => {
                let wait = state.schedule.failed(licensing.clock().monotonic());
                let (holder, license, milestone) = (self.holder, alert.digest, alert.milestone);
                error.log(milestone, wait);
                self.note(Some(error.told(licensing.clock().now())));
                // Where that fails, the claim ends by itself.
                if begun.reached.is_empty() {
                    let _ = store.release_alert(holder, license).await;
                } else {
                    let time = wait.saturating_add(MARGIN);
                    let _ = store.claim_alert(holder, license, milestone, time).await;
                    state.begun = Some(begun);
                }
                if sent.is_empty() { Err(error) } else { Ok(sent) }
            }
        }
    }

    /// The alert of the smallest milestone that is reached, sent or not.
    fn due(&self, licensing: &Licensing) -> Option<Alert> {
        let license = licensing.license()?;
        let status = licensing.status(|_| None);
        let in_term = matches!(status.phase, Phase::Active | Phase::Expiring);
        let succession = licensing.control().succession();
        if !in_term || succession.is_some_and(|succession| succession.covers()) {
            return None;
        }
        let days = status.license?.days_remaining;
        let reached = |milestone: &&u32| days <= u64::from(**milestone);
        let milestone = *self.alerts.milestones.iter().find(reached)?;
        Some(Alert::new(licensing, &license, self.alerts.chosen(), milestone, days))
    }

    /// Sends an alert to everybody whom it has not reached yet, unless it was
    /// sent.
    async fn send(
        &self,
        alert: &Alert,
        begun: &mut Begun,
        store: &dyn Store,
    ) -> Result<End, AlertsError> {
        let (license, milestone) = (alert.digest, alert.milestone);
        if is_sent(store.sent_alert(license).await?, milestone) {
            return Ok(End::Done);
        }
        let everybody = self.alerts.everybody().await.map_err(|_| AlertsError::Recipients)?;
        let mut failed = None;
        let mut refused = None;
        for to in &everybody {
            if begun.reached.contains(to) {
                continue;
            }
            let time = PATIENCE.saturating_add(MARGIN);
            match store.claim_alert(self.holder, license, milestone, time).await? {
                AlertClaim::Granted => {}
                AlertClaim::Sent => return Ok(End::Done),
                AlertClaim::Busy => return Ok(End::Busy),
            }
            match self.deliver(alert, to).await {
                Ok(()) => drop(begun.reached.insert(to.clone())),
                Err(error) if error.is_permanent() => {
                    tracing::warn!(milestone, %error, "a recipient of alerts is not to be reached");
                    refused = Some(error);
                }
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            return Err(AlertsError::Delivery(error));
        }
        if begun.reached.is_empty() {
            return Err(refused.map_or(AlertsError::NoRecipients, AlertsError::Delivery));
        }
        store.confirm_alert(self.holder, license, milestone).await?;
        Ok(End::Done)
    }

    async fn deliver(&self, alert: &Alert, to: &str) -> Result<(), DeliveryError> {
        let delivery = self.alerts.delivery.deliver(alert, to);
        let late = || Err(DeliveryError::passing("the delivery took too long"));
        timeout(PATIENCE, delivery).await.unwrap_or_else(|_| late())
    }
}

impl Begun {
    fn new(alert: &Alert) -> Self {
        Self { license: alert.digest, milestone: alert.milestone, reached: BTreeSet::new() }
    }

    fn is_of(&self, alert: &Alert) -> bool {
        self.license == alert.digest && self.milestone == alert.milestone
    }
}
