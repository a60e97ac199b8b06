//! Quotas that three nodes use up.

use std::time::Duration;

use license_benches::numbers::thousands;

use super::{Found, hosts::together};
use crate::{
    arguments::Size,
    child::Node,
    cluster::{Cluster, NODES},
    license::{DECISIONS, RACE},
    server::Server,
    statistics::{count, rate},
    table::Table,
};

const TTL: Duration = Duration::from_secs(30);
/// More than is used up within the time.
const MANY: u64 = 900_000_000;

pub(super) async fn measure(server: &Server, size: &Size, found: &mut Found) {
    let mut connection = server.connect().await.expect("the server lets in");
    let mut cluster = Cluster::start(server, "quotas", TTL, true).await;
    let race = size.race;
    let limits = [(DECISIONS.to_owned(), MANY), (RACE.to_owned(), race)];
    cluster.install(0, "quotas", &limits).await;
    let command = format!("quota {DECISIONS} {}", size.rates.as_millis());
    // Blocks grow to what the pace asks for.
    let warm = format!("quota {DECISIONS} {}", size.rates.as_millis() / 2);
    let mut total: u64 = together(&cluster, |_| warm.clone()).await.iter().map(|it| it[0]).sum();

    let mut table = Table::new(
        "Quotas, used up one by one",
        &["uses per second and node", "PostgreSQL, cores", "writing transactions per second"],
    );
    let usage = server.usage(&mut connection).await;
    let [used, nanos, failed] = cluster.nodes[0].numbers(&command).await;
    let spent = server.usage(&mut connection).await.since(usage);
    total += used;
    let alone = rate(used, Duration::from_nanos(nanos));
    let cells = |rate, spent: crate::server::Spent| {
        [count(rate), format!("{:.3}", spent.cores), count(spent.transactions)]
    };
    table.row("one node", &cells(alone, spent));

    let before: Duration = cluster.nodes.iter().map(Node::cpu).sum();
    let usage = server.usage(&mut connection).await;
    let answers = together(&cluster, |_| command.clone()).await;
    let spent = server.usage(&mut connection).await.since(usage);
    let busy: Duration = cluster.nodes.iter().map(Node::cpu).sum::<Duration>() - before;
    total += answers.iter().map(|it| it[0]).sum::<u64>();
    let rates: Vec<f64> =
        answers.iter().map(|it| rate(it[0], Duration::from_nanos(it[1]))).collect();
    let mean = rates.iter().sum::<f64>() / NODES as f64;
    table.row("three nodes at once", &cells(mean, spent));
    let of_a_core = mean * NODES as f64 / (busy.as_secs_f64() / spent.seconds);
    table.row(
        "three nodes at once, for each core that a node has to itself",
        &[count(of_a_core), String::new(), String::new()],
    );
    let failures: u64 = failed + answers.iter().map(|it| it[2]).sum::<u64>();

    let raced = format!("quota {RACE} 60000");
    let granted: u64 = together(&cluster, |_| raced.clone()).await.iter().map(|it| it[0]).sum();
    found.promise("a quota is never exceeded", granted <= race);
    found.promise("a quota is reached exactly", granted == race);
    cluster.end().await;

    let taken: i64 = sqlx::query_scalar("SELECT taken FROM quotas.quota WHERE name = $1")
        .bind(DECISIONS)
        .fetch_one(&mut connection)
        .await
        .expect("the server answers");
    // A block whose grant was not answered counts as spent.
    let exact = taken.unsigned_abs() == total || (failures > 0 && taken.unsigned_abs() > total);
    found.promise("the count is exact once all have ended", exact);
    found.tables.push(table.end(&format!(
        "{} uses in all, {} once the nodes have brought back what was left of their blocks; \
         {failures} failed. All three raced for another quota of {}: {} uses were granted.",
        thousands(total),
        if taken.unsigned_abs() == total {
            "and the database says the same"
        } else {
            "and the database says more"
        },
        thousands(race),
        thousands(granted),
    )));
    found.targets.add(
        "Quotas: 1,000,000 uses per second and node that has a core to itself",
        format!("{} alone, {} of three at once per core", count(alone), count(of_a_core)),
        alone >= 1e6,
    );
    found.targets.add(
        "Quotas: 0 over the cap at the end",
        format!("{} of {}", thousands(granted), thousands(race)),
        granted == race,
    );
}
