use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::{
    Denial, DenialCode, Installer, Policy, Product, Timestamp,
    license::LimitKind,
    policy::Rule,
    testing::{Vendor, licensing},
};
use license_runtime::{LicenseManager, LimitError, Quota};
use tokio::task::{JoinSet, yield_now};

use crate::support::{DAY, Probe, Service, install, set, start};

fn vendor() -> Vendor {
    let product = Product::builder("test", "https://vendor.example", "test")
        .limit("decisions", LimitKind::Monthly)
        .policy(Policy::new().status(DenialCode::LimitReached, 400))
        .build()
        .unwrap();
    Vendor::of(product)
}

/// A service whose license allows this many decisions.
async fn service(max: impl Into<Option<u64>>) -> Service {
    let service = Service::of(vendor()).await;
    renew(&service, max).await;
    service
}

async fn renew(service: &Service, max: impl Into<Option<u64>>) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let id = NUMBER.fetch_add(1, Ordering::SeqCst).to_string();
    let license = service.vendor.license().id(&id).limit("decisions", max.into());
    service.install(&license.sign()).await.unwrap();
}

/// Starts anew as after a kill, once what goes on in the background has ended:
/// a kill ends that, too.
async fn restart(service: &mut Service) {
    service.restart().await;
    while decisions(service).used().await.is_err() {
        yield_now().await;
    }
}

fn decisions(service: &Service) -> Quota {
    service.manager.quota("decisions")
}

/// The denial, which must be the license's.
fn denied(result: Result<(), LimitError>) -> Denial {
    match result.unwrap_err() {
        LimitError::Denied(denial) => denial,
        error => panic!("{error:?}"),
    }
}

fn unavailable(result: Result<(), LimitError>) {
    let error = result.unwrap_err();
    assert_eq!(error.denial().code(), DenialCode::StoreUnavailable, "{error:?}");
}

/// Uses up one after the other until it is refused; returns how many.
async fn exhaust(quota: &Quota) -> u64 {
    let mut used = 0;
    while quota.consume(1).await.is_ok() {
        used += 1;
    }
    used
}

#[tokio::test]
async fn a_use_over_the_cap_is_limit_reached_with_limit_max_and_used() {
    let service = service(3).await;
    let quota = decisions(&service);
    quota.consume(2).await.unwrap();
    let denial = denied(quota.consume(2).await);
    assert_eq!((denial.code(), denial.status()), (DenialCode::LimitReached, 400));
    let problem = denial.problem();
    assert_eq!(problem.limit.as_deref(), Some("decisions"));
    assert_eq!((problem.max, problem.used), (Some(3), Some(2)));
    assert_eq!(quota.used().await.unwrap(), 2, "all or nothing");
    quota.consume(1).await.unwrap();
    assert_eq!(denied(quota.consume(1).await).problem().used, Some(3));
    quota.consume(0).await.unwrap();
}

#[tokio::test]
async fn unlimited_use_is_counted_too() {
    let service = service(None).await;
    let quota = decisions(&service);
    for _ in 0..1000 {
        quota.consume(3).await.unwrap();
    }
    assert_eq!(quota.used().await.unwrap(), 3000);
    let status = service.manager.status().await;
    let limit = &status.license.unwrap().limits["decisions"];
    assert_eq!((limit.max, limit.used), (None, Some(3000)));
}

#[tokio::test]
async fn a_number_beyond_all_counting_is_refused_and_uses_nothing() {
    let service = service(None).await;
    let quota = decisions(&service);
    quota.consume(1).await.unwrap();
    for units in [1 << 43, u64::MAX] {
        assert_eq!(denied(quota.consume(units).await).problem().used, Some(1));
    }
    quota.consume((1 << 43) - 1).await.unwrap();
    quota.consume(1).await.unwrap();
    assert_eq!(quota.used().await.unwrap(), (1 << 43) + 1);
}

#[tokio::test]
async fn a_cap_lowered_below_what_is_used_refuses_and_a_raised_one_allows_at_once() {
    let service = service(10_000).await;
    let quota = decisions(&service);
    for _ in 0..50 {
        quota.consume(1).await.unwrap();
    }
    renew(&service, 40).await;
    assert_eq!(denied(quota.consume(1).await).problem().used, Some(50));
    assert_eq!(quota.used().await.unwrap(), 50);
    renew(&service, 52).await;
    assert_eq!(exhaust(&quota).await, 2);
    renew(&service, 55).await;
    assert_eq!(exhaust(&quota).await, 3);
    renew(&service, None).await;
    quota.consume(1000).await.unwrap();
    renew(&service, 1056).await;
    assert_eq!(exhaust(&quota).await, 1);
    assert_eq!(quota.used().await.unwrap(), 1056);
}

