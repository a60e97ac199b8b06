//! The states of a license.

#![allow(clippy::expect_used, reason = "a product's test that cannot go on should stop")]

use std::{fmt, sync::Arc, time::Duration};

use license_core::{
    Licensing, MachineId, Phase, Product,
    license::LimitKind,
    machine::Machine,
    testing::{LicenseBuilder, ManualClock, Vendor},
};
use serde_json::{Value, json};

/// A state of a license.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// There never was one.
    Unlicensed,
    /// In force, with every feature and room in every limit.
    Active,
    /// In force, without this feature.
    Without(String),
    /// In force, and ends within a day.
    Expiring,
    /// Its term is over, the grace that the policy gives is not.
    Grace,
    /// Its term and all grace are over.
    Lapsed,
    /// In force for another domain than the service is used by.
    OtherDomain,
    /// In force for another machine.
    OtherMachine,
    /// In force, with no room in this limit.
    UsedUp(String),
}

/// The host by which routes are asked.
pub(super) const HOST: &str = "service.example";

const DAY: Duration = Duration::from_secs(86_400);
/// How long licenses are good, in days.
const TERM: u32 = 30;
/// Longer than any grace.
const LONG: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Room enough.
const ROOM: u32 = 1_000_000;

impl State {
    /// All that a product can be in.
    pub(super) fn all(product: &Product) -> Vec<Self> {
        let features = product.features().keys().cloned().map(Self::Without);
        let limits = product.limits().keys().cloned().map(Self::UsedUp);
        [Self::Unlicensed, Self::Active, Self::Expiring, Self::Grace, Self::Lapsed]
            .into_iter()
            .chain([Self::OtherDomain, Self::OtherMachine])
            .chain(features)
            .chain(limits)
            .collect()
    }

    /// A handle in this state; `None` where the policy gives no grace.
    pub(super) fn licensing(&self, vendor: &Vendor) -> Option<Licensing> {
        let clock = Arc::new(ManualClock::new());
        let licensing = Licensing::with_clock(vendor.verifier(), clock.clone());
        let product = vendor.product();
        match self {
            Self::Unlicensed => return Some(licensing),
            Self::OtherDomain => {
                self.license(vendor).domain("licensed.example").install(&licensing);
            }
            Self::OtherMachine => {
                let [one, other] = ["the-machine-of-the-license", "the-machine-of-the-service"]
                    .map(|id| MachineId::custom(id).expect("long enough"))
                    .map(|id| id.fingerprint(product.audience()));
                licensing.control().set_machine(Machine::from(one.clone()));
                self.license(vendor).machine(&one).install(&licensing);
                licensing.control().set_machine(Machine::from(other));
            }
            _ => self.license(vendor).install(&licensing),
        }
        clock.advance(match self {
            Self::Expiring => DAY * TERM - DAY / 2,
            Self::Grace => DAY * TERM,
            Self::Lapsed => DAY * TERM + LONG,
            _ => Duration::ZERO,
        });
        (*self != Self::Grace || licensing.phase() == Phase::Grace).then_some(licensing)
    }

    fn license<'v>(&self, vendor: &'v Vendor) -> LicenseBuilder<'v> {
        let product = vendor.product();
        let granted = product.features().keys().map(String::as_str);
        let granted = granted.filter(|name| *self != Self::Without((*name).to_owned()));
        let license = vendor.license().days(TERM.into()).features(granted);
        product.limits().iter().fold(license, |license, (name, kind)| {
            let is_used_up = *self == Self::UsedUp(name.clone());
            let room = match (kind, is_used_up) {
                (LimitKind::Names, true) => json!([]),
                (LimitKind::Names, false) => Value::Null,
                (_, true) => Value::from(0),
                (_, false) => Value::from(ROOM),
            };
            license.limit(name, room)
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlicensed => f.write_str("unlicensed"),
            Self::Active => f.write_str("active"),
            Self::Without(feature) => write!(f, "without feature {feature}"),
            Self::Expiring => f.write_str("expiring"),
            Self::Grace => f.write_str("grace"),
            Self::Lapsed => f.write_str("lapsed"),
            Self::OtherDomain => f.write_str("other domain"),
            Self::OtherMachine => f.write_str("other machine"),
            Self::UsedUp(limit) => write!(f, "limit {limit} used up"),
        }
    }
}
