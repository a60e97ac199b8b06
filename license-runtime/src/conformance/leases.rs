//! Leases of hosts.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::{HostId, testing::ManualClock};
use tokio::task::JoinSet;

use crate::store::{
    LeaseAnswers, LeaseBasis, LeaseChanges, LeaseNode,
    LeaseVerdict::{self, Full, Granted, Lost, Settling},
    Store,
};

/// Lets the time of a store pass.
pub struct Elapse(Box<Pass>);

type Pass = dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

impl Elapse {
    /// For a store that lives by this clock.
    pub fn by_hand(clock: Arc<ManualClock>) -> Self {
        Self(Box::new(move |duration| {
            clock.advance(duration);
            Box::pin(async {})
        }))
    }

    /// For a store whose clock cannot be moved.
    pub fn really() -> Self {
        Self(Box::new(|duration| Box::pin(tokio::time::sleep(duration))))
    }

    async fn pass(&self, duration: Duration) {
        self.0(duration).await;
    }
}

impl fmt::Debug for Elapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Elapse")
    }
}

/// Long enough that a slow machine does not miss a third of it.
const TTL: Duration = Duration::from_millis(2400);
const HEARTBEAT: Duration = Duration::from_millis(800);
const LIMIT: &str = "session_hosts";

fn host(name: impl fmt::Display) -> HostId {
    name.to_string().parse().unwrap()
}

async fn node(store: &Arc<dyn Store>) -> LeaseNode {
    store.beat(None, TTL).await.unwrap()
}

async fn change(store: &Arc<dyn Store>, node: LeaseNode, changes: LeaseChanges) -> LeaseAnswers {
    store.change_leases(node, changes).await.unwrap().unwrap()
}

async fn claim(
    store: &Arc<dyn Store>,
    node: LeaseNode,
    cap: u64,
    name: &str,
    basis: LeaseBasis,
) -> LeaseVerdict {
    let changes = LeaseChanges::new(LIMIT, Some(cap)).claim(host(name), basis);
    change(store, node, changes).await.verdicts[0]
}

async fn connect(store: &Arc<dyn Store>, node: LeaseNode, cap: u64, name: &str) -> LeaseVerdict {
    claim(store, node, cap, name, LeaseBasis::New).await
}

#[track_caller]
fn generation(verdict: LeaseVerdict) -> u64 {
    match verdict {
        Granted(generation) => generation,
        other => panic!("{other:?}"),
    }
}

async fn release(store: &Arc<dyn Store>, node: LeaseNode, name: &str, generation: Option<u64>) {
    change(store, node, LeaseChanges::new(LIMIT, None).release(host(name), generation)).await;
}

async fn used(store: &Arc<dyn Store>) -> u64 {
    store.leased(LIMIT).await.unwrap()
}

/// On three nodes at once, one by one and several together.
pub async fn of_many_who_want_the_last_leases_exactly_as_many_get_one(
    store: Arc<dyn Store>,
    _: Elapse,
) {
    let nodes = [node(&store).await, node(&store).await, node(&store).await];
    let granted = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for number in 0..40_u64 {
        let (store, granted) = (Arc::clone(&store), Arc::clone(&granted));
        let node = nodes[(number % 3) as usize];
        tasks.spawn(async move {
            let mut changes = LeaseChanges::new(LIMIT, Some(25));
            for part in 0..=(number % 4) {
                changes = changes.claim(host(format!("h{number}-{part}")), LeaseBasis::New);
            }
            let answers = change(&store, node, changes).await;
            let got = answers.verdicts.iter().filter(|verdict| **verdict != Full).count();
            granted.fetch_add(got as u64, Ordering::SeqCst);
            assert!(answers.used <= 25);
        });
    }
    tasks.join_all().await;
    assert_eq!(granted.load(Ordering::SeqCst), 25);
    assert_eq!(used(&store).await, 25);
}

