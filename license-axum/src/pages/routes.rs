//! The routes, and who may use which.

use std::convert::Infallible;

use askama::Template;
use axum::{
    extract::{FromRequestParts, Path, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodFilter, MethodRouter, get, post},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use license_core::{Actor, Installer, refusal::ProblemDetails};

use super::{
    LicensePages,
    accept::prefers_html,
    denied::turn_away,
    license::{self, History, ROWS},
    page::{Page, Place, html, see_other},
    preview,
    upload::{Refused, refuse},
};
use crate::{
    Problem, Routes,
    admin::{IsAdmin, host_of, machine_info, refuse_cross_site},
    discard::DiscardBodies,
    query::values,
};

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage<'a> {
    page: Page<'a>,
    history: History,
}

/// An administrator, or the status of what the product's extractor says to
/// everybody else.
struct Who<A>(Result<A, StatusCode>);

impl<A, S> FromRequestParts<S> for Who<A>
where
    A: FromRequestParts<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let who = A::from_request_parts(parts, state).await;
        Ok(Self(who.map_err(|rejection| rejection.into_response().status())))
    }
}

pub(super) fn routes<A, I, S>(pages: &LicensePages<A, I>) -> Routes<S>
where
    A: FromRequestParts<S> + Into<Actor> + Send + 'static,
    I: Installer,
    S: Clone + Send + Sync + 'static,
{
    let read = MethodFilter::GET;
    let both = MethodFilter::GET.or(MethodFilter::POST);
    let shown = pages.clone();
    let status = get(move |who: IsAdmin<A>, request: Request| {
        let pages = shown.clone();
        let host = who.yes().then(|| host_of(&request));
        let (request, _) = request.into_parts();
        async move { license::show(&pages, &request, host).await }
    });
    Routes::new()
        .open(read, "/", status)
        .open(both, "/preview", form::<A, I, S>(pages, true))
        .open(both, "/install", form::<A, I, S>(pages, false))
        .open(read, "/machine-info.json", report::<A, I, S>(pages, Report::MachineInfo))
        .open(read, "/history", report::<A, I, S>(pages, Report::History))
        .open(read, "/assets/{name}", assets(pages.clone()))
        .layer(middleware::from_fn_with_state(pages.clone(), own_site))
        .layer(DiscardBodies)
}

/// Refuses what another site makes a browser send, to a browser with a page.
async fn own_site<A: 'static, I: Installer>(
    State(pages): State<LicensePages<A, I>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() || !prefers_html(request.headers()) {
        return refuse_cross_site(request, next).await;
    }
    let (head, body) = request.into_parts();
    let response = refuse_cross_site(Request::from_parts(head.clone(), body), next).await;
    // These routes answer a browser with nothing else in this form.
    let is_problem = response.headers().get(header::CONTENT_TYPE)
        == Some(&HeaderValue::from_static(ProblemDetails::MEDIA_TYPE));
    match response.status() {
        StatusCode::FORBIDDEN if is_problem => refuse(&pages, &head, &Refused::CrossSite, None),
        _ => response,
    }
}

/// A page that a form is sent to. Whoever comes back to it by its address is led
/// to where the form is.
fn form<A, I, S>(pages: &LicensePages<A, I>, previews: bool) -> MethodRouter<S>
where
    A: FromRequestParts<S> + Into<Actor> + Send + 'static,
    I: Installer,
    S: Clone + Send + Sync + 'static,
{
    let (sent, back) = (pages.clone(), pages.clone());
    let sent = move |Who(who): Who<A>, request: Request| {
        let pages = sent.clone();
        let who = who.map(Into::into);
        async move {
            match who {
                Ok(actor) if previews => preview::preview(&pages, actor, request).await,
                Ok(actor) => preview::install(&pages, actor, request).await,
                Err(status) => turn_away(&pages, &request.into_parts().0, status),
            }
        }
    };
    post(sent).get(move |request: Request| {
        let (request, _) = request.into_parts();
        let page = Page::new(&back.shared, &back.places, &request, Place::Below);
        let to = format!("{}{}", page.at, page.query);
        async move { see_other(&to) }
    })
}

/// What an administrator reads beside the license page.
#[derive(Clone, Copy)]
enum Report {
    MachineInfo,
    History,
}

fn report<A, I, S>(pages: &LicensePages<A, I>, report: Report) -> MethodRouter<S>
where
    A: FromRequestParts<S> + Send + 'static,
    I: Installer,
    S: Clone + Send + Sync + 'static,
{
    let pages = pages.clone();
    get(move |Who(who): Who<A>, request: Request| {
        let pages = pages.clone();
        let (request, _) = request.into_parts();
        let who = who.map(drop);
        async move {
            match (who, report) {
                (Ok(()), Report::MachineInfo) => machine_info(&pages.shared.installer).await,
                (Ok(()), Report::History) => rows(&pages, &request).await,
                (Err(status), _) => turn_away(&pages, &request, status),
            }
        }
    })
}

fn assets<A, I, S>(pages: LicensePages<A, I>) -> MethodRouter<S>
where
    A: 'static,
    I: Installer,
    S: Clone + Send + Sync + 'static,
{
    get(move |Path(name): Path<String>| {
        let asset = pages.shared.assets.serve(&name);
        async move {
            asset.unwrap_or_else(|| {
                Problem::new(404, "not_found", "There is nothing at this path.").into_response()
            })
        }
    })
}

/// The rows of the audit history before one, or the newest.
async fn rows<A, I: Installer>(pages: &LicensePages<A, I>, request: &Parts) -> Response {
    let installer = &pages.shared.installer;
    let before = values(&request.uri, "before").next().map(str::parse::<u64>);
    let found = match before {
        None => installer.audit(ROWS).await,
        Some(Ok(row)) => installer.audit_before(row, ROWS).await,
        Some(Err(_)) => {
            return turn_away(pages, request, StatusCode::NOT_FOUND);
        }
    };
    match found {
        Ok(found) => {
            let page = Page::new(&pages.shared, &pages.places, request, Place::Below);
            let heading = page.t("page-history");
            let page = page.called(heading);
            let history = History::of(page.language, found);
            html(StatusCode::OK, &HistoryPage { page, history })
        }
        Err(error) => refuse(pages, request, &Refused::from(&error), None),
    }
}
