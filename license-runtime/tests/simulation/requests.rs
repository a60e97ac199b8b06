//! What people and hosts ask of a node, and what they must be answered.

use std::{sync::Arc, time::Duration};

use license_core::{Actor, HostId, Installer, Token, licensing::InstallRequest};
use license_runtime::{Store, StoreError, StoreErrorKind};
use tokio::time::sleep;

use crate::{
    node::{RECOVERY, Running},
    users::HeldLock,
    world::World,
};

/// One request.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Connect(HostId),
    Disconnect(HostId),
    /// Takes a seat, and so long for it.
    TakeSeat(Duration),
    Use(u64),
    Install(Token),
}

/// How long a database lets a holder of a lock be silent.
pub(crate) const SILENCE: Duration = Duration::from_secs(8);
const UNAVAILABLE: &str = "store_unavailable";

impl Request {
    pub(crate) async fn carry_out(self, node: Arc<Running>) {
        match self {
            Self::Connect(host) => connect(&node, host).await,
            Self::Disconnect(host) => node.disconnect(&host),
            Self::TakeSeat(time) => take_seat(&node, time).await,
            Self::Use(units) => consume(&node, units).await,
            Self::Install(token) => install(&node, &token).await,
        }
    }
}

/// Whether nothing was wrong with the node's way since shortly before this.
fn was_calm(node: &Running, asked: Duration) -> bool {
    let since = asked.checked_sub(RECOVERY);
    since.is_some_and(|since| node.link.world.state().calm_since(node.slot, since))
}

async fn connect(node: &Running, host: HostId) {
    let world: &World = &node.link.world;
    let (asked, was_connected) = (world.now(), node.is_connected(&host));
    let reached = node.link.reaches();
    if !was_connected {
        node.touch(&host);
    }
    let answer = node.manager.leases("agents").acquire(host.clone()).await;
    if node.link.is_dead() {
        return;
    }
    let now = world.now();
    let calm = was_calm(node, asked);
    let (counted, counts_since, settled) = {
        let state = world.state();
        let leases = &state.leases;
        let counts_since = leases.counts_since(&host).filter(|since| *since <= asked);
        (leases.counted_after(&host, asked), counts_since, !leases.settles(now, now - asked))
    };
    let code = match answer {
        Ok(guard) => {
            if !was_connected && !counted {
                world.broken(format!("{host} was let in on node {} uncounted", node.slot));
            }
            let tally = &mut world.state().tally;
            tally.connected += 1;
            tally.connected_while_unreachable += u64::from(!reached);
            node.connect(guard);
            return;
        }
        Err(_) if node.has_nothing_begun() => return,
        Err(error) => error.denial().code().as_str(),
    };
    let stayed = was_connected && node.is_connected(&host) && node.untouched_since(&host, asked);
    if stayed {
        world.broken(format!("{host} is connected to node {} and was refused", node.slot));
    }
    if counts_since.is_some() && calm {
        world.broken(format!("{host} counts, and node {} answered {code}", node.slot));
    }
    if code == UNAVAILABLE && calm && settled {
        world.broken(format!("node {} answered {host} {code}", node.slot));
    }
    let tally = &mut world.state().tally;
    match code {
        UNAVAILABLE => tally.hosts_unavailable += 1,
        _ => tally.hosts_refused += 1,
    }
}

async fn take_seat(node: &Running, time: Duration) {
    let (world, link): (&World, _) = (&node.link.world, &node.link);
    let asked = world.now();
    let unavailable = || StoreError::new(StoreErrorKind::Unavailable);
    let count = async || match link.reaches() {
        true => Ok(world.state().users.count()),
        false => Err(unavailable()),
    };
    let reserved = node.manager.seats("users").reserve(1, count).await;
    if link.is_dead() {
        return;
    }
    let seat = match reserved {
        Ok(seat) => seat,
        Err(error) => {
            let code = error.denial().code().as_str();
            // Those before it may each have been silent for as long as they may.
            let patient = world.now() - asked < SILENCE;
            if code == UNAVAILABLE && was_calm(node, asked) && patient {
                world.broken(format!("node {} refused a seat: {code}", node.slot));
            }
            world.state().tally.seats_refused += 1;
            return;
        }
    };
    let license = node.licensing().license().unwrap();
    let id = license.license().id();
    let cap = world.state().licenses.of_id(id).unwrap().users;
    // Once it is lost, another request on this node may hold the next one.
    let is_own = |lock: &&Arc<HeldLock>| Arc::ptr_eq(&lock.owner, &link.dead) && lock.is_held();
    let lock = world.state().locks.iter().find(is_own).cloned();
    sleep(time).await;
    if !link.reaches() {
        return;
    }
    let holds = || lock.as_ref().is_some_and(|lock| lock.is_held());
    let (counted, row) = (holds(), world.state().users.insert());
    sleep(time / 4).await;
    if link.is_dead() {
        // The row is there if it was written by the holder of the lock.
        let users = &mut world.state().users;
        if counted {
            users.commit(row)
        } else {
            users.delete(row)
        }
        return;
    }
    let held = holds();
    let committed = world.state().users.committed();
    if held && committed >= cap {
        world.broken(format!("user {} of {cap} on node {}", committed + 1, node.slot));
    }
    match seat.commit().await {
        Ok(()) => {
            let mut state = world.state();
            state.users.commit(row);
            state.tally.seats += 1;
            drop(state);
            if !held {
                world.broken(format!("node {} committed a seat without the lock", node.slot));
            }
        }
        Err(_) => {
            let mut state = world.state();
            state.users.delete(row);
            state.tally.seats_lost += 1;
        }
    }
}

