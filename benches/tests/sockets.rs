//! The program that asks services over sockets, with small numbers: that it
//! works. What it finds says README.md.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::process::Command;

/// What the program ends with where `wrk` is not installed.
const NO_WRK: i32 = 3;

#[test]
fn every_service_is_asked_and_answers() {
    let output = Command::new(env!("CARGO_BIN_EXE_sockets")).args(["1", "1"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(NO_WRK) {
        license_test_skips::missing("wrk");
        return;
    }
    assert!(output.status.success(), "{errors}");
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let rows: Vec<&str> = report.lines().skip(2).collect();
    assert_eq!(rows.len(), 7, "{report}");
    assert!(rows.iter().all(|row| !row.contains("NaN") && !row.contains("| 0 |")), "{report}");
}
