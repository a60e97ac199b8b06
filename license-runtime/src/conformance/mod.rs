//! What every store must do, as functions and as a macro that makes tests of
//! them.
//!
//! ```
//! use license_runtime::MemoryStore;
//!
//! /// A new, empty store, and what has to live as long as it does.
//! async fn open() -> ((), MemoryStore) {
//!     ((), MemoryStore::new())
//! }
//!
//! license_runtime::store_conformance!(memory, open);
//! # fn main() {}
//! ```
//!
//! The functions panic where a store does something else.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a failed test panics")]

mod alerts;
mod installing;
mod leases;
mod quotas;
mod seats;
mod service;

pub use self::{alerts::*, installing::*, leases::*, quotas::*, seats::*};

/// Makes a module of tests of a store. Takes the module's name and an async
/// function that opens a new, empty store and returns it behind whatever has
/// to outlive it, such as a temporary directory; or an `Option` of both, where
/// `None` skips the test.
///
/// The tests need `tokio` with its macros and its multi-threaded runtime.
#[macro_export]
macro_rules! store_conformance {
    ($module:ident, $open:path) => {
        $crate::store_conformance! {
            $module, $open:
            a_new_store_is_empty,
            what_was_installed_is_loaded,
            an_installation_based_on_another_revision_conflicts_and_changes_nothing,
            of_installations_based_on_one_revision_exactly_one_is_kept,
            the_clock_mark_is_saved_alone,
            an_installation_keeps_its_first_name,
            an_installation_keeps_its_first_id,
            what_is_remembered_of_the_machine_outlives_installations,
            every_field_of_an_audit_row_is_kept,
            audit_rows_come_newest_first_and_no_more_than_asked_for,
            audit_rows_are_read_on_oldest_first,
            what_is_recorded_once_is_there_once,
            rows_written_at_once_are_one_chain,
            one_at_a_time_holds_the_lock_of_a_limit,
            locks_of_two_limits_are_independent,
            a_waiter_that_gives_up_leaves_the_lock_to_others,
            of_many_who_want_the_last_seats_exactly_as_many_get_one,
            seats_are_given_together_or_not_at_all,
            an_exchange_that_adds_no_more_than_it_removes_passes_at_the_limit,
            lowering_a_limit_disturbs_nobody_and_blocks_only_new_ones,
            releasing_a_seat_is_always_allowed,
            without_a_limit_on_seats_all_are_given,
            a_block_is_at_most_what_is_left_and_nothing_below_the_least,
            of_blocks_taken_at_once_no_more_than_the_cap_are_granted,
            units_brought_back_are_granted_again,
            units_of_another_month_or_limit_are_counted_apart,
            a_cap_below_what_is_taken_grants_nothing_and_a_higher_one_at_once,
            of_many_who_use_up_a_quota_exactly_the_cap_is_served,
            of_uses_of_many_sizes_as_many_units_are_counted_as_were_served,
            a_quota_lowered_refuses_and_raised_allows_at_once,
            a_month_begins_at_0_to_the_millisecond,
            unlimited_use_is_counted_too,
            a_claimed_alert_is_nobody_elses,
            of_many_who_claim_an_alert_one_gets_it,
            a_claim_ends_in_time_or_by_its_holder,
            an_alert_that_was_sent_is_not_sent_again,
            alerts_of_two_licenses_are_independent,
            closing_twice_does_no_harm,
        }
    };
    ($module:ident, $open:path: $($name:ident,)+) => {
        mod $module {
            #[allow(unused_imports, reason = "the function may be named by an absolute path")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $name() {
                    let opened = $open().await;
                    let Some((_outlives, store)) = ::std::convert::Into::into(opened) else {
                        return;
                    };
                    $crate::conformance::$name(::std::sync::Arc::new(store)).await;
                }
            )+
        }
    };
}

/// Makes a module of tests of the leases of a store. Takes the module's name
/// and an async function that opens a new, empty store and returns it behind
/// whatever has to outlive it, and an [`Elapse`](crate::conformance::Elapse)
/// that lets its time pass; or an `Option` of these, where `None` skips the
/// test.
///
/// The tests need `tokio` with its macros and its multi-threaded runtime.
#[macro_export]
macro_rules! lease_conformance {
    ($module:ident, $open:path) => {
        $crate::lease_conformance! {
            $module, $open:
            of_many_who_want_the_last_leases_exactly_as_many_get_one,
            a_host_on_two_nodes_counts_once_and_until_both_let_go,
            a_host_that_counts_gets_in_above_the_cap,
            a_node_that_stops_beating_loses_its_leases_within_the_ttl,
            a_host_on_a_node_that_lives_outlives_the_other_node,
            a_late_beat_counts_until_the_node_is_swept,
            a_swept_node_is_told_and_begins_anew,
            a_stale_release_ends_nothing,
            a_lease_goes_on_by_its_generation_on_another_node,
            a_node_that_leaves_frees_its_places_at_once,
            when_the_store_was_away_for_all_nobody_new_comes_first,
            a_node_that_crashed_alone_delays_nobody,
            what_is_released_is_granted_in_the_same_change,
            hosts_of_two_limits_are_counted_apart,
            hosts_without_a_cap_are_counted_too,
            thousands_come_and_go_at_once,
        }
    };
    ($module:ident, $open:path: $($name:ident,)+) => {
        mod $module {
            #[allow(unused_imports, reason = "the function may be named by an absolute path")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $name() {
                    let opened = $open().await;
                    let Some((_outlives, store, elapse)) = ::std::convert::Into::into(opened)
                    else {
                        return;
                    };
                    $crate::conformance::$name(::std::sync::Arc::new(store), elapse).await;
                }
            )+
        }
    };
}
