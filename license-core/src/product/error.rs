//! What is wrong with a profile.

/// A profile that is not accepted. The message names the member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("product profile: {message}")]
pub struct ProductError {
    message: String,
}

impl ProductError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}
