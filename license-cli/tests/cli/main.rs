//! The program `license`, as it is called from a shell.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod audit;
mod doctor;
#[cfg(unix)]
mod guide;
mod habits;
mod issue;
mod keygen;
mod openssl;
mod program;
mod received;
mod renew;
mod simulate;
mod verify;
