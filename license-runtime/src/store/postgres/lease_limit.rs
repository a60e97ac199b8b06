//! The leases of one limit, and the sweeping of nodes that are gone.

use std::{collections::HashMap, time::Duration};

use license_core::HostId;
use sqlx::PgConnection;

use super::{
    rows::failed,
    values::{interval, number},
};
use crate::store::{
    LeaseClaim, LeaseJudge, LeaseRelease, LeaseVerdict, StoreError, longest_silence, settling_time,
    sql::corrupt,
};

/// A limit whose leases nobody else changes before this transaction ends.
pub(super) struct Limit {
    pub(super) id: i32,
    /// How many have a lease.
    pub(super) hosts: i64,
}

/// What a sweep found.
pub(super) struct Sweep {
    /// The store was away a moment ago.
    pub(super) settling: bool,
    /// Leases of dead nodes are left.
    pub(super) more: bool,
}

/// How many leases of swept nodes are removed in one transaction: a tenth of a
/// second's work, so that none runs out of its time however many hosts a node
/// had, and nobody who comes meanwhile waits for long.
const SWEPT_AT_ONCE: i64 = 16_384;

/// Whether a node has not beaten for its TTL, by a clock that may jump.
macro_rules! overdue {
    ($node:literal) => {
        concat!(
            "(NOT ",
            $node,
            ".swept AND NOT ",
            $node,
            ".beaten_at BETWEEN clock_timestamp() - ",
            $node,
            ".ttl AND clock_timestamp() + ",
            $node,
            ".ttl)"
        )
    };
}

/// Whether the store seems to have been away: nobody has beaten for `$2`, and
/// a node with leases is overdue.
macro_rules! was_away {
    () => {
        concat!(
            "(s.last_beat NOT BETWEEN clock_timestamp() - $2 AND clock_timestamp() + $2 \
             AND EXISTS (SELECT FROM lease_nodes o WHERE ",
            overdue!("o"),
            " AND EXISTS (SELECT FROM leases l WHERE l.node = o.node)))"
        )
    };
}

pub(super) use {overdue, was_away};

impl Limit {
    /// Locks a limit, which is made where it is missing.
    pub(super) async fn lock(
        connection: &mut PgConnection,
        name: &str,
    ) -> Result<Self, StoreError> {
        const LOCK: &str = "SELECT id, hosts FROM lease_limits WHERE name = $1 FOR UPDATE";
        let found = sqlx::query_as(LOCK).bind(name).fetch_optional(&mut *connection).await;
        if let Some((id, hosts)) = found.map_err(failed)? {
            return Ok(Self { id, hosts });
        }
        sqlx::query("INSERT INTO lease_limits (name, hosts) VALUES ($1, 0) ON CONFLICT DO NOTHING")
            .bind(name)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let (id, hosts) =
            sqlx::query_as(LOCK).bind(name).fetch_one(connection).await.map_err(failed)?;
        Ok(Self { id, hosts })
    }

    pub(super) fn used(&self) -> Result<u64, StoreError> {
        u64::try_from(self.hosts).map_err(corrupt)
    }

