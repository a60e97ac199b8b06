//! The manager, from outside: abuse cases by their number in the security
//! rules, and what else administrators rely on.
#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

mod installing;
mod keeping;
mod leases;
mod machine;
mod quotas;
mod seats;
mod support;
mod time;
