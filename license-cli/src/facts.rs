//! What a license says, for people and for programs.

use std::collections::BTreeSet;

use license_core::{License, Limit, Timestamp};
use serde_json::{Map, Value, json};

use crate::text::shown;

/// The facts as JSON members.
pub(crate) fn members(license: &License, now: Timestamp) -> Map<String, Value> {
    let (customer, term) = (license.customer(), license.term());
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let limit = |limit: &Limit| match limit {
        Limit::Max(max) => json!(max),
        Limit::Names(names) => json!(names),
        _ => Value::Null,
    };
    let limits: Map<String, Value> =
        license.limits().iter().map(|(name, value)| (name.clone(), limit(value))).collect();
    let facts = json!({
        "id": text(license.id()),
        "customer": text(&customer.name),
        "customer_id": text(&customer.id),
        "email": customer.email,
        "plan": text(license.plan()),
        "issued_at": license.issued_at(),
        "not_before": term.not_before,
        "expires_at": term.expires_at,
        "days_remaining": term.days_remaining(now),
        "features": license.features(),
        "unknown_features": license.unknown_features().collect::<BTreeSet<_>>(),
        "limits": limits,
        "machine": license.machine(),
        "domain": license.domain(),
        "clock_reset_from": license.clock_reset().map(|reset| reset.from),
        "clock_reset_for": license.clock_reset().map(|reset| text(&reset.installation)),
    });
    match facts {
        Value::Object(facts) => facts,
        _ => Map::new(),
    }
}

/// The days from a time to another, rounded up; 0 where that has passed.
pub(crate) fn days_between(now: Timestamp, at: Timestamp) -> u64 {
    let millis = at.saturating_since(now).as_millis();
    u64::try_from(millis.div_ceil(86_400_000)).unwrap_or(u64::MAX)
}

/// The facts as lines, each with its name in front; with the features that the
/// product does not know, where its profile says which ones it knows.
pub(crate) fn lines(license: &License, profile: bool) -> String {
    let (customer, term) = (license.customer(), license.term());
    let mut who = shown(&customer.name);
    if !customer.id.is_empty() {
        who = format!("{who} ({})", shown(&customer.id));
    }
    if let Some(email) = &customer.email {
        who = format!("{who} <{}>", shown(email));
    }
    let expires = format!("{} (last day {})", term.expires_at, term.expires_at.last_day());
    let list = |names: &BTreeSet<String>| {
        let names: Vec<String> = names.iter().map(|name| shown(name)).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let limit = |limit: &Limit| match limit {
        Limit::Max(max) => max.to_string(),
        Limit::Names(names) => format!("[{}]", list(names)),
        _ => "unlimited".to_owned(),
    };
    let limits: Vec<String> = license
        .limits()
        .iter()
        .map(|(name, value)| format!("{} {}", shown(name), limit(value)))
        .collect();
    let mut lines = vec![
        ("license", shown(license.id())),
        ("customer", who),
        ("plan", shown(license.plan())),
        ("issued", license.issued_at().to_string()),
    ];
    lines.extend(term.not_before.map(|at| ("begins", at.to_string())));
    lines.push(("expires", expires));
    lines.push(("features", list(license.features())));
    let unknown: BTreeSet<String> = license.unknown_features().map(str::to_owned).collect();
    if profile && !unknown.is_empty() {
        lines.push(("unknown", list(&unknown)));
    }
    lines.push(("limits", if limits.is_empty() { "none".to_owned() } else { limits.join(", ") }));
    lines.extend(license.machine().map(|machine| ("machine", machine.to_string())));
    lines.extend(license.domain().map(|domain| ("domain", domain.to_string())));
    lines.extend(license.clock_reset().map(|reset| {
        ("resets", format!("a clock mark up to {} on {}", reset.from, shown(&reset.installation)))
    }));
    let lines: Vec<String> =
        lines.into_iter().map(|(name, value)| format!("  {name:<9} {value}")).collect();
    lines.join("\n")
}
