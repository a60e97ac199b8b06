//! Signing in and out, and who is asking.

use std::{fmt, net::IpAddr, path::Path, sync::Arc, time::Duration};

use axum::{
    extract::{DefaultBodyLimit, FromRef, FromRequestParts, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use license_axum::{
    Actor, Licensing, Problem, Routes,
    coverage::Asks,
    routing::{get_with, post_with},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi as _, ToSchema};

use crate::{
    Account, Accounts, AccountsError, Json, Refusal, Settings, StartError,
    accounts::attempts::{Attempt, Attempts},
    accounts::passwords::Turn,
    internal,
    openapi::{Changing, ForUsers, TooOften},
    serving::ClientAddress,
    tell,
};

/// The administrator's e-mail address.
pub const ADMINISTRATOR: &str = "admin@example.com";

/// Who may sign in to a service, and how. Cheap to clone.
#[derive(Clone)]
pub struct Auth(Arc<Shared>);

struct Shared {
    accounts: Accounts,
    licensing: Licensing,
    attempts: Attempts,
    cookie: &'static str,
    one_session: fn(&Licensing) -> bool,
}

/// What a sign-in sends is short.
const MOST_BYTES: usize = 16 * 1024;

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct User(pub Account);

/// A signed-in administrator.
#[derive(Clone, Debug)]
pub struct Administrator {
    account: Account,
    address: Option<IpAddr>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Credentials {
    pub(super) email: String,
    pub(super) password: String,
}

#[derive(Serialize, ToSchema)]
struct Me {
    email: String,
    role: String,
    features: Vec<String>,
}

/// A session.
#[derive(Serialize, ToSchema)]
struct Session {
    /// What is sent as `Authorization: Bearer`.
    token: String,
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(sign_in, sign_out, me))]
struct Document;

impl Auth {
    /// Sessions of these accounts, in a cookie of this name.
    pub fn new(licensing: &Licensing, accounts: Accounts, cookie: &'static str) -> Self {
        Self::build(licensing.clone(), accounts, cookie, |_| false)
    }

    /// Says when signing in ends the user's other sessions: never, without
    /// this.
    #[must_use]
    pub fn one_session(self, when: fn(&Licensing) -> bool) -> Self {
        let Shared { accounts, licensing, cookie, .. } = &*self.0;
        Self::build(licensing.clone(), accounts.clone(), cookie, when)
    }

    fn build(
        licensing: Licensing,
        accounts: Accounts,
        cookie: &'static str,
        one_session: fn(&Licensing) -> bool,
    ) -> Self {
        let attempts = Attempts::default();
        Self(Arc::new(Shared { accounts, licensing, attempts, cookie, one_session }))
    }

    /// `/sign-in`, `/sign-out` and `/me`, to be nested at `/api/auth`.
    pub fn routes<S>() -> Routes<S>
    where
        Self: FromRef<S>,
        S: Clone + Send + Sync + 'static,
    {
        Routes::new()
            .route(
                "/sign-in",
                post_with(sign_in, Asks::free).layer(DefaultBodyLimit::max(MOST_BYTES)),
            )
            .route("/sign-out", post_with(sign_out::<S>, Asks::free))
            .route("/me", get_with(me::<S>, Asks::free))
    }

    /// What [`routes`](Self::routes) do.
    pub fn document() -> utoipa::openapi::OpenApi {
        Document::openapi()
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
    pub(super) fn credential<'p>(&self, parts: &'p Parts) -> Option<&'p str> {
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

    /// The cookie of a session; an empty one ends it in the browser.
    pub(super) fn cookie(&self, token: &str) -> Option<HeaderValue> {
        let ends = if token.is_empty() { "; Max-Age=0" } else { "" };
        let name = self.0.cookie;
        HeaderValue::from_str(&format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict{ends}"))
            .ok()
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

#[utoipa::path(
    post,
    path = "/sign-in",
    operation_id = "sign_in",
    tag = "session",
    request_body = Credentials,
    responses(Changing, TooOften, (status = 200, description = "Signed in.", body = Session)),
)]
async fn sign_in(
    State(auth): State<Auth>,
    ClientAddress(address): ClientAddress,
    Json(credentials): Json<Credentials>,
) -> Result<Response, Refusal> {
    let token = auth.begin_session(address, credentials).await?;
    let mut response = Json(Session { token: token.clone() }).into_response();
    if let Some(cookie) = auth.cookie(&token) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Auth {
    /// The token of a new session, for whoever knows the password.
    pub(super) async fn begin_session(
        &self,
        address: Option<IpAddr>,
        credentials: Credentials,
    ) -> Result<String, Refusal> {
        let attempt = Attempt::new(&credentials.email, address);
        self.admit(attempt)?;
        let visitor = self.0.attempts.visitor(attempt, self.monotonic());
        let turn = self.0.accounts.passwords.turn(visitor).await;
        let turn = turn.map_err(|busy| Refusal::from(AccountsError::from(busy)))?;
        // Those that were before it may have used up what there was.
        self.admit(attempt)?;
        // Once begun it comes to its end: who goes away has made an attempt.
        let checked = tokio::spawn(self.clone().check(turn, attempt, credentials));
        checked.await.map_err(|error| internal(&error))?
    }

    /// Ends the session of a request, where it has one.
    pub(super) async fn end(&self, parts: &Parts) -> Result<(), AccountsError> {
        match self.credential(parts) {
            Some(token) => self.0.accounts.sign_out(token).await,
            None => Ok(()),
        }
    }

    pub(super) fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    pub(super) fn ends_others(&self) -> bool {
        (self.0.one_session)(&self.0.licensing)
    }

    pub(super) fn now(&self) -> license_core::Timestamp {
        self.0.licensing.clock().now()
    }

    /// Whether a password may be checked.
    fn admit(&self, attempt: Attempt) -> Result<(), Refusal> {
        self.0.attempts.admit(attempt, self.monotonic()).map_err(too_many)
    }

    fn monotonic(&self) -> Duration {
        self.0.licensing.clock().monotonic()
    }

    /// The token of a new session.
    async fn check(
        self,
        turn: Turn,
        attempt: Attempt,
        credentials: Credentials,
    ) -> Result<String, Refusal> {
        let Shared { accounts, licensing, attempts, one_session, .. } = &*self.0;
        let (only, now) = (one_session(licensing), licensing.clock().now());
        let Credentials { email, password } = credentials;
        if let Some(token) = accounts.sign_in(&turn, &email, &password, now, only).await? {
            attempts.succeeded(attempt, self.monotonic());
            return Ok(token);
        }
        attempts.failed(attempt, self.monotonic()).map_err(too_many)?;
        const WRONG: &str = "The e-mail address or the password is wrong.";
        Err(Problem::new(401, "unauthenticated", WRONG).into())
    }
}

fn too_many(wait: Duration) -> Refusal {
    const TOO_MANY: &str = "Too many wrong passwords for this account or from this address within \
                            a minute. Wait, then try again.";
    Refusal::later(Problem::new(429, "too_many_attempts", TOO_MANY), wait)
}

#[utoipa::path(
    post,
    path = "/sign-out",
    operation_id = "sign_out",
    tag = "session",
    responses(Changing, ForUsers, (status = 204, description = "Signed out.")),
)]
async fn sign_out<S>(_: User, State(auth): State<Auth>, parts: Parts) -> Result<Response, Problem>
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    auth.end(&parts).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = auth.cookie("") {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

#[utoipa::path(
    get,
    path = "/me",
    operation_id = "me",
    tag = "session",
    responses(ForUsers, (status = 200, description = "Who is signed in.", body = Me)),
)]
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
        let ClientAddress(address) = ClientAddress::of(parts);
        Ok(Self { account, address })
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