/// Whichever of them lets go first.
pub async fn a_host_on_two_nodes_counts_once_and_until_both_let_go(
    store: Arc<dyn Store>,
    _: Elapse,
) {
    let (one, two) = (node(&store).await, node(&store).await);
    let first = generation(connect(&store, one, 1, "a").await);
    let second = generation(connect(&store, two, 1, "a").await);
    assert!(second > first);
    assert_eq!(used(&store).await, 1);
    release(&store, one, "a", Some(first)).await;
    assert_eq!(connect(&store, one, 1, "b").await, Full);
    release(&store, two, "a", Some(second)).await;
    assert_eq!(used(&store).await, 0);
    generation(connect(&store, one, 1, "b").await);
}

/// A cap that was lowered disturbs nobody who is there, on any node.
pub async fn a_host_that_counts_gets_in_above_the_cap(store: Arc<dyn Store>, _: Elapse) {
    let (one, two) = (node(&store).await, node(&store).await);
    for name in ["a", "b", "c"] {
        generation(connect(&store, one, 3, name).await);
    }
    for cap in [2, 0] {
        assert_eq!(connect(&store, one, cap, "new").await, Full);
        generation(connect(&store, one, cap, "a").await);
        generation(connect(&store, two, cap, "b").await);
    }
    assert_eq!(used(&store).await, 3);
    release(&store, one, "c", None).await;
    assert_eq!(connect(&store, two, 2, "new").await, Full);
}

/// Not before, and for whoever asks next.
pub async fn a_node_that_stops_beating_loses_its_leases_within_the_ttl(
    store: Arc<dyn Store>,
    elapse: Elapse,
) {
    let (crashed, alive) = (node(&store).await, node(&store).await);
    generation(connect(&store, crashed, 1, "a").await);
    for _ in 0..2 {
        elapse.pass(HEARTBEAT).await;
        assert_eq!(store.beat(Some(alive), TTL).await.unwrap(), alive);
        assert_eq!(connect(&store, alive, 1, "b").await, Full);
    }
    elapse.pass(HEARTBEAT).await;
    assert_eq!(store.beat(Some(alive), TTL).await.unwrap(), alive);
    generation(connect(&store, alive, 1, "b").await);
    assert_eq!(used(&store).await, 1);
}

/// Its place is not given away.
pub async fn a_host_on_a_node_that_lives_outlives_the_other_node(
    store: Arc<dyn Store>,
    elapse: Elapse,
) {
    let (crashed, alive) = (node(&store).await, node(&store).await);
    for name in ["a", "b"] {
        generation(connect(&store, crashed, 2, name).await);
    }
    generation(connect(&store, alive, 2, "a").await);
    for _ in 0..3 {
        elapse.pass(HEARTBEAT).await;
        store.beat(Some(alive), TTL).await.unwrap();
    }
    assert_eq!(used(&store).await, 1);
    generation(connect(&store, alive, 2, "c").await);
    assert_eq!(connect(&store, alive, 2, "d").await, Full);
}

/// Its hosts were counted all the time.
pub async fn a_late_beat_counts_until_the_node_is_swept(store: Arc<dyn Store>, elapse: Elapse) {
    let (late, alive) = (node(&store).await, node(&store).await);
    generation(connect(&store, late, 1, "a").await);
    for _ in 0..4 {
        elapse.pass(HEARTBEAT).await;
        store.beat(Some(alive), TTL).await.unwrap();
    }
    assert_eq!(store.beat(Some(late), TTL).await.unwrap(), late);
    assert_eq!(connect(&store, alive, 1, "b").await, Full);
    generation(connect(&store, late, 1, "a").await);
}

/// It can neither acquire nor release under its old number.
pub async fn a_swept_node_is_told_and_begins_anew(store: Arc<dyn Store>, elapse: Elapse) {
    let (swept, alive) = (node(&store).await, node(&store).await);
    generation(connect(&store, swept, 1, "a").await);
    for _ in 0..3 {
        elapse.pass(HEARTBEAT).await;
        store.beat(Some(alive), TTL).await.unwrap();
    }
    let theirs = generation(connect(&store, alive, 1, "a").await);
    let changes = LeaseChanges::new(LIMIT, Some(1)).release(host("a"), None);
    assert_eq!(store.change_leases(swept, changes).await.unwrap(), None);
    let again = store.beat(Some(swept), TTL).await.unwrap();
    assert_ne!(again, swept);
    assert_eq!(used(&store).await, 1);
    assert_eq!(claim(&store, again, 1, "b", LeaseBasis::Returning).await, Full);
    generation(claim(&store, again, 1, "a", LeaseBasis::Returning).await);
    release(&store, alive, "a", Some(theirs)).await;
    assert_eq!(used(&store).await, 1, "the returned host counts by itself");
}

