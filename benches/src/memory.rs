//! Whether memory grows with the number of requests.

use std::fs;

use crate::{axum_rows, fixture::DOMAIN, plain};

/// How many requests the row sends.
pub const REQUESTS: u64 = 1_000_000;

/// Resident memory around [`REQUESTS`] requests, in KiB.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Memory {
    /// What the requests went to.
    pub label: &'static str,
    /// Before, when the service had been running for a while.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// Sends the requests, on plain Tower and under axum. Nothing where the
/// system does not tell how much memory a process has.
pub fn measure() -> Vec<Memory> {
    let layers = plain::both(Some(DOMAIN));
    let plain = plain::row("memory/plain", "plain Tower", plain::get(), layers);
    let axum = axum_rows::row("memory/axum", "axum", axum_rows::router_enforced());
    let mut figures = Vec::new();
    for (label, mut row) in [
        ("plain Tower, `LicenseLayer` + `FeatureLayer`", plain),
        ("axum, `enforce` and `RequireFeature`, 1 KiB of JSON", axum),
    ] {
        row.run(REQUESTS / 10);
        let before = resident("self");
        row.run(REQUESTS);
        if let (Some(before), Some(after)) = (before, resident("self")) {
            figures.push(Memory { label, before, after });
        }
    }
    figures
}

/// Resident memory of a process, by its number or `self`, in KiB. `statm` and
/// `status` may be off by what a few cores have not added up yet; this file is
/// summed when it is read.
pub fn resident(process: impl std::fmt::Display) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"))?;
    line.split_whitespace().next()?.parse().ok()
}