    pub(super) async fn save(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        sqlx::query("UPDATE lease_limits SET hosts = $2 WHERE id = $1")
            .bind(self.id)
            .bind(self.hosts)
            .execute(connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Ends nodes that are overdue, but not this one, unless the store was
    /// away a moment ago.
    pub(super) async fn sweep(
        &mut self,
        connection: &mut PgConnection,
        but: Option<i64>,
        ttl: Duration,
    ) -> Result<Sweep, StoreError> {
        const LOOK: &str = concat!(
            "SELECT coalesce(",
            was_away!(),
            " OR s.settling_since BETWEEN \
             clock_timestamp() - $3 AND clock_timestamp() + $3, FALSE), \
             EXISTS (SELECT FROM lease_nodes n WHERE n.node IS DISTINCT FROM $1 AND (",
            overdue!("n"),
            " OR n.swept AND EXISTS (SELECT FROM leases l WHERE l.node = n.node              AND l.limit_id = $4))) FROM lease_store s WHERE s.id = 1"
        );
        let (settling, late): (bool, bool) = sqlx::query_as(LOOK)
            .bind(but)
            .bind(interval(longest_silence(ttl)))
            .bind(interval(settling_time(ttl)))
            .bind(self.id)
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        if settling || !late {
            return Ok(Sweep { settling, more: false });
        }
        const SWEEP: &str = concat!(
            "UPDATE lease_nodes SET swept = TRUE WHERE node IN (SELECT n.node FROM lease_nodes n \
             WHERE n.node IS DISTINCT FROM $1 AND ",
            overdue!("n"),
            " ORDER BY n.node FOR UPDATE)"
        );
        sqlx::query(SWEEP).bind(but).execute(&mut *connection).await.map_err(failed)?;
        let more = self.remove_swept(connection).await?;
        // A node that was swept a while ago is in nobody's hands any more.
        sqlx::query(
            "DELETE FROM lease_nodes WHERE node IN (SELECT n.node FROM lease_nodes n \
             WHERE n.swept AND n.beaten_at < clock_timestamp() - n.ttl - INTERVAL '5 minutes' \
             AND NOT EXISTS (SELECT FROM leases l WHERE l.node = n.node) \
             ORDER BY n.node FOR UPDATE)",
        )
        .execute(connection)
        .await
        .map_err(failed)?;
        Ok(Sweep { settling: false, more })
    }

    /// Removes leases of nodes that were swept, as many as one transaction has
    /// time for. Returns whether more are left.
    pub(super) async fn remove_swept(
        &mut self,
        connection: &mut PgConnection,
    ) -> Result<bool, StoreError> {
        // A host is gone with its last lease, of whichever node. The table is
        // seen as it was before; nobody else changes what is of this limit.
        let (hosts, leases): (i64, i64) = sqlx::query_as(
            "WITH gone AS (DELETE FROM leases l WHERE l.ctid = ANY (ARRAY(\
             SELECT s.ctid FROM lease_nodes n, LATERAL (SELECT o.ctid FROM leases o \
             WHERE o.node = n.node AND o.limit_id = $1 LIMIT $2) s \
             WHERE n.swept LIMIT $2)) RETURNING l.host), \
             by_host AS (SELECT host, count(*) AS leases FROM gone GROUP BY host) \
             SELECT (SELECT count(*) FROM by_host g WHERE g.leases = (SELECT count(*) \
             FROM leases o WHERE o.limit_id = $1 AND o.host = g.host)), \
             (SELECT count(*) FROM gone)",
        )
        .bind(self.id)
        .bind(SWEPT_AT_ONCE)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
        self.hosts = self.hosts.saturating_sub(hosts);
        Ok(leases == SWEPT_AT_ONCE)
    }

    pub(super) async fn release(
        &mut self,
        connection: &mut PgConnection,
        node: i64,
        releases: &[LeaseRelease],
    ) -> Result<(), StoreError> {
        if releases.is_empty() {
            return Ok(());
        }
        let hosts: Vec<&str> = releases.iter().map(|release| release.host.as_str()).collect();
        let generations = releases.iter().map(|release| release.generation.map(number));
        let generations: Vec<Option<i64>> =
            generations.map(Option::transpose).collect::<Result<_, _>>()?;
        let (gone,): (i64,) = sqlx::query_as(
            "WITH gone AS (DELETE FROM leases l USING unnest($3::TEXT[], $4::BIGINT[]) \
             AS r (host, generation) WHERE l.limit_id = $1 AND l.node = $2 AND l.host = r.host \
             AND l.generation = coalesce(r.generation, l.generation) RETURNING l.host) \
             SELECT count(*) FROM gone g WHERE NOT EXISTS (SELECT FROM leases o \
             WHERE o.limit_id = $1 AND o.host = g.host AND o.node <> $2)",
        )
        .bind(self.id)
        .bind(node)
        .bind(hosts)
        .bind(generations)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
        self.hosts = self.hosts.saturating_sub(gone);
        Ok(())
    }

    pub(super) async fn claim(
        &self,
        connection: &mut PgConnection,
        node: i64,
        claims: &[LeaseClaim],
        judge: &mut LeaseJudge,
    ) -> Result<Vec<LeaseVerdict>, StoreError> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let held = self.held(connection, claims).await?;
        let refusals: Vec<Option<LeaseVerdict>> = claims
            .iter()
            .map(|claim| {
                let held = held.get(claim.host.as_str()).map_or(&[][..], Vec::as_slice);
                judge.refusal(claim.basis, held)
            })
            .collect();
        let granted = claims.iter().zip(&refusals).filter(|(_, refusal)| refusal.is_none());
        let granted: Vec<&HostId> = granted.map(|(claim, _)| &claim.host).collect();
        let generations = self.grant(connection, node, &granted).await?;
        let verdict = |(claim, refusal): (&LeaseClaim, Option<LeaseVerdict>)| {
            let granted = || generations.get(claim.host.as_str()).copied();
            let granted = || granted().map(LeaseVerdict::Granted);
            refusal.or_else(granted).ok_or_else(|| corrupt("a lease was not kept"))
        };
        claims.iter().zip(refusals).map(verdict).collect()
    }

    /// The generations of the leases that these hosts have.
    async fn held(
        &self,
        connection: &mut PgConnection,
        claims: &[LeaseClaim],
    ) -> Result<HashMap<String, Vec<u64>>, StoreError> {
        let hosts: Vec<&str> = claims.iter().map(|claim| claim.host.as_str()).collect();
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT host, generation FROM leases WHERE limit_id = $1 AND host = ANY($2)",
        )
        .bind(self.id)
        .bind(hosts)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
        let mut held: HashMap<String, Vec<u64>> = HashMap::new();
        for (host, generation) in rows {
            held.entry(host).or_default().push(u64::try_from(generation).map_err(corrupt)?);
        }
        Ok(held)
    }

    /// Grants leases. Returns their generations.
    async fn grant(
        &self,
        connection: &mut PgConnection,
        node: i64,
        hosts: &[&HostId],
    ) -> Result<HashMap<String, u64>, StoreError> {
        if hosts.is_empty() {
            return Ok(HashMap::new());
        }
        let hosts: Vec<&str> = hosts.iter().map(|host| host.as_str()).collect();
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "INSERT INTO leases (limit_id, host, node, generation) \
             SELECT $1, host, $2, nextval('lease_number') FROM unnest($3::TEXT[]) AS c (host) \
             ON CONFLICT (limit_id, host, node) DO UPDATE SET generation = excluded.generation \
             RETURNING host, generation",
        )
        .bind(self.id)
        .bind(node)
        .bind(hosts)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
        let generations = rows
            .into_iter()
            .map(|(host, generation)| Ok((host, u64::try_from(generation).map_err(corrupt)?)));
        generations.collect()
    }
}