/// One that was overtaken by a new grant of the same host, or another node's.
pub async fn a_stale_release_ends_nothing(store: Arc<dyn Store>, _: Elapse) {
    let (one, two) = (node(&store).await, node(&store).await);
    let stale = generation(connect(&store, one, 1, "a").await);
    let fresh = generation(connect(&store, one, 1, "a").await);
    assert!(fresh > stale);
    release(&store, one, "a", Some(stale)).await;
    release(&store, two, "a", Some(fresh)).await;
    release(&store, two, "a", None).await;
    assert_eq!(used(&store).await, 1);
    release(&store, one, "a", None).await;
    release(&store, one, "a", None).await;
    assert_eq!(used(&store).await, 0);
}

/// And only by that of a lease that is there.
pub async fn a_lease_goes_on_by_its_generation_on_another_node(store: Arc<dyn Store>, _: Elapse) {
    let (one, two) = (node(&store).await, node(&store).await);
    let renewing = async |node, generation| {
        claim(&store, node, 0, "a", LeaseBasis::Renewing(generation)).await
    };
    let first = generation(connect(&store, one, 1, "a").await);
    let second = generation(renewing(two, first).await);
    assert!(second > first);
    assert_eq!(used(&store).await, 1);
    release(&store, one, "a", Some(first)).await;
    assert_eq!(renewing(one, first).await, Lost);
    generation(renewing(one, second).await);
    release(&store, one, "a", None).await;
    release(&store, two, "a", None).await;
    assert_eq!(renewing(two, second).await, Lost);
    assert_eq!(used(&store).await, 0);
}

/// And is not known any more.
pub async fn a_node_that_leaves_frees_its_places_at_once(store: Arc<dyn Store>, _: Elapse) {
    let (one, two) = (node(&store).await, node(&store).await);
    for name in ["a", "b"] {
        generation(connect(&store, one, 3, name).await);
    }
    generation(connect(&store, two, 3, "a").await);
    store.leave(one).await.unwrap();
    assert_eq!(used(&store).await, 1);
    let changes = LeaseChanges::new(LIMIT, None).claim(host("c"), LeaseBasis::New);
    assert_eq!(store.change_leases(one, changes).await.unwrap(), None);
    store.leave(one).await.unwrap();
    assert_eq!(used(&store).await, 1);
}

/// All are overdue, and whoever beats first must not take the places of the
/// others.
pub async fn when_the_store_was_away_for_all_nobody_new_comes_first(
    store: Arc<dyn Store>,
    elapse: Elapse,
) {
    let (first, late, gone) = (node(&store).await, node(&store).await, node(&store).await);
    generation(connect(&store, first, 4, "a").await);
    generation(connect(&store, late, 4, "b").await);
    generation(connect(&store, gone, 4, "c").await);
    elapse.pass(2 * TTL).await;

    // Even before anybody has beaten.
    assert_eq!(connect(&store, first, 4, "new").await, Settling);
    assert_eq!(used(&store).await, 3);
    assert_eq!(store.beat(Some(first), TTL).await.unwrap(), first);
    assert_eq!(connect(&store, first, 4, "new").await, Settling);
    generation(connect(&store, first, 4, "b").await);
    generation(claim(&store, first, 4, "returned", LeaseBasis::Returning).await);
    assert_eq!(claim(&store, first, 4, "too-many", LeaseBasis::Returning).await, Full);
    assert_eq!(store.beat(Some(late), TTL).await.unwrap(), late);

    elapse.pass(HEARTBEAT).await;
    for node in [first, late] {
        assert_eq!(store.beat(Some(node), TTL).await.unwrap(), node);
    }
    // Whoever has not beaten by now has lost its place.
    generation(connect(&store, late, 4, "new").await);
    assert_eq!(connect(&store, late, 4, "newer").await, Full);
    assert_ne!(store.beat(Some(gone), TTL).await.unwrap(), gone);
}

