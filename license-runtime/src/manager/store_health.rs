//! Whether the store works, told once each way.

use std::{
    error::Error,
    sync::atomic::{AtomicBool, Ordering},
};

use license_core::{DenialCode, Warning, WarningLevel};

use crate::store::{StoreError, StoreErrorKind};

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

    /// Whether it fails because it was replaced: only a new start helps.
    pub(super) fn is_replaced(&self) -> bool {
        self.replaced.load(Ordering::Relaxed)
    }

    fn cannot_be_written(&self) -> bool {
        self.unwritable.load(Ordering::Relaxed)
    }

    /// What administrators should know of it.
    pub(super) fn warning(&self) -> Option<Warning> {
        let (variant, text) = if self.cannot_be_written() {
            (
                "unwritable",
                "The license state cannot be saved (store_unavailable). The service goes on; check the \
             disk or database.",
            )
        } else if self.unreadable.load(Ordering::Relaxed) {
            (
                "unreadable",
                "The license store cannot be read (store_unavailable). The service goes on; check the \
             disk or database.",
            )
        } else {
            return None;
        };
        let code = DenialCode::StoreUnavailable.as_str();
        Some(Warning::new(code, WarningLevel::Warning, text).variant(variant))
    }
}
