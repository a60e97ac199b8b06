//! The routes an administrator uses: status, install, machine info, audit.
//!
//! | route | who | what |
//! |---|---|---|
//! | `GET /` | everybody; more for administrators | the status |
//! | `POST /` | administrators | install; `?dry_run=true`, `?force=true` |
//! | `GET /machine-info` | administrators | a download for the vendor |
//! | `GET /audit?limit=100` | administrators | who installed what, newest first |
//!
//! Who an administrator is, the product says: `Admin` is its own extractor,
//! and there is no way to mount these routes without one. It runs before a
//! request's body is read.
//!
//! ```
//! use axum::{Router, extract::FromRequestParts};
//! use license_axum::{Actor, Installer, Problem, admin_routes};
//!
//! struct Admin(String);
//!
//! impl From<Admin> for Actor {
//!     fn from(admin: Admin) -> Self {
//!         Actor::new(admin.0, None)
//!     }
//! }
//!
//! impl<S: Sync> FromRequestParts<S> for Admin {
//!     type Rejection = Problem;
//!
//!     async fn from_request_parts(
//!         parts: &mut http::request::Parts,
//!         _: &S,
//!     ) -> Result<Self, Problem> {
//!         let credential = parts.headers.get("authorization");
//!         match credential.map(|value| value.as_bytes()) {
//!             Some(b"Bearer the secret of the administrator") => Ok(Admin("admin".to_owned())),
//!             _ => Err(Problem::new(401, "unauthenticated", "Sign in as an administrator.")),
//!         }
//!     }
//! }
//!
//! fn routes(manager: impl Installer) -> Router {
//!     Router::new().nest("/api/license", admin_routes::<Admin, _>(manager))
//! }
//! ```
//!
//! Uploads are read within ten seconds and at most 16 KiB of token;
//! cross-site requests that carry a cookie are refused; after 30 refused
//! uploads by one administrator from one address within a minute further
//! ones are answered 429.

mod attempts;
mod cross_site;
mod upload;

use std::{convert::Infallible, marker::PhantomData, sync::Arc};

use axum::{
    Router,
    extract::{FromRequestParts, Request},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, Method, Uri, header, request::Parts};
use license_core::{Actor, Host, InstallRequest, Installer};
use license_tower::{Recovery, RecoveryError};
use serde::Serialize;

use self::attempts::Attempts;
pub use self::cross_site::refuse_cross_site;
use crate::Problem;

/// The installer and what the routes remember.
struct Admin<I> {
    installer: I,
    attempts: Attempts,
}

const DEFAULT_AUDIT_ROWS: u32 = 100;
const MOST_AUDIT_ROWS: u32 = 1000;

/// The routes for administrators, to be nested where the product likes.
///
/// `A` is the product's extractor of an administrator; see the
/// [module](self).
pub fn admin_routes<A, S>(installer: impl Installer) -> Router<S>
where
    A: FromRequestParts<S> + Into<Actor> + Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    let admin = Arc::new(Admin { installer, attempts: Attempts::default() });
    let (status_of, install_to) = (Arc::clone(&admin), Arc::clone(&admin));
    let (info_of, audit_of) = (Arc::clone(&admin), admin);
    Router::new()
        .route(
            "/",
            get(move |who: IsAdmin<A>| async move { status(&status_of, who.0).await }).post(
                move |who: A, request: Request| async move {
                    install(&install_to, who.into(), request).await
                },
            ),
        )
        .route("/machine-info", get(move |_: A| async move { machine_info(&info_of).await }))
        .route("/audit", get(move |_: A, uri: Uri| async move { audit(&audit_of, &uri).await }))
        .layer(middleware::from_fn(refuse_cross_site))
}

/// The recovery list of [`admin_routes`] nested at `prefix`: status, install
/// and machine info. Add the routes by which an administrator signs in.
///
/// # Errors
///
/// A prefix that is not a path.
pub fn recovery(prefix: &str) -> Result<Recovery, RecoveryError> {
    Recovery::new()
        .allow(Method::GET, prefix)?
        .allow(Method::POST, prefix)?
        .allow(Method::GET, &format!("{prefix}/machine-info"))
}

