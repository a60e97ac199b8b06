//! The service of the guide, as a program.
#![allow(missing_docs, unreachable_pub, reason = "as the guide shows it")]

include!("../tests/guide/service.rs");
