//! A server that stops, hangs, and comes back.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::{Installer, testing::Vendor};
use license_runtime::{LicenseManager, PostgresStore, Store, StoreErrorKind};
use license_tests::PostgresServer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{Instant, sleep},
};

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
        sleep(Duration::from_millis(500)).await;
        install(&nodes[0], &token).await.unwrap();
        all_have(&nodes, &round.to_string()).await;
        nodes[1].store().lock_seats("users").await.unwrap().release().await.unwrap();
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

/// A way to a server that can be cut off: what is sent then gets nowhere, and
/// nobody is told. Connections that were open are dead for good.
struct Way {
    address: SocketAddr,
    /// How often it was cut off or mended; odd while it is cut off.
    era: Arc<AtomicU64>,
}

impl Way {
    async fn to(url: &str) -> Self {
        let server = url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Self { address: listener.local_addr().unwrap(), era: Arc::default() };
        let era = Arc::clone(&way.era);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (server, era) = (server.clone(), Arc::clone(&era));
                tokio::spawn(async move {
                    let began = era.load(Ordering::SeqCst);
                    let is_whole = move || began % 2 == 0 && era.load(Ordering::SeqCst) == began;
                    let far = TcpStream::connect(&server).await.unwrap();
                    let (near_read, near_write) = near.into_split();
                    let (far_read, far_write) = far.into_split();
                    tokio::join!(
                        pass(near_read, far_write, is_whole.clone()),
                        pass(far_read, near_write, is_whole),
                    );
                });
            }
        });
        way
    }

    fn cut_off(&self) {
        self.era.fetch_add(1, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.era.fetch_add(1, Ordering::SeqCst);
    }

    fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address)
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_whole: impl Fn() -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if !is_whole() {
            std::future::pending().await
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    if !is_whole() {
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_answers_within_seconds_and_heals_by_itself() {
    let Some(server) = PostgresServer::start() else { return };
    let vendor = Vendor::new();
    let way = Way::to(server.url()).await;
    let near = node(&vendor, PostgresStore::open(server.url()).await.unwrap()).await;
    let cut_off = node(&vendor, PostgresStore::open(&way.url()).await.unwrap()).await;
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
