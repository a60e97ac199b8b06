//! The figures of docs/scaling.md.

mod crash;
mod hosts;
mod propagation;
mod quotas;
mod rows;
mod seats;

use license_benches::report;

use crate::{
    arguments::Arguments,
    server::Server,
    table::{Targets, write},
};

/// What is found, and whether what was promised was kept.
#[derive(Debug, Default)]
struct Found {
    targets: Targets,
    tables: Vec<String>,
    broken: Vec<String>,
}

/// Measures what is wanted and prints it. Returns whether everything that was
/// promised was kept, however long it took.
pub(crate) async fn run(arguments: &Arguments, server: &Server) -> bool {
    let heading = report::heading();
    let mut found = Found::default();
    let size = &arguments.size;
    for group in crate::arguments::GROUPS {
        if !arguments.wants(group) {
            continue;
        }
        eprintln!("{group}");
        match group {
            "propagation" => propagation::measure(server, size, &mut found).await,
            "hosts" => hosts::measure(server, size, &mut found).await,
            "crash" => crash::measure(server, size, &mut found).await,
            "quotas" => quotas::measure(server, size, &mut found).await,
            _ => seats::measure(server, size, &mut found).await,
        }
    }
    let tables = found.tables.join("\n");
    let text = format!("{heading}\n{}\n{tables}", found.targets.table());
    println!("{text}");
    if arguments.write {
        write(arguments.section, &text);
    }
    for broken in &found.broken {
        eprintln!("BROKEN: {broken}");
    }
    found.broken.is_empty()
}

impl Found {
    /// Notes what must be so.
    fn promise(&mut self, what: &str, kept: bool) {
        if !kept {
            self.broken.push(what.to_owned());
        }
    }
}
