//! A node that is killed with its hosts.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use license_benches::numbers::thousands;
use sqlx::PgConnection;

use super::{Found, hosts::together};
use crate::{
    arguments::Size,
    child::Node,
    cluster::{Cluster, NODES, until},
    license::{HOSTS, monotonic},
    server::Server,
    statistics::duration,
    table::Table,
};

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(5);

pub(super) async fn measure(server: &Server, size: &Size, found: &mut Found) {
    let mut connection = server.connect().await.expect("the server lets in");
    let ttl = size.crash_ttl;
    let mut cluster = Cluster::start(server, "crash", ttl, true).await;
    let share = size.hosts / NODES as u64;
    cluster.install(0, "crash", &[(HOSTS.to_owned(), size.hosts + 100)]).await;
    let connect =
        |node: usize| format!("connect {} {}", node as u64 * share, (node as u64 + 1) * share);
    together(&cluster, connect).await;
    let all = share * NODES as u64;
    until(EVERY, async || counted(&mut connection).await == all).await;

    let [one, two, three] = &cluster.nodes[..] else { unreachable!("there are three nodes") };
    let [_, _, quiet] = one.numbers("visit 1000").await;
    let killed_at = monotonic();
    three.kill();
    let over = AtomicBool::new(false);
    let free = async {
        let left = all - share;
        // Visitors come and go.
        let freed = until(EVERY, async || counted(&mut connection).await <= left + 2).await;
        over.store(true, Ordering::Relaxed);
        freed - killed_at
    };
    let (free, one, two) = tokio::join!(free, visits(one, &over), visits(two, &over));
    let longest = Duration::from_nanos(one.1.max(two.1));

    let mut table = Table::new(
        &format!("A node is killed with {} hosts, TTL {} s", thousands(share), ttl.as_secs_f64()),
        &["time"],
    );
    table.row("until its places are free", &[duration(free)]);
    table.row("the longest that a host had to wait meanwhile", &[duration(longest)]);
    let quiet = duration(Duration::from_nanos(quiet));
    table.row("the same before it was killed", &[quiet]);
    table.row("hosts that were refused meanwhile", &[thousands(one.0 + two.0)]);
    found.tables.push(table.end(
        "The places are free as soon as somebody comes or goes after the TTL; whoever comes first \
         removes the leases, in transactions of up to 16,384, and waits for it.",
    ));
    found.targets.add(
        "A killed node's places are free within its TTL and a second",
        duration(free),
        free <= ttl + Duration::from_secs(1),
    );
}

/// Lets hosts come and go until it is over. Returns how many were refused, and
/// the longest that one had to wait in nanoseconds.
async fn visits(node: &Node, over: &AtomicBool) -> (u64, u64) {
    let (mut refused, mut longest) = (0, 0);
    while !over.load(Ordering::Relaxed) {
        let [_, some, wait] = node.numbers("visit 250").await;
        refused += some;
        longest = longest.max(wait);
    }
    (refused, longest)
}

async fn counted(connection: &mut PgConnection) -> u64 {
    let counted = sqlx::query_scalar("SELECT hosts FROM crash.lease_limits WHERE name = $1");
    let counted: i64 = counted.bind(HOSTS).fetch_one(connection).await.expect("the server answers");
    counted.unsigned_abs()
}
