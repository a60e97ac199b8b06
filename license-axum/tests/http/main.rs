//! Extractors, enforcement and the administrator's routes, request by request.

#![allow(clippy::unwrap_used, reason = "tests, and what they share")]

mod admin;
mod attempts;
mod bodies;
#[cfg(feature = "testing")]
mod contract;
mod coverage;
mod doctor;
mod enforce;
mod extractors;
#[cfg(feature = "ws")]
mod hosts;
mod marks;
mod openapi;
#[cfg(feature = "pages")]
mod pages;
mod streams;
mod support;
mod uploads;
mod warnings;
