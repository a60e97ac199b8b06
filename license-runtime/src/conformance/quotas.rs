//! Quotas: what is taken, and what is used.

use std::{sync::Arc, time::Duration};

use license_core::{DenialCode, Timestamp, time::Month};
use tokio::task::{JoinSet, yield_now};

use super::service::Service;
use crate::{
    limits::Quota,
    store::{QuotaRequest, Store},
};

const MONTH: Month = Month::from_index(683);

async fn take(store: &dyn Store, least: u64, most: u64, cap: impl Into<Option<u64>>) -> u64 {
    let request = QuotaRequest::new(least, most, cap.into());
    store.take_quota("quota", MONTH, request).await.unwrap().granted
}

async fn taken(store: &dyn Store) -> u64 {
    store.quota_taken("quota", MONTH).await.unwrap()
}

/// Uses up one unit after the other until one is refused. Returns how many.
async fn exhaust(quota: &Quota) -> u64 {
    let mut used = 0;
    loop {
        match quota.consume(1).await {
            Ok(()) => used += 1,
            Err(error) => {
                assert_eq!(error.denial().code(), DenialCode::LimitReached, "{error:?}");
                return used;
            }
        }
    }
}

/// All that is left may take several blocks: shared ones shrink.
pub async fn a_block_is_at_most_what_is_left_and_nothing_below_the_least(store: Arc<dyn Store>) {
    assert_eq!(taken(&store).await, 0);
    let first = take(&store, 3, 10, 20).await;
    assert!((3..=10).contains(&first), "{first}");
    assert_eq!(taken(&store).await, first);
    let mut all = first;
    while all < 18 {
        let granted = take(&store, 1, 18 - all, 20).await;
        assert!((1..=18 - all).contains(&granted), "{granted}");
        all += granted;
    }
    assert_eq!(take(&store, 3, 10, 20).await, 0);
    assert_eq!(taken(&store).await, 18, "nothing was taken");
    assert_eq!(take(&store, 2, 10, 20).await, 2);
    let request = QuotaRequest::new(1, 1, Some(20));
    let refused = store.take_quota("quota", MONTH, request).await.unwrap();
    assert_eq!((refused.granted, refused.taken), (0, 20));
}

/// However many ask at once.
pub async fn of_blocks_taken_at_once_no_more_than_the_cap_are_granted(store: Arc<dyn Store>) {
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut granted = 0;
            loop {
                match take(&store, 1, number % 7 + 1, 500).await {
                    0 => return granted,
                    units => granted += units,
                }
                yield_now().await;
            }
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 500);
    assert_eq!(taken(&store).await, 500);
}

/// To whoever asks next.
pub async fn units_brought_back_are_granted_again(store: Arc<dyn Store>) {
    assert_eq!(take(&store, 10, 10, 10).await, 10);
    assert_eq!(take(&store, 1, 10, 10).await, 0);
    store.return_quota("quota", MONTH, 4).await.unwrap();
    assert_eq!(taken(&store).await, 6);
    assert_eq!(take(&store, 4, 4, 10).await, 4);
    store.return_quota("another", MONTH, 4).await.unwrap();
    assert_eq!(store.quota_taken("another", MONTH).await.unwrap(), 0);
}

/// Neither sees the other.
pub async fn units_of_another_month_or_limit_are_counted_apart(store: Arc<dyn Store>) {
    assert_eq!(take(&store, 5, 5, 5).await, 5);
    let later = Month::from_index(MONTH.index() + 1);
    for (limit, month) in [("quota", later), ("another \"'; --", MONTH), ("", MONTH)] {
        assert_eq!(store.quota_taken(limit, month).await.unwrap(), 0);
        let request = QuotaRequest::new(2, 2, Some(5));
        assert_eq!(store.take_quota(limit, month, request).await.unwrap().granted, 2);
        store.return_quota(limit, month, 1).await.unwrap();
        assert_eq!(store.quota_taken(limit, month).await.unwrap(), 1);
    }
    assert_eq!(taken(&store).await, 5);
}