/// Whether the request is an administrator's, without refusing others.
struct IsAdmin<A>(bool, PhantomData<fn() -> A>);

impl<A, S> FromRequestParts<S> for IsAdmin<A>
where
    A: FromRequestParts<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self(A::from_request_parts(parts, state).await.is_ok(), PhantomData))
    }
}

async fn status(admin: &Admin<impl Installer>, is_admin: bool) -> Response {
    if is_admin {
        json(&admin.installer.status().await)
    } else {
        json(&admin.installer.licensing().public_status())
    }
}

async fn install(admin: &Admin<impl Installer>, actor: Actor, request: Request) -> Response {
    let clock = admin.installer.licensing().clock();
    if let Err(wait) = admin.attempts.admit(&actor, clock.monotonic()) {
        let mut response = Problem::new(
            429,
            "too_many_attempts",
            "Too many refused uploads within a minute. Wait, then upload the right file.",
        )
        .into_response();
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        return response;
    }
    match attempt(admin, actor.clone(), request).await {
        Ok((accepted, response)) => {
            if !accepted {
                admin.attempts.refused(actor, clock.monotonic());
            }
            response
        }
        Err(problem) => {
            admin.attempts.refused(actor, clock.monotonic());
            problem.into_response()
        }
    }
}

/// One upload. Returns whether it was accepted.
async fn attempt(
    admin: &Admin<impl Installer>,
    actor: Actor,
    request: Request,
) -> Result<(bool, Response), Problem> {
    let dry_run = flag(request.uri(), "dry_run")?;
    let install = InstallRequest::new(actor)
        .host(Some(host_of(&request)))
        .force(flag(request.uri(), "force")?);
    let token = upload::token(request).await?;
    if dry_run {
        let outcome = admin.installer.dry_run(&token, install).await;
        return Ok((outcome.would_install, json(&outcome)));
    }
    match admin.installer.install(&token, install).await {
        Ok(status) => Ok((true, json(&status))),
        Err(error) => Err(Problem::from(&error)),
    }
}

async fn machine_info(admin: &Admin<impl Installer>) -> Response {
    match admin.installer.machine_info().await {
        Ok(info) => {
            let mut response = json(&info);
            let name = HeaderValue::from_static("attachment; filename=\"machine-info.json\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        Err(error) => Problem::from(&error).into_response(),
    }
}

async fn audit(admin: &Admin<impl Installer>, uri: &Uri) -> Response {
    let limit = match query(uri, "limit").map(str::parse::<u32>) {
        None => DEFAULT_AUDIT_ROWS,
        Some(Ok(limit)) if limit > 0 => limit.min(MOST_AUDIT_ROWS),
        Some(_) => {
            return Problem::new(400, "invalid_query", "`limit` must be a whole number from 1.")
                .into_response();
        }
    };
    match admin.installer.audit(limit).await {
        Ok(entries) => json(&entries),
        Err(error) => Problem::from(&error).into_response(),
    }
}

/// The host by which the administrator uses the service; a text that no
/// domain covers where the request names none.
fn host_of(request: &Request) -> String {
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let lines = request.headers().get_all(header::HOST);
    Host::resolve(authority, lines.iter().map(HeaderValue::as_bytes))
        .map(|host| host.to_string())
        .unwrap_or_default()
}

fn query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    let pairs = uri.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next_back()
}

fn flag(uri: &Uri, name: &'static str) -> Result<bool, Problem> {
    match query(uri, name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Problem::new(
            400,
            "invalid_query",
            "`dry_run` and `force` are either `true` or `false`.",
        )),
    }
}

/// A JSON response that is not to be cached.
fn json(body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (
            [
                (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ],
            body,
        )
            .into_response(),
        Err(_) => Problem::new(500, "internal_error", "The log has the details.").into_response(),
    }
}
