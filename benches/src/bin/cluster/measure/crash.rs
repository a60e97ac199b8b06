//! A node that is killed with its hosts.

use std::time::Duration;

use license_benches::report::thousands;
use sqlx::PgConnection;

use super::{Found, hosts::together};
use crate::{
    arguments::Size,
    cluster::{Cluster, NODES, until},
    license::{HOSTS, monotonic},
    server::Server,
    statistics::duration,
    table::Table,
};

pub(super) async fn measure(server: &Server, size: &Size, found: &mut Found) {
    let mut connection = server.connect().await.expect("the server lets in");
    let ttl = size.crash_ttl;
    let mut cluster = Cluster::start(server, "crash", ttl, true).await;
    let share = size.hosts / NODES as u64;
    cluster.install(0, "crash", &[(HOSTS.to_owned(), size.hosts + 100)]).await;
    let connect =
        |node: usize| format!("connect {} {}", node as u64 * share, (node as u64 + 1) * share);
    together(&cluster, connect).await;
    let before = counted(&mut connection).await;
    found.promise("all hosts of the crash test count", before == share * NODES as u64);

    let [one, two, three] = &cluster.nodes[..] else { unreachable!("there are three nodes") };
    let quiet = one.numbers::<3>("visit 1000").await[2];
    let time = ttl * 2 + Duration::from_secs(2);
    let visit = format!("visit {}", time.as_millis());
    let killed_at = monotonic();
    three.kill();
    let free = async {
        let left = before - share;
        let freed = until(Duration::from_millis(5), async || {
            // Visitors come and go.
            counted(&mut connection).await <= left + 2
        });
        freed.await - killed_at
    };
    let (free, one, two) = tokio::join!(free, one.numbers::<3>(&visit), two.numbers::<3>(&visit));
    let longest = Duration::from_nanos(one[2].max(two[2]));
    found.promise("no host was refused while a dead node was swept", one[1] + two[1] == 0);

    let mut table = Table::new(
        &format!("A node is killed with {} hosts, TTL {} s", thousands(share), ttl.as_secs_f64()),
        &["time"],
    );
    table.row("until its places are free", &[duration(free)]);
    table.row("the longest that a host had to wait meanwhile", &[duration(longest)]);
    let quiet = duration(Duration::from_nanos(quiet));
    table.row("the same before it was killed", &[quiet]);
    found.tables.push(table.end(
        "The places are free as soon as somebody comes or goes after the TTL; whoever comes first \
         removes the leases and waits for it.",
    ));
    found.targets.add(
        "A killed node's places are free within its TTL and a second",
        duration(free),
        free <= ttl + Duration::from_secs(1),
    );
}

async fn counted(connection: &mut PgConnection) -> u64 {
    let counted = sqlx::query_scalar("SELECT hosts FROM crash.lease_limits WHERE name = $1");
    let counted: i64 = counted.bind(HOSTS).fetch_one(connection).await.expect("the server answers");
    counted.unsigned_abs()
}
