//! Why a license was not made.

use std::fmt;

use crate::{
    key::{KeyError, SigningError},
    product::Claim,
    refusal::InstallError,
    verify::VerifierError,
};

/// Why a license was not made. Holds nothing of the key; names of features
/// and limits are those that the caller asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The product's verifier would refuse these claims.
    #[error("the product refuses such a license: {}", .0.reason())]
    Refused(InstallError),
    /// A plan that the product's profile does not list, where it takes no
    /// other.
    #[error("the product does not know the plan {0}")]
    UnknownPlan(Unknown),
    /// A feature that the product's profile does not list.
    #[error("the product does not know the feature {0}")]
    UnknownFeature(Unknown),
    /// A limit that the product's profile does not list.
    #[error("the product does not know the limit {0}")]
    UnknownLimit(Unknown),
    /// A feature to take away that the license does not list.
    #[error("the license does not list the feature {0}")]
    NotInLicense(Unknown),
    /// Facts that the product's licenses must have were not given; all of
    /// them.
    #[error("the product's licenses must have {}", claims(.0))]
    Missing(Vec<Claim>),
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
    #[error(
        "the key serves none of the algorithms that the product allows; make a pair with `license keygen --alg`"
    )]
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

/// A name that is not among those that are known. Shows all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unknown {
    /// What was asked for.
    pub name: String,
    /// What there is, in order.
    pub known: Vec<String>,
}

impl Unknown {
    pub(super) fn among<'a>(name: &str, known: impl IntoIterator<Item = &'a String>) -> Self {
        Self { name: name.to_owned(), known: known.into_iter().cloned().collect() }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, known } = self;
        match known.is_empty() {
            true => write!(f, "{name:?}; there is none"),
            false => write!(f, "{name:?}; there are: {}", known.join(", ")),
        }
    }
}

fn claims(claims: &[Claim]) -> String {
    let names: Vec<&str> = claims.iter().map(|claim| claim.as_str()).collect();
    names.join(", ")
}

impl IssueError {
    /// The stable code, where the license itself is what was refused; `None`
    /// where the key, the profile or the call is at fault.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.code()),
            Self::UnknownPlan(_)
            | Self::UnknownFeature(_)
            | Self::UnknownLimit(_)
            | Self::NotInLicense(_) => {
                Some(crate::refusal::InstallErrorKind::ClaimsInvalid.as_str())
            }
            _ => None,
        }
    }
}
