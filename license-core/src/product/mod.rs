//! What makes one product differ from another, as data.

mod builder;
mod dialect;
mod error;
mod known_features;
mod messages;
mod pages;
mod plan;
mod profile;
mod template;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use builder::ProductBuilder;
pub use dialect::{Claim, Dialect, UnknownClaim};
pub use error::ProductError;
pub use known_features::UnknownFeatures;
pub(crate) use messages::{INSTALLED, Messages};
pub use messages::{LogLevel, LogLine, Message, SourceFailure};
pub use pages::{Colors, Contact, Pages};
pub use plan::{Plan, Presence};
pub(crate) use template::Facts;

use crate::{
    key::Algorithm,
    license::{Limit, LimitKind},
    machine::MachineScheme,
    policy::Policy,
    token::TokenType,
};

/// A product profile. Immutable and cheap to clone.
///
/// A [`Product`] names the issuer and audience of its licenses, the
/// algorithms it accepts, where the claims stand (its [dialect](Dialect)),
/// its [policy](crate::Policy), and the features, limits and plans it knows.
/// The service embeds it, the operator's program reads the same file.
///
/// ```
/// use license_core::{Product, Restriction};
///
/// let product = Product::from_toml(r#"
///     name = "acme"
///     issuer = "https://acme.example"
///     audience = "acme-server"
///     algorithms = ["ES256"]
///
///     [policy]
///     grace = "14d"
///     lapsed = "read-only"
///     shadow = ["limits"]         # only observed: see Policy::shadow
///
///     [features]
///     sso = "Single sign-on"
///
///     [limits]
///     users = { kind = "seats" }
///     tenants = { kind = "seats", default = "unlimited" }     # else 0 where a license is silent
///
///     [[messages]]                # log lines in the product's own words: see Message
///     on = "installed"
///     level = "info"
///     text = "licensed until {last_day}"
/// "#)?;
/// assert_eq!(product.audience(), "acme-server");
/// # Ok::<(), license_core::product::ProductError>(())
/// ```
///
/// A product can be built in code as well:
///
/// ```
/// use std::time::Duration;
/// use license_core::{Policy, Product, Restriction, license::LimitKind};
///
/// let product = Product::builder("acme", "https://acme.example", "acme-server")
///     .policy(Policy::new().grace(Duration::from_secs(14 * 86_400)).lapsed(Restriction::ReadOnly))
///     .feature("sso", "Single sign-on")
///     .limit("users", LimitKind::Seats)
///     .build()?;
/// # Ok::<(), license_core::product::ProductError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Product(Arc<Profile>);

#[derive(Clone, Debug)]
struct Profile {
    name: String,
    issuer: String,
    audience: String,
    token_type: TokenType,
    algorithms: Vec<Algorithm>,
    min_rsa_bits: usize,
    machine: Vec<MachineScheme>,
    dialect: Dialect,
    policy: Policy,
    features: BTreeMap<String, String>,
    limits: BTreeMap<String, LimitKind>,
    limit_defaults: BTreeMap<String, Limit>,
    plans: BTreeMap<String, Plan>,
    known_plans_only: bool,
    messages: Messages,
    contact: Contact,
    pages: Pages,
}

impl Product {
    /// Reads a profile; docs/profile.md has every member.
    ///
    /// # Errors
    ///
    /// An unknown member, a missing one or a value out of bounds; the message
    /// names it.
    pub fn from_toml(text: &str) -> Result<Self, ProductError> {
        profile::read(text)
    }

    /// Starts a profile in code.
    pub fn builder(
        name: impl Into<String>,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> ProductBuilder {
        ProductBuilder::new(name.into(), issuer.into(), audience.into())
    }

    /// The product's short name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The `iss` of its licenses.
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The `aud` of its licenses; also the product id in machine fingerprints.
    pub fn audience(&self) -> &str {
        &self.0.audience
    }

    /// Which `typ` its tokens may carry.
    pub fn token_type(&self) -> TokenType {
        self.0.token_type
    }

    /// The signature algorithms it accepts.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.0.algorithms
    }

    /// The smallest RSA key it accepts, in bits.
    pub fn min_rsa_bits(&self) -> usize {
        self.0.min_rsa_bits
    }

    /// By what its machines are known, in order: the first that a machine has
    /// is what it is called. A license for any of them is for the machine.
    pub fn machine_ladder(&self) -> &[MachineScheme] {
        &self.0.machine
    }

    /// Where its claims stand.
    pub fn dialect(&self) -> &Dialect {
        &self.0.dialect
    }

    /// What it makes of the phases of a license.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// The features it knows, with a title for people.
    pub fn features(&self) -> &BTreeMap<String, String> {
        &self.0.features
    }

    /// The limits it knows.
    pub fn limits(&self) -> &BTreeMap<String, LimitKind> {
        &self.0.limits
    }

    /// What a limit is where neither a license nor its plan names it: 0, or no
    /// name, unless the profile gives another default.
    pub fn limit_default(&self, name: &str) -> Limit {
        let nothing = || match self.0.limits.get(name) {
            Some(LimitKind::Names) => Limit::Names(BTreeSet::new()),
            _ => Limit::Max(0),
        };
        self.0.limit_defaults.get(name).cloned().unwrap_or_else(nothing)
    }

    /// Whether every limit it knows has a default of its own.
    pub(crate) fn has_limit_defaults(&self) -> bool {
        self.0.limits.keys().all(|name| self.0.limit_defaults.contains_key(name))
    }

    /// Its plans.
    pub fn plans(&self) -> &BTreeMap<String, Plan> {
        &self.0.plans
    }

    /// Whether a license of a plan that is not listed is refused.
    pub fn known_plans_only(&self) -> bool {
        self.0.known_plans_only
    }

    /// Whom its customers ask for a license.
    pub fn contact(&self) -> &Contact {
        &self.0.contact
    }

    /// How its license pages look and what they say.
    pub fn pages(&self) -> &Pages {
        &self.0.pages
    }

    /// What it logs about its license.
    pub(crate) fn messages(&self) -> &Messages {
        &self.0.messages
    }
}
