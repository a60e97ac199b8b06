//! Seats, and the locks under which they are reserved.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use license_core::{Denial, DenialCode};
use tokio::task::{JoinSet, yield_now};

use super::service::Service;
use crate::{
    limits::{LimitError, SeatGuard, Seats},
    store::Store,
};

/// The users that a product holds. Counting and inserting take a while.
#[derive(Debug, Default)]
struct Users(AtomicU64);

impl Users {
    fn of(number: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(number)))
    }

    fn number(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    async fn count(&self) -> Result<u64, Infallible> {
        yield_now().await;
        let number = self.number();
        yield_now().await;
        Ok(number)
    }

    async fn reserve(&self, seats: &Seats, adding: u64) -> Result<SeatGuard, LimitError> {
        seats.reserve(adding, async || self.count().await).await
    }

    async fn add(&self, seats: &Seats, number: u64) -> Result<(), Denial> {
        let guard = self.reserve(seats, number).await?;
        for _ in 0..5 {
            yield_now().await;
        }
        self.0.fetch_add(number, Ordering::SeqCst);
        Ok(guard.commit().await?)
    }

    async fn exchange(&self, seats: &Seats, added: u64, removed: u64) -> Result<(), Denial> {
        let count = async || self.count().await;
        let guard = seats.reserve_change(added, removed, count).await?;
        self.0.fetch_add(added, Ordering::SeqCst);
        self.0.fetch_sub(removed, Ordering::SeqCst);
        Ok(guard.commit().await?)
    }
}

/// However many ask at once, from however many threads.
pub async fn of_many_who_want_the_last_seats_exactly_as_many_get_one(store: Arc<dyn Store>) {
    let service = Service::start(store, "seats", 50).await;
    let users = Users::of(40);
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let (seats, users) = (service.manager.seats("seats"), Arc::clone(&users));
        tasks.spawn(async move { users.add(&seats, 1).await });
    }
    let (given, refused): (Vec<_>, Vec<_>) =
        tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((given.len(), refused.len(), users.number()), (10, 190, 50));
    for denial in refused.into_iter().filter_map(Result::err) {
        let problem = denial.problem();
        assert_eq!(denial.code(), DenialCode::LimitReached);
        assert_eq!((problem.max, problem.used), (Some(50), Some(50)));
    }
}

/// Several seats for one wish.
pub async fn seats_are_given_together_or_not_at_all(store: Arc<dyn Store>) {
    let service = Service::start(store, "seats", 5).await;
    let (seats, users) = (service.manager.seats("seats"), Users::of(3));
    assert_eq!(users.add(&seats, 3).await.unwrap_err().problem().used, Some(3));
    assert!(users.add(&seats, u64::MAX).await.is_err());
    users.add(&seats, 2).await.unwrap();
    assert_eq!(users.number(), 5);
}

/// At the limit, and over it.
pub async fn an_exchange_that_adds_no_more_than_it_removes_passes_at_the_limit(
    store: Arc<dyn Store>,
) {
    let service = Service::start(store, "seats", 5).await;
    let seats = service.manager.seats("seats");
    for held in [5, 8] {
        let users = Users::of(held);
        for (added, removed) in [(1, 1), (3, 3), (0, 0), (2, 3)] {
            users.exchange(&seats, added, removed).await.unwrap();
        }
        assert_eq!(users.number(), held - 1);
    }
    let users = Users::of(5);
    for (added, removed) in [(1, 0), (2, 1), (4, 1)] {
        assert!(users.exchange(&seats, added, removed).await.is_err());
    }
    assert_eq!(users.number(), 5);
}

/// Who has a seat keeps it.
pub async fn lowering_a_limit_disturbs_nobody_and_blocks_only_new_ones(store: Arc<dyn Store>) {
    let service = Service::start(store, "seats", 5).await;
    let (seats, users) = (service.manager.seats("seats"), Users::of(4));
    let reserved = users.reserve(&seats, 1).await.unwrap();
    service.renew("seats", 2).await;
    // What was reserved before stays reserved.
    users.0.fetch_add(1, Ordering::SeqCst);
    reserved.commit().await.unwrap();
    assert_eq!(users.number(), 5);
    let problem = users.add(&seats, 1).await.unwrap_err().problem();
    assert_eq!((problem.max, problem.used), (Some(2), Some(5)));
    users.exchange(&seats, 0, 4).await.unwrap();
    users.add(&seats, 1).await.unwrap();
    assert!(users.add(&seats, 1).await.is_err());
    service.renew("seats", 3).await;
    users.add(&seats, 1).await.unwrap();
}

/// Over the limit, while others wait, and when everything is refused.
pub async fn releasing_a_seat_is_always_allowed(store: Arc<dyn Store>) {
    let service = Service::start(store, "seats", 1).await;
    let (seats, users) = (service.manager.seats("seats"), Users::of(9));
    users.exchange(&seats, 0, 1).await.unwrap();
    let _held = seats.reserve(1, async || Ok::<_, Infallible>(0)).await.unwrap();
    users.exchange(&seats, 0, 1).await.unwrap();
    service.expire();
    assert!(service.manager.licensing().check_service().is_err());
    users.exchange(&seats, 0, 1).await.unwrap();
    assert_eq!(users.number(), 6);
}

/// `null` in the license.
pub async fn without_a_limit_on_seats_all_are_given(store: Arc<dyn Store>) {
    let service = Service::start(store, "seats", None).await;
    let (seats, users) = (service.manager.seats("seats"), Users::of(1_000_000));
    users.add(&seats, 1).await.unwrap();
    users.add(&seats, 1_000_000).await.unwrap();
    assert_eq!(users.number(), 2_000_001);
}

/// However a holder ends: by releasing the lock or by dropping it.
pub async fn one_at_a_time_holds_the_lock_of_a_limit(store: Arc<dyn Store>) {
    let holders = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (store, holders) = (Arc::clone(&store), Arc::clone(&holders));
        tasks.spawn(async move {
            let lock = store.lock_seats("users").await.unwrap();
            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
            for _ in 0..10 {
                yield_now().await;
            }
            holders.fetch_sub(1, Ordering::SeqCst);
            if number % 2 == 0 {
                lock.release().await.unwrap();
            }
        });
    }
    assert_eq!(tasks.join_all().await.len(), 20);
}

/// One limit does not wait for another.
pub async fn locks_of_two_limits_are_independent(store: Arc<dyn Store>) {
    let users = store.lock_seats("users").await.unwrap();
    let hosts = store.lock_seats("hosts").await.unwrap();
    drop((users, hosts));
}

/// A request that is cancelled while it waits.
pub async fn a_waiter_that_gives_up_leaves_the_lock_to_others(store: Arc<dyn Store>) {
    let held = store.lock_seats("users").await.unwrap();
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.lock_seats("users").await.map(drop) }
    });
    for _ in 0..10 {
        yield_now().await;
    }
    assert!(!waiting.is_finished());
    waiting.abort();
    assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
    held.release().await.unwrap();
    store.lock_seats("users").await.unwrap().release().await.unwrap();
}
