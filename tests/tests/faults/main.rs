//! Three instances of `polygent` on one PostgreSQL database, and what can
//! break under load.
//!
//! What docs/scaling.md promises is tested each time: requests are decided
//! from memory and agents stay connected, changes are refused as
//! `store_unavailable`, all goes on by itself afterwards, no cap is exceeded,
//! and what was acknowledged is there.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod cluster;
mod cut_off;
mod disk;
mod killed;
mod load;
mod restart;
