use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::{
    Clock, DenialCode, HostId, Installer, Policy, Product,
    license::LimitKind,
    testing::{ManualClock, Vendor, licensing},
};
use license_runtime::{LeaseGuard, LeaseStore, Leases, LicenseManager, LimitError, MemoryStore};
use tokio::task::{JoinSet, yield_now};

use crate::support::{Probe, install, machine, set};

const TTL: Duration = Duration::from_secs(30);
const BEAT: Duration = Duration::from_secs(10);
const LIMIT: &str = "session_hosts";

/// Some nodes of one service on one store, by one clock.
struct Cluster {
    vendor: Vendor,
    clock: Arc<ManualClock>,
    store: Arc<Probe>,
    nodes: Vec<LicenseManager>,
}

impl Cluster {
    /// Nodes whose license allows this many hosts.
    async fn new(nodes: usize, max: impl Into<Option<u64>>) -> Self {
        let policy = Policy::new().status(DenialCode::StoreUnavailable, 500);
        let product = Product::builder("test", "https://vendor.example", "test")
            .limit(LIMIT, LimitKind::Leases)
            .policy(policy)
            .build()
            .unwrap();
        let clock = Arc::new(ManualClock::new());
        let store = MemoryStore::with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let store = Probe::of(store);
        set(&store.shared, true);
        let mut cluster = Self { vendor: Vendor::of(product), clock, store, nodes: Vec::new() };
        for _ in 0..nodes {
            cluster.join().await;
        }
        cluster.allow(max).await;
        cluster
    }

    /// Another node.
    async fn join(&mut self) {
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let licensing = license_core::Licensing::with_clock(self.vendor.verifier(), clock);
        let manager = LicenseManager::builder(licensing)
            .store(Arc::clone(&self.store))
            .machine_id(machine())
            .lease_ttl(TTL)
            .manual_ticks();
        self.nodes.push(manager.start().await.unwrap());
    }

    /// Another license.
    async fn allow(&self, max: impl Into<Option<u64>>) {
        let license =
            self.vendor.license().issued_at(self.clock.now()).days(365).limit(LIMIT, max.into());
        install(&self.nodes[0], license.sign().as_str().as_bytes()).await.unwrap();
        self.tick().await;
    }

    fn hosts(&self, node: usize) -> Leases {
        self.nodes[node].leases(LIMIT)
    }

    async fn tick(&self) {
        for node in &self.nodes {
            node.tick_once().await;
        }
    }

    /// Lets time pass, heartbeat by heartbeat.
    async fn pass(&self, heartbeats: u32) {
        for _ in 0..heartbeats {
            self.clock.advance(BEAT);
            self.tick().await;
        }
        settle().await;
    }

    async fn used(&self) -> u64 {
        self.store.leased(LIMIT).await.unwrap()
    }
}

fn host(name: &str) -> HostId {
    name.parse().unwrap()
}

/// Lets the tasks run that tell the store.
async fn settle() {
    for _ in 0..200 {
        yield_now().await;
    }
}

#[track_caller]
fn full(result: Result<LeaseGuard, LimitError>, max: u64, used: u64) {
    let error = result.unwrap_err();
    let problem = error.denial().problem();
    assert_eq!(error.denial().code(), DenialCode::ConcurrentHostLimitReached);
    assert_eq!(problem.status, 409);
    assert!(problem.detail.contains("concurrent host limit reached"));
    assert_eq!(problem.limit.as_deref(), Some(LIMIT));
    assert_eq!((problem.max, problem.used), (Some(max), Some(used)));
}

