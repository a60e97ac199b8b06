//! Percentiles, and numbers for people.

use std::time::Duration;

use license_benches::numbers::thousands;

/// The smallest of which a share of all is not larger.
pub(crate) fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(index).copied().unwrap_or_default()
}

pub(crate) fn longest(times: &[Duration]) -> Duration {
    times.iter().copied().max().unwrap_or_default()
}

/// Milliseconds below a second, seconds above.
pub(crate) fn duration(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    match millis {
        ..10.0 => format!("{millis:.1} ms"),
        ..1000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.2} s", millis / 1000.0),
    }
}

/// How many for each second.
pub(crate) fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::EPSILON)
}

pub(crate) fn count(number: f64) -> String {
    if number < 10.0 { format!("{number:.1}") } else { thousands(number.round() as u64) }
}

pub(crate) fn bytes(number: f64) -> String {
    match number {
        ..10_000.0 => format!("{number:.0} B"),
        ..1_000_000.0 => format!("{:.1} kB", number / 1e3),
        ..1_000_000_000.0 => format!("{:.1} MB", number / 1e6),
        _ => format!("{:.2} GB", number / 1e9),
    }
}
