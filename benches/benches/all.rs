//! Times all rows and prints the report; see README.md.
//!
//! `cargo bench -p license-benches [-- [--write] [--seconds N] [GROUP…]]`.
//! Without `--bench`, as `cargo test --benches` starts it, every row runs
//! once. It starts itself with `--sample` to time a group in many processes.
#![allow(clippy::expect_used, reason = "a benchmark that is set up wrongly should stop")]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use license_benches::{GROUPS, measure, memory, report, target::Figures};

/// Which section of README.md a full run replaces.
const SECTION: &str = if cfg!(feature = "aws-lc") { "aws-lc" } else { "figures" };

/// How many processes take samples of a group.
const PROCESSES: u32 = 16;

struct Arguments {
    write: bool,
    seconds: u64,
    groups: Vec<String>,
    /// Which sample this process takes, if it was started for one.
    sample: Option<u32>,
}

impl Arguments {
    fn read(arguments: &[String]) -> Self {
        let mut read = Self { write: false, seconds: 12, groups: Vec::new(), sample: None };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--bench" => {}
                "--write" => read.write = true,
                "--seconds" => {
                    let seconds = rest.next().and_then(|seconds| seconds.parse().ok());
                    read.seconds = seconds.expect("--seconds takes a number");
                }
                "--sample" => {
                    let sample = rest.next().and_then(|sample| sample.parse().ok());
                    read.sample = Some(sample.expect("--sample takes a number"));
                }
                "memory" => read.groups.push("memory".to_owned()),
                group if GROUPS.iter().any(|(id, _)| *id == group) => {
                    read.groups.push(group.to_owned());
                }
                other => {
                    panic!(
                        "unknown argument {other}; groups: plain axum swaps verify limits pages track memory"
                    )
                }
            }
        }
        if cfg!(feature = "aws-lc") && read.groups.is_empty() {
            read.groups.push("verify".to_owned());
        }
        read
    }

    fn wants(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|wanted| wanted == group)
    }

    /// Whether the run is what README.md shows.
    fn is_complete(&self) -> bool {
        self.groups.is_empty() || (cfg!(feature = "aws-lc") && self.groups == ["verify"])
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        for (_, set_up) in GROUPS {
            set_up().rows.iter_mut().for_each(|row| row.accompanied(|row| row.run(1)));
        }
        return;
    }
    let arguments = Arguments::read(&arguments);
    if let Some(sample) = arguments.sample {
        take_sample(&arguments, sample);
        return;
    }
    let mut text = report::heading();
    let mut tables = String::new();
    let mut figures = Figures { allocations: allocations(&arguments.groups), ..Figures::default() };
    for (id, set_up) in GROUPS {
        if arguments.wants(id) {
            eprintln!("{id}: {} seconds", arguments.seconds);
            for sample in 0..PROCESSES {
                samples(id, sample, arguments.seconds, &mut figures);
            }
            tables += &format!("\n{}", report::group(&set_up(), &figures));
        }
    }
    if arguments.wants("memory") {
        figures.memory = memory::measure();
        tables += &format!("\n{}", report::memory(&figures));
    }
    text += &format!("\n{}{tables}", report::targets(&figures));
    println!("{text}");
    if arguments.write {
        assert!(arguments.is_complete(), "--write takes a run of all groups");
        write(&text);
    }
}

/// Times the wanted groups for this process's share of the time.
fn take_sample(arguments: &Arguments, sample: u32) {
    for (id, set_up) in GROUPS {
        if arguments.wants(id) {
            let mut group = set_up();
            let budget = Duration::from_secs(arguments.seconds) / PROCESSES;
            let timings = measure::measure(&mut group, budget, sample.into());
            print!("{}", measure::write(&group, &timings));
        }
    }
}

/// Has another process take a sample.
fn samples(group: &str, sample: u32, seconds: u64, figures: &mut Figures) {
    let program = std::env::current_exe().expect("this program has a path");
    let (sample, seconds) = (sample.to_string(), seconds.to_string());
    let output = Command::new(program)
        .args(["--bench", "--sample", &sample, "--seconds", &seconds, group])
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be started");
    assert!(output.status.success(), "{group} failed");
    for (id, timing) in measure::parse(&String::from_utf8_lossy(&output.stdout)) {
        figures.timings.entry(id.to_owned()).or_default().extend(timing);
    }
}

/// What the program that counts says.
fn allocations(groups: &[String]) -> BTreeMap<String, f64> {
    let counted = Command::new(env!("CARGO_BIN_EXE_allocations")).args(groups).output();
    let counted = counted.expect("allocations can be counted");
    assert!(counted.status.success(), "{}", String::from_utf8_lossy(&counted.stderr));
    String::from_utf8_lossy(&counted.stdout)
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(id, count)| Some((id.to_owned(), count.parse().ok()?)))
        .collect()
}

fn write(text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = fs::read_to_string(&path).expect("README.md can be read");
    let page = report::replace_section(&page, SECTION, text).expect("README.md has the markers");
    fs::write(&path, page).expect("README.md can be written");
}
