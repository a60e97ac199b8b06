//! The rules of alerts, with a delivery that only remembers and a clock that
//! is moved by hand.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use license_core::{
    Licensing, Timestamp, Token,
    testing::{LicenseBuilder, ManualClock, START, Vendor, licensing},
};

use super::{Alert, AlertDelivery, Alerts, AlertsError, DeliveryError, Job, SentAlert};
use crate::store::{AlertClaim, AlertStore, MemoryStore, Store};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);
const ONE: &str = "one@example.com";
const TWO: &str = "two@example.com";

/// Remembers what was delivered, and fails for whom it is told to.
#[derive(Clone, Debug, Default)]
struct Outbox(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    delivered: Vec<(u32, String)>,
    texts: Vec<String>,
    fails: BTreeSet<String>,
    refuses: BTreeSet<String>,
}

#[async_trait]
impl AlertDelivery for Outbox {
    async fn deliver(&self, alert: &Alert, to: &str) -> Result<(), DeliveryError> {
        let mut inside = self.0.lock().unwrap();
        if inside.fails.contains(to) {
            return Err(DeliveryError::passing("it fails"));
        }
        if inside.refuses.contains(to) {
            return Err(DeliveryError::permanent("it is refused"));
        }
        inside.delivered.push((alert.milestone, to.to_owned()));
        inside.texts.extend([alert.text().to_owned(), alert.html().to_owned()]);
        Ok(())
    }
}

impl Outbox {
    fn fails(&self, for_whom: &[&str]) {
        self.0.lock().unwrap().fails = for_whom.iter().map(|it| (*it).to_owned()).collect();
    }

    fn refuses(&self, whom: &[&str]) {
        self.0.lock().unwrap().refuses = whom.iter().map(|it| (*it).to_owned()).collect();
    }

    /// What was delivered since the last call.
    fn delivered(&self) -> Vec<(u32, String)> {
        std::mem::take(&mut self.0.lock().unwrap().delivered)
    }

    /// The messages, in both forms.
    fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().texts.clone()
    }

    /// The milestones delivered since the last call.
    fn milestones(&self) -> Vec<u32> {
        self.delivered().into_iter().map(|(milestone, _)| milestone).collect()
    }
}

/// One instance, with the clock at midnight UTC.
struct Service {
    vendor: Vendor,
    licensing: Licensing,
    clock: Arc<ManualClock>,
    store: Arc<dyn Store>,
    delivery: Outbox,
    job: Job,
}

fn midnight() -> Timestamp {
    START.date().parse().unwrap()
}

impl Service {
    fn new() -> Self {
        Self::with(|alerts| alerts)
    }

    fn with(change: impl FnOnce(Alerts) -> Alerts) -> Self {
        let vendor = Vendor::new();
        let (licensing, clock) = licensing(&vendor);
        clock.set(midnight().saturating_add(DAY));
        let (store, delivery) = (Arc::new(MemoryStore::new()), Outbox::default());
        let job = Job::new(change(alerts(&delivery)));
        Self { vendor, licensing, clock, store, delivery, job }
    }

    /// Another instance on the same store, or this one after a restart.
    fn another(&self) -> Job {
        Job::new(alerts(&self.delivery))
    }

    fn license(&self, days: u64) -> LicenseBuilder<'_> {
        let ends = self.clock_now().saturating_add(DAY * u32::try_from(days).unwrap());
        self.vendor.license().expires_at(ends)
    }

    /// A license with this many days left is in force.
    fn install(&self, days: u64) -> Token {
        let license = self.license(days);
        let token = license.clone().sign();
        license.install(&self.licensing);
        token
    }

    fn clock_now(&self) -> Timestamp {
        self.licensing.control().judged_time()
    }

    async fn run_on(&self, job: &Job) -> Result<Vec<SentAlert>, AlertsError> {
        job.run(&self.licensing, &self.store, async || {}).await
    }

    async fn run(&self) -> Result<Vec<SentAlert>, AlertsError> {
        self.run_on(&self.job).await
    }

    /// Lets this much time pass, looking every minute.
    async fn pass(&self, time: Duration) {
        for _ in 0..time.as_secs() / 60 {
            self.clock.advance(MINUTE);
            self.job.tick(&self.licensing, &self.store, async || {}).await;
        }
    }

    async fn sent(&self, token: &Token) -> Option<u32> {
        self.store.sent_alert(token.digest()).await.unwrap()
    }
}

