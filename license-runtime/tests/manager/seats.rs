use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use license_core::{DenialCode, Policy, Product, license::LimitKind, testing::Vendor};
use license_runtime::{LimitError, Seats};
use tokio::task::{JoinSet, yield_now};

use crate::support::{Service, set};

/// A service whose license allows this many users.
async fn service(max: u64) -> Service {
    let policy = Policy::new().status(DenialCode::LimitReached, 400);
    let policy = policy.status(DenialCode::StoreUnavailable, 500);
    let product = Product::builder("test", "https://vendor.example", "test")
        .limit("users", LimitKind::Seats)
        .policy(policy)
        .build()
        .unwrap();
    let service = Service::of(Vendor::of(product)).await;
    let token = service.vendor.license().limit("users", max).limit("hosts", 1).sign();
    service.install(&token).await.unwrap();
    service
}

/// The users that a product holds. Counting and inserting take a while.
#[derive(Debug, Default)]
struct Users(AtomicU64);

impl Users {
    async fn count(&self) -> Result<u64, io::Error> {
        yield_now().await;
        let count = self.0.load(Ordering::SeqCst);
        yield_now().await;
        Ok(count)
    }

    async fn insert(&self, number: u64) {
        for _ in 0..20 {
            yield_now().await;
        }
        self.0.fetch_add(number, Ordering::SeqCst);
    }

    async fn add(&self, seats: &Seats, number: u64) -> Result<(), LimitError> {
        let guard = seats.reserve(number, async || self.count().await).await?;
        self.insert(number).await;
        guard.commit().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_200_who_want_the_last_10_seats_exactly_10_get_one() {
    let service = service(50).await;
    let users = Arc::new(Users(AtomicU64::new(40)));
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let (seats, users) = (service.manager.seats("users"), Arc::clone(&users));
        tasks.spawn(async move { users.add(&seats, 1).await });
    }
    let (given, refused): (Vec<_>, Vec<_>) =
        tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((given.len(), refused.len()), (10, 190));
    assert_eq!(users.0.load(Ordering::SeqCst), 50);
    for result in refused {
        let error = result.unwrap_err();
        let problem = error.denial().problem();
        assert_eq!((error.denial().code(), problem.status), (DenialCode::LimitReached, 400));
        assert_eq!(problem.limit.as_deref(), Some("users"));
        assert_eq!((problem.max, problem.used), (Some(50), Some(50)));
    }
}

#[tokio::test]
async fn several_seats_are_given_together_or_not_at_all() {
    let service = service(5).await;
    let (seats, users) = (service.manager.seats("users"), Users::default());
    users.add(&seats, 3).await.unwrap();
    let error = users.add(&seats, 3).await.unwrap_err();
    assert_eq!(error.denial().problem().used, Some(3));
    users.add(&seats, 2).await.unwrap();
    assert!(users.add(&seats, u64::MAX).await.is_err());
    assert_eq!(users.0.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn an_exchange_that_adds_no_more_than_it_removes_always_fits() {
    let service = service(5).await;
    let seats = service.manager.seats("users");
    // A renewal has lowered the limit.
    let change = async |added, removed| {
        seats.reserve_change(added, removed, async || Ok::<_, io::Error>(8)).await.is_ok()
    };
    assert!(change(1, 1).await);
    assert!(change(3, 4).await);
    assert!(change(0, 0).await);
    assert!(!change(2, 1).await);
    assert!(!change(1, 0).await);
    set(&service.store.down, true);
    assert!(change(1, 1).await, "nothing is asked of the store");
}

#[tokio::test]
async fn a_reservation_that_is_dropped_frees_the_seat() {
    let service = service(1).await;
    let (seats, users) = (service.manager.seats("users"), Users::default());
    let guard = seats.reserve(1, async || users.count().await).await.unwrap();
    let waiting = tokio::spawn({
        let seats = seats.clone();
        async move { seats.reserve(1, async || Ok::<_, io::Error>(0)).await }
    });
    for _ in 0..20 {
        yield_now().await;
    }
    assert!(!waiting.is_finished(), "nobody else counts in the meantime");
    drop(guard);
    waiting.await.unwrap().unwrap().commit().await.unwrap();
    users.add(&seats, 1).await.unwrap();
}

#[tokio::test]
async fn one_limit_does_not_wait_for_another() {
    let service = service(1).await;
    let none = async || Ok::<_, io::Error>(0);
    let user = service.manager.seats("users").reserve(1, none).await.unwrap();
    let host = service.manager.seats("hosts").reserve(1, none).await.unwrap();
    user.commit().await.unwrap();
    host.commit().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_counted_or_locked_is_store_unavailable() {
    let service = service(5).await;
    let seats = service.manager.seats("users");
    let failing = async || Err::<u64, _>(io::Error::other("the table is gone"));
    let error = seats.reserve(1, failing).await.unwrap_err();
    assert_eq!(error.denial().code(), DenialCode::StoreUnavailable);
    assert_eq!(error.denial().status(), 500, "the product's choice");
    assert_eq!(error.to_string(), "store_unavailable");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("the table is gone"));

    set(&service.store.down, true);
    let count = async || -> Result<u64, io::Error> { unreachable!("nothing is counted unlocked") };
    let error = seats.reserve(1, count).await.unwrap_err();
    assert_eq!(error.denial().code(), DenialCode::StoreUnavailable);
}

#[tokio::test]
async fn without_a_license_the_denial_is_the_one_of_the_phase() {
    let service = Service::new().await;
    let seats = service.manager.seats("users");
    let error = seats.reserve(1, async || Ok::<_, io::Error>(0)).await.unwrap_err();
    assert_eq!(error.denial().code(), DenialCode::LicenseMissing);
}
