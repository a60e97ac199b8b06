//! Many live hosts, and what keeping them costs.

use std::time::Duration;

use license_benches::numbers::thousands;
use sqlx::PgConnection;
use tokio::time::sleep;

use super::{Found, rows};
use crate::{
    arguments::Size,
    child::Node,
    cluster::{Cluster, NODES, until},
    license::{HOSTS, monotonic},
    server::{Server, Spent},
    statistics::{bytes, count, duration, rate},
    table::Table,
};

pub(super) const TTL: Duration = Duration::from_secs(90);

pub(super) async fn measure(server: &Server, size: &Size, found: &mut Found) {
    let mut connection = server.connect().await.expect("the server lets in");
    let mut cluster = Cluster::start(server, "hosts", TTL, true).await;
    cluster.install(0, "hosts", &[(HOSTS.to_owned(), size.hosts * 2)]).await;
    let share = size.hosts / NODES as u64;
    let hosts = share * NODES as u64;
    // Tables and connections are made.
    together(&cluster, |_| "probe".to_owned()).await;
    let empty = cluster.nodes[0].resident();
    let before = resident_beyond(&cluster);

    let mut table = Table::new(
        &format!("{} live hosts, TTL {} s", thousands(hosts), TTL.as_secs()),
        &[
            "hosts per second",
            "PostgreSQL, cores",
            "WAL per second",
            "writing transactions per second",
        ],
    );
    server.settle(&mut connection).await;
    let usage = server.usage(&mut connection).await;
    let began = monotonic();
    let connected = together(&cluster, |node| connect(node, share)).await;
    let connecting = monotonic() - began;
    let spent = server.usage(&mut connection).await.since(usage);
    let granted: u64 = connected.iter().map(|answer| answer[0]).sum();
    add(&mut table, "connecting, as fast as it goes", Some(rate(hosts, connecting)), spent);
    found.promise("every host gets in below the cap", granted == hosts);
    let heap = per_host(&cluster, before, hosts);
    let size_of = sizes(&mut connection, hosts).await;

    server.settle(&mut connection).await;
    sleep(size.hold.min(Duration::from_secs(2))).await;
    let usage = server.usage(&mut connection).await;
    sleep(size.hold).await;
    let held = server.usage(&mut connection).await.since(usage);
    let renewals = hosts as f64 / (TTL.as_secs_f64() / 3.0);
    add(&mut table, "held, all renewed by their nodes", None, held);
    let (counted, rows) = counts(&mut connection).await;
    found.promise("every host still counts", counted == hosts && rows == hosts);

    let usage = server.usage(&mut connection).await;
    let churned = together(&cluster, |_| format!("churn {}", (size.rates * 2).as_millis())).await;
    let spent = server.usage(&mut connection).await.since(usage);
    let came: u64 = churned.iter().map(|answer| answer[0]).sum();
    let took = Duration::from_nanos(churned.iter().map(|answer| answer[1]).max().unwrap_or(1));
    add(
        &mut table,
        "hosts that leave for others, as fast as it goes",
        Some(rate(came, took)),
        spent,
    );
    until(Duration::from_millis(20), async || counts(&mut connection).await == (hosts, hosts))
        .await;

    let began = monotonic();
    let usage = server.usage(&mut connection).await;
    for node in &cluster.nodes {
        node.numbers::<0>("disconnect").await;
    }
    until(Duration::from_millis(20), async || counts(&mut connection).await.0 == 0).await;
    let spent = server.usage(&mut connection).await.since(usage);
    add(&mut table, "disconnecting", Some(rate(hosts, monotonic() - began)), spent);
    cluster.end().await;

    for (label, reached, spent) in rows::measure(server, size, renewals).await {
        add(&mut table, &label, Some(reached), spent);
    }
    let note = format!(
        "{} renewals per second is what {} hosts amount to at a heartbeat of {} s; the three nodes \
         renew them with {:.1} small transactions per second, and ask for changes of the license \
         once a second each besides. Connecting took {}. A lease takes {} in the database, {} of \
         them its indexes; a connected host takes {} of its node's memory (a node without hosts: \
         {}).",
        count(renewals),
        thousands(hosts),
        TTL.as_secs() / 3,
        NODES as f64 / (TTL.as_secs_f64() / 3.0),
        duration(connecting),
        bytes(size_of.0),
        bytes(size_of.1),
        bytes(heap),
        bytes(empty as f64),
    );
    found.tables.push(table.end(&note));
    found.targets.add(
        &format!(
            "{} live leases with a TTL of {} s held for {} s: PostgreSQL under one core",
            thousands(hosts),
            TTL.as_secs(),
            held.seconds.round(),
        ),
        format!("{:.3} cores", held.cores),
        held.cores < 1.0,
    );
}

fn connect(node: usize, share: u64) -> String {
    let from = node as u64 * share;
    format!("connect {from} {}", from + share)
}

/// Has all nodes do something at the same time.
pub(super) async fn together(
    cluster: &Cluster,
    command: impl Fn(usize) -> String,
) -> Vec<Vec<u64>> {
    let ask = async |node: &Node, command: String| {
        let answer = node.ask(&command).await.unwrap_or_else(|code| panic!("{command}: {code}"));
        answer.iter().map(|word| word.parse().expect("a number")).collect()
    };
    let [one, two, three] = &cluster.nodes[..] else { unreachable!("there are three nodes") };
    let (one, two, three) =
        tokio::join!(ask(one, command(0)), ask(two, command(1)), ask(three, command(2)));
    vec![one, two, three]
}

pub(super) fn add(table: &mut Table, label: &str, hosts: Option<f64>, spent: Spent) {
    let cells = [
        hosts.map_or_else(String::new, count),
        format!("{:.3}", spent.cores),
        bytes(spent.wal),
        count(spent.transactions),
    ];
    table.row(label, &cells);
}

/// How many hosts count as the store says, and how many are there.
async fn counts(connection: &mut PgConnection) -> (u64, u64) {
    let counts: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT hosts FROM hosts.lease_limits WHERE name = $1), \
         (SELECT count(DISTINCT l.host) FROM hosts.leases l JOIN hosts.lease_nodes n \
         ON n.node = l.node AND NOT n.swept JOIN hosts.lease_limits i ON i.id = l.limit_id \
         WHERE i.name = $1)",
    )
    .bind(HOSTS)
    .fetch_one(connection)
    .await
    .expect("the server answers");
    (counts.0.unsigned_abs(), counts.1.unsigned_abs())
}

/// What a lease takes in the database, and its indexes alone.
async fn sizes(connection: &mut PgConnection, hosts: u64) -> (f64, f64) {
    let (all, indexes): (i64, i64) = sqlx::query_as(
        "SELECT pg_total_relation_size('hosts.leases'), pg_indexes_size('hosts.leases')",
    )
    .fetch_one(connection)
    .await
    .expect("the server answers");
    (all as f64 / hosts as f64, indexes as f64 / hosts as f64)
}

fn resident_beyond(cluster: &Cluster) -> u64 {
    cluster.nodes.iter().map(Node::resident).sum()
}

fn per_host(cluster: &Cluster, before: u64, hosts: u64) -> f64 {
    resident_beyond(cluster).saturating_sub(before) as f64 / hosts as f64
}
