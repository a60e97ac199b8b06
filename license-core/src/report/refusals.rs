//! How a route can be refused at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::simulation::Refusal;
use crate::{
    decide::{Installed, Snapshot, Verdict},
    host::{DomainPattern, RequestHost},
    license::{Customer, License, Limit, Term},
    machine::Machine,
    policy::{Phase, Policy},
    refusal::{Denial, DenialCode},
    time::Timestamp,
    verify::VerifiedLicense,
};

/// What a route asks of the license.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The term, the domain and, of changes, more than read-only: what the license layer
    /// asks.
    pub service: bool,
    /// Whether it changes something.
    pub changes: bool,
    /// A feature.
    pub feature: bool,
    /// A feature or a license, with which it does more.
    pub optional: bool,
    /// A license, whatever it grants.
    pub license: bool,
    /// Room in a limit.
    pub limit: bool,
    /// A place among the hosts that are connected.
    pub lease: bool,
}

/// Every refusal that a route which asks for this can answer with, by status: for
/// documents. The very functions are asked that decide about requests, in every
/// phase, with a license that grants everything and with one that grants nothing.
///
/// ```
/// use license_core::{Policy, policy::Restriction, report::{Asked, refusals}};
///
/// let policy = Policy::new().lapsed(Restriction::Features).unlicensed(Restriction::Features);
/// let codes = |asked| {
///     refusals(&policy, asked).iter().map(|it| (it.status, it.code)).collect::<Vec<_>>()
/// };
/// let gated = codes(Asked { feature: true, ..Asked::default() });
/// assert!(gated.contains(&(402, "license_missing")));
/// assert!(gated.contains(&(403, "feature_not_licensed")));
/// assert!(!gated.iter().any(|(status, _)| *status == 503));
/// assert_eq!(codes(Asked::default()), []);
/// ```
pub fn refusals(policy: &Policy, asked: Asked) -> BTreeSet<Refusal> {
    let empty = Installed::empty(Machine::UNAVAILABLE);
    let holding = |license| {
        let license = Arc::new(VerifiedLicense::assumed(license));
        Installed { current: Some(license), ..empty.clone() }
    };
    let (all, none) = (holding(license(Limit::Unlimited)), holding(license(Limit::Max(0))));
    let mut found = BTreeSet::new();
    for phase in Phase::ALL {
        let verdict = Verdict::of(phase, policy);
        for installed in [&all, &none] {
            let snapshot = Snapshot { installed, verdict: &verdict, policy };
            found.extend(denials(snapshot, asked).into_iter().map(Refusal::from));
        }
    }
    if asked.limit || asked.lease {
        let code = DenialCode::StoreUnavailable;
        let status = policy.status_of(code, code.default_status());
        found.insert(Denial::new(code, status).into());
    }
    found
}

/// Any name: the one license has it, the other does not.
const NAME: &str = "name";

/// A license of every feature and limit there is, or of none.
fn license(limit: Limit) -> License {
    let granted = (limit == Limit::Unlimited).then(|| NAME.to_owned());
    License {
        id: String::new(),
        customer: Customer::default(),
        plan: String::new(),
        issued_at: Timestamp::MIN,
        term: Term { not_before: None, expires_at: Timestamp::MAX },
        term_from: None,
        features: granted.into_iter().collect(),
        signed_features: Vec::new(),
        unknown_features: Vec::new(),
        limits: BTreeMap::from([(NAME.to_owned(), limit)]),
        machine: None,
        domain: DomainPattern::parse("licensed.example").ok(),
        clock_reset: None,
    }
}

