//! Leases of hosts: the calls, each a transaction.
//!
//! Whoever changes the leases of a limit holds the lock of its row in
//! `lease_limits` from the first statement to the commit, so that the number
//! of hosts in it is exact, and so that a change whose answer was lost has
//! either happened or never will when the next one begins. Nodes are locked
//! after that, in the order of their numbers.

use std::time::Duration;

use sqlx::{PgConnection, postgres::types::PgInterval};

use super::{
    lease_limit::{Limit, Sweep, overdue, was_away},
    rows::failed,
    values::{duration, interval, number},
};
use crate::store::{
    LeaseAnswers, LeaseChanges, LeaseJudge, LeaseNode, StoreError, longest_silence, sql::corrupt,
};

/// What became of a call that sweeps first.
pub(super) enum Swept<T> {
    /// What was asked for.
    Done(T),
    /// Leases of dead nodes were removed, and nothing else; more are left. To be
    /// committed, and called again.
    More,
}

/// Lets a node beat, or enters a new one.
pub(super) async fn beat(
    connection: &mut PgConnection,
    node: Option<LeaseNode>,
    ttl: Duration,
) -> Result<LeaseNode, StoreError> {
    // Beats take turns, so that each sees when the one before it was.
    sqlx::query("SELECT FROM lease_store WHERE id = 1 FOR UPDATE")
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    const TOLD: &str = concat!(
        "UPDATE lease_store s SET last_beat = clock_timestamp(), settling_since = \
         CASE WHEN coalesce(",
        was_away!(),
        ", FALSE) THEN clock_timestamp() \
         ELSE settling_since END WHERE id = $1"
    );
    sqlx::query(TOLD)
        .bind(1_i32)
        .bind(interval(longest_silence(ttl)))
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    if let Some(node) = node {
        let beaten = sqlx::query(
            "UPDATE lease_nodes SET beaten_at = clock_timestamp(), ttl = $2 \
             WHERE node = $1 AND NOT swept",
        )
        .bind(number(node.number())?)
        .bind(interval(ttl))
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
        if beaten.rows_affected() > 0 {
            return Ok(node);
        }
    }
    let (entered,): (i64,) = sqlx::query_as(
        "INSERT INTO lease_nodes (node, beaten_at, ttl) \
         VALUES (nextval('lease_number'), clock_timestamp(), $1) RETURNING node",
    )
    .bind(interval(ttl))
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    u64::try_from(entered).map(LeaseNode::new).map_err(corrupt)
}

/// Changes the leases of a limit. `None` where the node was swept.
pub(super) async fn change(
    connection: &mut PgConnection,
    node: LeaseNode,
    changes: &LeaseChanges,
) -> Result<Swept<Option<LeaseAnswers>>, StoreError> {
    let node = number(node.number())?;
    let mut limit = Limit::lock(connection, &changes.limit).await?;
    let found: Option<(PgInterval,)> =
        sqlx::query_as("SELECT ttl FROM lease_nodes WHERE node = $1 AND NOT swept")
            .bind(node)
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
    let Some((ttl,)) = found else { return Ok(Swept::Done(None)) };
    let before = limit.hosts;
    let Sweep { settling, more } = limit.sweep(connection, Some(node), duration(&ttl)?).await?;
    if more {
        limit.save(connection).await?;
        return Ok(Swept::More);
    }
    limit.release(connection, node, &changes.releases).await?;
    let mut judge = LeaseJudge { cap: changes.cap, used: limit.used()?, settling };
    let verdicts = limit.claim(connection, node, &changes.claims, &mut judge).await?;
    limit.hosts = number(judge.used)?;
    if limit.hosts != before {
        limit.save(connection).await?;
    }
    Ok(Swept::Done(Some(LeaseAnswers::new(verdicts, judge.used))))
}

/// How many hosts have a lease of a limit.
pub(super) async fn leased(
    connection: &mut PgConnection,
    name: &str,
) -> Result<Swept<u64>, StoreError> {
    const READ: &str = concat!(
        "SELECT coalesce((SELECT hosts FROM lease_limits WHERE name = $1), 0), \
         (SELECT max(n.ttl) FROM lease_nodes n WHERE ",
        overdue!("n"),
        " OR n.swept AND EXISTS (SELECT FROM leases l WHERE l.node = n.node))"
    );
    let (hosts, late): (i64, Option<PgInterval>) =
        sqlx::query_as(READ).bind(name).fetch_one(&mut *connection).await.map_err(failed)?;
    if let (Some(ttl), true) = (late, hosts > 0) {
        let mut limit = Limit::lock(connection, name).await?;
        let sweep = limit.sweep(connection, None, duration(&ttl)?).await?;
        if limit.hosts != hosts {
            limit.save(connection).await?;
        }
        return if sweep.more { Ok(Swept::More) } else { limit.used().map(Swept::Done) };
    }
    u64::try_from(hosts).map(Swept::Done).map_err(corrupt)
}

/// Ends a node and its leases.
pub(super) async fn leave(
    connection: &mut PgConnection,
    node: LeaseNode,
) -> Result<Swept<()>, StoreError> {
    let node = number(node.number())?;
    let limits: Vec<(i32, i64)> =
        sqlx::query_as("SELECT id, hosts FROM lease_limits ORDER BY id FOR UPDATE")
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    sqlx::query("UPDATE lease_nodes SET swept = TRUE WHERE node = $1")
        .bind(node)
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
    let mut more = false;
    for (id, hosts) in limits {
        let mut limit = Limit { id, hosts };
        more |= limit.remove_swept(connection).await?;
        if limit.hosts != hosts {
            limit.save(connection).await?;
        }
    }
    if more {
        // The node is known until its last lease is gone.
        return Ok(Swept::More);
    }
    sqlx::query("DELETE FROM lease_nodes WHERE node = $1")
        .bind(node)
        .execute(connection)
        .await
        .map(|_| Swept::Done(()))
        .map_err(failed)
}
