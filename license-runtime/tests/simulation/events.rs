//! What happens: faults, and what people and hosts ask for. The seed decides
//! all of it.

use std::{sync::Arc, time::Duration};

use license_core::{HostId, Timestamp, Token};
use rand::{Rng, RngCore};
use tokio::time::sleep;

use crate::{
    licenses::Terms,
    node,
    requests::Request,
    run::{LENGTH, Run, SECOND},
    world::NODES,
};

/// What ends a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Mend(usize),
    Start(usize),
    Outage,
}

const HOSTS: usize = 40;

impl Run {
    /// Begins a fault now and then, and ends what is over.
    pub(crate) fn faults(&mut self) {
        let now = self.world.now();
        while let Some(entry) = self.ends.first_entry()
            && entry.key().0 <= now
        {
            let end = entry.remove();
            self.end(end);
        }
        let (chance, kind, slot) =
            (self.random.gen_range(0..12), self.random.gen_range(0..100), self.slot());
        let short = self.random.gen_range(1..20);
        let long = self.random.gen_range(20..120);
        let time = Duration::from_secs(if self.random.gen_bool(0.7) { short } else { long });
        if chance > 0 || now + time > LENGTH {
            return;
        }
        match kind {
            0..35 => self.kill(slot, now + time),
            35..45 => self.shut_down(slot, now + time),
            45..70 => {
                self.world.note(format!("node {slot} is cut off for {time:?}"));
                self.world.state().ways[slot].cut = true;
                self.world.state().tally.partitions += 1;
                self.ends_at(now + time, End::Mend(slot));
            }
            70..82 => {
                self.world.note(format!("node {slot} loses answers for {time:?}"));
                self.world.state().ways[slot].loss = 40;
                self.ends_at(now + time, End::Mend(slot));
            }
            82..90 => {
                self.world.note(format!("node {slot} is slow for {time:?}"));
                self.world.state().ways[slot].delay = 3000;
                self.ends_at(now + time, End::Mend(slot));
            }
            _ => {
                self.world.note(format!("the database is away for {time:?}"));
                self.world.state().away = true;
                self.world.state().tally.outages += 1;
                self.ends_at(now + time, End::Outage);
            }
        }
    }

    fn ends_at(&mut self, at: Duration, end: End) {
        self.number += 1;
        self.ends.insert((at, self.number), end);
    }

    pub(crate) fn end(&mut self, end: End) {
        self.world.note(format!("{end:?}"));
        match end {
            End::Mend(slot) => {
                let now = self.world.now();
                let way = &mut self.world.state().ways[slot];
                (way.cut, way.loss, way.delay, way.troubled_at) = (false, 0, 0, now);
            }
            End::Outage => self.world.state().away = false,
            End::Start(slot) => {
                self.number += 100;
                self.tasks.spawn(node::start(Arc::clone(&self.world), slot, self.number));
            }
        }
    }

    /// Kills a process, so that nobody gets to save anything.
    fn kill(&mut self, slot: usize, until: Duration) {
        let Some(node) = self.world.take(slot) else { return };
        self.world.note(format!("node {slot} is killed"));
        self.world.state().tally.kills += 1;
        node.kill();
        self.ends_at(until, End::Start(slot));
    }

    fn shut_down(&mut self, slot: usize, until: Duration) {
        let hangs_up_first = self.random.r#gen();
        let Some(node) = self.world.take(slot) else { return };
        self.world.note(format!("node {slot} is shut down"));
        self.world.state().tally.shutdowns += 1;
        self.tasks.spawn(async move {
            node.shut_down(hangs_up_first).await;
            node.kill();
        });
        self.ends_at(until, End::Start(slot));
    }

