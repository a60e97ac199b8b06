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
use license_examples::{Administrator, Document, Id, Json, Refusal};
use serde::{Deserialize, Serialize};

use crate::AppState;

#[derive(Deserialize)]
struct NewConnector {
    r#type: String,
}

#[derive(Serialize)]
struct Connector {
    r#type: String,
    connected_at: Timestamp,
}

const KIND: &str = "connector";

pub(crate) fn routes() -> Routes<AppState> {
    let connect = post_with(connect, |asks| asks.limit("connectors"));
    Routes::new()
        .route("/", connect.get_with(list, Asks::free))
        .route("/{type}", delete_with(disconnect, Asks::free))
}

async fn list(
    _: Administrator,
    State(state): State<AppState>,
) -> Result<Json<Vec<Connector>>, Refusal> {
    let connector =
        |Document { id, written_at, .. }| Connector { r#type: id, connected_at: written_at };
    Ok(Json(state.documents.list(KIND).await?.into_iter().map(connector).collect()))
}

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
