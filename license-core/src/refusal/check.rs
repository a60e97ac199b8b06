//! What is looked at when a license is judged, or a service that runs by one.

use std::fmt;

use serde::Serialize;

/// One thing that is looked at, in the order of cause and effect: what fails
/// may be the reason for what fails after it, never the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Check {
    /// The service itself works.
    Service,
    /// The store can be read and written.
    Store,
    /// The system clock is set, and was not moved back.
    Clock,
    /// The system clock agrees with the database's.
    DatabaseClock,
    /// The file, variable or flag that decides is the right one.
    Source,
    /// A license file follows what happens to it outside.
    Mount,
    /// There is a license.
    License,
    /// It is a token, and whole.
    Form,
    /// The header's `typ`.
    Type,
    /// Its key is trusted, and used with its own algorithm.
    Key,
    /// The signature.
    Signature,
    /// Who issued it.
    Issuer,
    /// Which product it is for.
    Audience,
    /// The claims that every license of the product has.
    Claims,
    /// What the product demands of licenses of that plan.
    Plan,
    /// The machine it is bound to.
    Machine,
    /// When it begins and ends.
    Term,
    /// How old it may be when it is installed.
    Freshness,
    /// The domain it is bound to, and the host in use.
    Domain,
    /// It is no older than what was accepted before.
    Order,
    /// Alerts reach people.
    Mail,
}

impl Check {
    /// Every check, in order.
    pub const ALL: [Self; 21] = [
        Self::Service,
        Self::Store,
        Self::Clock,
        Self::DatabaseClock,
        Self::Source,
        Self::Mount,
        Self::License,
        Self::Form,
        Self::Type,
        Self::Key,
        Self::Signature,
        Self::Issuer,
        Self::Audience,
        Self::Claims,
        Self::Plan,
        Self::Machine,
        Self::Term,
        Self::Freshness,
        Self::Domain,
        Self::Order,
        Self::Mail,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Store => "store",
            Self::Clock => "clock",
            Self::DatabaseClock => "database_clock",
            Self::Source => "source",
            Self::Mount => "mount",
            Self::License => "license",
            Self::Form => "form",
            Self::Type => "type",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Plan => "plan",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Machine => "machine",
            Self::Term => "term",
            Self::Freshness => "freshness",
            Self::Domain => "domain",
            Self::Order => "order",
            Self::Mail => "mail",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_in_json_and_the_list_is_in_order() {
        assert!(Check::ALL.is_sorted());
        for check in Check::ALL {
            assert_eq!(serde_json::to_value(check).unwrap(), check.as_str());
        }
    }
}
