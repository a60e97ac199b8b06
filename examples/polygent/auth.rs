//! Signing in and out, and who is asking.

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    extract::{ConnectInfo, FromRequestParts, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use license_axum::{Actor, Feature, Problem, features};
use license_examples::{Account, Json, internal};
use serde::{Deserialize, Serialize};

use crate::AppState;

/// The administrator's e-mail address.
pub(crate) const ADMINISTRATOR: &str = "admin@example.com";

features! {
    /// Signed in on several devices at a time.
    pub(crate) MultipleActiveSessions = "multiple-active-sessions";
}

/// Who is signed in.
pub(crate) struct User(Account);

/// A signed-in administrator.
pub(crate) struct Administrator {
    account: Account,
    address: Option<IpAddr>,
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
}

#[derive(Serialize)]
struct Me {
    email: String,
    role: String,
    features: Vec<String>,
}

const COOKIE: &str = "polygent_session";

pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/me", get(me))
}

async fn sign_in(
    State(state): State<AppState>,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Problem> {
    let licensing = &state.licensing;
    let several = licensing.check_feature(MultipleActiveSessions::NAME).is_ok();
    let only = licensing.phase().is_in_force() && !several;
    let now = licensing.clock().now();
    let token = state
        .accounts
        .sign_in(&credentials.email, &credentials.password, now, only)
        .await
        .map_err(|error| internal(&error))?
        .ok_or_else(|| {
            Problem::new(401, "unauthenticated", "The e-mail address or the password is wrong.")
        })?;
    let mut response = Json(serde_json::json!({ "token": token })).into_response();
    set_cookie(&mut response, &format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn sign_out(
    State(state): State<AppState>,
    _: User,
    parts: Parts,
) -> Result<Response, Problem> {
    if let Some(token) = credential(&parts) {
        state.accounts.sign_out(token).await.map_err(|error| internal(&error))?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"));
    Ok(response)
}

async fn me(State(state): State<AppState>, User(account): User) -> Json<Me> {
    let features = state.licensing.usable_features();
    Json(Me { email: account.email, role: account.role, features })
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
}

/// The session token, from the `Authorization` header or the cookie.
fn credential(parts: &Parts) -> Option<&str> {
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(authorization) = header(header::AUTHORIZATION) {
        let (scheme, token) = authorization.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    let cookies = parts.headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, token)| (name == COOKIE).then_some(token))
}

async fn signed_in(parts: &Parts, state: &AppState) -> Result<Account, Problem> {
    let now = state.licensing.clock().now();
    let account = match credential(parts) {
        Some(token) => {
            state.accounts.by_session(token, now).await.map_err(|error| internal(&error))?
        }
        None => None,
    };
    account.ok_or_else(|| Problem::new(401, "unauthenticated", "Sign in first."))
}

impl FromRequestParts<AppState> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        signed_in(parts, state).await.map(Self)
    }
}

impl FromRequestParts<AppState> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let account = signed_in(parts, state).await?;
        if account.role != "admin" {
            return Err(Problem::new(403, "forbidden", "Only administrators may do this."));
        }
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self { account, address: peer.map(|peer| peer.0.ip()) })
    }
}

impl From<Administrator> for Actor {
    fn from(administrator: Administrator) -> Self {
        Actor::new(administrator.account.email, administrator.address)
    }
}
