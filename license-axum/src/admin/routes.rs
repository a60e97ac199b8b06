//! The router, and every route but installing.

use std::{future::ready, sync::Arc};

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    middleware,
    response::{IntoResponse, Response},
    routing::MethodFilter,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderValue, Method, Uri, header};
use license_core::{
    Actor, DenialCode, InstallError, InstallErrorKind, Installer, refusal::ProblemDetails,
};
use license_tower::{Recovery, RecoveryError};

use super::{
    IsAdmin,
    install::{Uploads, host_of},
    refuse_cross_site,
};
use crate::{
    Problem, Routes,
    coverage::coverage_route,
    discard::DiscardBodies,
    json::json,
    openapi::Ready,
    query::values,
    routing::{MethodRoutes, get_with},
};

/// The routes for administrators, to be nested where the product likes.
///
/// `A` is the product's extractor of an administrator; see the
/// [module](crate::admin). They are [`Routes`], and only `Routes` take them:
/// [`enforce`](crate::enforce) learns from them which ones stay open, so that
/// no license can lock out whoever would install the next.
pub fn admin_routes<A, S>(installer: impl Installer) -> Routes<S>
where
    A: FromRequestParts<S> + Into<Actor> + Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    let route = Arc::new(Uploads::new(installer.clone()));
    let (info_of, audit_of) = (installer.clone(), installer.clone());
    let (export_of, doctor_of) = (installer.clone(), installer.clone());
    let install =
        move |who: A, request: Request| async move { route.answer(who.into(), request).await };
    let status =
        status_route::<A, S>(installer).post_with(install, |asks| asks.ready(Ready::Install));
    let audit = move |_: A, uri: Uri| async move { audit(&audit_of, &uri).await };
    let export = move |_: A| async move { export_audit(export_of).await };
    Routes::new()
        .open(MethodFilter::GET.or(MethodFilter::POST), "/", status)
        .open(MethodFilter::GET, "/machine-info", machine_info_route::<A, S>(info_of))
        .open(MethodFilter::GET, "/doctor", doctor_route::<A, S>(doctor_of))
        .route("/audit", get_with(audit, |asks| asks.ready(Ready::Audit)))
        .route("/audit/export", get_with(export, |asks| asks.ready(Ready::AuditExport)))
        .route("/routes", coverage_route::<A, S>())
        .layer(middleware::from_fn(refuse_cross_site))
        .layer(DiscardBodies)
}

/// `GET` of [`admin_routes`] alone: the status, more of it for administrators.
/// For services whose license nobody uploads.
///
/// ```
/// use axum::extract::FromRequestParts;
/// use license_axum::{Actor, Installer, Routes, status_route};
///
/// fn routes<Admin>(manager: impl Installer) -> Routes
/// where
///     Admin: FromRequestParts<()> + Into<Actor> + Send + 'static,
/// {
///     Routes::new().route("/api/license", status_route::<Admin, _>(manager))
/// }
/// ```
pub fn status_route<A, S>(installer: impl Installer) -> MethodRoutes<S>
where
    A: FromRequestParts<S> + Into<Actor> + Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    let answer = move |who: IsAdmin<A>, request: Request| async move {
        status(&installer, who.yes().then(|| host_of(&request))).await
    };
    get_with(answer, |asks| asks.ready(Ready::Status))
}

/// `GET /machine-info` of [`admin_routes`] alone: what the vendor needs to bind
/// a license to this machine, or to set right a clock that once ran ahead. For
/// services whose license nobody uploads; keep it open in the layer's recovery
/// list.
///
/// ```
/// use axum::extract::FromRequestParts;
/// use license_axum::{Actor, Installer, Routes, machine_info_route, status_route};
///
/// fn routes<Admin>(manager: impl Installer) -> Routes
/// where
///     Admin: FromRequestParts<()> + Into<Actor> + Send + 'static,
/// {
///     Routes::new()
///         .route("/api/license", status_route::<Admin, _>(manager.clone()))
///         .route("/api/license/machine-info", machine_info_route::<Admin, _>(manager))
/// }
/// ```
pub fn machine_info_route<A, S>(installer: impl Installer) -> MethodRoutes<S>
where
    A: FromRequestParts<S> + Into<Actor> + Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    let answer = move |_: A| async move { machine_info(&installer).await };
    get_with(answer, |asks| asks.ready(Ready::MachineInfo))
}

/// `GET /doctor` of [`admin_routes`] alone: what is wrong with the license and
/// the service around it, the cause before its effects, in a form that may be
/// passed on. For services whose license nobody uploads; keep it open in the
/// layer's recovery list.
///
/// ```
/// use axum::extract::FromRequestParts;
/// use license_axum::{Actor, Installer, Routes, doctor_route};
///
/// fn routes<Admin>(manager: impl Installer) -> Routes
/// where
///     Admin: FromRequestParts<()> + Into<Actor> + Send + 'static,
/// {
///     Routes::new().route("/api/license/doctor", doctor_route::<Admin, _>(manager))
/// }
/// ```
pub fn doctor_route<A, S>(installer: impl Installer) -> MethodRoutes<S>
where
    A: FromRequestParts<S> + Into<Actor> + Send + 'static,
    S: Clone + Send + Sync + 'static,
{
    let answer = move |_: A, request: Request| async move {
        json(&installer.diagnose(Some(host_of(&request))).await)
    };
    get_with(answer, |asks| asks.ready(Ready::Doctor))
}

