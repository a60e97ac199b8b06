//! Seats, each reserved under the lock of the store.

use std::time::Duration;

use super::{Found, hosts::together};
use crate::{
    arguments::Size,
    cluster::Cluster,
    server::Server,
    statistics::{count, rate},
    table::Table,
};

const TTL: Duration = Duration::from_secs(30);

pub(super) async fn measure(server: &Server, size: &Size, found: &mut Found) {
    let mut connection = server.connect().await.expect("the server lets in");
    let mut cluster = Cluster::start(server, "seats", TTL, true).await;
    cluster.install(0, "seats", &[]).await;
    let mut table = Table::new(
        "Seats, reserved and committed",
        &["seats per second, over all nodes", "PostgreSQL, cores"],
    );
    for tasks in [1, 16] {
        let command = format!("seats {tasks} {}", size.rates.as_millis());
        let usage = server.usage(&mut connection).await;
        let answers = together(&cluster, |_| command.clone()).await;
        let spent = server.usage(&mut connection).await.since(usage);
        let all: f64 = answers.iter().map(|it| rate(it[0], Duration::from_nanos(it[1]))).sum();
        found.promise("seats are handed out", answers.iter().all(|it| it[0] > 0));
        let label = format!("three nodes, each with {tasks} at once, of one limit");
        table.row(&label, &[count(all), format!("{:.3}", spent.cores)]);
    }
    cluster.end().await;
    found.tables.push(table.end("What the product counts is a constant here."));
}
