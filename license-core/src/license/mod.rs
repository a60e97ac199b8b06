//! The facts that the vendor signed.

pub mod feature;
mod feature_set;
mod limit;
mod succession;
mod term;
mod term_length;

use std::collections::{BTreeMap, BTreeSet};

use self::feature_set::FeatureSet;
pub use self::{
    feature::{Feature, Name, is_valid_feature_name},
    limit::{Limit, LimitKind},
    succession::Succession,
    term::Term,
};
use crate::{
    host::DomainPattern,
    machine::{Fingerprint, Machine},
    policy::InvalidReason,
    time::Timestamp,
};

/// A verified license: what the vendor signed, read through the product's
/// dialect. Immutable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct License {
    pub(crate) id: String,
    pub(crate) customer: Customer,
    pub(crate) plan: String,
    pub(crate) issued_at: Timestamp,
    pub(crate) term: Term,
    /// Where the claim says it; see [`License::paid_from`].
    pub(crate) term_from: Option<Timestamp>,
    pub(crate) features: FeatureSet,
    /// The features in the order signed.
    pub(crate) signed_features: Vec<String>,
    /// Which of them the product does not know.
    pub(crate) unknown_features: Vec<usize>,
    pub(crate) limits: BTreeMap<String, Limit>,
    pub(crate) machine: Option<Fingerprint>,
    pub(crate) domain: Option<DomainPattern>,
    pub(crate) clock_reset: Option<ClockReset>,
}

/// What a license says that is to cure a clock that once ran ahead. It does so once, and on one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockReset {
    /// The latest clock mark that it may set back; whole seconds count.
    pub from: Timestamp,
    /// The installation whose mark it is: the nonce of its
    /// [machine info](crate::machine::MachineInfo).
    pub installation: String,
}

/// Whom a license was sold to. Personal: for administrators, never for logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Customer {
    /// The vendor's id of the customer; empty where the dialect has none.
    pub id: String,
    /// The customer's name; empty where the dialect has none.
    pub name: String,
    /// Where to write to.
    pub email: Option<String>,
}

impl License {
    /// The license's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whom it was sold to.
    pub fn customer(&self) -> &Customer {
        &self.customer
    }

    /// The plan.
    pub fn plan(&self) -> &str {
        &self.plan
    }

    /// When it was signed.
    pub fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// When it is valid.
    pub fn term(&self) -> Term {
        self.term
    }

    /// When the time that this license was sold for begins: the claim
    /// `term_from`, which a renewal or an amendment writes where that is not
    /// its own beginning; else `nbf`, else `iat`. A renewal made while the old
    /// license still runs counts from the end of that one. Nothing is granted
    /// or refused because of it.
    pub fn paid_from(&self) -> Timestamp {
        self.term_from.or(self.term.not_before).unwrap_or(self.issued_at)
    }

    /// The features it grants: those it lists, or its plan's where it lists
    /// none, without those its plan withholds.
    pub fn features(&self) -> &BTreeSet<String> {
        self.features.names()
    }

    /// The [features](Self::features) in the order in which they were signed.
    pub fn features_as_signed(&self) -> &[String] {
        &self.signed_features
    }

    /// [Features](Self::features_as_signed) that the product does not know;
    /// kept, never an error.
    pub fn unknown_features(&self) -> impl Iterator<Item = &str> {
        self.unknown_features.iter().filter_map(|at| Some(self.signed_features.get(*at)?.as_str()))
    }

    /// Whether it grants a feature.
    #[inline]
    pub fn grants(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }

    /// Its limits: those it names, its plan's, and the product's default (0
    /// unless it says otherwise) for one that the product knows and neither
    /// of them names.
    pub fn limits(&self) -> &BTreeMap<String, Limit> {
        &self.limits
    }

    /// One limit.
    pub fn limit(&self, name: &str) -> Option<&Limit> {
        self.limits.get(name)
    }

    /// The machine it is bound to.
    pub fn machine(&self) -> Option<&Fingerprint> {
        self.machine.as_ref()
    }

    /// Whether the license may be used on this machine.
    pub(crate) fn is_for(&self, machine: &Machine) -> Result<(), InvalidReason> {
        match (&self.machine, machine) {
            (None, _) => Ok(()),
            (Some(bound), machine) if machine.has(bound) => Ok(()),
            (Some(_), machine) if machine.is_known() => Err(InvalidReason::MachineMismatch),
            (Some(_), _) => Err(InvalidReason::FingerprintUnavailable),
        }
    }

    /// The domain it is bound to.
    pub fn domain(&self) -> Option<&DomainPattern> {
        self.domain.as_ref()
    }

    /// Which clock it may set right.
    pub fn clock_reset(&self) -> Option<&ClockReset> {
        self.clock_reset.as_ref()
    }
}

impl ClockReset {
    /// A reset of a mark up to `from`, on one installation.
    pub fn new(from: Timestamp, installation: impl Into<String>) -> Self {
        Self { from, installation: installation.into() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn days_remaining_are_rounded_up_and_0_once_expired() {
        let end = Timestamp::from_seconds(1_800_000_000);
        let term = Term { not_before: None, expires_at: end };
        let before = |hours: u64| end.saturating_sub(Duration::from_secs(hours * 3600));
        assert_eq!(term.days_remaining(before(156)), 7);
        assert_eq!(term.days_remaining(before(24)), 1);
        assert_eq!(term.days_remaining(end.saturating_sub(Duration::from_millis(1))), 1);
        assert_eq!(term.days_remaining(end), 0);
        assert_eq!(term.days_remaining(Timestamp::MAX), 0);
    }

    #[test]
    fn a_term_includes_its_beginning_and_excludes_its_end() {
        let at = Timestamp::from_seconds;
        let term = Term { not_before: Some(at(10)), expires_at: at(20) };
        assert!(!term.has_begun(Timestamp::from_millis(9_999)) && term.has_begun(at(10)));
        assert!(!term.has_ended(Timestamp::from_millis(19_999)) && term.has_ended(at(20)));
    }
}
