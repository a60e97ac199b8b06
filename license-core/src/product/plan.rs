//! What a license of a plan means where its claims are silent, and what such
//! a license must and must not carry.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::license::Limit;

/// One plan of a product.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub(crate) features: Option<BTreeSet<String>>,
    pub(crate) limits: BTreeMap<String, Limit>,
    pub(crate) withheld: BTreeSet<String>,
    pub(crate) machine: Presence,
    pub(crate) domain: Presence,
}

/// Whether a license of a plan carries a binding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Presence {
    /// It may.
    #[default]
    Optional,
    /// It must.
    Required,
    /// It must not.
    Forbidden,
}

impl Plan {
    /// A plan that says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The features of a license that lists none itself.
    #[must_use]
    pub fn features<I: Into<String>>(mut self, features: impl IntoIterator<Item = I>) -> Self {
        self.features = Some(features.into_iter().map(Into::into).collect());
        self
    }

    /// A limit of a license that does not name it itself.
    #[must_use]
    pub fn limit(mut self, name: impl Into<String>, limit: Limit) -> Self {
        self.limits.insert(name.into(), limit);
        self
    }

    /// Features that a license of this plan never grants, listed or not.
    #[must_use]
    pub fn withheld<I: Into<String>>(mut self, features: impl IntoIterator<Item = I>) -> Self {
        self.withheld = features.into_iter().map(Into::into).collect();
        self
    }

    /// Whether its licenses are bound to a machine.
    #[must_use]
    pub fn machine(mut self, presence: Presence) -> Self {
        self.machine = presence;
        self
    }

    /// Whether its licenses are bound to a domain.
    #[must_use]
    pub fn domain(mut self, presence: Presence) -> Self {
        self.domain = presence;
        self
    }

    /// Whether its licenses are bound to a machine, as
    /// [`machine`](Self::machine) has set it.
    pub fn machine_presence(&self) -> Presence {
        self.machine
    }

    /// Whether its licenses are bound to a domain, as [`domain`](Self::domain)
    /// has set it.
    pub fn domain_presence(&self) -> Presence {
        self.domain
    }
}
