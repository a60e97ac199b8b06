//! What a phase means for requests.

use serde::{Deserialize, Serialize};

/// What is refused while a license is not in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Restriction {
    /// Nothing is refused; administrators are warned.
    Advisory,
    /// Gated features are refused.
    Features,
    /// Changes are refused; reading goes on.
    ReadOnly,
    /// The whole service is refused, apart from recovery.
    Everything,
}

impl Restriction {
    /// Whether anything is refused at all.
    pub fn restricts(self) -> bool {
        self != Self::Advisory
    }
}
