//! The example services as processes of their own, asked over sockets.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod abuse;
mod alexandria;
mod align;
mod first;
mod grpc;
mod hyper;
mod network;
mod operation;
mod polygent;
mod registry;
mod smoke;
mod web;
