//! Users, as many active ones as the license has seats.

use std::error::Error;

use axum::{
    Router,
    extract::{FromRequestParts, Path, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{StatusCode, request::Parts};
use license_axum::{LicenseRejection, Problem};
use license_examples::{Account, AccountsError, Json, NewAccount, internal};
use license_runtime::{SeatError, SeatGuard};
use serde::Deserialize;

use crate::{AppState, auth::Administrator};

#[derive(Deserialize)]
struct NewUser {
    email: String,
    password: String,
    role: String,
}

/// The id of a user in the path.
struct UserId(String);

/// What can go wrong with a user: the license, or the request.
enum UserError {
    License(LicenseRejection),
    Problem(Problem),
}

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(list).post(create))
        .route("/{id}/activate", post(activate))
        .route("/{id}/deactivate", post(deactivate))
}

async fn list(
    _: Administrator,
    State(state): State<AppState>,
) -> Result<Json<Vec<Account>>, UserError> {
    Ok(Json(state.accounts.list().await?))
}

async fn create(
    _: Administrator,
    State(state): State<AppState>,
    Json(new): Json<NewUser>,
) -> Result<Response, UserError> {
    let valid_email = new.email.len() <= 254
        && new
            .email
            .split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    let role = new.role.as_str();
    let valid_role =
        !role.is_empty() && role.len() <= 32 && role.bytes().all(|byte| byte.is_ascii_lowercase());
    if !valid_email || new.password.is_empty() || !valid_role {
        const WANTED: &str =
            "`email` must be an address, `password` not empty, `role` `admin` or another word.";
        return Err(Problem::new(400, "invalid_body", WANTED).into());
    }
    let seat = reserve_seat(&state).await?;
    let NewUser { email, password, role } = new;
    let account = state.accounts.create(NewAccount { email, password, role }).await?;
    take(&state, seat, &account.id).await?;
    Ok((StatusCode::CREATED, Json(account)).into_response())
}

async fn activate(
    _: Administrator,
    State(state): State<AppState>,
    UserId(id): UserId,
) -> Result<Json<Account>, UserError> {
    let account = find(&state, &id).await?;
    if !account.active {
        let seat = reserve_seat(&state).await?;
        state.accounts.activate(&id).await?;
        take(&state, seat, &id).await?;
    }
    Ok(Json(Account { active: true, ..account }))
}

async fn deactivate(
    _: Administrator,
    State(state): State<AppState>,
    UserId(id): UserId,
) -> Result<Json<Account>, UserError> {
    let account = find(&state, &id).await?;
    state.accounts.deactivate(&id).await?;
    Ok(Json(Account { active: false, ..account }))
}

/// One seat, held until the user is there.
async fn reserve_seat(state: &AppState) -> Result<SeatGuard, UserError> {
    let seats = state.manager.seats("users");
    let seat = seats.reserve(1, async || state.accounts.count_active().await).await;
    seat.map_err(|error| refused(state, &error))
}

/// Takes the seat; gives the user back where that fails.
async fn take(state: &AppState, seat: SeatGuard, id: &str) -> Result<(), UserError> {
    let Err(error) = seat.commit().await else { return Ok(()) };
    state.accounts.deactivate(id).await?;
    Err(refused(state, &error))
}

fn refused(state: &AppState, error: &SeatError) -> UserError {
    if let Some(source) = error.source() {
        tracing::error!(source, "a seat could not be reserved");
    }
    UserError::License(LicenseRejection::answered(&state.licensing, error.denial().clone()))
}

async fn find(state: &AppState, id: &str) -> Result<Account, UserError> {
    let account = state.accounts.get(id).await?;
    account.ok_or_else(|| no_such_user().into())
}

fn no_such_user() -> Problem {
    Problem::new(404, "not_found", "There is no such user.")
}

impl FromRequestParts<AppState> for UserId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        // What is no text names nobody.
        let id = Path::from_request_parts(parts, state).await.map_err(|_| no_such_user())?;
        Ok(Self(id.0))
    }
}

impl From<Problem> for UserError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<AccountsError> for UserError {
    fn from(error: AccountsError) -> Self {
        Self::Problem(match error {
            AccountsError::EmailTaken => {
                Problem::new(409, "email_taken", "Another user has this e-mail address.")
            }
            AccountsError::LastAdministrator => Problem::new(
                409,
                "last_administrator",
                "This is the last active administrator. Make another one first.",
            ),
            error => internal(&error),
        })
    }
}

impl IntoResponse for UserError {
    fn into_response(self) -> Response {
        match self {
            Self::License(rejection) => rejection.into_response(),
            Self::Problem(problem) => problem.into_response(),
        }
    }
}
