//! Why a request is refused, as a code that stays.

use std::{borrow::Cow, fmt, str::FromStr};

use super::delivery::Delivery;

/// Why a request is refused: the stable code of a [`Denial`](super::Denial).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DenialCode {
    /// No license is installed.
    LicenseMissing,
    /// The license has expired, and its grace is over.
    LicenseExpired,
    /// The license begins later.
    LicenseNotYetValid,
    /// The stored license does not verify.
    LicenseInvalid,
    /// The stored state was unreadable.
    StateCorrupt,
    /// The license is bound to another machine.
    MachineMismatch,
    /// The machine's identity cannot be read.
    FingerprintUnavailable,
    /// The clock was moved back.
    ClockRolledBack,
    /// The clock is not set.
    ClockNotSet,
    /// A granted feature, past grace.
    FeatureLapsed,
    /// A feature that the license does not grant.
    FeatureNotLicensed,
    /// A change, while only reading is allowed.
    ReadOnly,
    /// The host is not in the licensed domain.
    DomainMismatch,
    /// No host, several, or a malformed one.
    HostInvalid,
    /// Seats, a quota or a list of names is exhausted.
    LimitReached,
    /// As many hosts as allowed are connected.
    ConcurrentHostLimitReached,
    /// Cannot be decided or kept without the store.
    StoreUnavailable,
}

/// A text was not the code of a denial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the code of a denial")]
pub struct UnknownDenialCode(());

impl DenialCode {
    /// Every code.
    pub const ALL: [Self; 17] = [
        Self::LicenseMissing,
        Self::LicenseExpired,
        Self::LicenseNotYetValid,
        Self::LicenseInvalid,
        Self::StateCorrupt,
        Self::MachineMismatch,
        Self::FingerprintUnavailable,
        Self::ClockRolledBack,
        Self::ClockNotSet,
        Self::FeatureLapsed,
        Self::FeatureNotLicensed,
        Self::ReadOnly,
        Self::DomainMismatch,
        Self::HostInvalid,
        Self::LimitReached,
        Self::ConcurrentHostLimitReached,
        Self::StoreUnavailable,
    ];

