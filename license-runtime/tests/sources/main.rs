//! Licenses from files, the environment and flags: real files, and the
//! manager's own tasks.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

mod deciding;
mod doctor;
mod files;
mod following;
mod place;
mod replacing;
#[allow(dead_code, reason = "the other tests use the rest")]
#[path = "../manager/support.rs"]
mod support;
