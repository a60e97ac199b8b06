//! Whether the store works, told once each way.

use std::{
    error::Error,
    sync::atomic::{AtomicBool, Ordering},
};

use license_core::{DenialCode, Warning, WarningLevel};

use crate::store::{StoreError, StoreErrorKind};

/// How a store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreFailure {
    /// It cannot be written, whether or not it can be read.
    Unwritable,
    /// It cannot be read.
    Unreadable,
    /// Somebody else has changed it: only a new start helps.
    Replaced,
}

/// What failed last. A full disk can be read; a store that cannot even be
/// read needs no second complaint.
#[derive(Debug, Default)]
pub(super) struct StoreHealth {
    unreadable: AtomicBool,
    unwritable: AtomicBool,
    replaced: AtomicBool,
}

impl StoreHealth {
    /// It could not be read.
    pub(super) fn read_failed(&self, error: &StoreError) {
        self.note(error);
        #[cfg(feature = "metrics")]
        crate::metrics::store_failed();
        if !self.unreadable.swap(true, Ordering::Relaxed) && !self.cannot_be_written() {
            tracing::warn!(
                %error,
                cause = error.source(),
                "the license store cannot be read; the service goes on and tries again"
            );
        }
    }

    /// It was read.
    pub(super) fn was_read(&self) {
        if self.unreadable.swap(false, Ordering::Relaxed) && !self.cannot_be_written() {
            tracing::info!("the license store can be read again");
        }
    }

    /// It could not be written.
    pub(super) fn write_failed(&self, error: &StoreError) {
        self.note(error);
        #[cfg(feature = "metrics")]
        crate::metrics::store_failed();
        if !self.unwritable.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %error,
                cause = error.source(),
                "the license state could not be saved; the service goes on and tries again"
            );
        }
    }

    /// It was written.
    pub(super) fn was_written(&self) {
        self.replaced.store(false, Ordering::Relaxed);
        self.unreadable.store(false, Ordering::Relaxed);
        if self.unwritable.swap(false, Ordering::Relaxed) {
            tracing::info!("the license state is saved again");
        }
    }

    fn note(&self, error: &StoreError) {
        self.replaced.fetch_or(error.kind() == StoreErrorKind::Replaced, Ordering::Relaxed);
    }

    fn cannot_be_written(&self) -> bool {
        self.unwritable.load(Ordering::Relaxed)
    }

    /// How it fails, where it does.
    pub(super) fn failure(&self) -> Option<StoreFailure> {
        if self.replaced.load(Ordering::Relaxed) {
            Some(StoreFailure::Replaced)
        } else if self.cannot_be_written() {
            Some(StoreFailure::Unwritable)
        } else if self.unreadable.load(Ordering::Relaxed) {
            Some(StoreFailure::Unreadable)
        } else {
            None
        }
    }
}

impl StoreFailure {
    /// Of all the code, to programs.
    pub(super) const CODE: &str = DenialCode::StoreUnavailable.as_str();

    const fn variant(self) -> &'static str {
        match self {
            Self::Unwritable => "unwritable",
            Self::Unreadable => "unreadable",
            Self::Replaced => "replaced",
        }
    }

    /// What fails.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Unwritable => {
                "The license state cannot be saved (store_unavailable). The service goes on."
            }
            Self::Unreadable => {
                "The license store cannot be read (store_unavailable). The service goes on."
            }
            Self::Replaced => {
                "The license store was changed, replaced or deleted while the service runs, and \
                 nothing more is written to it (store_unavailable). The service goes on."
            }
        }
    }

    /// What helps.
    pub(super) const fn cure(self) -> &'static str {
        match self {
            Self::Unwritable | Self::Unreadable => {
                "Check the disk or database: its space, its permissions, the way to it."
            }
            Self::Replaced => {
                "Put back what belongs there, from a backup where it was deleted, and have the \
                 license at hand; then start the service again, which goes on with what the store \
                 holds now. Until then the license in force stays in force."
            }
        }
    }

    /// What administrators should know of it.
    pub(super) fn warning(self) -> Warning {
        let text = format!("{} {}", self.text(), self.cure());
        Warning::new(Self::CODE, WarningLevel::Warning, text).variant(self.variant())
    }
}
