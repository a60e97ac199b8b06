//! Why a license was not made.

use crate::{Claim, InstallError, KeyError, SigningError, VerifierError};

/// Why a license was not made. Holds nothing of the key; names of features
/// and limits are those that the caller asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The product's verifier would refuse these claims.
    #[error("the product refuses such a license: {}", .0.reason())]
    Refused(InstallError),
    /// A feature that the product's profile does not list.
    #[error(
        "the product does not know the feature {0:?}; correct it, or list it under `features` in \
         the profile"
    )]
    UnknownFeature(String),
    /// A limit that the product's profile does not list.
    #[error(
        "the product does not know the limit {0:?}; correct it, or list it under `limits` in the \
         profile"
    )]
    UnknownLimit(String),
    /// A fact that the product's licenses must have was not given.
    #[error("the product's licenses must have the claim `{}`", .0.name())]
    Missing(Claim),
    /// The profile places two claims at one place, or one inside a text.
    #[error("the profile places two claims at {0:?}")]
    Overlap(String),
    /// The dialect is code that only reads.
    #[error("the product's dialect is code, which can read claims but not write them")]
    UnsupportedDialect,
    /// The license to renew is dated after this machine's clock.
    #[error("the old license was issued in the future by this machine's clock; check the clock")]
    OldIsNewer,
    /// The key's type serves none of the product's algorithms.
    #[error("the key serves none of the algorithms that the product allows")]
    NoAlgorithm,
    /// The key cannot be used as asked.
    #[error("the signing key is not usable")]
    Key(#[from] KeyError),
    /// The product's verifiers would not trust the key.
    #[error("the product does not accept this signing key")]
    Verifier(#[from] VerifierError),
    /// Signing itself failed.
    #[error("the license could not be signed")]
    Signing(#[from] SigningError),
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    Random,
}

impl IssueError {
    /// The stable code, where the license itself is what was refused; `None`
    /// where the key, the profile or the call is at fault.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.code()),
            Self::UnknownFeature(_) | Self::UnknownLimit(_) => {
                Some(crate::InstallErrorKind::ClaimsInvalid.code())
            }
            _ => None,
        }
    }
}