#[track_caller]
fn unavailable(result: Result<LeaseGuard, LimitError>) {
    let error = result.unwrap_err();
    assert_eq!(error.denial().code(), DenialCode::StoreUnavailable);
    assert_eq!(error.denial().status(), 500, "the product's choice");
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_300_hosts_on_three_nodes_exactly_as_many_get_in_as_allowed() {
    let cluster = Cluster::new(3, 100).await;
    let mut tasks = JoinSet::new();
    for number in 0..300 {
        let hosts = cluster.hosts(number % 3);
        tasks.spawn(async move { hosts.acquire(host(&number.to_string())).await });
    }
    let (given, refused): (Vec<_>, Vec<_>) =
        tasks.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((given.len(), refused.len()), (100, 200));
    assert_eq!(cluster.used().await, 100);
    refused.into_iter().for_each(|result| full(result, 100, 100));
    drop(given);
    settle().await;
    tokio::time::timeout(Duration::from_secs(5), async {
        while cluster.used().await > 0 {
            yield_now().await;
        }
    })
    .await
    .expect("all places are free again");
}

#[tokio::test]
async fn hosts_that_come_at_once_are_told_to_the_store_together() {
    let cluster = Cluster::new(1, None).await;
    let before = cluster.store.lease_changes.load(Ordering::SeqCst);
    let mut tasks = JoinSet::new();
    for number in 0..1000 {
        let hosts = cluster.hosts(0);
        tasks.spawn(async move { hosts.acquire(host(&number.to_string())).await.unwrap() });
    }
    let guards = tasks.join_all().await;
    let changes = cluster.store.lease_changes.load(Ordering::SeqCst) - before;
    assert!(changes <= 3, "{changes} changes");
    drop(guards);
    settle().await;
    assert_eq!(cluster.used().await, 0);
    assert!(cluster.store.lease_changes.load(Ordering::SeqCst) - before <= 6);
}

#[tokio::test]
async fn a_host_counts_once_until_its_last_connection_closes() {
    let cluster = Cluster::new(2, 1).await;
    let one = cluster.hosts(0).acquire(host("a")).await.unwrap();
    let two = cluster.hosts(0).acquire(host("a")).await.unwrap();
    let three = cluster.hosts(1).acquire(host("a")).await.unwrap();
    assert_eq!((one.host().as_str(), one.limit()), ("a", LIMIT));
    assert_eq!(cluster.used().await, 1);
    for guard in [one, two, three] {
        full(cluster.hosts(0).acquire(host("b")).await, 1, 1);
        drop(guard);
        settle().await;
    }
    let _b = cluster.hosts(1).acquire(host("b")).await.unwrap();
    assert_eq!(cluster.used().await, 1);
}

#[tokio::test]
async fn a_host_that_reconnects_at_once_keeps_its_place() {
    let cluster = Cluster::new(1, 1).await;
    cluster.pass(1).await;
    let mut guard = cluster.hosts(0).acquire(host("a")).await.unwrap();
    cluster.pass(1).await;
    let changes = cluster.store.lease_changes.load(Ordering::SeqCst);
    for _ in 0..10 {
        drop(guard);
        // Before the store was told.
        guard = cluster.hosts(0).acquire(host("a")).await.unwrap();
    }
    settle().await;
    assert_eq!(cluster.store.lease_changes.load(Ordering::SeqCst), changes, "nobody was asked");
    full(cluster.hosts(0).acquire(host("b")).await, 1, 1);
}

#[tokio::test]
async fn lowering_the_cap_disturbs_no_live_host() {
    let cluster = Cluster::new(2, 3).await;
    let mut guards = Vec::new();
    for name in ["a", "b", "c"] {
        guards.push(cluster.hosts(0).acquire(host(name)).await.unwrap());
    }
    cluster.allow(1).await;
    cluster.pass(7).await;
    full(cluster.hosts(0).acquire(host("d")).await, 1, 3);
    // Reconnecting, here and elsewhere.
    for node in [0, 1] {
        guards.push(cluster.hosts(node).acquire(host("c")).await.unwrap());
    }
    assert_eq!(cluster.used().await, 3);
    guards.retain(|guard| guard.host().as_str() == "a");
    settle().await;
    full(cluster.hosts(1).acquire(host("d")).await, 1, 1);
    cluster.allow(2).await;
    let _d = cluster.hosts(1).acquire(host("d")).await.unwrap();
}

#[tokio::test]
async fn the_hosts_of_a_crashed_node_stop_counting_within_the_ttl() {
    let mut cluster = Cluster::new(2, 1).await;
    let guard = cluster.hosts(0).acquire(host("a")).await.unwrap();
    cluster.hosts(1).used().await.unwrap();
    drop(cluster.hosts(1).acquire(host("a")).await.unwrap());
    // It beats no more, and says nothing.
    std::mem::forget(guard);
    cluster.nodes.rotate_left(1);
    let crashed = cluster.nodes.pop().unwrap();
    cluster.pass(2).await;
    full(cluster.hosts(0).acquire(host("b")).await, 1, 1);
    cluster.pass(1).await;
    let _b = cluster.hosts(0).acquire(host("b")).await.unwrap();
    assert_eq!(cluster.used().await, 1);
    drop(crashed);
}

#[tokio::test]
async fn a_node_that_was_cut_off_returns_its_hosts_ahead_of_new_ones_and_never_above_the_cap() {
    let mut cluster = Cluster::new(2, 3).await;
    let mut guards = Vec::new();
    for name in ["a", "b", "c"] {
        guards.push(cluster.hosts(0).acquire(host(name)).await.unwrap());
    }
    drop(cluster.hosts(1).acquire(host("a")).await.unwrap());
    let cut_off = cluster.nodes.remove(0);
    cluster.pass(4).await;
    // Others have taken two of its three places.
    let taken = cluster.hosts(0).acquire(host("x")).await.unwrap();
    let _y = cluster.hosts(0).acquire(host("y")).await.unwrap();
    assert_eq!(cluster.used().await, 2);

    cut_off.tick_once().await;
    settle().await;
    assert_eq!(cluster.used().await, 3, "one of the three found a place");
    // Those without one are connected all the same.
    let connected: Vec<_> = guards.iter().map(|guard| guard.host().clone()).collect();
    for name in connected {
        guards.push(cut_off.leases(LIMIT).acquire(name).await.unwrap());
    }
    full(cut_off.leases(LIMIT).acquire(host("new")).await, 3, 3);
    // A place that is free again goes to them first.
    drop(taken);
    settle().await;
    full(cut_off.leases(LIMIT).acquire(host("new")).await, 3, 3);
    assert_eq!(cluster.used().await, 3);
    cluster.allow(4).await;
    cluster.nodes.push(cut_off);
    cluster.pass(1).await;
    assert_eq!(cluster.used().await, 4, "the heartbeat brought the last one back");
}

#[tokio::test]
async fn while_the_store_is_away_live_hosts_stay_and_nobody_new_comes() {
    let cluster = Cluster::new(2, 5).await;
    let a = cluster.hosts(0).acquire(host("a")).await.unwrap();
    let b = cluster.hosts(1).acquire(host("b")).await.unwrap();
    cluster.pass(1).await;
    set(&cluster.store.down, true);
    unavailable(cluster.hosts(0).acquire(host("new")).await);
    let again = cluster.hosts(0).acquire(host("a")).await.unwrap();
    drop((a, again));
    let a = cluster.hosts(0).acquire(host("a")).await.expect("its lease is still there");
    unavailable(cluster.hosts(0).acquire(host("b")).await);
    cluster.pass(5).await;
    let again = cluster.hosts(0).acquire(host("a")).await.unwrap();
    unavailable(cluster.hosts(1).acquire(host("new")).await);

    set(&cluster.store.down, false);
    unavailable(cluster.hosts(1).acquire(host("new")).await);
    cluster.clock.advance(Duration::from_secs(2));
    cluster.tick().await;
    settle().await;
    // For one heartbeat nobody new, on any node; whoever was there gets in.
    for node in [0, 1] {
        unavailable(cluster.hosts(node).acquire(host("new")).await);
        drop(cluster.hosts(node).acquire(host("a")).await.unwrap());
        drop(cluster.hosts(node).acquire(host("b")).await.unwrap());
    }
    settle().await;
    assert_eq!(cluster.used().await, 2);
    cluster.pass(1).await;
    let _new = cluster.hosts(1).acquire(host("new")).await.unwrap();
    drop((a, again, b));
    settle().await;
    assert_eq!(cluster.used().await, 1);
}

#[tokio::test]
async fn a_host_that_left_while_the_store_was_away_is_forgotten_when_it_is_back() {
    let cluster = Cluster::new(1, 2).await;
    let a = cluster.hosts(0).acquire(host("a")).await.unwrap();
    let b = cluster.hosts(0).acquire(host("b")).await.unwrap();
    set(&cluster.store.down, true);
    drop(a);
    settle().await;
    cluster.pass(1).await;
    drop(b);
    settle().await;
    set(&cluster.store.down, false);
    assert_eq!(cluster.used().await, 2);
    cluster.pass(1).await;
    assert_eq!(cluster.used().await, 0);
    let mut guards = Vec::new();
    for name in ["c", "d"] {
        guards.push(cluster.hosts(0).acquire(host(name)).await.unwrap());
    }
    assert_eq!(cluster.used().await, 2);
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_not_lost() {
    let cluster = Cluster::new(1, 1).await;
    drop(cluster.hosts(0).acquire(host("a")).await.unwrap());
    settle().await;
    set(&cluster.store.loses_answers, true);
    unavailable(cluster.hosts(0).acquire(host("a")).await);
    assert_eq!(cluster.used().await, 1, "the store has done it");
    set(&cluster.store.loses_answers, false);
    cluster.pass(1).await;
    assert_eq!(cluster.used().await, 0, "nobody was let in, and nobody counts");
    let _b = cluster.hosts(0).acquire(host("b")).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_gives_up_waiting_takes_no_place() {
    let cluster = Cluster::new(1, 1).await;
    set(&cluster.store.waits, true);
    let hosts = cluster.hosts(0);
    let waiting = tokio::spawn(async move { hosts.acquire(host("a")).await });
    cluster.store.entered.acquire().await.unwrap().forget();
    waiting.abort();
    assert!(waiting.await.is_err());
    set(&cluster.store.waits, false);
    cluster.store.permits.add_permits(1);
    settle().await;
    assert_eq!(cluster.used().await, 0);
    let _b = cluster.hosts(0).acquire(host("b")).await.unwrap();
}

#[tokio::test]
async fn a_license_that_stops_the_service_disturbs_no_live_host() {
    let cluster = Cluster::new(1, 1).await;
    let a = cluster.hosts(0).acquire(host("a")).await.unwrap();
    cluster.clock.advance(Duration::from_secs(366 * 86_400));
    for _ in 0..7 {
        cluster.clock.advance(BEAT);
        cluster.tick().await;
    }
    let error = cluster.hosts(0).acquire(host("a")).await.unwrap_err();
    assert_eq!(error.denial().code(), DenialCode::LicenseExpired);
    assert_eq!(cluster.used().await, 1);
    cluster.allow(1).await;
    full(cluster.hosts(0).acquire(host("b")).await, 1, 1);
    drop(a);
    settle().await;
    let _b = cluster.hosts(0).acquire(host("b")).await.unwrap();
}

#[tokio::test]
async fn without_a_license_the_denial_is_the_one_of_the_phase() {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    let manager = LicenseManager::builder(licensing).store(MemoryStore::new());
    let manager = manager.manual_ticks().start().await.unwrap();
    let error = manager.leases(LIMIT).acquire(host("a")).await.unwrap_err();
    assert_eq!(error.denial().code(), DenialCode::LicenseMissing);
}

#[tokio::test]
async fn a_holder_without_a_connection_counts_as_long_as_it_renews() {
    let cluster = Cluster::new(2, 1).await;
    let (one, two) = (cluster.hosts(0), cluster.hosts(1));
    let lease = one.acquire_for(host("a"), TTL).await.unwrap();
    for _ in 0..7 {
        cluster.pass(1).await;
        let changes = cluster.store.lease_changes.load(Ordering::SeqCst);
        let renewed = one.renew(host("a"), lease.generation, TTL).await.unwrap();
        assert_eq!(renewed, Some(lease));
        assert_eq!(cluster.store.lease_changes.load(Ordering::SeqCst), changes);
    }
    full(two.acquire(host("b")).await, 1, 1);

    // To another node, and on from there.
    let moved = two.renew(host("a"), lease.generation, TTL).await.unwrap().unwrap();
    assert!(moved.generation > lease.generation);
    for _ in 0..4 {
        cluster.pass(1).await;
        assert_eq!(two.renew(host("a"), moved.generation, TTL).await.unwrap(), Some(moved));
    }
    assert_eq!(one.renew(host("a"), lease.generation, TTL).await.unwrap(), None, "overtaken");
    full(one.acquire(host("b")).await, 1, 1);

    cluster.pass(4).await;
    assert_eq!(cluster.used().await, 0, "not renewed in time");
    assert_eq!(two.renew(host("a"), moved.generation, TTL).await.unwrap(), None);
    let _b = one.acquire(host("b")).await.unwrap();
}

#[tokio::test]
async fn a_holder_without_a_connection_frees_its_place_by_its_last_generation() {
    let cluster = Cluster::new(1, 1).await;
    let hosts = cluster.hosts(0);
    let stale = hosts.acquire_for(host("a"), TTL).await.unwrap();
    let lease = hosts.acquire_for(host("a"), TTL).await.unwrap();
    assert!(lease.generation > stale.generation);
    assert!(!hosts.release(&host("a"), stale.generation));
    assert_eq!(hosts.renew(host("a"), stale.generation, TTL).await.unwrap(), None);
    settle().await;
    assert_eq!(cluster.used().await, 1);
    assert!(hosts.release(&host("a"), lease.generation));
    settle().await;
    assert_eq!(cluster.used().await, 0);
}

#[tokio::test]
async fn the_status_says_how_many_hosts_count_on_all_nodes() {
    let cluster = Cluster::new(2, 5).await;
    let limits = async || cluster.nodes[1].status().await.license.unwrap().limits;
    assert_eq!(limits().await[LIMIT].used, Some(0));
    let _a = cluster.hosts(0).acquire(host("a")).await.unwrap();
    let _b = cluster.hosts(1).acquire(host("b")).await.unwrap();
    assert_eq!(limits().await[LIMIT].used, Some(2));
}

#[tokio::test]
async fn a_shutdown_ends_all_leases_and_refuses_new_ones() {
    let cluster = Cluster::new(1, 5).await;
    let a = cluster.hosts(0).acquire(host("a")).await.unwrap();
    let b = cluster.hosts(0).acquire_for(host("b"), TTL).await.unwrap();
    assert_eq!(cluster.used().await, 2);
    set(&cluster.store.stays_open, true);
    cluster.nodes[0].shutdown().await;
    assert_eq!(cluster.used().await, 0);
    unavailable(cluster.hosts(0).acquire(host("c")).await);
    assert!(!cluster.hosts(0).release(&host("b"), b.generation));
    drop(a);
    settle().await;
}

/// Whatever happens in whatever order: no grant above the cap, and in the end
/// nobody is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_connections_and_failures_leaves_nothing_behind() {
    let cluster = Cluster::new(3, 20).await;
    let cluster = Arc::new(cluster);
    let refused = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..60_u64 {
        let (cluster, refused) = (Arc::clone(&cluster), Arc::clone(&refused));
        tasks.spawn(async move {
            let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut guards: Vec<LeaseGuard> = Vec::new();
            for _ in 0..200 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                if random.is_multiple_of(3) {
                    guards.pop();
                    yield_now().await;
                } else {
                    let name = format!("h{}", random % 40);
                    let node = (random >> 8) as usize % 3;
                    match cluster.hosts(node).acquire(host(&name)).await {
                        Ok(guard) => guards.push(guard),
                        Err(_) => drop(refused.fetch_add(1, Ordering::SeqCst)),
                    }
                }
                if random.is_multiple_of(61) {
                    set(&cluster.store.down, random.is_multiple_of(2));
                    set(&cluster.store.loses_answers, random.is_multiple_of(5));
                }
                assert!(cluster.used_at_all().await <= 20);
            }
        });
    }
    assert_eq!(tasks.join_all().await.len(), 60);
    set(&cluster.store.down, false);
    set(&cluster.store.loses_answers, false);
    assert!(refused.load(Ordering::SeqCst) > 0);
    tokio::time::timeout(Duration::from_secs(20), async {
        while cluster.used().await > 0 {
            cluster.pass(1).await;
        }
    })
    .await
    .expect("nobody is counted who is not there");
}

impl Cluster {
    /// How many hosts count, whether the nodes can learn of it or not.
    async fn used_at_all(&self) -> u64 {
        self.store.leased_at_all(LIMIT).await
    }
}
