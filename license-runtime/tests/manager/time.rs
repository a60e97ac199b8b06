//! Instances on one store, and a store whose clock says what time it is.

use std::sync::Arc;

use license_core::{
    Installer, Phase, Timestamp,
    testing::{ManualClock, START, Vendor, licensing},
};
use license_runtime::{LicenseManager, Store};

use crate::support::{DAY, Probe, day, install, set, start};

/// One of several instances.
struct Node {
    manager: LicenseManager,
    clock: Arc<ManualClock>,
}

impl Node {
    /// An instance whose clock shows this when it starts.
    async fn start(vendor: &Vendor, store: &Arc<Probe>, shows: Timestamp) -> Self {
        let (licensing, clock) = licensing(vendor);
        clock.set(shows);
        Self { manager: start(licensing, store).await, clock }
    }

    async fn install(&self, license: license_core::testing::LicenseBuilder<'_>) {
        install(&self.manager, license.sign().as_str().as_bytes()).await.unwrap();
    }

    async fn phase(&self) -> Phase {
        self.manager.tick_once().await;
        self.manager.licensing().phase()
    }

    async fn in_force(&self) -> String {
        self.manager.tick_once().await;
        self.manager.licensing().license().unwrap().license().id().to_owned()
    }

    async fn warns_of_skew(&self) -> bool {
        let warnings = self.manager.status().await.warnings;
        warnings.iter().any(|warning| warning.code == "clock_skewed")
    }
}

/// A store whose clock shows [`START`].
fn store() -> Arc<Probe> {
    let store = Probe::memory();
    set(&store.shared, true);
    show(&store, START);
    store
}

fn show(store: &Probe, time: Timestamp) {
    *store.time.lock().unwrap() = Some(time);
}

async fn stored_mark(store: &Probe) -> Option<Timestamp> {
    store.load().await.unwrap().saved.clock.mark
}

fn lead(minutes: u64) -> Timestamp {
    START.saturating_add(std::time::Duration::from_secs(60 * minutes))
}

#[tokio::test]
async fn an_instance_whose_clock_is_a_year_ahead_stops_nobody() {
    let (vendor, store) = (Vendor::new(), store());
    let honest = Node::start(&vendor, &store, START).await;
    let fast = Node::start(&vendor, &store, day(365)).await;
    honest.install(vendor.license().days(400)).await;
    assert!(fast.phase().await.is_in_force());
    assert_eq!(stored_mark(&store).await, Some(lead(5)));
    // What it installs, it installs for the others too.
    fast.install(vendor.license().id("renewed").issued_at(lead(1)).days(500)).await;
    for node in [&honest, &Node::start(&vendor, &store, START).await] {
        assert_eq!(node.phase().await, Phase::Active);
        assert_eq!(node.in_force().await, "renewed");
        assert!(!node.warns_of_skew().await);
    }
    assert_eq!(stored_mark(&store).await, Some(lead(5)));
    assert!(fast.warns_of_skew().await);
    // To the fast one alone it has expired.
    fast.clock.set(day(600));
    assert!(!fast.phase().await.is_in_force());
    assert_eq!(honest.phase().await, Phase::Active);
    let history = honest.manager.audit(9).await.unwrap();
    assert!(history.iter().all(|entry| entry.outcome == "installed"), "{history:?}");
}

#[tokio::test]
async fn a_license_that_waits_takes_over_when_it_has_begun_for_all() {
    let (vendor, store) = (Vendor::new(), store());
    let honest = Node::start(&vendor, &store, START).await;
    let fast = Node::start(&vendor, &store, day(20)).await;
    honest.install(vendor.license().id("now")).await;
    // To the fast one it has begun; the others would have no license.
    fast.install(vendor.license().id("later").not_before(day(10))).await;
    assert_eq!(fast.in_force().await, "later");
    assert_eq!(honest.in_force().await, "now");
    assert!(store.load().await.unwrap().saved.next.is_some());
    // Another upload there must not make it the installed one either.
    fast.install(vendor.license().id("last").not_before(day(11))).await;
    assert_eq!(honest.in_force().await, "now");

    show(&store, day(11));
    honest.clock.set(day(11));
    assert_eq!(honest.in_force().await, "last", "at once, for its own requests");
    assert!(store.load().await.unwrap().saved.next.is_some());
    show(&store, day(11).saturating_add(lead(5).saturating_since(START)));
    honest.manager.tick_once().await;
    assert!(store.load().await.unwrap().saved.next.is_none());
}

