//! What the macros do not take, and how the compiler says so.
#![allow(dead_code, reason = "twins have to compile, and nothing calls them")]
#![allow(
    improper_ctypes_definitions,
    clippy::missing_safety_doc,
    reason = "the macro reads the qualifiers, and nothing is called"
)]

#[macro_use]
mod common;

// What the cases name: a crate that offers to the macros what `license-axum`
// offers, called so and otherwise.
extern crate self as license_axum;
extern crate self as portal;

#[path = "macros/gate.rs"]
mod gate;

pub use gate::feature;

#[path = "macros/pass"]
mod pass {
    twins! { declared_name feature_arguments feature_literal feature_name licensed_arguments licensed_item licensed_literal licensed_name mismatch not_a_feature path }
}

#[test]
fn faults_are_errors() {
    common::are_errors("macros");
}

#[test]
fn every_fault_has_a_twin() {
    common::have_twins("macros", pass::NAMES);
}
