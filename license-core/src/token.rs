//! The token: a compact JWS (RFC 7515), checked as far as it can be without
//! a key.
//!
//! The rules are stricter than the RFC, so that there is one spelling of
//! everything: canonical base64url, three parts, and a header of `alg`,
//! `typ` and `kid` alone. Whatever asks a reader to fetch, decompress or
//! trust something (`jku`, `jwk`, `x5c`, `crit`, `b64`, `zip`, …) is
//! refused unread.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    install_error::{InstallError, InstallErrorKind},
    json,
};

/// A license in its transport form: a well-formed compact JWS whose signature
/// nobody has looked at yet.
///
/// `Debug` shows nothing of the content.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    header: TokenHeader,
    /// Where the first and the second dot stand.
    dots: [usize; 2],
}

/// The three members a token's header may have. They are not covered by any
/// check yet: treat them as written by a stranger, and never log them.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenHeader {
    pub(crate) alg: String,
    pub(crate) typ: Option<String>,
    pub(crate) kid: Option<String>,
}

/// A license's identity: SHA-256 of `header "." payload`.
///
/// The token's text is no identity: from one ECDSA signature anybody can
/// compute a second valid one for the same license. Shown, and read, as 64
/// hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

/// A text was not 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a digest of 64 hexadecimal digits")]
pub struct ParseTokenDigestError(());

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

/// The `typ` of every token made here.
pub(crate) const LICENSE_JWT: &str = "license+jwt";
/// Characters in a `kid`.
pub(crate) const MAX_KID_CHARS: usize = 64;

impl Token {
    /// The longest accepted token, in bytes, white space around it aside.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Reads a token as it came: from a file, a request body, the environment.
    /// ASCII white space at both ends is ignored.
    ///
    /// # Errors
    ///
    /// [`TokenTooLarge`](InstallErrorKind::TokenTooLarge) before anything else
    /// is looked at; otherwise
    /// [`TokenMalformed`](InstallErrorKind::TokenMalformed).
    pub fn parse(bytes: &[u8]) -> Result<Self, InstallError> {
        let bytes = bytes.trim_ascii();
        if bytes.len() > Self::MAX_BYTES {
            return Err(InstallErrorKind::TokenTooLarge.into());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => text,
            _ => return Err(malformed("the token holds bytes that are not ASCII")),
        };
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("a token has exactly three parts"));
        };
        let decoded = decode(header)?;
        decode(payload)?;
        decode(signature)?;
        Ok(Self {
            header: TokenHeader::from_json(&decoded)?,
            dots: [header.len(), header.len() + 1 + payload.len()],
            text: text.to_owned(),
        })
    }

    /// The compact text, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The header, unverified.
    pub const fn header(&self) -> &TokenHeader {
        &self.header
    }

    /// What the signature covers: `header "." payload`.
    pub fn signing_input(&self) -> &str {
        self.text.get(..self.dots[1]).unwrap_or_default()
    }

    /// The identity of the license in this token.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.signing_input()).into())
    }

    /// Checks the header's `typ`.
    ///
    /// # Errors
    ///
    /// [`TokenMalformed`](InstallErrorKind::TokenMalformed) when it is not
    /// one that `wanted` accepts.
    pub fn check_type(&self, wanted: TokenType) -> Result<(), InstallError> {
        let accepted = match (wanted, self.header.typ.as_deref()) {
            (_, Some(LICENSE_JWT)) => true,
            (TokenType::LicenseJwt, _) => false,
            (TokenType::Any, typ) => matches!(typ, None | Some("JWT")),
        };
        if accepted { Ok(()) } else { Err(malformed("the header's `typ` is not a license's")) }
    }

    /// The payload, **without looking at the signature**: anybody can have
    /// written it. For showing a file to a person, never for a decision.
    ///
    /// # Errors
    ///
    /// [`ClaimsInvalid`](InstallErrorKind::ClaimsInvalid) when it is not one
    /// JSON object without duplicate members.
    pub fn dangerous_unverified_claims(&self) -> Result<Map<String, Value>, InstallError> {
        payload_object(&self.decoded_payload()?)
    }

    /// The encoded payload.
    pub(crate) fn payload(&self) -> &str {
        self.text.get(self.dots[0] + 1..self.dots[1]).unwrap_or_default()
    }

    /// The encoded signature.
    #[cfg(any(feature = "issue", test))]
    pub(crate) fn signature(&self) -> &str {
        self.text.get(self.dots[1] + 1..).unwrap_or_default()
    }

    /// The decoded payload.
    pub(crate) fn decoded_payload(&self) -> Result<Vec<u8>, InstallError> {
        decode(self.payload())
    }
}

/// Reads a decoded payload.
pub(crate) fn payload_object(payload: &[u8]) -> Result<Map<String, Value>, InstallError> {
    json::object(payload).map_err(|error| {
        InstallError::because(InstallErrorKind::ClaimsInvalid, format_args!("the payload: {error}"))
    })
}

/// Decodes one part: base64url without padding, unused bits zero.
fn decode(part: &str) -> Result<Vec<u8>, InstallError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| malformed("a part is not canonical base64url without padding"))
}

fn malformed(what: impl fmt::Display) -> InstallError {
    InstallError::because(InstallErrorKind::TokenMalformed, what)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl FromStr for Token {
    type Err = InstallError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

impl TokenHeader {
    fn from_json(bytes: &[u8]) -> Result<Self, InstallError> {
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

impl TokenDigest {
    /// The digest from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest({self})")
    }
}

impl FromStr for TokenDigest {
    type Err = ParseTokenDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ParseTokenDigestError(()))?;
        Ok(Self(bytes))
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = {
    assert_send_sync::<Token>();
};
