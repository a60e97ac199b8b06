//! Who installs, and how.

use std::net::IpAddr;

use crate::token::TokenDigest;

/// Who installs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Actor {
    /// The administrator's name or address, as the product knows it. Kept in
    /// the audit history, never in a log.
    pub name: String,
    /// Where the request came from.
    pub address: Option<IpAddr>,
}

/// Who installs, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct InstallRequest {
    /// Who installs.
    pub actor: Actor,
    /// The host name by which the service is being used, if there is one.
    pub host: Option<String>,
    /// Install even if the license's domain locks this host out.
    pub force: bool,
    /// Install only the license of this digest, which a dry run has told.
    pub expect: Option<TokenDigest>,
}

impl Actor {
    /// An actor of this name, from this address.
    pub fn new(name: impl Into<String>, address: Option<IpAddr>) -> Self {
        Self { name: name.into(), address }
    }
}

impl InstallRequest {
    /// A request by an actor, without a host and without force.
    pub fn new(actor: Actor) -> Self {
        Self { actor, host: None, force: false, expect: None }
    }

    /// Names the host by which the service is being used.
    #[must_use]
    pub fn host(mut self, host: Option<String>) -> Self {
        self.host = host;
        self
    }

    /// Installs even if the license's domain locks this host out.
    #[must_use]
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Installs only the license of this digest.
    #[must_use]
    pub fn expect(mut self, digest: Option<TokenDigest>) -> Self {
        self.expect = digest;
        self
    }
}
