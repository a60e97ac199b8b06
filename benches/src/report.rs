//! The figures as Markdown.

use std::{fmt::Write, fs, process::Command};

use license_core::{Clock, SystemClock};

use crate::{Group, measure::Timing, memory, numbers::thousands, target::Figures};

/// The date and the machine.
pub fn heading() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpu = cpu.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!(
        "{}, {cpu}, {cores} cores, {} {}, {}, load before the run {load}.\n",
        SystemClock::new().now().date(),
        std::env::consts::OS,
        std::env::consts::ARCH,
        rustc.unwrap_or_default(),
    )
}

/// The table of one group.
pub fn group(group: &Group, figures: &Figures) -> String {
    let accompanied = group.rows.iter().any(|row| row.has_company());
    let (heading, line) =
        if accompanied { (" swaps or reads beside it |", "---:|") } else { ("", "") };
    let mut text = format!(
        "### {}\n\n| | median (quartiles) | beyond {} | allocations |{heading}\n|---|---:|---:|---:|{line}\n",
        group.title, group.beyond
    );
    for row in &group.rows {
        let Some(timing) = figures.timings.get(row.id()) else { continue };
        let reference = row.reference().and_then(|it| figures.timings.get(it.id));
        let beyond = reference.map_or_else(String::new, |other| {
            let ratio = timing.median() / other.median();
            format!("{} ({ratio:.2} ×)", duration(timing.beyond(other), true))
        });
        let allocations = figures.allocations.get(row.id()).map_or_else(String::new, count);
        let _ = write!(text, "| {} | {} | {beyond} | {allocations} |", row.label(), spread(timing));
        if accompanied {
            let rate = timing.rate().map_or_else(String::new, per_second);
            let _ = write!(text, " {rate} |");
        }
        text.push('\n');
    }
    text
}

/// The table of memory.
pub fn memory(figures: &Figures) -> String {
    let mut text = format!(
        "### Memory around {} requests\n\n| | before | after |\n|---|---:|---:|\n",
        thousands(memory::REQUESTS)
    );
    for row in &figures.memory {
        let (before, after) = (thousands(row.before), thousands(row.after));
        let _ = writeln!(text, "| {} | {before} KiB | {after} KiB |", row.label);
    }
    text
}

/// The table of targets.
pub fn targets(figures: &Figures) -> String {
    let mut text = String::from("### Targets\n\n| target | found | |\n|---|---:|---|\n");
    for target in figures.targets() {
        let verdict = if target.met { "met" } else { "**missed**" };
        let _ = writeln!(text, "| {} | {} | {verdict} |", target.wanted, target.found);
    }
    text
}

/// Replaces what stands between the markers of a section. Nothing if they
/// are not there.
pub fn replace_section(page: &str, section: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- begin {section} -->\n"), format!("<!-- end {section} -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{}\n\n{end}{after}", text.trim()))
}

fn spread(timing: &Timing) -> String {
    let (low, high) = timing.quartiles();
    format!("{} ({}–{})", duration(timing.median(), false), bare(low), bare(high))
}

fn duration(nanos: f64, signed: bool) -> String {
    let unit = if nanos.abs() < 10_000.0 { "ns" } else { "µs" };
    let sign = if signed && nanos > 0.0 { "+" } else { "" };
    format!("{sign}{} {unit}", bare(nanos))
}

/// Three or more significant digits.
fn bare(nanos: f64) -> String {
    match nanos.abs() {
        size if size < 100.0 => format!("{nanos:.1}"),
        size if size < 10_000.0 => format!("{nanos:.0}"),
        _ => format!("{:.1}", nanos / 1000.0),
    }
}

fn count(allocations: &f64) -> String {
    if allocations.fract() == 0.0 { format!("{allocations}") } else { format!("{allocations:.2}") }
}

fn per_second(rate: f64) -> String {
    format!("{}/s", thousands(rate.round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_between_its_markers_and_nowhere_else() {
        let page = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
        let new = replace_section(page, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nb\n");
        assert_eq!(replace_section(&new, "x", "new").as_ref(), Some(&new));
        assert_eq!(replace_section(page, "y", "new"), None);
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(duration(12.34, true), "+12.3 ns");
        assert_eq!(duration(-0.26, true), "-0.3 ns");
        assert_eq!(duration(283_400.0, false), "283.4 µs");
        assert_eq!(count(&3.0), "3");
    }
}
