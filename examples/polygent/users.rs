//! Users, as many active ones as the license has seats.

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
    Account, Administrator, Id, Json, Refusal, is_email_address,
    openapi::{Changing, ForAdministrators, Named, Taken},
};
use license_runtime::SeatGuard;
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use crate::AppState;

#[derive(Deserialize, ToSchema)]
struct NewUser {
    email: String,
    password: String,
    role: String,
}

#[derive(OpenApi)]
#[openapi(paths(list, create, activate, deactivate))]
pub(crate) struct Document;

pub(crate) fn routes() -> Routes<AppState> {
    let seat = |asks: Asks| asks.limit("users");
    Routes::new()
        .route("/", get_with(list, Asks::free).post_with(create, seat))
        .route("/{id}/activate", post_with(activate, seat))
        .route("/{id}/deactivate", post_with(deactivate, Asks::free))
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
    path = "",
    operation_id = "users_create",
    tag = "users",
    request_body = NewUser,
    responses(
        ForAdministrators,
        Changing,
        Taken,
        (status = 201, description = "Created.", body = Account),
    ),
)]
async fn create(
    _: Administrator,
    State(state): State<AppState>,
    Json(new): Json<NewUser>,
) -> Result<Response, Refusal> {
    let role = new.role.as_str();
    let valid_role =
        !role.is_empty() && role.len() <= 32 && role.bytes().all(|byte| byte.is_ascii_lowercase());
    if !is_email_address(&new.email) || new.password.is_empty() || !valid_role {
        const WANTED: &str =
            "`email` must be an address, `password` not empty, `role` `admin` or another word.";
        return Err(Problem::new(400, "invalid_body", WANTED).into());
    }
    let new = state.accounts.prepare(new.email, new.password, new.role).await?;
    let seat = reserve_seat(&state).await?;
    let account = state.accounts.create(new).await?;
    take(&state, seat, &account.id).await?;
    Ok((StatusCode::CREATED, Json(account)).into_response())
}

#[utoipa::path(
    post,
    path = "/{id}/activate",
    operation_id = "users_activate",
    tag = "users",
    params(("id" = String, Path, description = "The user.")),
    responses(
        ForAdministrators,
        Changing,
        Named,
        (status = 200, description = "Active.", body = Account),
    ),
)]
async fn activate(
    _: Administrator,
    State(state): State<AppState>,
    Id(id): Id,
) -> Result<Json<Account>, Refusal> {
    let account = find(&state, &id).await?;
    if !account.active {
        let seat = reserve_seat(&state).await?;
        state.accounts.activate(&id).await?;
        take(&state, seat, &id).await?;
    }
    Ok(Json(Account { active: true, ..account }))
}

#[utoipa::path(
    post,
    path = "/{id}/deactivate",
    operation_id = "users_deactivate",
    tag = "users",
    params(("id" = String, Path, description = "The user.")),
    responses(
        ForAdministrators,
        Changing,
        Named,
        Taken,
        (status = 200, description = "Not active any more.", body = Account),
    ),
)]
async fn deactivate(
    _: Administrator,
    State(state): State<AppState>,
    Id(id): Id,
) -> Result<Json<Account>, Refusal> {
    let account = find(&state, &id).await?;
    state.accounts.deactivate(&id).await?;
    Ok(Json(Account { active: false, ..account }))
}

/// One seat, held until the user is there.
async fn reserve_seat(state: &AppState) -> Result<SeatGuard, Refusal> {
    let seats = state.manager.seats("users");
    let seat = seats.reserve(1, async || state.accounts.count_active().await).await;
    seat.map_err(|error| Refusal::denied(&state.licensing, error))
}

/// Takes the seat; gives the user back where that fails.
async fn take(state: &AppState, seat: SeatGuard, id: &str) -> Result<(), Refusal> {
    let Err(error) = seat.commit().await else { return Ok(()) };
    state.accounts.deactivate(id).await?;
    Err(Refusal::denied(&state.licensing, error))
}

async fn find(state: &AppState, id: &str) -> Result<Account, Refusal> {
    let account = state.accounts.get(id).await?;
    account.ok_or_else(|| Problem::new(404, "not_found", "There is no such user.").into())
}
