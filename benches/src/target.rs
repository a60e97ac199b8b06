//! What the figures are meant to stay within.

use std::collections::BTreeMap;

use crate::{measure::Timing, memory::Memory, numbers::thousands};

/// All figures of a run, by the ids of the rows.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Times.
    pub timings: BTreeMap<String, Timing>,
    /// Allocations for each request.
    pub allocations: BTreeMap<String, f64>,
    /// Resident memory.
    pub memory: Vec<Memory>,
}

/// One target, and whether it was met.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Target {
    /// What is asked for.
    pub wanted: &'static str,
    /// What was measured.
    pub found: String,
    /// Whether that is within.
    pub met: bool,
}

impl Figures {
    /// The targets whose rows were run.
    pub fn targets(&self) -> Vec<Target> {
        let all = [
            self.plain_allocations(),
            self.plain_beside_set_header(),
            self.plain_without_domain(),
            self.axum_beside_by_hand(),
            self.axum_allocations(),
            self.axum_under_swaps(),
            self.verification("Verifying ES256: at most 1.2 × the signature check alone", "es256"),
            self.verification(
                "Verifying RS256, 3072 bits: at most 1.2 × the signature check alone",
                "rs256",
            ),
            self.per_second(
                "Seats in memory: at least 1,000,000 reservations a second",
                ["limits/seats-1", "limits/seats-2"],
            ),
            self.per_second(
                "A quota in memory: at least 1,000,000 uses a second",
                ["limits/memory-1", "limits/memory-2"],
            ),
            self.without_the_disk(),
            self.memory(),
        ];
        all.into_iter().flatten().collect()
    }

    fn beyond(&self, id: &str, other: &str) -> Option<f64> {
        Some(self.timings.get(id)?.beyond(self.timings.get(other)?))
    }

    fn plain_allocations(&self) -> Option<Target> {
        let found = *self.allocations.get("plain/license-feature-domain")?;
        Some(Target {
            wanted: "Plain Tower, term, domain and one feature: no allocation",
            found: format!("{found}"),
            met: found == 0.0,
        })
    }

    fn plain_beside_set_header(&self) -> Option<Target> {
        let ours = self.beyond("plain/license-feature-domain", "plain/nothing")?;
        let twice = self.beyond("plain/license-feature-domain", "plain/nothing-twice")?;
        let empty = self.beyond("plain/set-header-empty", "plain/nothing")?;
        let theirs = self.beyond("plain/set-header", "plain/nothing")?;
        Some(Target {
            wanted: "The same beyond a do-nothing layer: at most what `SetResponseHeaderLayer` costs",
            found: format!(
                "{ours:.1} ns of {empty:.1} ns, into a response that has no headers yet; where it only replaces its header it costs {theirs:.1} ns; beyond two do-nothing layers ours cost {twice:.1} ns"
            ),
            met: ours <= empty,
        })
    }

    fn plain_without_domain(&self) -> Option<Target> {
        let found = self.beyond("plain/license-feature", "plain/nothing")?;
        Some(Target {
            wanted: "Without a domain in the license: at most 25 ns",
            found: format!("{found:.1} ns"),
            met: found <= 25.0,
        })
    }

    fn axum_beside_by_hand(&self) -> Option<Target> {
        let ours = self.beyond("axum/license-feature-domain", "axum/nothing")?;
        let by_hand = self.beyond("axum/by-hand", "axum/nothing")?;
        let twice = self.beyond("axum/by-hand-twice", "axum/nothing")?;
        Some(Target {
            wanted: "axum, beyond a do-nothing layer: at most a quarter of what is written by hand",
            found: format!(
                "{ours:.0} ns of {by_hand:.0} ns for one function: {:.2}; of {twice:.0} ns for two functions, as there are two layers: {:.2}",
                ours / by_hand,
                ours / twice
            ),
            met: ours <= by_hand / 4.0,
        })
    }

    fn axum_allocations(&self) -> Option<Target> {
        let ours = self.allocations.get("axum/license-feature-domain")?;
        let nothing = self.allocations.get("axum/nothing")?;
        Some(Target {
            wanted: "axum: no allocation of its own",
            found: format!("{}", ours - nothing),
            met: ours <= nothing,
        })
    }

    fn axum_under_swaps(&self) -> Option<Target> {
        let still = self.timings.get("swaps/axum-still")?.median();
        let swapped = self.timings.get("swaps/axum-100us")?.median();
        let slower = (swapped / still - 1.0) * 100.0;
        Some(Target {
            wanted: "axum, a license swapped every 100 µs: less than 10 % slower",
            found: format!("{slower:+.1} %"),
            met: slower < 10.0,
        })
    }

    fn verification(&self, wanted: &'static str, algorithm: &str) -> Option<Target> {
        let verify = self.timings.get(&format!("verify/{algorithm}"))?.median();
        let bare = self.timings.get(&format!("verify/{algorithm}-bare"))?.median();
        let ratio = verify / bare;
        Some(Target { wanted, found: format!("{ratio:.2} ×"), met: ratio <= 1.2 })
    }

    /// From one thread, and from two.
    fn per_second(&self, wanted: &'static str, ids: [&str; 2]) -> Option<Target> {
        let [one, two] = ids.map(|id| Some(1e9 / self.timings.get(id)?.median()));
        let (one, two) = (one?, two?);
        let [one_shown, two_shown] = [one, two].map(|rate| thousands(rate.round() as u64));
        Some(Target {
            wanted,
            found: format!("{one_shown}; from two threads {two_shown}"),
            met: one.min(two) >= 1e6,
        })
    }

    fn without_the_disk(&self) -> Option<Target> {
        let ours = self.timings.get("limits/sqlite-1")?.median();
        let unsynced = self.timings.get("limits/update-off")?.median();
        let synced = self.timings.get("limits/update-full")?.median();
        Some(Target {
            wanted: "A quota on SQLite waits for no disk: less than a transaction that is not synced",
            found: format!(
                "{:.1} µs of {:.1} µs; one that is synced takes {:.1} µs",
                ours / 1e3,
                unsynced / 1e3,
                synced / 1e3
            ),
            met: ours < unsynced,
        })
    }

    fn memory(&self) -> Option<Target> {
        let grown = |it: &Memory| it.after.saturating_sub(it.before);
        let most = self.memory.iter().map(grown).max()?;
        Some(Target {
            wanted: "1,000,000 requests: no growth of memory",
            found: format!("{most} KiB"),
            met: most == 0,
        })
    }
}
