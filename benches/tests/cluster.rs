//! The program that drives three nodes, with small numbers: that it works, and
//! that what is promised is kept. How fast it is says docs/scaling.md.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::process::{Command, Output};

/// What the program ends with where there is no server to be had.
const NO_SERVER: i32 = 3;

/// Runs it. `None` where PostgreSQL is not installed; then the test
/// is skipped.
fn cluster(arguments: &[&str]) -> Option<Output> {
    let output = Command::new(env!("CARGO_BIN_EXE_cluster")).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NO_SERVER) {
        assert!(errors.contains("not installed"), "{errors}");
        license_test_skips::missing("PostgreSQL");
        return None;
    }
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{arguments:?}: {}\n{said}\n{errors}", output.status);
    Some(output)
}

#[test]
fn three_nodes_keep_what_is_promised_and_every_figure_is_found() {
    let Some(output) = cluster(&["--small"]) else { return };
    let report = String::from_utf8(output.stdout).unwrap();
    for what in [
        "### Targets",
        "### Propagation",
        "### 300 live hosts",
        "### A node is killed with 100 hosts",
        "### Quotas",
        "10,003 of 10,003",
        "### Seats",
    ] {
        assert!(report.contains(what), "{what} is missing:\n{report}");
    }
}

#[test]
fn whatever_breaks_no_cap_is_exceeded_and_nothing_acknowledged_is_lost() {
    let Some(output) = cluster(&["faults", "--lifetimes", "8"]) else { return };
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("kept: "), "{said}");
}
