//! A server that stops, hangs, and comes back.

use std::time::Duration;

use license_core::{Installer, testing::Vendor};
use license_runtime::{LicenseManager, PostgresStore, Store, StoreErrorKind};
use license_tests::{PostgresServer, Way};
use tokio::time::{Instant, sleep};

use crate::support::{in_force, install, license, node, until};

const SECONDS: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_of_the_server_everything_goes_on_by_itself() {
    let Some(server) = PostgresServer::start() else { return };
    let vendor = Vendor::new();
    let mut nodes = Vec::new();
    for _ in 0..2 {
        nodes.push(node(&vendor, PostgresStore::open(server.url()).await.unwrap()).await);
    }
    let all_have = async |nodes: &[LicenseManager], id: &str| {
        until(SECONDS, || nodes.iter().all(|node| in_force(node).as_deref() == Some(id))).await
    };
    install(&nodes[0], &license(&vendor, "before").sign()).await.unwrap();
    all_have(&nodes, "before").await;
    nodes[1].seats("users");
    for round in 0..3 {
        server.kill();
        let began = Instant::now();
        let token = license(&vendor, &round.to_string()).sign();
        let error = install(&nodes[0], &token).await.unwrap_err();
        assert_eq!(error.code(), "store_unavailable");
        let error = nodes[1].store().lock_seats("users").await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(nodes.iter().all(|node| node.licensing().check_service().is_ok()));
        assert_eq!(nodes[0].status().await.warnings.len(), 1);

        server.start_again();
        // For a moment it is not looked for.
        let began = Instant::now();
        while let Err(error) = install(&nodes[0], &token).await {
            assert_eq!(error.code(), "store_unavailable");
            assert!(began.elapsed() < SECONDS, "it stays away");
            sleep(Duration::from_millis(50)).await;
        }
        all_have(&nodes, &round.to_string()).await;
        let lock = loop {
            match nodes[1].store().lock_seats("users").await {
                Ok(lock) => break lock,
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
            }
            assert!(began.elapsed() < SECONDS, "it stays away");
            sleep(Duration::from_millis(50)).await;
        };
        lock.release().await.unwrap();
        assert_eq!(nodes[0].status().await.warnings, []);
    }
    // By notification again, and not by looking every second.
    sleep(Duration::from_secs(2)).await;
    let mut quickest = SECONDS;
    for round in 10..13 {
        let id = round.to_string();
        install(&nodes[0], &license(&vendor, &id).sign()).await.unwrap();
        quickest = quickest.min(all_have(&nodes, &id).await);
    }
    assert!(quickest < Duration::from_millis(250), "{quickest:?}");
    assert!(nodes[0].store().verify_audit().await.unwrap().is_intact());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_answers_within_seconds_and_heals_by_itself() {
    let Some(server) = PostgresServer::start() else { return };
    let vendor = Vendor::new();
    let way = Way::to(server.url()).await;
    let near = node(&vendor, PostgresStore::open(server.url()).await.unwrap()).await;
    let cut_off = node(&vendor, PostgresStore::open(way.url()).await.unwrap()).await;
    install(&cut_off, &license(&vendor, "one").sign()).await.unwrap();
    until(SECONDS, || in_force(&near).as_deref() == Some("one")).await;

    // It holds the lock of a limit when it is cut off.
    let held = cut_off.store().lock_seats("users").await.unwrap();
    way.cut_off();
    for what in [
        cut_off.store().load().await.err(),
        cut_off.store().lock_seats("hosts").await.err(),
        held.release().await.err(),
    ] {
        assert_eq!(what.unwrap().kind(), StoreErrorKind::Unavailable);
    }
    let began = Instant::now();
    let error = install(&cut_off, &license(&vendor, "never").sign()).await.unwrap_err();
    assert_eq!(error.code(), "store_unavailable");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(cut_off.licensing().check_service().is_ok());
    // The others go on: the lock has ended.
    near.store().lock_seats("users").await.unwrap().release().await.unwrap();
    install(&near, &license(&vendor, "two").sign()).await.unwrap();

    way.mend();
    until(SECONDS, || in_force(&cut_off).as_deref() == Some("two")).await;
    install(&cut_off, &license(&vendor, "three").sign()).await.unwrap();
    until(SECONDS, || in_force(&near).as_deref() == Some("three")).await;
    // It listens again, too.
    sleep(Duration::from_secs(6)).await;
    let mut quickest = SECONDS;
    for round in 10..13 {
        let id = round.to_string();
        install(&near, &license(&vendor, &id).sign()).await.unwrap();
        let waited = until(SECONDS, || in_force(&cut_off).as_deref() == Some(&id)).await;
        quickest = quickest.min(waited);
    }
    assert!(quickest < Duration::from_millis(250), "{quickest:?}");
    assert!(near.store().verify_audit().await.unwrap().is_intact());
}