/// The recovery list of [`admin_routes`] nested at `prefix`: status, install,
/// machine info and doctor. Add the routes by which an administrator signs in.
///
/// [`enforce`](crate::enforce) around [`Routes`] needs no such list for them.
/// It is for a [`LicenseLayer`](crate::LicenseLayer) that stands elsewhere: on
/// a plain router, or in front of another service.
///
/// ```
/// use http::Method;
/// use license_axum::recovery;
///
/// let open = recovery("/api/license")?.allow(Method::POST, "/api/sign-in")?;
/// assert!(open.allows(&Method::POST, "/api/license"));
/// assert!(!open.allows(&Method::GET, "/api/license/audit"));
/// # Ok::<(), license_tower::RecoveryError>(())
/// ```
///
/// # Errors
///
/// A prefix that is not a path.
pub fn recovery(prefix: &str) -> Result<Recovery, RecoveryError> {
    Recovery::new()
        .allow(Method::GET, prefix)?
        .allow(Method::POST, prefix)?
        .allow(Method::GET, &format!("{prefix}/machine-info"))?
        .allow(Method::GET, &format!("{prefix}/doctor"))
}

const DEFAULT_AUDIT_ROWS: u32 = 100;
const MOST_AUDIT_ROWS: u32 = 1000;

/// The status; all of it for an administrator, who uses the service by this
/// host.
async fn status(installer: &impl Installer, admin_by: Option<String>) -> Response {
    let licensing = installer.licensing();
    let Some(host) = admin_by else { return json(&licensing.public_status()) };
    let mut status = installer.status().await;
    status.warnings.extend(licensing.host_warning(&host));
    json(&status)
}

pub(crate) async fn machine_info(installer: &impl Installer) -> Response {
    match installer.machine_info().await {
        Ok(info) => {
            let mut response = json(&info);
            let name = HeaderValue::from_static("attachment; filename=\"machine-info.json\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        // Nothing was uploaded that could be wrong.
        Err(error) if error.kind() == InstallErrorKind::FingerprintUnavailable => {
            let mut details = ProblemDetails::from(&error);
            details.status = 503;
            Problem::from(details).into_response()
        }
        Err(error) => unread(installer, &error),
    }
}

async fn audit(installer: &impl Installer, uri: &Uri) -> Response {
    let mut limits = values(uri, "limit");
    let limit = match (limits.next().map(str::parse), limits.next()) {
        (None, _) => DEFAULT_AUDIT_ROWS,
        (Some(Ok(limit @ 1..)), None) => MOST_AUDIT_ROWS.min(limit),
        _ => {
            return Problem::new(400, "invalid_query", "`limit` must be one whole number from 1.")
                .into_response();
        }
    };
    match installer.audit(limit).await {
        Ok(entries) => json(&entries),
        Err(error) => unread(installer, &error),
    }
}

/// The answer where the store cannot be read. Of a store that is away
/// an [`InstallError`] would say that nothing was installed.
fn unread(installer: &impl Installer, error: &InstallError) -> Response {
    match error.kind() {
        InstallErrorKind::StoreUnavailable => {
            let denial = installer.licensing().control().denial(DenialCode::StoreUnavailable);
            Problem::from(denial.problem()).into_response()
        }
        _ => Problem::from(error).into_response(),
    }
}

/// Where an export goes on: behind this row, or nowhere.
type Rest<I> = Option<(I, u64)>;

async fn export_audit<I: Installer>(installer: I) -> Response {
    // The first part is read before the answer begins: until then a failure
    // can be told.
    let first = match installer.export_audit(0).await {
        Ok(page) => page,
        Err(error) => return unread(&installer, &error),
    };
    let rest = first.next.map(|next| (installer, next));
    let rest = stream::try_unfold(rest, async |rest: Rest<I>| {
        let Some((installer, after)) = rest else { return Ok(None) };
        let page = installer.export_audit(after).await?;
        let rest = page.next.map(|next| (installer, next));
        Ok::<_, InstallError>(Some((Bytes::from(page.lines), rest)))
    });
    let lines = stream::once(ready(Ok(Bytes::from(first.lines)))).chain(rest);
    (
        [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl")),
            (
                header::CONTENT_DISPOSITION,
                HeaderValue::from_static("attachment; filename=\"license-audit.jsonl\""),
            ),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ],
        Body::from_stream(lines),
    )
        .into_response()
}
