//! Why a machine's identity cannot be read.

use std::{error::Error, fmt};

/// This machine's identity cannot be read. Holds no part of any id.
#[derive(Debug)]
pub struct ReadMachineIdError {
    kind: ReadMachineIdErrorKind,
    message: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What has to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadMachineIdErrorKind {
    /// What the system has cannot be read or is no id.
    Unreadable,
    /// What the operator set is no id, or contradicts itself. Nothing takes its
    /// place until that is mended.
    Misconfigured,
    /// The service's store keeps the id, and nobody else has it.
    InStore,
    /// The operator has set none.
    NotSet,
}

impl ReadMachineIdError {
    pub(super) fn new(kind: ReadMachineIdErrorKind, message: &'static str) -> Self {
        Self { kind, message, source: None }
    }

    pub(crate) fn unreadable() -> Self {
        Self::new(ReadMachineIdErrorKind::Unreadable, "this machine's identity cannot be read")
    }

    #[must_use]
    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What it comes from, in words; of what the operator set, which setting it
    /// is as well.
    pub fn reason(&self) -> String {
        match &self.source {
            Some(source) if self.kind == ReadMachineIdErrorKind::Misconfigured => {
                format!("{}: {source}", self.message)
            }
            Some(source) => source.to_string(),
            None => self.message.to_owned(),
        }
    }

    /// What has to be done about it.
    pub fn kind(&self) -> ReadMachineIdErrorKind {
        self.kind
    }
}

impl fmt::Display for ReadMachineIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)
    }
}

impl Error for ReadMachineIdError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<ReadMachineIdError>();
