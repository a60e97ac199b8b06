//! The layers in front of real services, decided by real licenses.
//!
//! What holds for every service is tested on every stack: see [`stacks`].

#![allow(clippy::unwrap_used, reason = "a test that is set up wrongly should stop")]

mod abuse_cases;
mod cors;
mod costs;
mod grpc;
mod http1;
mod rules;
mod stacks;
