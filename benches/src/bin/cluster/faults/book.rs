//! What was seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::license::QUOTAS;

/// Everything that was counted, and everything that was not kept.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    decided: u64,
    granted: u64,
    refused: u64,
    seats: u64,
    /// Uses of each quota.
    used: Vec<u64>,
    /// When the licenses were issued whose installation was acknowledged.
    installed: BTreeMap<String, i64>,
    not_installed: BTreeMap<String, u64>,
    faults: BTreeMap<&'static str, u64>,
    samples: u64,
    most_hosts: u64,
    most_seats: u64,
    broken: Vec<String>,
}

/// How much that was not kept is told.
const MOST: usize = 20;

impl Book {
    /// What a node said by itself.
    pub(super) fn heard(&self, node: usize, event: &str) {
        let words: Vec<&str> = event.split(' ').collect();
        let mut entries = self.entries();
        match words[..] {
            ["done", decided, granted, refused, seats] => {
                let number = |word: &str| word.parse::<u64>().unwrap_or_default();
                entries.decided += number(decided);
                entries.granted += number(granted);
                entries.refused += number(refused);
                entries.seats += number(seats);
            }
            ["used", quota] => {
                entries.used.resize(QUOTAS, 0);
                if let Some(used) =
                    quota.parse().ok().and_then(|it: usize| entries.used.get_mut(it))
                {
                    *used += 1;
                }
            }
            ["denied" | "wrong", code] => {
                entries.broke(format!("node {node} answered {code}"));
            }
            _ => {}
        }
    }

    pub(super) fn installed(&self, id: String, issued_at: i64) {
        self.entries().installed.insert(id, issued_at);
    }

    pub(super) fn not_installed(&self, code: String) {
        const EXPECTED: [&str; 3] =
            ["store_unavailable", "older_than_installed", crate::child::GONE];
        let mut entries = self.entries();
        if !EXPECTED.contains(&&*code) {
            entries.broke(format!("an installation was answered {code}"));
        }
        *entries.not_installed.entry(code).or_default() += 1;
    }

    pub(super) fn fault(&self, what: &'static str) {
        *self.entries().faults.entry(what).or_default() += 1;
    }

    /// One look at the database: hosts that count, those that hold a lease,
    /// seats that were handed out.
    pub(super) fn sampled(&self, hosts: u64, holders: u64, seats: u64) {
        let mut entries = self.entries();
        entries.samples += 1;
        entries.most_hosts = entries.most_hosts.max(hosts);
        entries.most_seats = entries.most_seats.max(seats);
        if hosts > super::HOST_CAP || holders > hosts {
            entries.broke(format!("{holders} hosts hold leases, {hosts} are counted"));
        }
        if seats > super::SEAT_CAP {
            entries.broke(format!("{seats} seats are handed out"));
        }
    }

    pub(super) fn broke(&self, what: String) {
        self.entries().broke(what);
    }

    pub(super) fn broken(&self) -> Vec<String> {
        self.entries().broken.clone()
    }

    /// When the newest license was issued of those that were acknowledged.
    pub(super) fn newest_acknowledged(&self) -> Option<i64> {
        self.entries().installed.values().copied().max()
    }

    pub(super) fn used(&self) -> Vec<u64> {
        self.entries().used.clone()
    }

    pub(super) fn judge_installations(&self, history: &BTreeSet<String>) {
        let mut entries = self.entries();
        let lost: Vec<String> =
            entries.installed.keys().filter(|id| !history.contains(*id)).cloned().collect();
        for id in lost {
            entries.broke(format!("the installation of {id} was acknowledged and is lost"));
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn broke(&mut self, what: String) {
        if self.broken.len() < MOST {
            self.broken.push(what);
        }
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = self.entries();
        let list = |counts: Vec<(String, u64)>| {
            let counts: Vec<String> =
                counts.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
            counts.join(", ")
        };
        let faults =
            list(it.faults.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect());
        let not =
            list(it.not_installed.iter().map(|(name, count)| (name.clone(), *count)).collect());
        let used: u64 = it.used.iter().sum();
        let full = it.used.iter().filter(|used| **used == super::USE_CAP).count();
        write!(
            f,
            "faults: {faults}; decided {}; hosts granted {}, refused {}, at most {} of {} counted \
             in {} samples; seats {}, at most {} of {}; uses {used}, {full} quotas to the last; \
             installations acknowledged {}, not: {not}",
            it.decided,
            it.granted,
            it.refused,
            it.most_hosts,
            super::HOST_CAP,
            it.samples,
            it.seats,
            it.most_seats,
            super::SEAT_CAP,
            it.installed.len(),
        )
    }
}
