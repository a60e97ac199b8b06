//! The header of a token.

use std::fmt;

use serde_json::Value;

use super::{MAX_KID_CHARS, json, malformed};
use crate::refusal::InstallError;

/// The three members a token's header may have. They are not covered by any
/// check yet: treat them as written by a stranger, and never log them.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenHeader {
    pub(crate) alg: String,
    pub(crate) typ: Option<String>,
    pub(crate) kid: Option<String>,
}

/// Which `typ` a verifier asks for.
///
/// The comparison is exact, upper and lower case included, and the long form
/// `application/license+jwt` is another type: an issuer has one spelling to
/// get right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenType {
    /// `license+jwt` and nothing else.
    #[default]
    LicenseJwt,
    /// `license+jwt`, `JWT`, or no `typ` at all, for tokens from another
    /// issuer's tools.
    Any,
}

impl TokenHeader {
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, InstallError> {
        let members =
            json::object(bytes).map_err(|error| malformed(format_args!("the header: {error}")))?;
        let (mut alg, mut typ, mut kid) = (None, None, None);
        for (name, value) in members {
            let member = match name.as_str() {
                "alg" => &mut alg,
                "typ" => &mut typ,
                "kid" => &mut kid,
                _ => {
                    return Err(malformed(
                        "the header has a member other than `alg`, `typ`, `kid`",
                    ));
                }
            };
            match value {
                Value::String(text) => *member = Some(text),
                _ => return Err(malformed("a member of the header is not a string")),
            }
        }
        if kid.as_ref().is_some_and(|kid| kid.chars().count() > MAX_KID_CHARS) {
            return Err(malformed("the header's `kid` has more than 64 characters"));
        }
        match alg {
            Some(alg) if !alg.is_empty() => Ok(Self { alg, typ, kid }),
            _ => Err(malformed("the header names no `alg`")),
        }
    }

    /// The algorithm the token claims to be signed with.
    pub fn alg(&self) -> &str {
        &self.alg
    }

    /// The type, when there is one.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The name of the signing key, when there is one; at most 64 characters.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

impl fmt::Debug for TokenHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenHeader").finish_non_exhaustive()
    }
}