/// Others have beaten all the time.
pub async fn a_node_that_crashed_alone_delays_nobody(store: Arc<dyn Store>, elapse: Elapse) {
    let (crashed, alive) = (node(&store).await, node(&store).await);
    generation(connect(&store, crashed, 2, "a").await);
    for _ in 0..5 {
        elapse.pass(HEARTBEAT).await;
        store.beat(Some(alive), TTL).await.unwrap();
    }
    let joined = node(&store).await;
    for (node, name) in [(alive, "b"), (joined, "c")] {
        generation(connect(&store, node, 2, name).await);
    }
    assert_eq!(used(&store).await, 2);
}

/// A host that goes makes room for one that comes.
pub async fn what_is_released_is_granted_in_the_same_change(store: Arc<dyn Store>, _: Elapse) {
    let node = node(&store).await;
    let held = generation(connect(&store, node, 1, "a").await);
    let changes = LeaseChanges::new(LIMIT, Some(1))
        .claim(host("b"), LeaseBasis::New)
        .claim(host("c"), LeaseBasis::New)
        .release(host("a"), Some(held));
    let answers = change(&store, node, changes).await;
    assert!(matches!(answers.verdicts[..], [Granted(_), Full]), "{answers:?}");
    assert_eq!(answers.used, 1);
}

/// One does not fill the other.
pub async fn hosts_of_two_limits_are_counted_apart(store: Arc<dyn Store>, _: Elapse) {
    let node = node(&store).await;
    generation(connect(&store, node, 1, "a").await);
    let other = LeaseChanges::new("deploy_hosts", Some(1));
    let answers = change(&store, node, other.clone().claim(host("b"), LeaseBasis::New)).await;
    assert!(matches!(answers.verdicts[..], [Granted(_)]), "{answers:?}");
    let answers = change(&store, node, other.release(host("a"), None)).await;
    assert_eq!((answers.used, used(&store).await), (1, 1));
    store.leave(node).await.unwrap();
    assert_eq!((store.leased("deploy_hosts").await.unwrap(), used(&store).await), (0, 0));
}

/// A license that caps them may come.
pub async fn hosts_without_a_cap_are_counted_too(store: Arc<dyn Store>, _: Elapse) {
    let node = node(&store).await;
    for number in 0..3 {
        let claimed = LeaseChanges::new(LIMIT, None).claim(host(number), LeaseBasis::New);
        generation(change(&store, node, claimed).await.verdicts[0]);
    }
    assert_eq!(connect(&store, node, 3, "new").await, Full);
    generation(claim(&store, node, 3, "new", LeaseBasis::Uncapped).await);
    assert_eq!(used(&store).await, 4);
}

/// All together, and each is answered.
pub async fn thousands_come_and_go_at_once(store: Arc<dyn Store>, _: Elapse) {
    let node = node(&store).await;
    let mut claims = LeaseChanges::new(LIMIT, Some(4000));
    for number in 0..4096 {
        claims = claims.claim(host(number), LeaseBasis::New);
    }
    let answers = change(&store, node, claims.clone()).await;
    assert!(answers.verdicts[..4000].iter().all(|verdict| matches!(verdict, Granted(_))));
    assert!(answers.verdicts[4000..].iter().all(|verdict| *verdict == Full));
    assert_eq!(answers.used, 4000);
    let mut releases = LeaseChanges::new(LIMIT, Some(4000));
    for (claim, verdict) in claims.claims.into_iter().zip(answers.verdicts).take(4000) {
        releases = releases.release(claim.host, Some(generation(verdict)));
    }
    assert_eq!(change(&store, node, releases).await.used, 0);
}
