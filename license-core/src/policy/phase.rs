//! Where a license stands at a moment.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::refusal::DenialCode;

/// Where the installed license stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// No license is installed.
    Unlicensed,
    /// The only license installed begins later.
    Scheduled,
    /// Within its term.
    Active,
    /// Within its term, and within the warning window before its end.
    Expiring,
    /// Past its term, within grace: everything works, with warnings.
    Grace,
    /// Past its term and past grace.
    Lapsed,
    /// There is a license, and it cannot be trusted.
    Invalid(InvalidReason),
}

/// Why an installed license is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidReason {
    /// The stored token does not verify any more.
    LicenseInvalid,
    /// The stored state was unreadable and has been kept aside.
    StateCorrupt,
    /// It is bound to another machine.
    MachineMismatch,
    /// It is bound to a machine, and this machine's identity cannot be read.
    FingerprintUnavailable,
    /// The clock was moved back by more than a day.
    ClockRolledBack,
    /// The clock shows a time that cannot be.
    ClockNotSet,
}

impl Phase {
    /// Every name of a phase.
    pub const NAMES: [&str; 7] =
        ["unlicensed", "scheduled", "active", "expiring", "grace", "lapsed", "invalid"];

    /// Every phase.
    pub(crate) const ALL: [Self; 12] = [
        Self::Unlicensed,
        Self::Scheduled,
        Self::Active,
        Self::Expiring,
        Self::Grace,
        Self::Lapsed,
        Self::Invalid(InvalidReason::LicenseInvalid),
        Self::Invalid(InvalidReason::StateCorrupt),
        Self::Invalid(InvalidReason::MachineMismatch),
        Self::Invalid(InvalidReason::FingerprintUnavailable),
        Self::Invalid(InvalidReason::ClockRolledBack),
        Self::Invalid(InvalidReason::ClockNotSet),
    ];

    /// The phase as it stands in the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unlicensed => "unlicensed",
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Grace => "grace",
            Self::Lapsed => "lapsed",
            Self::Invalid(_) => "invalid",
        }
    }

    /// Whether the license grants what it says: in its term or in grace.
    pub const fn is_in_force(self) -> bool {
        matches!(self, Self::Active | Self::Expiring | Self::Grace)
    }

    /// The code of the denials of this phase; `None` while in force.
    pub const fn code(self) -> Option<DenialCode> {
        match self {
            Self::Active | Self::Expiring | Self::Grace => None,
            Self::Unlicensed => Some(DenialCode::LicenseMissing),
            Self::Scheduled => Some(DenialCode::LicenseNotYetValid),
            Self::Lapsed => Some(DenialCode::LicenseExpired),
            Self::Invalid(reason) => Some(reason.code()),
        }
    }
}

impl InvalidReason {
    /// The code of the denials of this reason.
    pub const fn code(self) -> DenialCode {
        match self {
            Self::LicenseInvalid => DenialCode::LicenseInvalid,
            Self::StateCorrupt => DenialCode::StateCorrupt,
            Self::MachineMismatch => DenialCode::MachineMismatch,
            Self::FingerprintUnavailable => DenialCode::FingerprintUnavailable,
            Self::ClockRolledBack => DenialCode::ClockRolledBack,
            Self::ClockNotSet => DenialCode::ClockNotSet,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Phase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
