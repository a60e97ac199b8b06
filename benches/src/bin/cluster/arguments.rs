//! What the program is asked for.

use std::{str::FromStr, time::Duration};

/// The command line.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) what: What,
    /// Which section of docs/scaling.md it is.
    pub(crate) section: &'static str,
    /// The groups to measure; all when there is none.
    pub(crate) groups: Vec<String>,
    pub(crate) database_url: Option<String>,
    /// Whether the figures go into docs/scaling.md.
    pub(crate) write: bool,
    /// How many lifetimes of a lease the faults go on for.
    pub(crate) lifetimes: u32,
    pub(crate) seed: Option<u64>,
    pub(crate) size: Size,
}

/// Measuring, or breaking things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Figures,
    Faults,
}

/// How much of everything.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    /// Licenses to install, and without notifications.
    pub(crate) installs: usize,
    pub(crate) polled: usize,
    /// Hosts over all nodes.
    pub(crate) hosts: u64,
    /// How long they are held.
    pub(crate) hold: Duration,
    /// How long each rate is measured.
    pub(crate) rates: Duration,
    /// How long each way to renew a row for each lease.
    pub(crate) rows: Duration,
    /// The cap of the quota that all nodes race for.
    pub(crate) race: u64,
    /// The TTL where a node is killed.
    pub(crate) crash_ttl: Duration,
}

/// The groups in the order of the report.
pub(crate) const GROUPS: [&str; 5] = ["propagation", "hosts", "crash", "quotas", "seats"];

pub(crate) const USAGE: &str = "usage: cluster [--write] [--small] [--hosts N] [--hold SECONDS] \
     [--database-url URL] [propagation hosts crash quotas seats]\n       \
     cluster million [--write]\n       \
     cluster faults [--write] [--lifetimes N] [--seed N]";

const FULL: Size = Size {
    installs: 200,
    polled: 20,
    hosts: 100_000,
    hold: Duration::from_secs(60),
    rates: Duration::from_secs(5),
    rows: Duration::from_secs(10),
    race: 1_000_003,
    crash_ttl: Duration::from_secs(6),
};

/// Enough to see that everything works.
const SMALL: Size = Size {
    installs: 5,
    polled: 1,
    hosts: 300,
    hold: Duration::from_millis(1500),
    rates: Duration::from_millis(300),
    rows: Duration::from_millis(500),
    race: 10_003,
    crash_ttl: Duration::from_millis(1500),
};

impl Arguments {
    pub(crate) fn read(arguments: &[String]) -> Result<Self, String> {
        let mut read = Self {
            what: What::Figures,
            section: "figures",
            groups: Vec::new(),
            database_url: None,
            write: false,
            lifetimes: 240,
            seed: None,
            size: FULL,
        };
        if arguments.iter().any(|argument| argument == "--small") {
            read.size = SMALL;
        }
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "faults" => (read.what, read.section) = (What::Faults, "faults"),
                "million" => {
                    read.section = "million";
                    read.groups.extend(["hosts", "crash"].map(str::to_owned));
                    (read.size.hosts, read.size.hold) = (1_000_000, Duration::from_secs(30));
                }
                "--write" => read.write = true,
                "--small" => {}
                "--hosts" => read.size.hosts = number(argument, rest.next())?,
                "--hold" => read.size.hold = Duration::from_secs(number(argument, rest.next())?),
                "--lifetimes" => read.lifetimes = number(argument, rest.next())?,
                "--seed" => read.seed = Some(number(argument, rest.next())?),
                "--database-url" => {
                    let url = rest.next().ok_or("--database-url takes a URL")?;
                    read.database_url = Some(url.clone());
                }
                group if GROUPS.contains(&group) => read.groups.push(group.to_owned()),
                other => return Err(format!("unknown argument {other}")),
            }
        }
        if read.write && read.section == "figures" && !read.groups.is_empty() {
            return Err("--write takes a run of all groups".to_owned());
        }
        if read.what == What::Faults && read.database_url.is_some() {
            return Err("faults need a server that may be stopped".to_owned());
        }
        Ok(read)
    }

    pub(crate) fn wants(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|wanted| wanted == group)
    }
}

fn number<T: FromStr>(name: &str, value: Option<&String>) -> Result<T, String> {
    let number = value.and_then(|value| value.parse().ok());
    number.ok_or_else(|| format!("{name} takes a number"))
}
