//! What licensing costs a request, beside what else a service would run.
//!
//! Every figure is one [`Row`]; rows that are to be compared form a
//! [`Group`] and are [timed](measure::measure) in turn, in short batches, so
//! that a machine that drifts drifts for all of them. `cargo bench -p
//! license-benches` times and prints them, the program `allocations` counts
//! what each allocates, the tests run each once. See README.md.
#![allow(clippy::expect_used, reason = "a benchmark that is set up wrongly should stop")]

mod axum_rows;
mod beside;
mod by_hand;
mod fixture;
mod limits;
pub mod measure;
pub mod memory;
mod nothing;
pub mod numbers;
mod pages;
mod plain;
pub mod report;
mod row;
pub mod sockets;
mod swaps;
pub mod target;
mod track;
mod verify;

pub use row::{Group, Reference, Row};

/// Sets up the rows of a group, which may take seconds.
pub type SetUp = fn() -> Group;

/// The groups in the order of the report: their ids, and what sets them up.
pub const GROUPS: [(&str, SetUp); 7] = [
    ("plain", plain::group),
    ("axum", axum_rows::group),
    ("swaps", swaps::group),
    ("verify", verify::group),
    ("limits", limits::group),
    ("pages", pages::group),
    ("track", track::group),
];
