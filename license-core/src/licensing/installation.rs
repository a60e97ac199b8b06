//! Who installs a license, what it comes to, and what is kept of it.

use std::{net::IpAddr, sync::Arc};

use crate::{
    decide::{Admission, Installed},
    report::Difference,
    time::{ClockMark, Timestamp},
    token::TokenDigest,
    verify::VerifiedLicense,
};

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

/// What a store keeps of the license state, for a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredState {
    /// The token of the installed license.
    pub current: Option<String>,
    /// The token of the waiting license.
    pub next: Option<String>,
    /// The newest `iat` ever accepted.
    pub newest_issued_at: Option<Timestamp>,
    /// The `iat` of the last license that reset the clock.
    pub last_reset: Option<Timestamp>,
    /// The clock guard's mark.
    pub clock: ClockMark,
}

/// An installation that was found admissible and is not carried out yet: what
/// to store, then what to [commit](crate::licensing::Control::commit).
#[derive(Clone, Debug)]
#[must_use]
pub struct Installation {
    pub(super) admission: Admission,
    pub(super) verified: Arc<VerifiedLicense>,
    pub(super) after: Installed,
    pub(super) reset: Option<Timestamp>,
    pub(super) clock: ClockMark,
    pub(super) difference: Difference,
}

impl StoredState {
    pub(super) fn of(installed: &Installed, clock: ClockMark) -> Self {
        let token =
            |it: &Option<Arc<VerifiedLicense>>| it.as_ref().map(|it| it.token.as_str().to_owned());
        Self {
            current: token(&installed.current),
            next: token(&installed.next),
            newest_issued_at: installed.newest_issued_at,
            last_reset: installed.last_reset,
            clock,
        }
    }
}

impl Installation {
    /// Whether it takes effect now, waits, or changes nothing.
    pub fn admission(&self) -> Admission {
        self.admission
    }

    /// The license.
    pub fn verified(&self) -> &VerifiedLicense {
        &self.verified
    }

    /// What it gains and loses against the license that counts now.
    pub fn difference(&self) -> &Difference {
        &self.difference
    }

    /// What is installed after it, given what is installed now.
    pub(super) fn installed_after(&self, held: &Installed) -> Installed {
        Installed { machine: held.machine.clone(), ..self.after.clone() }
    }

    /// The mark from which on the clock is trusted, where it is reset.
    pub(super) fn mark_after_reset(&self) -> Option<Timestamp> {
        self.reset
    }

    /// What the store is to keep.
    pub fn saved(&self) -> StoredState {
        StoredState::of(&self.after, self.clock)
    }
}