/// What is refused where the service stands there. What the layer refuses never comes to
/// what the route itself asks for.
fn denials(snapshot: Snapshot<'_>, asked: Asked) -> Vec<Denial> {
    let hosts: [&[&[u8]]; 3] = [&[b"licensed.example"], &[b"other.example"], &[]];
    let mut denials = Vec::new();
    let mut passes = !asked.service;
    for host in hosts.iter().filter(|_| asked.service) {
        let host = || RequestHost::new(None, host.iter().copied());
        match snapshot.request(|| asked.changes, host, drop) {
            Ok(()) => passes = true,
            Err(denial) => denials.push(denial),
        }
    }
    let mut ask = |asked: bool, decide: &dyn Fn() -> Result<(), Denial>| {
        if let (true, Some(Err(denial))) = (passes, asked.then(decide)) {
            denials.push(denial);
        }
    };
    ask(asked.optional, &|| snapshot.service());
    ask(asked.license, &|| snapshot.require_license().map(drop));
    ask(asked.feature, &|| snapshot.feature(NAME, drop));
    let (limit, lease) = (DenialCode::LimitReached, DenialCode::ConcurrentHostLimitReached);
    ask(asked.limit, &|| snapshot.limit(limit, NAME, 0, 1, drop));
    ask(asked.lease, &|| snapshot.limit(lease, NAME, 0, 1, drop));
    denials
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Restriction, Rule};

    const LAYER: Asked = Asked {
        service: true,
        changes: false,
        feature: false,
        optional: false,
        license: false,
        limit: false,
        lease: false,
    };

    fn statuses(policy: &Policy, asked: Asked) -> BTreeMap<&'static str, u16> {
        let found = refusals(policy, asked);
        let statuses: BTreeMap<_, _> = found.iter().map(|it| (it.code, it.status)).collect();
        assert_eq!(statuses.len(), found.len(), "a code with two statuses: {found:?}");
        statuses
    }

    #[test]
    fn every_code_is_found_by_the_strict_policy_and_none_by_one_that_refuses_nothing() {
        let all = Asked { changes: true, feature: true, limit: true, lease: true, ..LAYER };
        let mut found = BTreeSet::new();
        for lapsed in [Restriction::Everything, Restriction::ReadOnly, Restriction::Features] {
            found.extend(statuses(&Policy::new().lapsed(lapsed), all).into_keys());
        }
        for code in DenialCode::ALL {
            assert!(found.contains(code.as_str()), "{code}");
        }
        let advisory = Policy::new().lapsed(Restriction::Advisory);
        let advisory = advisory.unlicensed(Restriction::Advisory);
        let left: Vec<_> = statuses(&advisory, all).into_keys().collect();
        let still = ["concurrent_host_limit_reached", "domain_mismatch", "feature_not_licensed"];
        let still = still.into_iter().chain(["host_invalid", "limit_reached", "store_unavailable"]);
        assert_eq!(left, still.collect::<Vec<_>>());
        let shadow = [Rule::Everything, Rule::ReadOnly, Rule::Features, Rule::Domain, Rule::Limits];
        let shadow = shadow.into_iter().fold(Policy::new(), Policy::shadow);
        assert_eq!(statuses(&shadow, LAYER), BTreeMap::new());
    }

    #[test]
    fn a_status_is_that_of_the_restriction_and_of_the_policy() {
        let gate = Asked { feature: true, ..Asked::default() };
        let strict = statuses(&Policy::new(), gate);
        assert_eq!(strict["license_missing"], 503);
        assert_eq!(strict["license_expired"], 503);
        assert_eq!(strict.get("read_only"), None);
        let features =
            Policy::new().lapsed(Restriction::Features).unlicensed(Restriction::Features);
        let lenient = statuses(&features, gate);
        assert_eq!(lenient["license_missing"], 402);
        assert_eq!(lenient["feature_lapsed"], 402);
        assert_eq!(lenient.get("license_expired"), None);
        let other = statuses(&features.status(DenialCode::FeatureLapsed, 451), gate);
        assert_eq!(other["feature_lapsed"], 451);
    }

    #[test]
    fn only_changes_are_refused_where_reading_goes_on() {
        let policy = Policy::new().lapsed(Restriction::ReadOnly);
        assert_eq!(statuses(&policy, LAYER).get("read_only"), None);
        let policy = policy.unlicensed(Restriction::ReadOnly);
        let changing = Asked { changes: true, feature: true, ..LAYER };
        assert_eq!(statuses(&policy, changing).get("license_missing"), None);
        let license = Asked { license: true, ..LAYER };
        assert_eq!(statuses(&policy, license)["license_missing"], 402);
        assert_eq!(statuses(&policy, changing)["read_only"], 402);
        assert_eq!(statuses(&policy, changing).get("license_expired"), None);
    }
}
