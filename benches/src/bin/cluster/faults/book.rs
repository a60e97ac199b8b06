//! What was seen.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use license_benches::numbers::thousands;

use crate::{license::QUOTAS, statistics::duration, table::Table};

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
    /// Answers that must not be, by what was asked.
    answered: BTreeMap<String, u64>,
    lost: u64,
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
                *entries.answered.entry(words[0].to_owned()).or_default() += 1;
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

    /// The licenses whose installation was acknowledged.
    pub(super) fn acknowledged(&self) -> Vec<String> {
        self.entries().installed.keys().cloned().collect()
    }

    /// An installation that was acknowledged is not in the history.
    pub(super) fn lost(&self, id: &str) {
        let mut entries = self.entries();
        entries.lost += 1;
        entries.broke(format!("the installation of {id} was acknowledged and is lost"));
    }

    /// The report. What is said to be none is none, or the run has failed.
    pub(super) fn table(&self, lifetimes: u32, seed: u64, healed: Duration) -> Table {
        let title = format!("{lifetimes} lifetimes of a lease under faults, seed {seed}");
        let mut table = Table::new(&title, &["count"]);
        let it = self.entries();
        let mut row = |label: &str, number: u64| table.row(label, &[thousands(number)]);
        for (fault, times) in &it.faults {
            row(&format!("fault: {fault}"), *times);
        }
        row("requests decided by memory", it.decided);
        row("... that were refused", it.count("denied"));
        row("hosts that were let in", it.granted);
        row("... that were not: the cap was reached, or the store away", it.refused);
        row("looks at the database", it.samples);
        row(&format!("most hosts that counted at once, of {}", super::HOST_CAP), it.most_hosts);
        row("seats that were handed out", it.seats);
        row(&format!("most seats that were taken at once, of {}", super::SEAT_CAP), it.most_seats);
        row("uses of quotas that were acknowledged", it.used.iter().sum());
        let most = it.used.iter().copied().max().unwrap_or_default();
        row(&format!("most uses of one quota, of {}", super::USE_CAP), most);
        row("installations that were acknowledged", it.installed.len() as u64);
        row("... that were lost", it.lost);
        for (code, times) in &it.not_installed {
            row(&format!("installations answered `{code}`"), *times);
        }
        table.row("until all was well after the last fault", &[duration(healed)]);
        table
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn count(&self, asked: &str) -> u64 {
        self.answered.get(asked).copied().unwrap_or_default()
    }

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
