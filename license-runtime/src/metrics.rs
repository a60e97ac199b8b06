//! Figures through the `metrics` facade. Labels are codes, phases and names of
//! limits, never anything about a customer.

use std::collections::BTreeMap;

use license_core::{Licensing, Limit, Phase, Timestamp};
use metrics::{counter, describe_counter, describe_gauge, gauge};

const EXPIRES: &str = "license_expires_timestamp_seconds";
const PHASE: &str = "license_phase";
const DENIALS: &str = "license_denials_total";
const SHADOW_DENIALS: &str = "license_shadow_denials_total";
const INSTALLS: &str = "license_installs_total";
const LIMIT_MAX: &str = "license_limit_max";
const LIMIT_USED: &str = "license_limit_used";
const STORE_ERRORS: &str = "license_store_errors_total";

pub(crate) fn describe() {
    describe_gauge!(EXPIRES, "When the license ends, in seconds since 1970; 0 without one.");
    describe_gauge!(PHASE, "1 for the phase in which the license stands, 0 for all others.");
    describe_counter!(DENIALS, "Requests that the license denied, by code.");
    describe_counter!(SHADOW_DENIALS, "Requests that a rule in shadow would have denied, by code.");
    describe_counter!(INSTALLS, "Installations, by what became of them.");
    describe_gauge!(LIMIT_MAX, "A limit of the license; +Inf for unlimited.");
    describe_gauge!(LIMIT_USED, "How much of a limit is used.");
    describe_counter!(STORE_ERRORS, "Failures of the license store.");
}

pub(crate) fn license(licensing: &Licensing) {
    let ends = licensing.license().map(|verified| verified.license().term().expires_at);
    gauge!(EXPIRES).set(ends.map_or(0.0, seconds));
    let phase = licensing.phase();
    for name in Phase::NAMES {
        gauge!(PHASE, "phase" => name).set(f64::from(u8::from(name == phase.as_str())));
    }
    for count in licensing.control().denial_counts() {
        let code = count.code.as_str();
        if count.denied > 0 {
            counter!(DENIALS, "code" => code).absolute(count.denied);
        }
        if count.shadowed > 0 {
            counter!(SHADOW_DENIALS, "code" => code).absolute(count.shadowed);
        }
    }
}

pub(crate) fn limits(licensing: &Licensing, used: &BTreeMap<String, u64>) {
    let license = licensing.license();
    let limits = license.iter().flat_map(|verified| verified.license().limits());
    for (name, limit) in limits {
        if !matches!(limit, Limit::Names(_)) {
            let max = limit.max().map_or(f64::INFINITY, approximate);
            gauge!(LIMIT_MAX, "limit" => name.clone()).set(max);
        }
    }
    for (name, used) in used {
        gauge!(LIMIT_USED, "limit" => name.clone()).set(approximate(*used));
    }
}

/// `outcome` as the audit history names it.
pub(crate) fn installation(outcome: &str) {
    counter!(INSTALLS, "outcome" => outcome.to_owned()).increment(1);
}

pub(crate) fn store_failed() {
    counter!(STORE_ERRORS).increment(1);
}

fn seconds(time: Timestamp) -> f64 {
    time.as_seconds() as f64
}

/// A gauge holds whole numbers up to 2^53 exactly.
fn approximate(number: u64) -> f64 {
    number as f64
}
