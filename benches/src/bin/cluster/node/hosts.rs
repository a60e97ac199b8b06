//! Hosts that connect to a node.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use license_core::HostId;
use tokio::task::JoinSet;

use super::{Answer, Node};
use crate::license::{HOSTS, PROBES, monotonic};

/// How many hosts connect at the same moment: two batches, so that one fills
/// while the other is under way.
const AT_ONCE: u64 = 8192;

impl Node {
    /// Connects the hosts of these numbers, and keeps them. Answers how many
    /// got in, and how long it took in nanoseconds.
    pub(super) async fn connect(&self, from: u64, to: u64) -> Answer {
        let leases = self.manager.leases(HOSTS);
        let began = monotonic();
        let next = Arc::new(AtomicU64::new(from));
        let mut tasks = JoinSet::new();
        for _ in 0..AT_ONCE.min(to.saturating_sub(from)) {
            let (leases, next) = (leases.clone(), Arc::clone(&next));
            tasks.spawn(async move {
                let mut guards = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= to {
                        return guards;
                    }
                    if let Ok(guard) = leases.acquire(host(number)).await {
                        guards.push(guard);
                    }
                }
            });
        }
        let mut granted = 0;
        while let Some(guards) = tasks.join_next().await {
            let mut guards = guards.unwrap_or_default();
            granted += guards.len();
            self.guards().append(&mut guards);
        }
        self.guards().shrink_to_fit();
        Ok(format!("{granted} {}", (monotonic() - began).as_nanos()))
    }

    /// Disconnects them, and waits until the store knows.
    pub(super) async fn disconnect(&self) -> Answer {
        let guards = std::mem::take(&mut *self.guards());
        drop(guards);
        // Its turn comes behind those who leave.
        self.probe().await.map(drop).map(|()| String::new())
    }

    /// For a time, hosts leave and others come in their place, as fast as it
    /// goes. Answers how many came, and how long it took in nanoseconds.
    pub(super) async fn churn(&self, time: Duration) -> Answer {
        let leases = self.manager.leases(HOSTS);
        let mut slots = std::mem::take(&mut *self.guards());
        let began = monotonic();
        let arrivals = Arc::new(AtomicU64::new(0));
        let next = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        let share = slots.len().div_ceil(AT_ONCE as usize).max(1);
        while !slots.is_empty() {
            let mut mine = slots.split_off(slots.len().saturating_sub(share));
            let (leases, next) = (leases.clone(), Arc::clone(&next));
            let (arrivals, node) = (Arc::clone(&arrivals), self.number.clone());
            tasks.spawn(async move {
                let mut slot = 0;
                while monotonic() - began < time {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let host = format!("come-{node}-{number:07}").parse().expect("a host id");
                    if let Ok(guard) = leases.acquire(host).await {
                        mine[slot] = guard;
                        slot = (slot + 1) % mine.len();
                        arrivals.fetch_add(1, Ordering::Relaxed);
                    }
                }
                mine
            });
        }
        while let Some(mine) = tasks.join_next().await {
            self.guards().append(&mut mine.unwrap_or_default());
        }
        let arrived = arrivals.load(Ordering::Relaxed);
        Ok(format!("{arrived} {}", (monotonic() - began).as_nanos()))
    }

    /// For a time one host after the other comes for a moment. Answers how
    /// many came, how many were refused, and the longest that one had to
    /// wait in nanoseconds.
    pub(super) async fn visit(&self, time: Duration) -> Answer {
        let leases = self.manager.leases(HOSTS);
        let began = monotonic();
        let (mut came, mut refused, mut longest) = (0_u64, 0_u64, Duration::ZERO);
        while monotonic() - began < time {
            let asked = monotonic();
            let host = format!("visitor-{}-{came}-{refused}", self.number);
            match leases.acquire(host.parse().expect("a host id")).await {
                Ok(_) => came += 1,
                Err(_) => refused += 1,
            }
            longest = longest.max(monotonic() - asked);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(format!("{came} {refused} {}", longest.as_nanos()))
    }

    /// Whether a host can come and go.
    pub(super) async fn probe(&self) -> Answer {
        for limit in [PROBES, HOSTS] {
            let host = format!("probe-{}", self.number).parse().expect("a host id");
            let denial = match self.manager.leases(limit).acquire(host).await {
                Ok(_) => continue,
                Err(error) => error.denial().code().as_str().to_owned(),
            };
            // The store has decided.
            if denial != "concurrent_host_limit_reached" {
                return Err(denial);
            }
        }
        Ok(String::new())
    }
}

/// Half of what an id may have: like a machine's id.
fn host(number: u64) -> HostId {
    format!("host-{number:08x}-9d3c-4f6e-8a51-c0ffee{number:06x}").parse().expect("a host id")
}