#[tokio::test]
async fn a_license_that_begins_in_minutes_waits_also_where_the_clock_is_minutes_fast() {
    let (vendor, store) = (Vendor::new(), store());
    let honest = Node::start(&vendor, &store, START).await;
    let fast = Node::start(&vendor, &store, lead(8)).await;
    honest.install(vendor.license().id("now")).await;
    fast.install(vendor.license().id("soon").not_before(lead(4))).await;
    assert_eq!(fast.in_force().await, "soon");
    // Nor does another upload there put it in force for all.
    fast.install(vendor.license().id("sooner").not_before(lead(3))).await;
    let waits = async || store.load().await.unwrap().saved.next.is_some();
    assert!(waits().await);
    // Whoever shares the mark may see it begin as early as the mark is ahead.
    for node in [&honest, &Node::start(&vendor, &store, START).await] {
        assert_eq!(node.phase().await, Phase::Active);
        assert_eq!(node.in_force().await, "sooner");
    }
    assert!(waits().await);
}

#[tokio::test]
async fn an_instance_whose_clock_is_slow_begins_with_the_others() {
    let (vendor, store) = (Vendor::new(), store());
    let honest = Node::start(&vendor, &store, START).await;
    honest.install(vendor.license().id("now").issued_at(day(-1))).await;
    let slow = Node::start(&vendor, &store, START.saturating_sub(DAY / 24)).await;
    honest.install(vendor.license().id("new").not_before(START)).await;
    assert_eq!(honest.in_force().await, "new");
    // By the shared mark it has begun there too, as the one before has ended.
    assert_eq!(slow.phase().await, Phase::Active);
    assert_eq!(slow.in_force().await, "new");
    let newer = vendor.license().id("newer").issued_at(day(-1)).sign();
    let refused = install(&slow.manager, newer.as_str().as_bytes()).await.unwrap_err();
    assert_eq!(refused.code(), "older_than_installed");
}

#[tokio::test]
async fn the_latch_is_each_instances_own() {
    let (vendor, store) = (Vendor::new(), store());
    let honest = Node::start(&vendor, &store, START).await;
    let turned_back = Node::start(&vendor, &store, START).await;
    honest.install(vendor.license()).await;
    assert_eq!(turned_back.phase().await, Phase::Active);
    turned_back.clock.set(START.saturating_sub(2 * DAY));
    assert!(!turned_back.phase().await.is_in_force());
    assert_eq!(honest.phase().await, Phase::Active);
    assert!(!store.load().await.unwrap().saved.clock.latched);
    // Less than a day behind, and what others install does not unlatch it.
    turned_back.clock.set(START.saturating_sub(DAY / 2));
    honest.install(vendor.license().id("renewed")).await;
    assert!(!turned_back.phase().await.is_in_force());
    // Also over a restart, as long as the clock is wrong.
    let again = Node::start(&vendor, &store, START.saturating_sub(2 * DAY)).await;
    assert!(!again.phase().await.is_in_force());
    assert!(again.warns_of_skew().await);
    again.clock.set(START);
    assert_eq!(again.phase().await, Phase::Active);
}

#[tokio::test]
async fn an_instance_whose_clock_is_slow_does_not_take_the_mark_back() {
    let (vendor, store) = (Vendor::new(), store());
    let honest = Node::start(&vendor, &store, START).await;
    honest.install(vendor.license().issued_at(day(-1))).await;
    let slow = Node::start(&vendor, &store, START.saturating_sub(DAY / 2)).await;
    for node in [&honest, &slow] {
        node.clock.advance(DAY / 4);
    }
    show(&store, START.saturating_add(DAY / 4));
    honest.manager.tick_once().await;
    let mark = stored_mark(&store).await;
    assert_eq!(mark, Some(START.saturating_add(DAY / 4)));
    slow.install(vendor.license().id("renewed").issued_at(day(-1))).await;
    slow.manager.tick_once().await;
    assert_eq!(stored_mark(&store).await, mark);
    assert_eq!(honest.in_force().await, "renewed");
}
