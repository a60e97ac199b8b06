//! Two hours.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use license_core::{HostId, Timestamp};
use license_runtime::{AuditVerdict, Store};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};

use crate::{
    events::End,
    lease_model::{Seen, TTL},
    node::{self, RECOVERY},
    requests::{Request, SILENCE},
    world::{NODES, Tally, World},
};

/// One run, and what is to come of what was begun.
pub(crate) struct Run {
    pub(crate) world: Arc<World>,
    pub(crate) random: StdRng,
    pub(crate) tasks: JoinSet<()>,
    /// What ends when.
    pub(crate) ends: BTreeMap<(Duration, u64), End>,
    pub(crate) number: u64,
    /// Since when there are places for hosts, under whichever license.
    free_since: Option<Duration>,
    newest: Option<Timestamp>,
}

/// How long it lasts.
pub(crate) const LENGTH: Duration = Duration::from_secs(7200);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// Where in a second the driver does something: when no call arrives.
const BEAT: Duration = Duration::from_millis(38);

/// Lives through two hours with faults, and a few minutes without at the end.
pub(crate) async fn run(seed: u64) -> (Tally, Seen) {
    let mut run = Run {
        world: World::new(seed),
        random: StdRng::seed_from_u64(seed),
        tasks: JoinSet::new(),
        ends: BTreeMap::new(),
        number: 0,
        free_since: None,
        newest: None,
    };
    run.begin().await;
    while run.world.now() < LENGTH {
        run.faults();
        run.traffic();
        run.installs();
        run.step().await;
    }
    run.heal().await;
    run.finish().await
}

impl Run {
    async fn begin(&mut self) {
        sleep(BEAT).await;
        for slot in 0..NODES {
            node::start(Arc::clone(&self.world), slot, slot as u64).await;
        }
        let token = self.license(20, None);
        Request::Install(token).carry_out(self.world.node(0).unwrap()).await;
        let next = self.world.now().as_secs() + 20;
        sleep_until(self.world.origin + Duration::from_secs(next) + BEAT).await;
    }

    /// Lets a second pass, and looks at everything.
    async fn step(&mut self) {
        let pick = self.random.r#gen::<u32>() as usize;
        let next = self.world.now() + SECOND;
        sleep_until(self.world.origin + next).await;
        while let Some(ended) = self.tasks.try_join_next() {
            self.world.expect(ended.map_err(|error| error.to_string()));
        }
        self.end_locks();
        self.look_at_places();
        for node in self.world.running() {
            node.link.note_cap();
            self.world.expect(node.check_memory(pick).await);
            self.world.expect(node.check_calm(self.free_since).await);
        }
        self.look_at_store().await;
        self.world.assert_unbroken();
    }

    /// The database lets go of locks whose holders are gone.
    fn end_locks(&self) {
        let now = self.world.now();
        let ended = {
            let locks = &mut self.world.state().locks;
            let is_over = |lock: &mut Arc<crate::users::HeldLock>| {
                !lock.is_held() || lock.owner_is_dead() || now - lock.since >= SILENCE
            };
            locks.extract_if(.., is_over).collect::<Vec<_>>()
        };
        for lock in ended {
            lock.end();
        }
    }

    fn look_at_places(&mut self) {
        let now = self.world.now();
        let running = self.world.running();
        let licenses: Vec<_> =
            running.iter().filter_map(|node| node.licensing().license()).collect();
        let state = self.world.state();
        let caps = licenses.iter().filter_map(|it| state.licenses.of_id(it.license().id()));
        let fewest = caps.map(|terms| terms.agents).min().unwrap_or_default();
        let free = state.leases.count() < fewest && !state.leases.settles(now, Duration::ZERO);
        self.free_since = free.then(|| self.free_since.unwrap_or(now));
    }

    async fn look_at_store(&mut self) {
        let newest = self.world.store.load().await.unwrap().saved.newest_issued_at;
        let acknowledged = self.world.state().licenses.newest_acknowledged;
        if newest < self.newest || newest < acknowledged {
            self.world.broken("the newest license was lost");
        }
        self.newest = newest;
        let now = self.world.now();
        let mut state = self.world.state();
        for slot in 0..NODES {
            let way = &state.ways[slot];
            if !state.reaches(slot) || way.loss > 0 || way.delay > 0 {
                state.ways[slot].troubled_at = now;
            }
        }
    }

    /// Ends all faults, and lets everything find together.
    async fn heal(&mut self) {
        self.world.note("everything is mended");
        for end in std::mem::take(&mut self.ends).into_values() {
            self.end(end);
        }
        for slot in 0..NODES {
            self.end(End::Mend(slot));
        }
        for second in 0..90 {
            if second < 60 {
                self.traffic();
            }
            self.step().await;
        }
        assert_eq!(self.world.running().len(), NODES, "not all nodes are up");
        let token = self.license(1000, None);
        self.request(0, 0, Request::Install(token));
        for _ in 0..(TTL * 2 + RECOVERY).as_secs() {
            self.step().await;
        }
        assert_eq!(self.tasks.len(), 0, "somebody waits for ever");
    }

    /// What must be true in the end.
    async fn finish(self) -> (Tally, Seen) {
        let world = self.world;
        let mut hosts: Vec<HostId> = world.running().iter().flat_map(|it| it.hosts()).collect();
        hosts.sort();
        hosts.dedup();
        assert_eq!(world.state().leases.count(), hosts.len() as u64, "hosts are not counted");
        for slot in 0..NODES {
            let node = world.take(slot).unwrap();
            node.shut_down(slot % 2 == 0).await;
        }
        world.assert_unbroken();
        assert_eq!(world.state().leases.count(), 0, "hosts count whose nodes are shut down");
        let verdict = world.store.verify_audit().await.unwrap();
        assert!(matches!(verdict, AuditVerdict::Intact { .. }), "{verdict:?}");
        let rows = world.store.audit(u32::MAX).await.unwrap();
        let state = world.state();
        for token in &state.licenses.acknowledged {
            let recorded = rows.iter().any(|row| row.record.digest == Some(token.digest()));
            assert!(recorded, "an acknowledged install is not in the audit history");
        }
        let taken_over = state.licenses.taken_over;
        (Tally { taken_over, ..state.tally.clone() }, state.leases.seen.clone())
    }
}
