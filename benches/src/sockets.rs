//! The rows of axum as services of their own, asked over real sockets by `wrk`.
//!
//! Everything that is warm and inlined in one loop is cold between two system
//! calls here. A round starts every service once and asks them in turn, a
//! second each time, in an order drawn anew; the service that is asked has the
//! first core and `wrk` the second. What is compared are the services of one
//! round.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::{Router, routing};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::{
    axum_rows::{gated, handler, router, router_by_hand, router_enforced},
    by_hand::License,
    fixture::{self, DOMAIN, HOST, PATH},
    nothing::NothingLayer,
};

/// How a service is set up; its name and what the report calls it.
const SERVICES: [(&str, &str); 7] = [
    (BARE, "no layer"),
    (NOTHING, "a do-nothing layer"),
    ("extractor", "`RequireFeature` in the handler"),
    ("layer", "`LicenseLayer`"),
    ("layer-extractor", "`LicenseLayer` by `Router::layer`, `RequireFeature` in the handler"),
    (ENFORCED, "`enforce` with `LicenseLayer`, `RequireFeature` in the handler"),
    ("by-hand", "by hand, one function"),
];
const BARE: &str = "bare";
const NOTHING: &str = "nothing";
const ENFORCED: &str = "enforced";

/// What one run of `wrk` found.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Requests a second.
    rate: f64,
    /// User time of the service for a request, in microseconds.
    user: f64,
    /// The 99th percentile of the answers, in microseconds.
    p99: f64,
}

/// Serves one of the services until standard input ends, and prints the
/// address first.
pub fn serve(name: &str) {
    let license = || std::sync::Arc::new(tokio::sync::RwLock::new(License::new()));
    let licensing = || fixture::licensed(Some(DOMAIN));
    let layer = || license_axum::LicenseLayer::new(&licensing());
    let gate = || Router::new().route(PATH, routing::get(gated)).with_state(licensing());
    let bare = || Router::new().route(PATH, routing::get(handler));
    let service = match name {
        BARE => router(),
        NOTHING => bare().layer(NothingLayer),
        "extractor" => gate(),
        "layer" => bare().layer(layer()),
        "layer-extractor" => gate().layer(layer()),
        ENFORCED => router_enforced(),
        "by-hand" => router_by_hand(license()),
        other => panic!("there is no service {other}"),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        println!("{}", listener.local_addr().expect("it has an address"));
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        tokio::select! {
            served = async { axum::serve(listener, service).await } => served.expect("it is served"),
            _ = ended => {}
        }
    });
}

/// Runs the rounds, so many seconds for each service, and returns the report;
/// `None` where `wrk` or `taskset` is not installed.
pub fn report(rounds: usize, seconds: u64) -> Option<String> {
    let there = |program: &str| {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status()
    };
    there("wrk").and_then(|_| there("taskset")).ok()?;
    let mut found: BTreeMap<&str, Vec<Found>> = BTreeMap::new();
    let mut order = StdRng::seed_from_u64(1);
    for _ in 0..rounds {
        let mut names: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).collect();
        names.shuffle(&mut order);
        let mut services: Vec<Service> = names.into_iter().map(Service::start).collect();
        for _ in 0..seconds {
            services.shuffle(&mut order);
            services.iter_mut().for_each(Service::ask);
        }
        for service in services {
            let name = service.name;
            found.entry(name).or_default().push(service.end());
        }
    }
    Some(table(&found))
}

/// A service that runs, and what was found so far.
struct Service {
    name: &'static str,
    process: Child,
    url: String,
    rates: Vec<f64>,
    count: f64,
    user: Duration,
    p99: Vec<f64>,
}

