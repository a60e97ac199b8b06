//! A verified license together with the token that carries it.

use crate::{
    license::License,
    token::{Token, TokenDigest},
};

/// A license whose signature, claims and domain pattern were verified, with
/// its token. Only a [`Verifier`](crate::Verifier) makes one.
#[derive(Clone, Debug)]
pub struct VerifiedLicense {
    pub(crate) license: License,
    pub(crate) token: Token,
    pub(crate) digest: TokenDigest,
}

impl VerifiedLicense {
    /// What the rules say of a license like this one is asked with it; it is nobody's and
    /// goes nowhere else.
    pub(crate) fn assumed(license: License) -> Self {
        let token = Token::none();
        Self { license, digest: token.digest(), token }
    }

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
