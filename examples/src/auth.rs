//! Signing in and out, and who is asking.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, FromRef, FromRequestParts, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use license_axum::{Actor, Licensing, Problem};
use serde::{Deserialize, Serialize};

use crate::{Account, Accounts, Json, Settings, StartError, tell};

/// The administrator's e-mail address.
pub const ADMINISTRATOR: &str = "admin@example.com";

/// Who may sign in to a service, and how. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Shared>);

struct Shared {
    accounts: Accounts,
    licensing: Licensing,
    cookie: &'static str,
    one_session: fn(&Licensing) -> bool,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct User(pub Account);

/// A signed-in administrator.
#[derive(Clone, Debug)]
pub struct Administrator {
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

impl Auth {
    /// Sessions of these accounts, in a cookie of this name.
    pub fn new(licensing: &Licensing, accounts: Accounts, cookie: &'static str) -> Self {
        let licensing = licensing.clone();
        Self(Arc::new(Shared { accounts, licensing, cookie, one_session: |_| false }))
    }

    /// Says when signing in ends the user's other sessions: never, without
    /// this.
    #[must_use]
    pub fn one_session(self, when: fn(&Licensing) -> bool) -> Self {
        let Shared { accounts, licensing, cookie, .. } = &*self.0;
        let (accounts, licensing) = (accounts.clone(), licensing.clone());
        Self(Arc::new(Shared { accounts, licensing, cookie, one_session: when }))
    }

    /// `/sign-in`, `/sign-out` and `/me`, to be nested at `/api/auth`.
    pub fn routes<S>() -> Router<S>
    where
        Self: FromRef<S>,
        S: Clone + Send + Sync + 'static,
    {
        Router::new()
            .route("/sign-in", post(sign_in))
            .route("/sign-out", post(sign_out::<S>))
            .route("/me", get(me::<S>))
    }

    /// The account that a request is signed in with.
    ///
    /// # Errors
    ///
    /// 401 `unauthenticated`; 500 where the database failed.
    pub async fn account(&self, parts: &Parts) -> Result<Account, Problem> {
        let shared = &*self.0;
        let now = shared.licensing.clock().now();
        let account = match self.credential(parts) {
            Some(token) => shared.accounts.by_session(token, now).await?,
            None => None,
        };
        account.ok_or_else(|| Problem::new(401, "unauthenticated", "Sign in first."))
    }

    /// The session token, from the `Authorization` header or the cookie.
    fn credential<'p>(&self, parts: &'p Parts) -> Option<&'p str> {
        if parts.headers.contains_key(header::AUTHORIZATION) {
            return bearer(parts);
        }
        let cookies = parts.headers.get_all(header::COOKIE).iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, token)| (name == self.0.cookie).then_some(token))
    }

    fn set_cookie(&self, response: &mut Response, value: &str, more: &str) {
        let cookie = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{more}", self.0.cookie);
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
}

/// Opens the accounts of a service and makes sure of its administrator, whose
/// password is returned where it is known. One that is made is printed.
///
/// # Errors
///
/// An empty password; a database that fails.
pub async fn open_accounts(
    settings: &Settings,
    pool: sqlx::AnyPool,
) -> Result<(Accounts, Option<String>), StartError> {
    if settings.admin_password.as_deref() == Some("") {
        return Err(StartError::new(
            "the administrator's password is empty; give one with --admin-password, or leave it \
             out to have one made",
        ));
    }
    let failed =
        || StartError::new("the accounts are not usable; check --data-dir or --database-url");
    let accounts = Accounts::open(pool).await.map_err(|error| failed().with_source(error))?;
    let given = settings.admin_password.clone();
    let made = accounts
        .ensure_admin(ADMINISTRATOR, given.clone())
        .await
        .map_err(|error| failed().with_source(error))?;
    if let Some(password) = &made {
        tell(format_args!("The administrator is {ADMINISTRATOR}; the password is {password}"));
        tell("It is printed only now. Change it with --admin-password.");
    }
    Ok((accounts, given.or(made)))
}

/// The `-d` argument with which `curl` signs the administrator in, from a
/// file where the password is known.
pub fn curl_credentials(file: Option<&Path>) -> String {
    match file {
        Some(file) => format!("-d '@{}'", file.display()),
        None => format!("-d '{{\"email\":\"{ADMINISTRATOR}\",\"password\":\"the password\"}}'"),
    }
}

/// The token of an `Authorization: Bearer` header.
pub fn bearer(parts: &Parts) -> Option<&str> {
    let authorization = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn sign_in(
    State(auth): State<Auth>,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Problem> {
    let shared = &*auth.0;
    let only = (shared.one_session)(&shared.licensing);
    let now = shared.licensing.clock().now();
    let token = shared
        .accounts
        .sign_in(&credentials.email, &credentials.password, now, only)
        .await?
        .ok_or_else(|| {
            Problem::new(401, "unauthenticated", "The e-mail address or the password is wrong.")
        })?;
    let mut response = Json(serde_json::json!({ "token": token })).into_response();
    auth.set_cookie(&mut response, &token, "");
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn sign_out<S>(_: User, State(auth): State<Auth>, parts: Parts) -> Result<Response, Problem>
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    if let Some(token) = auth.credential(&parts) {
        auth.0.accounts.sign_out(token).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    auth.set_cookie(&mut response, "", "; Max-Age=0");
    Ok(response)
}

async fn me<S>(User(account): User, State(auth): State<Auth>) -> Json<Me>
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    let features = auth.0.licensing.usable_features();
    Json(Me { email: account.email, role: account.role, features })
}

impl<S> FromRequestParts<S> for User
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Auth::from_ref(state).account(parts).await.map(Self)
    }
}

impl<S> FromRequestParts<S> for Administrator
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let account = Auth::from_ref(state).account(parts).await?;
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

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("cookie", &self.0.cookie).finish_non_exhaustive()
    }
}
