//! A verified license together with the token that carries it.

use crate::{
    license::{License, Term},
    policy::{Phase, Policy},
    time::Timestamp,
    token::{Token, TokenDigest},
};

/// A license whose signature, claims and domain pattern were verified, with
/// its token. Only a [`Verifier`](crate::Verifier) makes one.
#[derive(Clone, Debug)]
pub struct Verified {
    pub(crate) license: License,
    pub(crate) token: Token,
    pub(crate) digest: TokenDigest,
}

impl Verified {
    /// The license.
    pub fn license(&self) -> &License {
        &self.license
    }

    /// The token, to be stored.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The license's identity: two tokens with one digest carry the same
    /// license, whatever their signatures.
    pub fn digest(&self) -> TokenDigest {
        self.digest
    }
}

impl Term {
    /// The phase of a license of this term at `now`, by a clock that is
    /// trusted. The machine and the domain play no part.
    pub fn phase_at(&self, policy: &Policy, now: Timestamp) -> Phase {
        self.phase(policy, now, now)
    }

    /// The phase of a license of this term, whose beginning is judged on
    /// `begun` and whose end on `judged`; they differ only where several
    /// instances have to agree about a beginning.
    pub(crate) fn phase(&self, policy: &Policy, begun: Timestamp, judged: Timestamp) -> Phase {
        if judged >= self.grace_ends_at(policy) {
            Phase::Lapsed
        } else if self.has_ended(judged) {
            Phase::Grace
        } else if !self.has_begun(begun) {
            Phase::Scheduled
        } else if judged >= self.warns_at(policy) {
            Phase::Expiring
        } else {
            Phase::Active
        }
    }

    /// The moments at which the phase changes, in order.
    pub(crate) fn transitions(&self, policy: &Policy) -> impl Iterator<Item = Timestamp> + use<> {
        let ends = [self.warns_at(policy), self.expires_at, self.grace_ends_at(policy)];
        self.not_before.into_iter().chain(ends)
    }
}
