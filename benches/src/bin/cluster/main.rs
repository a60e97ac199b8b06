//! Drives three nodes on one PostgreSQL, each a process of its own, and says
//! what that costs; see docs/scaling.md.
//!
//! ```sh
//! cargo run --release -p license-benches --bin cluster                       # measures everything
//! cargo run --release -p license-benches --bin cluster -- --write            # ... into docs/scaling.md
//! cargo run --release -p license-benches --bin cluster -- million            # a million hosts
//! cargo run --release -p license-benches --bin cluster -- faults             # breaks things
//! ```
//!
//! It starts itself as `cluster node` for each node, and a PostgreSQL of its
//! own with `scripts/postgres` unless it is told of one. Everything is bounded
//! and ends by itself; nodes end when this process does. Exits with 1 when a
//! promise was broken: a cap exceeded, something acknowledged lost.
#![allow(clippy::expect_used, reason = "a measurement that is set up wrongly should stop")]

mod arguments;
mod child;
mod cluster;
mod faults;
mod license;
mod measure;
mod node;
mod processes;
mod server;
mod statistics;
mod table;

use std::process::ExitCode;

use arguments::{Arguments, USAGE, What};
use server::Server;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be started");
    if arguments.first().is_some_and(|first| first == "node") {
        runtime.block_on(node::run(&arguments[1..]));
        // What still waits for the standard input is not waited for.
        std::process::exit(0);
    }
    let arguments = match Arguments::read(&arguments) {
        Ok(arguments) => arguments,
        Err(why) => {
            eprintln!("cluster: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let server = match Server::new(arguments.database_url.as_deref()) {
        Ok(server) => server,
        Err(why) => {
            eprintln!("cluster: {why}");
            return ExitCode::from(3);
        }
    };
    let kept = runtime.block_on(async {
        match arguments.what {
            What::Faults => faults::run(&arguments, &server).await,
            What::Figures => measure::run(&arguments, &server).await,
        }
    });
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
