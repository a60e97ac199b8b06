//! Why a store did not do what it was asked.

use std::{error::Error, fmt};

/// A failure of a store. Holds no token.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be reached or written. Trying again may help.
    Unavailable,
    /// Somebody else has changed the license since it was read.
    Conflict,
    /// What it holds cannot be read.
    Corrupt,
    /// What it holds was written by another version of this program.
    Incompatible,
    /// Another process has it, and only one can.
    InUse,
}

impl StoreError {
    /// A failure of this kind.
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Keeps the error behind the failure, for the log. No token, no name may be
    /// in its text.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure it is.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl From<StoreErrorKind> for StoreError {
    fn from(kind: StoreErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the license store cannot be reached or written",
            StoreErrorKind::Conflict => "the license was changed by another instance",
            StoreErrorKind::Corrupt => "the license store holds what cannot be read",
            StoreErrorKind::Incompatible => {
                "the license store was written by another version of this program"
            }
            StoreErrorKind::InUse => {
                "another process uses the license store, and only one can: end it first (in \
                 Kubernetes by the strategy Recreate), or give all instances one PostgreSQL \
                 database"
            }
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
