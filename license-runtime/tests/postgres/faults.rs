//! A server that stops, hangs, and comes back.

use std::time::Duration;

use license_core::{Installer, testing::Vendor};
use license_runtime::{LicenseManager, PostgresStore, Store, StoreErrorKind};
use license_tests::PostgresServer;
use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
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
        tokio::time::sleep(Duration::from_millis(500)).await;
        install(&nodes[0], &token).await.unwrap();
        all_have(&nodes, &round.to_string()).await;
        nodes[1].store().lock_seats("users").await.unwrap().release().await.unwrap();
        assert_eq!(nodes[0].status().await.warnings, []);
    }
    // By notification again, and not by looking every second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut quickest = SECONDS;
    for round in 10..13 {
        let id = round.to_string();
        install(&nodes[0], &license(&vendor, &id).sign()).await.unwrap();
        quickest = quickest.min(all_have(&nodes, &id).await);
    }
    assert!(quickest < Duration::from_millis(250), "{quickest:?}");
    assert!(nodes[0].store().verify_audit().await.unwrap().is_intact());
}

/// A way to a server that can be blocked: what is sent then gets nowhere, and
/// nobody is told.
struct Way {
    address: std::net::SocketAddr,
    open: tokio::sync::watch::Sender<bool>,
}

impl Way {
    async fn to(url: &str) -> Self {
        let server = url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, is_open) = tokio::sync::watch::channel(true);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&server).await;
                let is_open = is_open.clone();
                tokio::spawn(async move {
                    let Ok(far) = far else { return };
                    let (near_read, near_write) = near.into_split();
                    let (far_read, far_write) = far.into_split();
                    let there = tokio::spawn(pass(near_read, far_write, is_open.clone()));
                    pass(far_read, near_write, is_open).await;
                    let _ = there.await;
                });
            }
        });
        Self { address, open }
    }

    fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address)
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut is_open: tokio::sync::watch::Receiver<bool>,
) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut buffer = [0; 4096];
    while let Ok(read) = from.read(&mut buffer).await {
        if is_open.wait_for(|open| *open).await.is_err() || read == 0 {
            break;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
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
    way.set_open(false);
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

    way.set_open(true);
    until(SECONDS, || in_force(&cut_off).as_deref() == Some("two")).await;
    install(&cut_off, &license(&vendor, "three").sign()).await.unwrap();
    until(SECONDS, || in_force(&near).as_deref() == Some("three")).await;
    assert!(near.store().verify_audit().await.unwrap().is_intact());
}