fn alerts(delivery: &Outbox) -> Alerts {
    let alerts = Alerts::by(delivery.clone()).recipients([ONE]);
    alerts.time_zone("UTC").ok().unwrap()
}

#[tokio::test]
async fn each_milestone_is_sent_once_at_its_time() {
    let service = Service::new();
    service.install(40);
    let mut sent = Vec::new();
    for hour in 0..40 * 24 {
        let (left, of_day) = (40 - hour / 24, hour % 24);
        let milestones = service.delivery.milestones();
        sent.extend(milestones.into_iter().map(|milestone| (milestone, left, of_day)));
        service.pass(HOUR).await;
    }
    assert_eq!(sent, [(30, 30, 9), (14, 14, 9), (7, 7, 9), (1, 1, 9)]);
}

#[tokio::test]
async fn only_the_smallest_that_is_due_is_sent_and_the_larger_are_marked() {
    let service = Service::new();
    let token = service.install(5);
    let sent = service.run().await.unwrap();
    assert_eq!(sent, [SentAlert { milestone: 7, to: ONE.to_owned() }]);
    assert_eq!(service.sent(&token).await, Some(7));
    assert_eq!(service.run().await.unwrap(), []);
    service.clock.advance(DAY * 4);
    let sent = service.run().await.unwrap();
    assert_eq!(sent[0].milestone, 1);
    assert_eq!(service.delivery.milestones(), [7, 1]);
}

#[tokio::test]
async fn a_milestone_is_due_on_its_very_day_and_not_before() {
    let service = Service::new();
    service.install(31);
    service.clock.advance(DAY - Duration::from_millis(1));
    assert_eq!(service.run().await.unwrap(), []);
    service.clock.advance(Duration::from_millis(1));
    assert_eq!(service.run().await.unwrap()[0].milestone, 30);
}

#[tokio::test]
async fn an_alert_is_sent_once_over_instances_and_restarts() {
    let service = Service::new();
    service.install(7);
    let (one, two) = (service.another(), service.another());
    let (one, two) = tokio::join!(service.run_on(&one), service.run_on(&two));
    assert_eq!(one.unwrap().len() + two.unwrap().len(), 1);
    assert_eq!(service.run_on(&service.another()).await.unwrap(), []);
    assert_eq!(service.delivery.milestones(), [7]);
}

#[tokio::test]
async fn nothing_is_sent_after_expiry_nor_without_a_license() {
    let service = Service::new();
    assert_eq!(service.run().await.unwrap(), []);
    service.install(1);
    service.clock.advance(DAY);
    assert_eq!(service.run().await.unwrap(), []);
    assert_eq!(service.delivery.milestones(), [] as [u32; 0]);
}

