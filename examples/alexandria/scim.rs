//! Users and groups by SCIM 2.0, as far as an example needs it.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use license_axum::{Problem, RequireFeature, Routes, routing::get};
use license_examples::{
    Document, Json, Refusal,
    openapi::{Changing, Stored, Taken},
    random_hex,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use crate::{AppState, features::Scim};

#[derive(Deserialize, ToSchema)]
struct NewUser {
    #[serde(rename = "userName")]
    user_name: String,
}

#[derive(OpenApi)]
#[openapi(paths(users, create_user, groups))]
pub(crate) struct Described;

const KIND: &str = "scim_user";

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new().route("/Users", get(users).post(create_user)).route("/Groups", get(groups))
}

#[utoipa::path(
    get,
    path = "/Users",
    operation_id = "scim_users",
    tag = "scim",
    responses(Stored, (status = 200, description = "All users.", body = Value)),
)]
async fn users(
    _: RequireFeature<Scim>,
    State(state): State<AppState>,
) -> Result<Json<Value>, Refusal> {
    let user = |Document { id, body, .. }| user(&String::from_utf8_lossy(&body), &id);
    Ok(Json(list(state.documents.list(KIND).await?.into_iter().map(user).collect())))
}

/// Creates a user, known by its name.
#[utoipa::path(
    post,
    path = "/Users",
    operation_id = "scim_create_user",
    tag = "scim",
    request_body = NewUser,
    responses(Changing, Taken, (status = 201, description = "Created.", body = Value)),
)]
async fn create_user(
    _: RequireFeature<Scim>,
    State(state): State<AppState>,
    Json(NewUser { user_name }): Json<NewUser>,
) -> Result<Response, Refusal> {
    let id = random_hex(8);
    let now = state.licensing.clock().now();
    if !state.documents.insert(KIND, &user_name, id.as_bytes(), now).await? {
        return Err(Problem::new(409, "uniqueness", "Another user has this `userName`.").into());
    }
    Ok((StatusCode::CREATED, Json(user(&id, &user_name))).into_response())
}

#[utoipa::path(
    get,
    path = "/Groups",
    operation_id = "scim_groups",
    tag = "scim",
    responses((status = 200, description = "All groups.", body = Value)),
)]
async fn groups(_: RequireFeature<Scim>) -> Json<Value> {
    Json(list(Vec::new()))
}

fn user(id: &str, user_name: &str) -> Value {
    let schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
    json!({ "schemas": schemas, "id": id, "userName": user_name })
}

fn list(resources: Vec<Value>) -> Value {
    let schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"];
    json!({ "schemas": schemas, "totalResults": resources.len(), "Resources": resources })
}
