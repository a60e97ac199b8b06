//! What renewing would cost with a row for each lease: one statement for each
//! renewal, and statements for a thousand at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{AssertSqlSafe, Executor};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    arguments::Size,
    cluster::NODES,
    license::monotonic,
    server::{Server, Spent},
};

/// How many connections a node has.
const CONNECTIONS: usize = 8;

pub(super) async fn measure(
    server: &Server,
    size: &Size,
    renewals: f64,
) -> Vec<(String, f64, Spent)> {
    let mut connection = server.connect().await.expect("the server lets in");
    connection
        .execute(AssertSqlSafe(format!(
            "CREATE SCHEMA alternative; \
             CREATE TABLE alternative.leases (host TEXT PRIMARY KEY, node BIGINT NOT NULL, \
             renewed_at TIMESTAMPTZ NOT NULL); \
             INSERT INTO alternative.leases SELECT 'host-' || i, i % 3, clock_timestamp() \
             FROM generate_series(0, {}) i",
            size.hosts - 1
        )))
        .await
        .expect("the table can be made");
    let mut found = Vec::new();
    for batch in [1, 1000] {
        let batch = batch.min(size.hosts);
        server.settle(&mut connection).await;
        let usage = server.usage(&mut connection).await;
        let renewed = renew(server, size, renewals, batch).await;
        let spent = server.usage(&mut connection).await.since(usage);
        let label = match batch {
            1 => "beside it: a row for each lease, renewed one by one".to_owned(),
            batch => format!("beside it: a row for each lease, renewed {batch} at once"),
        };
        found.push((label, renewed as f64 / spent.seconds, spent));
    }
    let dropped = connection.execute("DROP SCHEMA alternative CASCADE").await;
    dropped.expect("the table can be dropped");
    found
}

/// Renews at a pace, or as fast as it goes where that is slower. Returns how
/// many.
async fn renew(server: &Server, size: &Size, pace: f64, batch: u64) -> u64 {
    let (time, hosts) = (size.rows, size.hosts);
    let next = Arc::new(AtomicU64::new(0));
    let mut connections = Vec::new();
    for _ in 0..NODES * CONNECTIONS {
        connections.push(server.connect().await.expect("the server lets in"));
    }
    let began = monotonic();
    let mut tasks = JoinSet::new();
    for mut connection in connections {
        let next = Arc::clone(&next);
        tasks.spawn(async move {
            let mut renewed = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = Duration::from_secs_f64((number * batch) as f64 / pace);
                if due >= time || monotonic() - began >= time {
                    return renewed;
                }
                sleep(due.saturating_sub(monotonic() - began)).await;
                let first = number * batch;
                let names = (first..first + batch).map(|host| format!("host-{}", host % hosts));
                let result = if batch == 1 {
                    sqlx::query(
                        "UPDATE alternative.leases SET renewed_at = clock_timestamp() \
                         WHERE host = $1",
                    )
                    .bind(format!("host-{}", first % hosts))
                    .execute(&mut connection)
                    .await
                } else {
                    sqlx::query(
                        "UPDATE alternative.leases l SET renewed_at = clock_timestamp() \
                         FROM unnest($1::TEXT[]) AS r (host) WHERE l.host = r.host",
                    )
                    .bind(names.collect::<Vec<_>>())
                    .execute(&mut connection)
                    .await
                };
                renewed += result.map_or(0, |done| done.rows_affected());
            }
        });
    }
    tasks.join_all().await.into_iter().sum()
}