async fn consume(node: &Running, units: u64) {
    let world: &World = &node.link.world;
    let (asked, month) = (world.now(), node.licensing().control().month());
    let answer = node.manager.quota("decisions").consume(units).await;
    if node.link.is_dead() {
        return;
    }
    match answer {
        // Within which month it was is not known where one ends meanwhile.
        Ok(()) if node.licensing().control().month() == month => {
            let taken = node.taken(month).await;
            let used = {
                let mut state = world.state();
                state.tally.uses += 1;
                let used = state.used.entry(month).or_default();
                *used += units;
                *used
            };
            if used > taken {
                world.broken(format!("{used} decisions were made in {month}, {taken} are taken"));
            }
        }
        Ok(()) => {}
        Err(error) => {
            let code = error.denial().code().as_str();
            if code == UNAVAILABLE && was_calm(node, asked) {
                world.broken(format!("node {} refused a decision: {code}", node.slot));
            }
            world.state().tally.uses_refused += 1;
        }
    }
}

async fn install(node: &Running, token: &Token) {
    let world: &World = &node.link.world;
    let asked = world.now();
    let (issued_at, newest) = {
        let licenses = &world.state().licenses;
        (licenses.issued_at(token.as_str()).unwrap(), licenses.newest_acknowledged)
    };
    let request = InstallRequest::new(Actor::new("admin@example.com", None));
    let answer = node.manager.install(token.as_str().as_bytes(), request).await;
    if node.link.is_dead() {
        return;
    }
    let stored = world.store.load().await.unwrap().saved;
    let code = match answer {
        Ok(_) => {
            if newest > Some(issued_at) {
                world.broken(format!("node {} took a license back in time", node.slot));
            }
            acknowledged(node, token, issued_at).await;
            return;
        }
        Err(error) => error.code(),
    };
    world.note(format!("node {} answered an install {code}", node.slot));
    let shows = node.licensing().clock().now().saturating_sub(world.now() - asked);
    let waits = world.state().licenses.waits(&stored, shows);
    let plausible = match code {
        "older_than_installed" => stored.newest_issued_at > Some(issued_at),
        UNAVAILABLE => waits || !was_calm(node, asked),
        _ => false,
    };
    if !plausible {
        world.broken(format!("node {} refused an install: {code}", node.slot));
    }
    let tally = &mut world.state().tally;
    match code {
        UNAVAILABLE => tally.installs_unavailable += 1,
        _ => tally.older_refused += 1,
    }
}

/// An administrator was told that a license is installed.
async fn acknowledged(node: &Running, token: &Token, issued_at: license_core::Timestamp) {
    let world: &World = &node.link.world;
    world.note(format!("node {} acknowledged an install", node.slot));
    let rows = world.store.audit(200).await.unwrap();
    let outcomes = ["installed", "scheduled", "unchanged"];
    let recorded = |row: &license_runtime::AuditRow| {
        row.record.digest == Some(token.digest()) && outcomes.contains(&row.record.outcome.as_str())
    };
    if !rows.iter().any(recorded) {
        world.broken("an acknowledged install is not in the audit history");
    }
    if node.licensing().control().saved().newest_issued_at < Some(issued_at) {
        world.broken(format!("node {} acknowledged what is not in force", node.slot));
    }
    let mut state = world.state();
    state.tally.installed += 1;
    let newest = &mut state.licenses.newest_acknowledged;
    *newest = (*newest).max(Some(issued_at));
    state.licenses.acknowledged.push(token.clone());
}
