//! The rules, through the public surface, by subject.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod alexandria;
mod align;
mod announcements;
mod claims;
mod decisions;
mod doctor;
mod foresight;
mod grounds;
mod rebind;
mod shadow;
mod sources;
mod statuses;
mod time;
mod warnings;
