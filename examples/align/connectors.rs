//! Connectors, of the types that the license lists.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use license_axum::{
    LicenseRejection, Problem, Routes,
    coverage::Asks,
    routing::{delete_with, post_with},
};
use license_core::Timestamp;
use license_examples::{
    Administrator, Document, Id, Json, Refusal,
    openapi::{Changing, ForAdministrators, Named, Taken},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::AppState;

#[derive(Deserialize, ToSchema)]
struct NewConnector {
    r#type: String,
}

#[derive(Serialize, ToSchema)]
struct Connector {
    r#type: String,
    #[schema(value_type = String, format = DateTime)]
    connected_at: Timestamp,
}

#[derive(OpenApi)]
#[openapi(paths(list, connect, disconnect))]
pub(crate) struct Described;

const KIND: &str = "connector";

pub(crate) fn routes() -> Routes<AppState> {
    let connect = post_with(connect, |asks| asks.limit("connectors"));
    Routes::new()
        .route("/", connect.get_with(list, Asks::free))
        .route("/{type}", delete_with(disconnect, Asks::free))
}

#[utoipa::path(
    get,
    path = "",
    operation_id = "connectors_list",
    tag = "connectors",
    responses(
        ForAdministrators,
        (status = 200, description = "All that are connected.", body = [Connector]),
    ),
)]
async fn list(
    _: Administrator,
    State(state): State<AppState>,
) -> Result<Json<Vec<Connector>>, Refusal> {
    let connector =
        |Document { id, written_at, .. }| Connector { r#type: id, connected_at: written_at };
    Ok(Json(state.documents.list(KIND).await?.into_iter().map(connector).collect()))
}

#[utoipa::path(
    post,
    path = "",
    operation_id = "connectors_connect",
    tag = "connectors",
    request_body = NewConnector,
    responses(
        ForAdministrators,
        Changing,
        Taken,
        (status = 201, description = "Connected.", body = Connector),
    ),
)]
async fn connect(
    _: Administrator,
    State(state): State<AppState>,
    Json(NewConnector { r#type }): Json<NewConnector>,
) -> Result<Response, Refusal> {
    if r#type.is_empty() || r#type.len() > 64 || !r#type.bytes().all(|it| it.is_ascii_graphic()) {
        return Err(Problem::new(400, "invalid_body", "`type` must name a connector.").into());
    }
    state
        .licensing
        .check_name("connectors", &r#type)
        .map_err(|denial| LicenseRejection::answered(&state.licensing, denial))?;
    let now = state.licensing.clock().now();
    if !state.documents.insert(KIND, &r#type, &[], now).await? {
        let detail = "This connector is connected already.";
        return Err(Problem::new(409, "already_connected", detail).into());
    }
    let connector = Connector { r#type, connected_at: now };
    Ok((StatusCode::CREATED, Json(connector)).into_response())
}

#[utoipa::path(
    delete,
    path = "/{type}",
    operation_id = "connectors_disconnect",
    tag = "connectors",
    params(("type" = String, Path, description = "Its type.")),
    responses(
        ForAdministrators,
        Changing,
        Named,
        (status = 204, description = "Not connected any more."),
    ),
)]
async fn disconnect(
    _: Administrator,
    State(state): State<AppState>,
    Id(connector): Id,
) -> Result<StatusCode, Refusal> {
    if state.documents.remove(KIND, &connector).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(404, "not_found", "This connector is not connected.").into())
    }
}
