//! The file of the SQLite store: copies of it, damage to it, and several who
//! open it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod backup;
mod damage;
mod openers;
mod support;
