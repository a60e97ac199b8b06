//! Why a store did not do what it was asked.

use std::{error::Error, fmt};

use license_core::{InstallError, InstallErrorKind};

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
    /// What keeps it was changed or replaced by somebody else while this process
    /// has it open, and is written no more: the service has to be started again.
    Replaced,
    /// Somebody else has changed the license since it was read.
    Conflict,
    /// What it holds cannot be read.
    Corrupt,
    /// What it holds was written by another version of this program.
    Incompatible,
    /// Another process has it, and only one can.
    InUse,
}

/// What an administrator is told who installs into a store that was replaced.
const REPLACED: &str = "The license could not be stored and was not installed; the one in force \
    is unchanged. The license store was changed or replaced while the service runs, and nothing \
    more is written to it. Start the service again, which goes on with what the store holds now, \
    then try again.";

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

/// The refusal of an installation that the store could not keep.
impl From<StoreError> for InstallError {
    fn from(error: StoreError) -> Self {
        let is_replaced = error.kind == StoreErrorKind::Replaced;
        let refusal = Self::new(InstallErrorKind::StoreUnavailable).with_source(error);
        if is_replaced { refusal.with_detail(REPLACED) } else { refusal }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Unavailable => "the license store cannot be reached or written",
            StoreErrorKind::Replaced => {
                "the license store was changed or replaced by somebody else while the service runs"
            }
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
