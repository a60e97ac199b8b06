//! The rules by which requests are refused.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::restriction::Restriction;

/// One rule of a [`Policy`](crate::Policy), to be enforced or, in
/// [shadow](crate::Policy::shadow), only observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rule {
    /// Gated features: those that are not granted, and all of them under
    /// restriction `features`.
    Features,
    /// Changes under restriction `read-only`.
    ReadOnly,
    /// The whole service under restriction `everything`.
    Everything,
    /// The licensed domain.
    Domain,
    /// Seats, quotas, connected hosts and lists of names.
    Limits,
}

impl Rule {
    /// The name in a profile.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::ReadOnly => "read-only",
            Self::Everything => "everything",
            Self::Domain => "domain",
            Self::Limits => "limits",
        }
    }

    /// The rule that carries out a restriction; `None` where nothing is
    /// refused.
    pub(crate) const fn of(restriction: Restriction) -> Option<Self> {
        match restriction {
            Restriction::Advisory => None,
            Restriction::Features => Some(Self::Features),
            Restriction::ReadOnly => Some(Self::ReadOnly),
            Restriction::Everything => Some(Self::Everything),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