/// The cap is the asker's; unlimited use is counted, too.
pub async fn a_cap_below_what_is_taken_grants_nothing_and_a_higher_one_at_once(
    store: Arc<dyn Store>,
) {
    assert_eq!(take(&store, 30, 30, None).await, 30);
    assert_eq!(take(&store, 1, 10, 20).await, 0);
    assert_eq!(taken(&store).await, 30);
    assert_eq!(take(&store, 2, 2, 32).await, 2);
    assert_eq!(take(&store, 1_000_000, 1_000_000, None).await, 1_000_000);
    assert_eq!(taken(&store).await, 1_000_032);
}

/// One unit each, from many threads.
pub async fn of_many_who_use_up_a_quota_exactly_the_cap_is_served(store: Arc<dyn Store>) {
    let service = Service::start(store, "quota", 1000).await;
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let quota = service.manager.quota("quota");
        tasks.spawn(async move { exhaust(&quota).await });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 1000);
    assert_eq!(service.manager.quota("quota").used().await.unwrap(), 1000);
}

/// Each all or nothing; what is too much for one may do for another.
pub async fn of_uses_of_many_sizes_as_many_units_are_counted_as_were_served(store: Arc<dyn Store>) {
    let service = Service::start(store, "quota", 2000).await;
    let mut tasks = JoinSet::new();
    for number in 0..16_u64 {
        let quota = service.manager.quota("quota");
        tasks.spawn(async move {
            let mut served = 0;
            for round in 0..60 {
                let units = (number * 31 + round * 7) % 12 + 1;
                served += quota.consume(units).await.map_or(0, |()| units);
            }
            served
        });
    }
    let served = tasks.join_all().await.into_iter().sum::<u64>();
    let quota = service.manager.quota("quota");
    assert_eq!(quota.used().await.unwrap(), served);
    assert_eq!(served + exhaust(&quota).await, 2000);
}

/// Without a restart, and for what was taken before, too.
pub async fn a_quota_lowered_refuses_and_raised_allows_at_once(store: Arc<dyn Store>) {
    let service = Service::start(store, "quota", 100_000).await;
    let quota = service.manager.quota("quota");
    for _ in 0..100 {
        quota.consume(1).await.unwrap();
    }
    service.renew("quota", 99).await;
    let problem = quota.consume(1).await.unwrap_err().denial().problem();
    assert_eq!((problem.max, problem.used), (Some(99), Some(100)));
    service.renew("quota", 103).await;
    assert_eq!(exhaust(&quota).await, 3);
    service.renew("quota", None).await;
    quota.consume(1000).await.unwrap();
    assert_eq!(quota.used().await.unwrap(), 1103);
}

/// In UTC, and it leaves the month before as it was.
pub async fn a_month_begins_at_0_to_the_millisecond(store: Arc<dyn Store>) {
    let service = Service::start(Arc::clone(&store), "quota", 70).await;
    let quota = service.manager.quota("quota");
    let turn: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    service.clock.set(turn.saturating_sub(Duration::from_millis(1)));
    quota.consume(60).await.unwrap();
    service.clock.set(turn);
    assert_eq!(quota.used().await.unwrap(), 0);
    assert_eq!(exhaust(&quota).await, 70);
    let november = Month::of(turn.saturating_sub(Duration::from_millis(1)));
    assert_eq!(store.quota_taken("quota", november).await.unwrap(), 60);
}

/// `null` in the license.
pub async fn unlimited_use_is_counted_too(store: Arc<dyn Store>) {
    let service = Service::start(store, "quota", None).await;
    let quota = service.manager.quota("quota");
    for _ in 0..100 {
        quota.consume(50).await.unwrap();
    }
    assert_eq!(quota.used().await.unwrap(), 5000);
}
