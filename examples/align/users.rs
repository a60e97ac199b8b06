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
use license_examples::{Account, Administrator, Json, Refusal, is_email_address, random_hex};
use serde::{Deserialize, Serialize};

use crate::AppState;

#[derive(Deserialize)]
struct Invitation {
    email: String,
}

/// A user, with the password to sign in with. It is told only here.
#[derive(Serialize)]
struct Invited {
    #[serde(flatten)]
    account: Account,
    password: String,
}

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new()
        .route("/", get_with(list, Asks::free))
        .route("/invite", post_with(invite, |asks| asks.limit("users")))
}

async fn list(
    _: Administrator,
    State(state): State<AppState>,
) -> Result<Json<Vec<Account>>, Refusal> {
    Ok(Json(state.accounts.list().await?))
}

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
