//! Why a limit gave nothing.

use std::{error::Error, fmt};

use license_core::{Denial, DenialCode, Licensing};

/// Why no seat or no use of a quota was given.
#[derive(Debug)]
#[non_exhaustive]
pub enum LimitError {
    /// The license does not allow it.
    Denied(Denial),
    /// It could not be decided, counted or kept: `store_unavailable`.
    Store {
        /// The answer for the client.
        denial: Denial,
        /// The story for the log.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl LimitError {
    pub(crate) fn store(
        licensing: &Licensing,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let denial = licensing.control().denial(DenialCode::StoreUnavailable);
        Self::Store { denial, source: source.into() }
    }

    /// The answer for the client.
    pub const fn denial(&self) -> &Denial {
        match self {
            Self::Denied(denial) | Self::Store { denial, .. } => denial,
        }
    }
}

impl From<Denial> for LimitError {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<LimitError> for Denial {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Denied(denial) | LimitError::Store { denial, .. } => denial,
        }
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.denial(), f)
    }
}

impl Error for LimitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Denied(_) => None,
            Self::Store { source, .. } => Some(&**source),
        }
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<LimitError>();
