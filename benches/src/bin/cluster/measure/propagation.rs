//! How long it takes until an installed license is in force on all nodes.

use std::time::Duration;

use super::Found;
use crate::{
    arguments::Size,
    cluster::{Cluster, Installed, NODES},
    license::{HOSTS, QUOTAS, quota},
    server::Server,
    statistics::{count, duration, longest, percentile, rate},
    table::Table,
};

const TTL: Duration = Duration::from_secs(30);
/// How many hosts come and go under load, over all nodes, and how many may.
const POOL: u64 = 120;
const CAP: u64 = 100;

pub(super) async fn measure(server: &Server, size: &Size, found: &mut Found) {
    let title = "Propagation: from the start of an installation until it is in force on all nodes";
    let columns = ["installations", "median", "p99", "longest", "median from its acknowledgement"];
    let mut table = Table::new(title, &columns);

    let mut cluster = Cluster::start(server, "propagation", TTL, true).await;
    let idle = installations(&mut cluster, "idle", size.installs).await;
    add(&mut table, "nodes that are idle", &idle);

    for (number, node) in cluster.nodes.iter().enumerate() {
        node.numbers::<0>(&format!("work {POOL} 0 {number}")).await;
    }
    let before = cpu(&cluster);
    let loaded = installations(&mut cluster, "loaded", size.installs).await;
    let busy: f64 = rate(1, loaded.2) * (cpu(&cluster) - before).as_secs_f64();
    add(&mut table, "under load", &loaded);
    cluster.end().await;

    let mut cluster = Cluster::start(server, "polling", TTL, false).await;
    let polled = installations(&mut cluster, "polled", size.polled).await;
    add(&mut table, "without notifications, idle", &polled);
    cluster.end().await;

    let note = format!(
        "Load: each node decides requests (50, then a millisecond's pause), {} hosts come and go \
         against a cap of {CAP}, a quota is used up one by one; the three nodes took {busy:.2} \
         cores.",
        NODES as u64 * POOL / 2,
    );
    found.tables.push(table.end(&note));
    let (median, p99) = (percentile(&loaded.0, 50), percentile(&loaded.0, 99));
    found.targets.add(
        "An installation is in force on all nodes, under load: median at most 50 ms, p99 at most 250 ms",
        format!("{}, {}", duration(median), duration(p99)),
        median <= Duration::from_millis(50) && p99 <= Duration::from_millis(250),
    );
    let longest = longest(&polled.0);
    found.targets.add(
        "... and within 5 s when notifications are lost",
        duration(longest),
        longest <= Duration::from_secs(5),
    );
}

/// The times from the start and from the acknowledgement, and how long all of
/// it took.
type Times = (Vec<Duration>, Vec<Duration>, Duration);

async fn installations(cluster: &mut Cluster, name: &str, times: usize) -> Times {
    let mut limits: Vec<_> = (0..QUOTAS).map(|number| (quota(number), 1_000_000)).collect();
    limits.push((HOSTS.to_owned(), CAP));
    let mut installed = Vec::new();
    for number in 0..times {
        let id = format!("{name}-{number}");
        installed.push(cluster.install(number % NODES, &id, &limits).await);
    }
    let from = |since: fn(&Installed) -> Duration| {
        installed.iter().map(|it| it.everywhere.saturating_sub(since(it))).collect()
    };
    let began = installed.first().map_or(Duration::ZERO, |it| it.began);
    let ended = installed.last().map_or(Duration::ZERO, |it| it.everywhere);
    (from(|it| it.began), from(|it| it.acknowledged), ended.saturating_sub(began))
}

fn add(table: &mut Table, label: &str, (times, acknowledged, _): &Times) {
    let cells = [
        count(times.len() as f64),
        duration(percentile(times, 50)),
        duration(percentile(times, 99)),
        duration(longest(times)),
        duration(percentile(acknowledged, 50)),
    ];
    table.row(label, &cells);
}

fn cpu(cluster: &Cluster) -> Duration {
    cluster.nodes.iter().map(crate::child::Node::cpu).sum()
}
