//! The core API: no license is asked for.

use axum::extract::State;
use license_axum::{
    Routes,
    coverage::Asks,
    routing::{get_with, put_with},
};
use license_examples::{
    Document, Id, Json, Raw, Refusal,
    openapi::{Changing, Stored},
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::AppState;

#[derive(Serialize, ToSchema)]
struct Blob {
    id: String,
    size: usize,
}

#[derive(OpenApi)]
#[openapi(paths(list, write))]
pub(crate) struct Described;

const KIND: &str = "blob";

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new().route("/", get_with(list, Asks::free)).route("/{id}", put_with(write, Asks::free))
}

#[utoipa::path(
    get,
    path = "",
    operation_id = "blobs_list",
    tag = "blobs",
    responses(Stored, (status = 200, description = "All blobs.", body = [Blob])),
)]
async fn list(State(state): State<AppState>) -> Result<Json<Vec<Blob>>, Refusal> {
    let blob = |Document { id, body, .. }| Blob { id, size: body.len() };
    Ok(Json(state.documents.list(KIND).await?.into_iter().map(blob).collect()))
}

#[utoipa::path(
    put,
    path = "/{id}",
    operation_id = "blobs_write",
    tag = "blobs",
    params(("id" = String, Path, description = "The blob.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(Changing, (status = 200, description = "Written.", body = Blob)),
)]
async fn write(
    State(state): State<AppState>,
    Id(id): Id,
    Raw(body): Raw,
) -> Result<Json<Blob>, Refusal> {
    let now = state.licensing.clock().now();
    state.documents.put(KIND, &id, &body, now).await?;
    Ok(Json(Blob { id, size: body.len() }))
}
