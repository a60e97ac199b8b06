//! Starting the examples as processes and speaking HTTP to them.
//!
//! Functions here panic where a test cannot go on.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod agent;
pub mod alexandria;
pub mod align;
mod build;
mod certificate;
mod client;
pub mod demo;
mod disk;
mod nginx;
mod polygent;
mod postgres;
mod process;
mod python;
mod registry;
mod server;
mod service;
mod smtp;
mod until;
mod way;
mod wire;

pub use agent::{Agent, AgentProcess};
pub use build::{example, example_library, program, root};
pub use certificate::certificate;
pub use client::{Answer, Client, Streams, raw};
pub use disk::SmallDisk;
pub use nginx::Nginx;
pub use polygent::{ADMINISTRATOR, PASSWORD, Polygent, vendor};
pub use postgres::{PostgresServer, postgres, postgres_database, unique_name};
pub use process::{Process, Start};
pub use python::python;
pub use registry::{Registry, can_pull_images, skopeo, write_image};
pub use service::{Service, at, lines, members, move_clock, now, with_clock};
pub use smtp::{Smtp, SmtpEncryption};
pub use until::until;
pub use way::Way;
pub use wire::{Sent, Wire};

/// The guide, so that its examples are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide.md")]
struct Guide;