impl Service {
    fn start(name: &'static str) -> Self {
        let program = std::env::current_exe().expect("this program has a path");
        let mut process = Command::new("taskset")
            .args(["-c", "0"])
            .arg(program)
            .args(["serve", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service can be started");
        let mut address = String::new();
        let output = process.stdout.take().expect("its output is read");
        BufReader::new(output).read_line(&mut address).expect("it says where it listens");
        let url = format!("http://{}{PATH}", address.trim());
        // The first requests find nothing warm and are not counted.
        wrk(&url);
        let (rates, p99) = (Vec::new(), Vec::new());
        Self { name, process, url, rates, count: 0.0, user: Duration::ZERO, p99 }
    }

    /// Asks for a second.
    fn ask(&mut self) {
        let before = user_time(&self.process);
        let (rate, count, p99) = wrk(&self.url);
        self.user += user_time(&self.process) - before;
        self.rates.push(rate);
        self.count += count;
        self.p99.push(p99);
    }

    fn end(mut self) -> Found {
        drop(self.process.stdin.take());
        self.process.wait().expect("the service ends");
        let user = self.user.as_secs_f64() * 1e6 / self.count;
        Found { rate: median(self.rates), user, p99: median(self.p99) }
    }
}

/// Asks for a second: requests a second, requests in all, and the 99th
/// percentile in microseconds.
fn wrk(url: &str) -> (f64, f64, f64) {
    let output = Command::new("taskset")
        .args(["-c", "1", "wrk", "-t1", "-c16", "--latency", "-d1s"])
        .args(["-H", &format!("Host: {HOST}"), url])
        .output()
        .expect("wrk can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let behind = |label: &str| {
        let rest = said.split_once(label).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned)
    };
    let number = |text: Option<String>| text.and_then(|text| text.parse::<f64>().ok());
    let rate = number(behind("Requests/sec:")).expect("wrk says the rate");
    let count = said.split_once(" requests in ").and_then(|(head, _)| head.rsplit(' ').next());
    let count = number(count.map(|count| count.trim().to_owned())).expect("wrk says the count");
    (rate, count, p99(&said).expect("wrk says the latencies"))
}

/// The 99th percentile that `wrk` says, which is a line of its own: other
/// lines have shares such as `93.99%`.
fn p99(said: &str) -> Option<f64> {
    microseconds(said.lines().find_map(|line| line.trim().strip_prefix("99%"))?.trim())
}

/// `1.23ms` and the like.
fn microseconds(text: &str) -> Option<f64> {
    let (unit, factor) = [("us", 1.0), ("ms", 1e3), ("s", 1e6)]
        .into_iter()
        .find(|(unit, _)| text.ends_with(unit))?;
    Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * factor)
}

/// The user time of a process so far, in ticks of 10 ms.
fn user_time(process: &Child) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.id()));
    let stat = stat.expect("the service runs");
    let members = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').nth(11));
    let ticks = members.flatten().and_then(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(10 * ticks.expect("the system says the user time"))
}

fn table(found: &BTreeMap<&str, Vec<Found>>) -> String {
    // What a service is to another one of the same round.
    let compared = |name: &str, other: &str, compare: fn(&Found, &Found) -> f64| {
        let pairs = found[name].iter().zip(&found[other]);
        Spread::of(pairs.map(|(found, other)| compare(found, other)).collect())
    };
    let mut text = "| | requests/s | of no layer | user time | beyond a do-nothing layer | p99 \
                    | of no layer |\n|---|---:|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for (name, label) in SERVICES {
        let of = |member: fn(&Found) -> f64| median(found[name].iter().map(member).collect());
        let rate = compared(name, BARE, |found, bare| found.rate / bare.rate);
        let user = compared(name, NOTHING, |found, nothing| (found.user - nothing.user) * 1e3);
        let p99 = compared(name, BARE, |found, bare| found.p99 / bare.p99);
        text += &format!(
            "| {label} | {:.0} | {:.3} ({:.3}–{:.3}) | {:.2} µs | {:+.0} ns ({:+.0} to {:+.0}) \
             | {:.0} µs | {:.2} ({:.2}–{:.2}) |\n",
            of(|found| found.rate),
            rate.median,
            rate.lower,
            rate.upper,
            of(|found| found.user),
            user.median,
            user.lower,
            user.upper,
            of(|found| found.p99),
            p99.median,
            p99.lower,
            p99.upper,
        );
    }
    text
}

/// The median and the quartiles over the rounds.
struct Spread {
    lower: f64,
    median: f64,
    upper: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let quarter = values.len() / 4;
        let (lower, upper) = (values[quarter], values[values.len() - 1 - quarter]);
        Self { lower, median: median(values), upper }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        0 => values[middle - 1].midpoint(values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_says_of_time_is_read() {
        let close = |text, expected: f64| (microseconds(text).unwrap() - expected).abs() < 1e-6;
        assert!(close("870.00us", 870.0) && close("1.23ms", 1230.0) && close("1.5s", 1.5e6));
        assert_eq!(microseconds("3m"), None);
    }

    #[test]
    fn a_percentile_is_no_share_of_another_line() {
        let said = "    Latency   430.58us   93.13us   3.84ms   93.99%\n     99%  742.00us\n";
        assert_eq!(p99(said), Some(742.0));
    }

    #[test]
    fn a_quarter_lies_outside_on_either_side() {
        let spread = Spread::of((1..=12).map(f64::from).collect());
        assert_eq!((spread.lower, spread.upper), (4.0, 9.0));
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_two() {
        assert!((median(vec![4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < 1e-9);
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
    }
}
