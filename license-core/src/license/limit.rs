//! What a license caps: a number, nothing, or a list of names.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How a product counts a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LimitKind {
    /// Units that the product holds and counts itself, such as users.
    Seats,
    /// Used up within a calendar month (UTC).
    Monthly,
    /// A list of allowed names.
    Names,
    /// Live holders, such as connected hosts.
    Leases,
}

/// What a license says of one limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// No cap (`null` in the license).
    Unlimited,
    /// At most this many.
    Max(u64),
    /// Only these names.
    Names(BTreeSet<String>),
}

impl Limit {
    /// Whether `total` units stay within the limit. A list of names caps no
    /// number.
    pub fn allows(&self, total: u64) -> bool {
        match self {
            Self::Max(max) => total <= *max,
            Self::Unlimited | Self::Names(_) => true,
        }
    }

    /// Whether the limit admits this name. A number admits none.
    pub fn allows_name(&self, name: &str) -> bool {
        match self {
            Self::Unlimited => true,
            Self::Names(names) => names.contains(name),
            Self::Max(_) => false,
        }
    }

    /// The cap in units, `None` for unlimited and for names.
    pub fn max(&self) -> Option<u64> {
        match self {
            Self::Max(max) => Some(*max),
            Self::Unlimited | Self::Names(_) => None,
        }
    }
}