#[tokio::test]
async fn at_the_turn_of_the_month_the_count_starts_at_0() {
    let service = service(100).await;
    let quota = decisions(&service);
    assert_eq!(exhaust(&quota).await, 100);
    let turn: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    service.clock.set(turn.saturating_sub(Duration::from_millis(1)));
    denied(quota.consume(1).await);
    service.clock.set(turn);
    assert_eq!(quota.used().await.unwrap(), 0);
    assert_eq!(exhaust(&quota).await, 100);
    assert_eq!(quota.used().await.unwrap(), 100);
}

#[tokio::test]
async fn what_is_left_of_a_month_is_not_carried_over() {
    let service = service(1000).await;
    let quota = decisions(&service);
    quota.consume(1).await.unwrap();
    service.clock.advance(30 * DAY);
    assert_eq!(exhaust(&quota).await, 1000);
}

#[tokio::test]
async fn a_clock_moved_back_does_not_reopen_a_month() {
    let mut service = service(10).await;
    service.clock.advance(31 * DAY);
    let quota = decisions(&service);
    assert_eq!(exhaust(&quota).await, 10);
    // Back into November, within the tolerance and over it.
    for back in [DAY, 3 * DAY] {
        service.clock.set(service_now(&service).saturating_sub(back));
        assert!(quota.consume(1).await.is_err());
        assert_eq!(quota.used().await.unwrap(), 10);
    }
    service.manager.tick_once().await;
    drop(quota);
    restart(&mut service).await;
    assert!(decisions(&service).consume(1).await.is_err());
    assert_eq!(decisions(&service).used().await.unwrap(), 10);
}

fn service_now(service: &Service) -> Timestamp {
    service.licensing().clock().now()
}

#[tokio::test]
async fn a_restart_without_a_chance_to_save_anything_loses_and_adds_nothing() {
    let mut service = service(100_000).await;
    let mut used = 0;
    for round in 0..20 {
        let quota = decisions(&service);
        assert_eq!(quota.used().await.unwrap(), used, "round {round}");
        for _ in 0..37 {
            quota.consume(round + 1).await.unwrap();
            used += round + 1;
        }
        drop(quota);
        restart(&mut service).await;
    }
    let status = service.manager.status().await;
    assert_eq!(status.license.unwrap().limits["decisions"].used, Some(used));
    decisions(&service).consume(100_000 - used).await.unwrap();
    denied(decisions(&service).consume(1).await);
}

#[tokio::test]
async fn a_shutdown_brings_back_what_is_left_and_refuses_from_then_on() {
    let mut service = service(10_000).await;
    let quota = decisions(&service);
    quota.consume(5).await.unwrap();
    let month = service.licensing().control().month();
    assert!(service.store.quota_taken_now(month).await > 5, "a block is open");
    service.manager.shutdown().await;
    unavailable(quota.consume(1).await);
    service.restart().await;
    assert_eq!(service.store.quota_taken_now(month).await, 5);
}

#[tokio::test]
async fn the_status_after_a_start_shows_what_was_used_before() {
    let mut service = service(10_000).await;
    decisions(&service).consume(5).await.unwrap();
    service.manager.shutdown().await;
    service.restart().await;
    let status = service.manager.status().await;
    assert_eq!(status.license.unwrap().limits["decisions"].used, Some(5));
}

/// A service with a store in memory that nobody else uses.
async fn in_memory(max: Option<u64>) -> (LicenseManager, Arc<Probe>) {
    let vendor = vendor();
    let (licensing, _clock) = licensing(&vendor);
    let store = Probe::memory();
    let manager = start(licensing, &store).await;
    let token = vendor.license().limit("decisions", max).sign();
    install(&manager, token.as_str().as_bytes()).await.unwrap();
    (manager, store)
}

/// Lets the background work.
async fn meanwhile() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test]
async fn the_next_block_is_taken_before_the_current_one_runs_out() {
    let (manager, store) = in_memory(None).await;
    let quota = manager.quota("decisions");
    quota.consume(1).await.unwrap();
    let block = store.quota_taken_now(manager.licensing().control().month()).await;
    for _ in 0..block / 2 {
        quota.consume(1).await.unwrap();
    }
    meanwhile().await;
    set(&store.down, true);
    assert_eq!(exhaust(&quota).await, block - 1 - block / 2 + 2 * block);
}

#[tokio::test]
async fn of_a_small_quota_one_unit_is_taken_ahead() {
    let (manager, store) = in_memory(Some(10)).await;
    let quota = manager.quota("decisions");
    for used in 1..=9 {
        quota.consume(1).await.unwrap();
        meanwhile().await;
        let taken = store.quota_taken_now(manager.licensing().control().month()).await;
        assert_eq!(taken, used + 1);
    }
    set(&store.down, true);
    assert_eq!(exhaust(&quota).await, 1);
}