    /// The code as it stands in response bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LicenseMissing => "license_missing",
            Self::LicenseExpired => "license_expired",
            Self::LicenseNotYetValid => "license_not_yet_valid",
            Self::LicenseInvalid => "license_invalid",
            Self::StateCorrupt => "state_corrupt",
            Self::MachineMismatch => "machine_mismatch",
            Self::FingerprintUnavailable => "fingerprint_unavailable",
            Self::ClockRolledBack => "clock_rolled_back",
            Self::ClockNotSet => "clock_not_set",
            Self::FeatureLapsed => "feature_lapsed",
            Self::FeatureNotLicensed => "feature_not_licensed",
            Self::ReadOnly => "read_only",
            Self::DomainMismatch => "domain_mismatch",
            Self::HostInvalid => "host_invalid",
            Self::LimitReached => "limit_reached",
            Self::ConcurrentHostLimitReached => "concurrent_host_limit_reached",
            Self::StoreUnavailable => "store_unavailable",
        }
    }

    /// The status unless the product chooses another. For a code of the
    /// license itself it is the one of restriction `Everything`; a gated
    /// feature is refused with 402 instead.
    pub const fn default_status(self) -> u16 {
        match self {
            Self::FeatureLapsed | Self::ReadOnly | Self::LimitReached => 402,
            Self::FeatureNotLicensed | Self::DomainMismatch => 403,
            Self::HostInvalid => 400,
            Self::ConcurrentHostLimitReached => 409,
            _ => 503,
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::LicenseMissing => "No license is installed",
            Self::LicenseExpired => "The license has expired",
            Self::LicenseNotYetValid => "The license is not valid yet",
            Self::LicenseInvalid => "The installed license is not valid",
            Self::StateCorrupt => "The license state was unreadable",
            Self::MachineMismatch => "Licensed for another machine",
            Self::FingerprintUnavailable => "This machine's identity cannot be read",
            Self::ClockRolledBack => "The system clock was moved back",
            Self::ClockNotSet => "The system clock is not set",
            Self::FeatureLapsed => "The license for this feature has lapsed",
            Self::FeatureNotLicensed => "Feature not licensed",
            Self::ReadOnly => "Read-only until the license is renewed",
            Self::DomainMismatch => "License domain mismatch",
            Self::HostInvalid => "Host missing or malformed",
            Self::LimitReached => "License limit reached",
            Self::ConcurrentHostLimitReached => "Concurrent host limit reached",
            Self::StoreUnavailable => "The license store is not available",
        }
    }

    pub(super) const fn detail(self) -> &'static str {
        match self {
            Self::LicenseMissing => "No license is installed on this service.",
            Self::LicenseExpired => "The license of this service has expired.",
            Self::LicenseNotYetValid => "The license of this service begins later.",
            Self::LicenseInvalid => "The installed license could not be verified.",
            Self::StateCorrupt => {
                "The stored license state was unreadable and has been kept aside."
            }
            Self::MachineMismatch => {
                "The license is bound to another machine, or the machine identity changed."
            }
            Self::FingerprintUnavailable => {
                "The license is bound to a machine, and this machine's identity cannot be read."
            }
            Self::ClockRolledBack => "The system clock was moved back by more than a day.",
            Self::ClockNotSet => "The system clock shows a time that cannot be.",
            Self::FeatureLapsed => "The license that grants this feature has lapsed.",
            Self::FeatureNotLicensed => {
                "The license of this service does not include this feature."
            }
            Self::ReadOnly => "The license has lapsed: reading goes on, changes are refused.",
            Self::DomainMismatch => {
                "License domain mismatch: this host name is not covered by the license."
            }
            Self::HostInvalid => {
                "The request must name exactly one well-formed host; the license binds a domain."
            }
            Self::LimitReached => "The license allows no more of these.",
            Self::ConcurrentHostLimitReached => {
                "As many hosts as the license allows are connected: concurrent host limit reached."
            }
            Self::StoreUnavailable => "The license store cannot be reached right now.",
        }
    }

    pub(super) fn remedy(self, delivery: Delivery) -> Cow<'static, str> {
        let replace = match delivery {
            Delivery::Upload => "install",
            Delivery::File => "replace the license file with",
            Delivery::Start => "start the service again with",
        };
        match self {
            Self::LicenseMissing if delivery == Delivery::File => {
                "An administrator can put a license where the service looks for its license file."
                    .into()
            }
            Self::LicenseMissing => format!("An administrator can {replace} a license.").into(),
            Self::LicenseExpired | Self::FeatureLapsed | Self::ReadOnly => {
                format!("An administrator can {replace} a renewed license.").into()
            }
            Self::LicenseNotYetValid => {
                format!("Wait until the license begins, or {replace} one that is valid now.").into()
            }
            Self::LicenseInvalid | Self::StateCorrupt => {
                format!("An administrator can {replace} a license as the vendor issued it.").into()
            }
            Self::MachineMismatch => format!(
                "An administrator can download machine info, send it to the vendor and {replace} \
                 the license issued for it."
            )
            .into(),
            Self::FingerprintUnavailable => {
                "Make the machine id readable to the service (Linux: /etc/machine-id).".into()
            }
            Self::ClockRolledBack => format!(
                "Set the system clock to the correct time; if it once ran ahead, an administrator \
                 can download machine info, send it to the vendor and {replace} a license that \
                 resets the clock mark."
            )
            .into(),
            Self::ClockNotSet => "Set the system clock to the correct time.".into(),
            Self::FeatureNotLicensed => {
                "Ask the vendor for a license that includes the feature.".into()
            }
            Self::DomainMismatch => {
                "Use a licensed host name, or ask the vendor for a license for this one.".into()
            }
            Self::HostInvalid => {
                "Send exactly one Host header with a host name; a trusted proxy has to send the \
                 one that names the host (such as X-Forwarded-Host)."
                    .into()
            }
            Self::LimitReached => "Free some, or ask the vendor for a larger license.".into(),
            Self::ConcurrentHostLimitReached => {
                "Disconnect a host, or ask the vendor for a larger license.".into()
            }
            Self::StoreUnavailable => "Try again shortly.".into(),
        }
    }
}

impl FromStr for DenialCode {
    type Err = UnknownDenialCode;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|known| known.as_str() == code).ok_or(UnknownDenialCode(()))
    }
}

impl fmt::Display for DenialCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
