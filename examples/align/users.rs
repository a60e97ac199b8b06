//! Users, as many as the license has seats.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use license_axum::{
    Problem, Routes,
    coverage::Asks,
    routing::{get_with, post_with},
};
use license_examples::{
    Account, Administrator, Json, Refusal, is_email_address,
    openapi::{Changing, ForAdministrators, Taken},
    random_hex,
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::AppState;

#[derive(Deserialize, ToSchema)]
struct Invitation {
    email: String,
}

/// A user, with the password to sign in with. It is told only here.
#[derive(Serialize, ToSchema)]
struct Invited {
    #[serde(flatten)]
    account: Account,
    password: String,
}

#[derive(OpenApi)]
#[openapi(paths(list, invite))]
pub(crate) struct Document;

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new()
        .route("/", get_with(list, Asks::free))
        .route("/invite", post_with(invite, |asks| asks.limit("users")))
}

#[utoipa::path(
    get,
    path = "",
    operation_id = "users_list",
    tag = "users",
    responses(ForAdministrators, (status = 200, description = "All users.", body = [Account])),
)]
async fn list(
    _: Administrator,
    State(state): State<AppState>,
) -> Result<Json<Vec<Account>>, Refusal> {
    Ok(Json(state.accounts.list().await?))
}

#[utoipa::path(
    post,
    path = "/invite",
    operation_id = "users_invite",
    tag = "users",
    request_body = Invitation,
    responses(
        ForAdministrators,
        Changing,
        Taken,
        (status = 201, description = "Invited.", body = Invited),
    ),
)]
async fn invite(
    _: Administrator,
    State(state): State<AppState>,
    Json(Invitation { email }): Json<Invitation>,
) -> Result<Response, Refusal> {
    if !is_email_address(&email) {
        return Err(Problem::new(400, "invalid_body", "`email` must be an address.").into());
    }
    let denied = |error| Refusal::denied(&state.licensing, error);
    let password = random_hex(12);
    let new = state.accounts.prepare(email, password.clone(), "user".to_owned()).await?;
    let seats = state.manager.seats("users");
    let seat = seats.reserve(1, async || state.accounts.count_active().await).await;
    let seat = seat.map_err(denied)?;
    let account = state.accounts.create(new).await?;
    if let Err(error) = seat.commit().await {
        state.accounts.remove(&account.id).await?;
        return Err(denied(error));
    }
    Ok((StatusCode::CREATED, Json(Invited { account, password })).into_response())
}
