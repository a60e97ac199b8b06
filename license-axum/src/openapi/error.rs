//! Why a document is not annotated.

use crate::coverage::Gaps;

/// A document that is not to be annotated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It and the coverage disagree.
    #[error(transparent)]
    Gaps(#[from] Gaps),
    /// It is not written or read as JSON.
    #[error("the document is no OpenAPI document")]
    Form(#[source] serde_json::Error),
}
