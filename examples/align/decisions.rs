//! Decisions, as many a month as the license allows.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use license_axum::{Routes, coverage::Asks, routing::post_with};
use license_core::Timestamp;
use license_examples::{
    Document, Json, OptionalJson, Refusal, User,
    openapi::{Changing, ForUsers},
    random_hex,
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::AppState;

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct NewDecision {
    title: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Decision {
    id: String,
    title: String,
    #[schema(value_type = String, format = DateTime)]
    decided_at: Timestamp,
}

#[derive(OpenApi)]
#[openapi(paths(list, decide))]
pub(crate) struct Described;

const KIND: &str = "decision";

pub(crate) fn routes() -> Routes<AppState> {
    let decide = post_with(decide, |asks| asks.limit("decisions"));
    Routes::new().route("/", decide.get_with(list, Asks::free))
}

#[utoipa::path(
    get,
    path = "",
    operation_id = "decisions_list",
    tag = "decisions",
    responses(ForUsers, (status = 200, description = "All decisions.", body = [Decision])),
)]
pub(crate) async fn list(
    _: User,
    State(state): State<AppState>,
) -> Result<Json<Vec<Decision>>, Refusal> {
    let decision = |Document { id, body, written_at }| Decision {
        id,
        title: String::from_utf8_lossy(&body).into_owned(),
        decided_at: written_at,
    };
    let mut documents = state.documents.list(KIND).await?;
    // Their ids are in no order.
    documents.sort_by_key(|document| document.written_at);
    Ok(Json(documents.into_iter().map(decision).collect()))
}

#[utoipa::path(
    post,
    path = "",
    operation_id = "decisions_decide",
    tag = "decisions",
    request_body = Option<NewDecision>,
    responses(ForUsers, Changing, (status = 201, description = "Decided.", body = Decision)),
)]
async fn decide(
    _: User,
    State(state): State<AppState>,
    OptionalJson(NewDecision { title }): OptionalJson<NewDecision>,
) -> Result<Response, Refusal> {
    state
        .manager
        .quota("decisions")
        .consume(1)
        .await
        .map_err(|error| Refusal::denied(&state.licensing, error))?;
    let (id, now) = (format!("dec_{}", random_hex(8)), state.licensing.clock().now());
    state.documents.insert(KIND, &id, title.as_bytes(), now).await?;
    let decision = Decision { id, title, decided_at: now };
    Ok((StatusCode::CREATED, Json(decision)).into_response())
}