#[tokio::test]
async fn without_the_store_uses_go_on_while_the_block_lasts() {
    let service = service(100_000).await;
    let quota = decisions(&service);
    quota.consume(1).await.unwrap();
    set(&service.store.down, true);
    let served = exhaust(&quota).await;
    assert!((1..100).contains(&served), "{served}");
    unavailable(quota.consume(1).await);
    assert_eq!(quota.used().await.unwrap(), served + 1, "known without the store");
    set(&service.store.down, false);
    quota.consume(1000).await.unwrap();
    assert_eq!(quota.used().await.unwrap(), served + 1001);
}

#[tokio::test]
async fn at_the_cap_nothing_is_asked_of_a_store_that_nobody_else_uses() {
    let service = service(10).await;
    let quota = decisions(&service);
    assert_eq!(exhaust(&quota).await, 10);
    let writes = service.store.writes();
    for _ in 0..100 {
        denied(quota.consume(1).await);
    }
    assert_eq!(service.store.writes(), writes);
    set(&service.store.down, true);
    denied(quota.consume(1).await);
}

#[tokio::test]
async fn many_uses_are_few_writes_to_the_store() {
    let service = service(None).await;
    let quota = decisions(&service);
    let before = service.store.writes();
    for _ in 0..100_000 {
        quota.consume(1).await.unwrap();
        // Whoever serves requests lets other tasks go on.
        yield_now().await;
    }
    let writes = service.store.writes() - before;
    assert!((5..50).contains(&writes), "{writes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_use_up_the_last_units_exactly_as_many_are_served_over_a_restart() {
    let mut service = service(5000).await;
    let mut served = 0;
    for _ in 0..3 {
        let mut tasks = JoinSet::new();
        for number in 0..16_u64 {
            let quota = decisions(&service);
            tasks.spawn(async move {
                let mut served = 0;
                for round in 0..120 {
                    let units = (number + round) % 3 + 1;
                    served += quota.consume(units).await.map_or(0, |()| units);
                }
                served
            });
        }
        served += tasks.join_all().await.into_iter().sum::<u64>();
        assert_eq!(decisions(&service).used().await.unwrap(), served);
        restart(&mut service).await;
    }
    served += exhaust(&decisions(&service)).await;
    assert_eq!(served, 5000);
}

#[tokio::test]
async fn a_caller_that_goes_away_loses_at_most_its_own_units() {
    let service = service(1_000_000).await;
    let quota = decisions(&service);
    for _ in 0..50 {
        let task = tokio::spawn({
            let quota = quota.clone();
            async move { quota.consume(1000).await }
        });
        yield_now().await;
        task.abort();
        let _ = task.await;
    }
    quota.consume(1).await.unwrap();
    let used = quota.used().await.unwrap();
    assert!(used <= 50_001, "{used}");
    assert_eq!(used % 1000, 1, "all or nothing");
}

#[tokio::test]
async fn without_a_license_the_denial_is_the_one_of_the_phase() {
    let service = Service::new().await;
    let denial = denied(decisions(&service).consume(1).await);
    assert_eq!(denial.code(), DenialCode::LicenseMissing);
    let service = self::service(5).await;
    let unknown = denied(service.manager.quota("unknown").consume(1).await);
    assert_eq!(unknown.problem().max, Some(0));
}

#[tokio::test]
async fn all_handles_of_a_limit_are_one_quota_and_limits_are_independent() {
    let service = service(5).await;
    let more = service.vendor.license().id("more").limit("decisions", 5).limit("exports", 5);
    service.install(&more.sign()).await.unwrap();
    let (one, two) = (decisions(&service), decisions(&service));
    one.consume(3).await.unwrap();
    two.consume(2).await.unwrap();
    denied(one.clone().consume(1).await);
    assert_eq!(exhaust(&service.manager.quota("exports")).await, 5);
    assert_eq!(Arc::new(one).used().await.unwrap(), 5);
}

/// Nodes that share a store.
async fn nodes(number: usize, max: u64) -> (Vec<LicenseManager>, Arc<Probe>) {
    let vendor = vendor();
    let store = Probe::memory();
    set(&store.shared, true);
    let token = vendor.license().limit("decisions", max).sign();
    let mut nodes = Vec::new();
    for _ in 0..number {
        let (licensing, _clock) = licensing(&vendor);
        nodes.push(start(licensing, &store).await);
    }
    install(&nodes[0], token.as_str().as_bytes()).await.unwrap();
    for node in &nodes {
        node.tick_once().await;
    }
    (nodes, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_on_one_store_serve_exactly_the_cap_together() {
    let (nodes, _store) = nodes(4, 3000).await;
    let mut tasks = JoinSet::new();
    for node in &nodes {
        for _ in 0..8 {
            let quota = node.quota("decisions");
            tasks.spawn(async move { exhaust(&quota).await });
        }
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 3000);
    for node in &nodes {
        let quota = node.quota("decisions");
        assert_eq!(quota.used().await.unwrap(), 3000);
        assert_eq!(denied(quota.consume(1).await).problem().used, Some(3000));
    }
}

#[tokio::test]
async fn what_one_node_brings_back_another_is_granted() {
    let (nodes, store) = nodes(2, 100_000).await;
    let [one, two] = [0, 1].map(|node: usize| nodes[node].quota("decisions"));
    one.consume(5).await.unwrap();
    let month = nodes[0].licensing().control().month();
    let open = store.quota_taken_now(month).await - 5;
    assert!(open > 0);
    two.consume(100_000 - 5 - open).await.unwrap();
    denied(two.consume(1).await);
    assert_eq!(two.used().await.unwrap(), 100_000, "the other's open block included");
    assert_eq!(one.used().await.unwrap(), 100_000 - open);
    nodes[0].shutdown().await;
    assert_eq!(two.used().await.unwrap(), 100_000 - open);
    assert_eq!(exhaust(&two).await, open);
}

#[tokio::test]
async fn near_the_cap_no_node_takes_more_than_it_needs() {
    let (nodes, _store) = nodes(2, 10).await;
    let [one, two] = [0, 1].map(|node: usize| nodes[node].quota("decisions"));
    one.consume(3).await.unwrap();
    one.consume(1).await.unwrap();
    meanwhile().await;
    assert_eq!(exhaust(&two).await, 6);
}

#[tokio::test]
async fn a_node_that_crashed_has_spent_its_block() {
    let (mut nodes, store) = nodes(2, 100_000).await;
    let crashed = nodes.remove(0);
    crashed.quota("decisions").consume(5).await.unwrap();
    let open = store.quota_taken_now(crashed.licensing().control().month()).await - 5;
    drop(crashed);
    let quota = nodes[0].quota("decisions");
    assert_eq!(quota.used().await.unwrap(), open + 5);
    quota.consume(100_000 - open - 5).await.unwrap();
    denied(quota.consume(1).await);
}

#[tokio::test]
async fn callers_who_wait_for_a_store_that_fails_are_told_together() {
    let service = service(100_000).await;
    let quota = decisions(&service);
    quota.consume(1).await.unwrap();
    exhaust_offline(&service, &quota).await;
    let writes = service.store.writes();
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let quota = quota.clone();
        tasks.spawn(async move { quota.consume(1).await });
    }
    for result in tasks.join_all().await {
        unavailable(result);
    }
    let asked = service.store.writes() - writes;
    assert!((1..=3).contains(&asked), "{asked}");
}

async fn exhaust_offline(service: &Service, quota: &Quota) {
    set(&service.store.down, true);
    exhaust(quota).await;
}

#[tokio::test]
async fn a_quota_in_shadow_is_served_and_counted_over_the_cap_and_each_such_use_observed() {
    let product = Product::builder("test", "https://vendor.example", "test")
        .limit("decisions", LimitKind::Monthly)
        .policy(Policy::new().shadow(Rule::Limits))
        .build()
        .unwrap();
    let service = Service::of(Vendor::of(product)).await;
    renew(&service, 10).await;
    let quota = decisions(&service);
    let observed =
        || -> u64 { service.licensing().control().denial_counts().map(|it| it.shadowed).sum() };
    for _ in 0..10 {
        quota.consume(1).await.unwrap();
    }
    assert_eq!(observed(), 0);
    for units in [1, 5] {
        quota.consume(units).await.unwrap();
    }
    assert_eq!((observed(), quota.used().await.unwrap()), (2, 16));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_month_turns_every_use_is_counted_in_one_of_the_two() {
    let service = service(2000).await;
    let before = service.licensing().control().month();
    let mut tasks = JoinSet::new();
    for number in 0..8_u64 {
        let quota = decisions(&service);
        let clock = Arc::clone(&service.clock);
        tasks.spawn(async move {
            let mut served = 0;
            for round in 0..400 {
                if number == 0 && round == 150 {
                    clock.advance(30 * DAY);
                }
                served += u64::from(quota.consume(1).await.is_ok());
            }
            served
        });
    }
    let served: u64 = tasks.join_all().await.into_iter().sum();
    let after = service.licensing().control().month();
    assert_eq!(after.index(), before.index() + 1);
    let old = service.store.quota_taken_now(before).await;
    let new = decisions(&service).used().await.unwrap();
    assert_eq!(old + new, served);
    assert!(old <= 2000 && (250..=2000).contains(&new), "{old} {new}");
}
