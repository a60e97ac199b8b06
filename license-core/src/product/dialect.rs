//! Where a product's claims stand in the payload.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    sync::Arc,
};

use serde_json::{Map, Value};

/// A fact of a license that a dialect can place elsewhere. The registered
/// claims `iss`, `aud`, `iat`, `nbf` and `exp` always stand where RFC 7519
/// puts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Claim {
    /// The license's id, `/jti`.
    Id,
    /// `/customer/id`.
    CustomerId,
    /// `/customer/name`.
    CustomerName,
    /// `/customer/email`, never required.
    CustomerEmail,
    /// `/plan`.
    Plan,
    /// `/features`, an array of names.
    Features,
    /// `/limits`, an object with a member for each limit.
    Limits,
    /// `/binding/machine`, never required.
    Machine,
    /// `/binding/domain`, never required.
    Domain,
}

/// A text was not the name of a claim.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown claim; use id, customer_id, customer_name, customer_email, plan, features, limits, machine or domain"
)]
pub struct UnknownClaim(());

/// A function from claims to claims of the standard form.
type Translate = dyn Fn(&Map<String, Value>) -> Map<String, Value> + Send + Sync;

/// Where claims stand: JSON pointers (RFC 6901) for those that are not at
/// their standard place.
#[derive(Clone, Default)]
pub struct Dialect {
    pub(crate) pointers: BTreeMap<Claim, String>,
    /// Pointers of single limits, numbers and lists of names alike.
    pub(crate) limits: BTreeMap<String, String>,
    /// Claims that must have exactly this value.
    pub(crate) require: BTreeMap<String, Value>,
    pub(crate) optional: BTreeSet<Claim>,
    pub(crate) translate: Option<Arc<Translate>>,
}

impl Claim {
    const ALL: [Self; 9] = [
        Self::Id,
        Self::CustomerId,
        Self::CustomerName,
        Self::CustomerEmail,
        Self::Plan,
        Self::Features,
        Self::Limits,
        Self::Machine,
        Self::Domain,
    ];

    /// The name in a profile.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::CustomerId => "customer_id",
            Self::CustomerName => "customer_name",
            Self::CustomerEmail => "customer_email",
            Self::Plan => "plan",
            Self::Features => "features",
            Self::Limits => "limits",
            Self::Machine => "machine",
            Self::Domain => "domain",
        }
    }

    /// The standard place.
    pub const fn standard_pointer(self) -> &'static str {
        match self {
            Self::Id => "/jti",
            Self::CustomerId => "/customer/id",
            Self::CustomerName => "/customer/name",
            Self::CustomerEmail => "/customer/email",
            Self::Plan => "/plan",
            Self::Features => "/features",
            Self::Limits => "/limits",
            Self::Machine => "/binding/machine",
            Self::Domain => "/binding/domain",
        }
    }
}

impl FromStr for Claim {
    type Err = UnknownClaim;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|claim| claim.as_str() == name).ok_or(UnknownClaim(()))
    }
}

impl Dialect {
    /// The JSON pointer of a claim.
    pub fn pointer(&self, claim: Claim) -> &str {
        self.pointers.get(&claim).map_or(claim.standard_pointer(), String::as_str)
    }

    /// The JSON pointer of a limit: its own, or its place in the object of
    /// all limits.
    pub fn limit_pointer(&self, limit: &str) -> String {
        match self.limits.get(limit) {
            Some(pointer) => pointer.clone(),
            None => {
                let name = limit.replace('~', "~0").replace('/', "~1");
                format!("{}/{name}", self.pointer(Claim::Limits))
            }
        }
    }

    /// Whether single limits have pointers of their own, and no object holds
    /// them all.
    pub(crate) fn has_limit_pointers(&self) -> bool {
        !self.limits.is_empty()
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect")
            .field("pointers", &self.pointers)
            .field("limits", &self.limits)
            .field("require", &self.require)
            .field("optional", &self.optional)
            .field("translate", &self.translate.is_some())
            .finish()
    }
}
