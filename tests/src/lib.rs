//! Starting the examples as processes and speaking HTTP to them.
//!
//! Functions here panic where a test cannot go on.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod build;
mod client;
mod polygent;
mod postgres;
mod process;

pub use build::{example, program, root};
pub use client::{Answer, Client, Streams, raw};
pub use polygent::{ADMINISTRATOR, PASSWORD, Polygent, now, vendor};
pub use postgres::{PostgresServer, postgres, postgres_database, unique_name};
pub use process::{Process, Start};

/// The guide, so that its examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide.md")]
struct Guide;
