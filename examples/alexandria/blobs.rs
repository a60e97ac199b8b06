//! The core API: no license is asked for.

use axum::extract::State;
use license_axum::{
    Routes,
    coverage::Asks,
    routing::{get_with, put_with},
};
use license_examples::{Document, Id, Json, Raw, Refusal};
use serde::Serialize;

use crate::AppState;

#[derive(Serialize)]
struct Blob {
    id: String,
    size: usize,
}

const KIND: &str = "blob";

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new().route("/", get_with(list, Asks::free)).route("/{id}", put_with(write, Asks::free))
}

async fn list(State(state): State<AppState>) -> Result<Json<Vec<Blob>>, Refusal> {
    let blob = |Document { id, body, .. }| Blob { id, size: body.len() };
    Ok(Json(state.documents.list(KIND).await?.into_iter().map(blob).collect()))
}

async fn write(
    State(state): State<AppState>,
    Id(id): Id,
    Raw(body): Raw,
) -> Result<Json<Blob>, Refusal> {
    let now = state.licensing.clock().now();
    state.documents.put(KIND, &id, &body, now).await?;
    Ok(Json(Blob { id, size: body.len() }))
}
