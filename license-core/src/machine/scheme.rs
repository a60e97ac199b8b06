//! By what a machine is known.

use std::fmt;

use serde::{Deserialize, Serialize};

/// By what a machine is known: a rung of a product's ladder
/// ([`Product::machine_ladder`](crate::Product::machine_ladder)), and the second
/// part of a [`Fingerprint`](super::Fingerprint).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MachineScheme {
    /// An id that the operator sets. Whoever knows it can set it on any
    /// machine.
    Custom,
    /// An id that the service's store keeps; of a database that instances
    /// share, one for all. A copy of the store has the same.
    Installation,
    /// What the operating system has.
    MachineId,
}

impl MachineScheme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Custom, Self::Installation, Self::MachineId];

    /// The name, as it stands in a profile and in fingerprints.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Installation => "installation",
            Self::MachineId => "machine-id",
        }
    }
}

impl fmt::Display for MachineScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
