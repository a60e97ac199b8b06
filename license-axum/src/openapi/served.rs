//! The document of a service, served.

use std::{
    error::Error,
    sync::{Arc, OnceLock},
};

use axum::routing::MethodFilter;
use license_core::Licensing;
use serde::Serialize;
use serde_json::Value;

use super::DocumentError;
use crate::{
    Problem, Routes,
    coverage::{Asks, Coverage, Slot},
    json::json,
    routing::get_with,
};

/// `GET` of a document, with what the coverage has to say in it: that of all
/// routes, once [`enforce`](crate::enforce) has them.
///
/// It is for everybody, and stays open whatever is refused: a client reads there
/// what a refusal means. A product that keeps it to itself annotates
/// ([`Coverage::annotate`](crate::coverage::Coverage::annotate)) and serves it
/// as it likes.
///
/// Where document and coverage disagree the answer is 500 `document_invalid`, and
/// the log says how; a test that annotates the document says it before.
///
/// # Panics
///
/// For a path that is none.
#[track_caller]
pub fn document_routes<D, S>(path: &str, document: D, licensing: &Licensing) -> Routes<S>
where
    D: Serialize,
    S: Clone + Send + Sync + 'static,
{
    let slot = Slot::default();
    let coverage = slot.clone();
    let document = serde_json::to_value(document).map_err(DocumentError::Form);
    let document = Arc::new((document, licensing.clone(), OnceLock::new()));
    let answer = async move || {
        let (document, licensing, annotated) = &*document;
        let Some(coverage) = coverage.get() else { return Err(Slot::unfinished()) };
        match annotated.get_or_init(|| annotate(document, coverage, licensing)) {
            Some(document) => Ok(json(document)),
            None => Err(Problem::new(500, "document_invalid", INVALID)),
        }
    };
    Routes::new().open(MethodFilter::GET, path, get_with(answer, Asks::free).telling(slot))
}

const INVALID: &str = "The document of this service is not valid. The log says why.";

fn annotate(
    document: &Result<Value, DocumentError>,
    coverage: &Coverage,
    licensing: &Licensing,
) -> Option<Value> {
    let tell = |error: &(dyn Error + 'static)| {
        tracing::error!(error, "the OpenAPI document and the routes disagree");
    };
    let mut document = document.as_ref().inspect_err(|error| tell(*error)).ok()?.clone();
    coverage.annotate(&mut document, licensing).inspect_err(|error| tell(error)).ok()?;
    Some(document)
}
