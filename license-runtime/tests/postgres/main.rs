//! The store of a cluster, on a real server. Without one these tests do
//! nothing and say so.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod faults;
mod machine;
mod propagation;
mod store;
mod support;
mod sweeping;