    /// Some requests, anywhere within the second.
    pub(crate) fn traffic(&mut self) {
        for _ in 0..self.random.gen_range(1..5) {
            let (slot, kind) = (self.slot(), self.random.gen_range(0..100));
            let (host, pick) = (self.host(), self.random.next_u32());
            match kind {
                0..35 => self.request(slot, 0, Request::Connect(host)),
                35..50 => self.hang_up(slot, pick),
                50..60 => {
                    // It moves to another node.
                    self.request(slot, 0, Request::Connect(host.clone()));
                    let other = (slot + 1) % NODES;
                    self.request(other, 2, Request::Disconnect(host));
                }
                60..85 => self.request(slot, 0, Request::Use(u64::from(pick % 7 + 1))),
                85..95 => {
                    let slow = pick % 10 == 0;
                    let millis = if slow { pick % 12_000 } else { pick % 200 };
                    let time = Duration::from_millis(u64::from(millis));
                    self.request(slot, 0, Request::TakeSeat(time));
                }
                _ => self.world.state().users.delete_any(pick as usize),
            }
        }
    }

    /// Ends a connection of somebody who is connected.
    fn hang_up(&mut self, slot: usize, pick: u32) {
        let hosts = self.world.node(slot).map(|node| node.hosts()).unwrap_or_default();
        if !hosts.is_empty() {
            let host = hosts[pick as usize % hosts.len()].clone();
            self.request(slot, 0, Request::Disconnect(host));
        }
    }

    /// Signs a license now and then, and has it installed; some on two nodes
    /// at once, some that are older, some that begin later. Three times one is
    /// left alone, so that it takes over.
    pub(crate) fn installs(&mut self) {
        let chance = self.random.gen_range(0..20);
        let (kind, slot) = (self.random.gen_range(0..100), self.slot());
        let later = self.random.gen_range(5..600);
        let agents = self.random.gen_range(5..30);
        let (round, quiet) = (self.world.now().as_secs() % 2400, 1500);
        if round == quiet {
            let begins = self.world.wall().saturating_add(SECOND * later);
            let token = self.license(agents, Some(begins));
            for slot in 0..NODES {
                self.request(slot, 0, Request::Install(token.clone()));
            }
        }
        if chance > 0 || round >= quiet {
            return;
        }
        let now = self.world.wall();
        let begins = match kind {
            0..15 => Some(now.saturating_add(SECOND * later)),
            // To a slow clock it has not begun.
            15..25 => Some(now.saturating_sub(SECOND * (later % 8))),
            _ => None,
        };
        let token = self.license(agents, begins);
        self.request(slot, 0, Request::Install(token.clone()));
        let other = (slot + 1) % NODES;
        match kind {
            25..35 => {
                let another = self.license(agents + 3, None);
                self.request(other, 0, Request::Install(another));
            }
            35..40 => self.request(other, 0, Request::Install(token)),
            40..50 => {
                let at = self.world.wall().saturating_sub(SECOND * later);
                let older = self.license_of(at, agents, None);
                self.request(other, 1, Request::Install(older));
            }
            _ => {}
        }
    }

    pub(crate) fn license(&mut self, agents: u64, begins: Option<Timestamp>) -> Token {
        self.license_of(self.world.wall(), agents, begins)
    }

    fn license_of(&mut self, at: Timestamp, agents: u64, begins: Option<Timestamp>) -> Token {
        self.number += 1;
        let terms = Terms {
            id: format!("lic_{}", self.number),
            issued_at: Timestamp::from_seconds(at.as_seconds()),
            begins: begins.map(|it| Timestamp::from_seconds(it.as_seconds())),
            agents,
            users: self.random.gen_range(5..60),
            decisions: self.random.gen_range(500..4000),
        };
        self.world.state().licenses.sign(&self.world.vendor, terms)
    }

    /// Sends a request to a node, some seconds from now.
    pub(crate) fn request(&mut self, slot: usize, seconds: u32, request: Request) {
        let offset = Duration::from_millis(self.random.gen_range(0..24) * 40 + 1);
        let world = Arc::clone(&self.world);
        self.tasks.spawn(async move {
            sleep(SECOND * seconds + offset).await;
            if let Some(node) = world.node(slot) {
                request.carry_out(node).await;
            }
        });
    }

    fn slot(&mut self) -> usize {
        self.random.gen_range(0..NODES)
    }

    fn host(&mut self) -> HostId {
        format!("host-{}", self.random.gen_range(0..HOSTS)).parse().unwrap()
    }
}