#[tokio::test]
async fn nothing_is_sent_in_grace() {
    let mut service = Service::new();
    let policy = license_core::Policy::new().grace(DAY * 14);
    let product = license_core::Product::builder("test", "https://vendor.example", "test");
    service.vendor = Vendor::of(product.policy(policy).build().unwrap());
    (service.licensing, service.clock) = licensing(&service.vendor);
    service.install(2);
    service.clock.advance(DAY * 3);
    assert_eq!(service.licensing.phase(), license_core::Phase::Grace);
    assert_eq!(service.run().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_is_sent_while_a_next_license_waits() {
    let service = Service::new();
    let token = service.install(5);
    let begins = service.clock_now().saturating_add(DAY * 4);
    let next = service.license(12).id("next").not_before(begins).sign();
    let verified = service.licensing.verify(next.as_str().as_bytes()).unwrap();
    let installation = service.licensing.control().prepare_source(&verified).unwrap();
    service.licensing.control().commit(installation);
    assert!(service.licensing.status(|_| None).next.is_some());
    assert_eq!(service.run().await.unwrap(), []);
    assert_eq!(service.sent(&token).await, None);
    // Once it is in force it is what is told of.
    service.clock.advance(DAY * 5);
    assert_eq!(service.run().await.unwrap()[0].milestone, 7);
    assert_eq!(service.sent(&next).await, Some(7));
}

#[tokio::test]
async fn a_next_license_that_does_not_cover_is_told_of() {
    for (begins, days, told) in [
        (8, 30, "begins after a gap of 3 days"),
        (2, 4, "1 day earlier than the one in force"),
        (2, 5, "ends when the one in force does"),
    ] {
        let service = Service::new();
        service.install(5);
        let begins = service.clock_now().saturating_add(DAY * begins);
        let next = service.license(days).id("next").not_before(begins).sign();
        let verified = service.licensing.verify(next.as_str().as_bytes()).unwrap();
        let installation = service.licensing.control().prepare_source(&verified).unwrap();
        service.licensing.control().commit(installation);
        assert_eq!(service.run().await.unwrap()[0].milestone, 7, "{told}");
        let texts = service.delivery.texts();
        assert!(!texts.is_empty());
        for text in texts {
            assert!(text.contains(told), "{told} is not in:\n{text}");
        }
    }
}

#[tokio::test]
async fn a_renewal_is_announced_anew_under_the_same_id_too() {
    let service = Service::new();
    service.install(1);
    service.run().await.unwrap();
    service.install(30);
    assert_eq!(service.run().await.unwrap()[0].milestone, 30);
    assert_eq!(service.delivery.milestones(), [1, 30]);
}

#[tokio::test]
async fn a_failed_delivery_is_not_marked_and_tried_again_ever_later() {
    let service = Service::new();
    let token = service.install(7);
    service.pass(HOUR * 8 + MINUTE * 59).await;
    service.delivery.fails(&[ONE]);
    service.pass(MINUTE).await;
    assert_eq!(service.sent(&token).await, None);
    // It is free for others.
    let claim = service.store.claim_alert(1, token.digest(), 7, MINUTE).await.unwrap();
    assert_eq!(claim, AlertClaim::Granted);
    service.store.release_alert(1, token.digest()).await.unwrap();
    service.pass(MINUTE * 2).await;
    service.delivery.fails(&[]);
    // The next attempts are one, and then two minutes later.
    assert_eq!(service.delivery.milestones(), [] as [u32; 0]);
    service.pass(MINUTE).await;
    assert_eq!(service.delivery.milestones(), [7]);
    assert_eq!(service.sent(&token).await, Some(7));
    service.pass(DAY).await;
    assert_eq!(service.delivery.milestones(), [] as [u32; 0]);
}

#[tokio::test]
async fn the_caller_is_told_that_a_delivery_failed() {
    let service = Service::new();
    service.install(7);
    service.delivery.fails(&[ONE]);
    let error = service.run().await.unwrap_err();
    assert!(matches!(error, AlertsError::Delivery(_)), "{error:?}");
}

#[tokio::test]
async fn where_some_were_reached_only_the_others_are_tried_again() {
    let service = Service::with(|alerts| alerts.recipients([TWO]));
    let token = service.install(7);
    service.delivery.fails(&[TWO]);
    assert_eq!(service.run().await.unwrap(), [SentAlert { milestone: 7, to: ONE.to_owned() }]);
    assert_eq!(service.sent(&token).await, None);
    // Another instance does not write to the first again.
    assert_eq!(service.run_on(&service.another()).await.unwrap(), []);
    service.delivery.fails(&[]);
    assert_eq!(service.run().await.unwrap(), [SentAlert { milestone: 7, to: TWO.to_owned() }]);
    assert_eq!(service.sent(&token).await, Some(7));
    let delivered = service.delivery.delivered();
    assert_eq!(delivered, [(7, ONE.to_owned()), (7, TWO.to_owned())]);
}

#[tokio::test]
async fn who_is_refused_for_good_keeps_nobody_waiting() {
    let service = Service::with(|alerts| alerts.recipients([TWO]));
    let token = service.install(7);
    service.delivery.refuses(&[ONE, TWO]);
    service.run().await.unwrap_err();
    assert_eq!(service.sent(&token).await, None, "it reached nobody");
    service.delivery.refuses(&[ONE]);
    assert_eq!(service.run().await.unwrap(), [SentAlert { milestone: 7, to: TWO.to_owned() }]);
    assert_eq!(service.sent(&token).await, Some(7));
}

#[tokio::test]
async fn everybody_is_written_to_once() {
    let service = Service::with(|alerts| {
        let ask = async || Ok(vec![TWO.to_owned(), "ONE@example.com".to_owned()]);
        alerts.recipients_from(ask).recipients([TWO])
    });
    service.install(7);
    service.run().await.unwrap();
    let delivered: Vec<_> = service.delivery.delivered().into_iter().map(|(_, to)| to).collect();
    assert_eq!(delivered, [TWO, "ONE@example.com"]);
}

#[tokio::test]
async fn recipients_that_cannot_be_read_are_a_failure() {
    let service = Service::with(|alerts| alerts.recipients_from(async || Err("down".into())));
    let token = service.install(7);
    assert!(matches!(service.run().await, Err(AlertsError::Recipients)));
    assert_eq!(service.sent(&token).await, None);
}

#[tokio::test]
async fn without_anybody_to_write_to_nothing_is_marked() {
    let vendor = Vendor::new();
    let (licensing, clock) = licensing(&vendor);
    vendor.license().install(&licensing);
    clock.advance(DAY * 360);
    let job = Job::new(Alerts::by(Outbox::default()));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let result = job.run(&licensing, &store, async || {}).await;
    assert!(matches!(result, Err(AlertsError::NoRecipients)));
}

#[tokio::test]
async fn milestones_are_configurable() {
    let service = Service::with(|alerts| alerts.milestones([3, 60, 0]));
    service.install(61);
    assert_eq!(service.run().await.unwrap(), []);
    service.clock.advance(DAY);
    assert_eq!(service.run().await.unwrap()[0].milestone, 60);
    service.clock.advance(DAY * 57);
    assert_eq!(service.run().await.unwrap()[0].milestone, 3);
}

#[tokio::test]
async fn a_clock_that_is_moved_back_brings_no_milestone_back() {
    let service = Service::new();
    service.install(31);
    service.clock.advance(DAY);
    service.licensing.control().refresh();
    service.clock.set(service.clock_now().saturating_sub(HOUR * 12));
    assert_eq!(service.run().await.unwrap()[0].milestone, 30);
}

#[test]
fn a_message_says_what_happens_when_and_what_to_do() {
    let policy = license_core::Policy::new().grace(DAY * 14);
    let product = license_core::Product::builder("acme", "https://vendor.example", "test");
    let vendor = Vendor::of(product.policy(policy).build().unwrap());
    let (licensing, _) = licensing(&vendor);
    let ends = "2026-12-31T12:00:00Z".parse().unwrap();
    let license = vendor.license().id("<i> & \"x\"").expires_at(ends);
    license.install(&licensing);
    let verified = licensing.license().unwrap();
    let texts = license_texts::Texts::shipped();
    let in_language = |tag| Alert::new(&licensing, &verified, texts.language(tag).unwrap(), 7, 6);
    let alert = in_language("en");
    assert_eq!(alert.subject(), "acme: the license ends on 31 December 2026 (6 days left)");
    let german = in_language("de");
    assert!(german.subject().contains("31. Dezember 2026"), "{}", german.subject());
    assert!(german.html().contains("<html lang=\"de\" dir=\"ltr\">"), "{}", german.html());
    assert!(german.text().contains("14. Januar 2027, 12:00 UTC"), "{}", german.text());
    let arabic = in_language("ar");
    assert!(arabic.html().contains("dir=\"rtl\"") && !arabic.subject().contains('\u{2068}'));
    let text = alert.text();
    for part in [
        "The license of acme (<i> & \"x\") ends on 31 December 2026: 6 days left.",
        "- From 31 December 2026, 12:00 UTC on: The license has ended; everything works in grace",
        "- From 14 January 2027, 12:00 UTC on: The service is refused until",
        "Ask your vendor for a renewed license and install it",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let html = alert.html();
    for part in [
        "acme (&lt;i&gt; &amp; &quot;x&quot;) ends on 31 December 2026: 6 days left.",
        "<strong>14 January 2027, 12:00 UTC</strong> on: The service is refused until",
        "Ask your vendor for a renewed license and install it",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains("<i>"));
    for form in [text, html, alert.subject()] {
        assert!(!form.contains("Test Customer"));
    }
}
