//! What `license-axum` does not let a service write, and how the compiler says so.
#![allow(dead_code, reason = "twins have to compile, and nothing calls them")]

#[macro_use]
mod common;

#[path = "axum/pass"]
mod pass {
    twins! { admin boxed extractors literal name state }
}

#[test]
fn faults_are_errors() {
    common::are_errors("axum");
}

#[test]
fn every_fault_has_a_twin() {
    common::have_twins("axum", pass::NAMES);
}
