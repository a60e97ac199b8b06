//! What a browser is told when something is refused.

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use askama::Template;
use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, Uri, header, request::Parts};
use license_core::{Denial, DenialCode, Installer};
use license_tower::RefusedRequest;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::{
    LicensePages,
    accept::prefers_html,
    ask::Ask,
    page::{Page, Place, dress, html, original_path, relative, vary},
    upload::UploadForm,
};

/// Makes pages of what is refused, for browsers; see
/// [`LicensePages::denials`].
pub struct DenialPages<A, I, S>(Arc<Denials<A, I, S>>);

/// What the layer works with; shared, so that a request that is allowed copies
/// nothing.
struct Denials<A, I, S> {
    pages: LicensePages<A, I>,
    at: String,
    state: S,
}

/// A service behind [`DenialPages`].
pub struct Denying<A, I, S, T> {
    pages: DenialPages<A, I, S>,
    inner: T,
}

#[derive(Template)]
#[template(path = "denied.html")]
struct DeniedPage<'a> {
    page: Page<'a>,
    code: String,
    /// The feature or limit in question.
    name: Option<String>,
    title: String,
    detail: String,
    remedy: String,
    ask: Ask,
    back: Option<String>,
    whole_service: bool,
    form: UploadForm,
}

impl<A, I, S> DenialPages<A, I, S> {
    pub(super) fn new(pages: LicensePages<A, I>, at: String, state: S) -> Self {
        Self(Arc::new(Denials { pages, at, state }))
    }
}

impl<A, I, S> Denials<A, I, S>
where
    A: FromRequestParts<S> + 'static,
    I: Installer,
    S: Clone + Send + Sync + 'static,
{
    /// The answer to a client: as it is, or as a page.
    async fn answer(self: Arc<Self>, mut response: Response) -> Response {
        let Some(denial) = response.extensions().get::<Denial>().cloned() else { return response };
        vary(response.headers_mut(), "Accept");
        let Some(request) = response.extensions_mut().remove::<RefusedRequest>() else {
            return response;
        };
        if !prefers_html(&request.parts().headers) {
            return response;
        }
        let mut parts = request.parts().clone();
        let is_admin = A::from_request_parts(&mut parts, &self.state).await.is_ok();
        let page = self.page(&denial, request.parts(), is_admin, response.status());
        let (mut head, _) = response.into_parts();
        let (made, body) = page.into_parts();
        head.headers.remove(header::CONTENT_LENGTH);
        dress(&mut head.headers);
        head.status = made.status;
        match request.parts().method {
            Method::HEAD => Response::from_parts(head, Body::empty()),
            _ => Response::from_parts(head, body),
        }
    }

    fn page(
        &self,
        denial: &Denial,
        request: &Parts,
        is_admin: bool,
        status: StatusCode,
    ) -> Response {
        let shared = &*self.pages.shared;
        let place = Place::Elsewhere(&self.at);
        let page = Page::new(shared, &self.pages.places, request, place);
        let page = if is_admin { page.for_admin(&self.pages.places, request) } else { page };
        let licensing = shared.installer.licensing();
        let language = page.language;
        let whole_service = licensing.check_service().is_err();
        let code = denial.code().as_str();
        let title = match denial.feature() {
            Some(feature) if denial.code() == DenialCode::FeatureNotLicensed => {
                let feature = language.feature(feature);
                page.text("denied-feature", &[("feature", feature.into())])
            }
            _ => language.denial_title(denial),
        };
        let detail = match (denial.limit(), denial.used(), denial.max()) {
            (Some(limit), Some(used), Some(max)) => page.text(
                "denied-limit",
                &[("limit", limit.into()), ("used", used.into()), ("max", max.into())],
            ),
            _ => language.denial_detail(denial),
        };
        let license = licensing.license();
        let id = license.as_ref().filter(|_| is_admin).map(|it| it.license().id());
        let today = language.date(licensing.control().judged_time());
        let ask = Ask::new(&page, licensing.product(), is_admin, Some(code), id, today);
        let back = match whole_service {
            true => None,
            false => way_back(request).or_else(|| page.home.clone()),
        };
        html(
            status,
            &DeniedPage {
                code: code.to_owned(),
                name: denial.feature().or(denial.limit()).map(str::to_owned),
                detail,
                remedy: language.denial_remedy(denial),
                ask,
                back,
                whole_service,
                form: UploadForm::of(&self.pages.places),
                page: page.called(title.clone()),
                title,
            },
        )
    }
}

/// The page for whoever asks for an administrator's page and is none.
pub(super) fn turn_away<A, I: Installer>(
    pages: &LicensePages<A, I>,
    request: &Parts,
    status: StatusCode,
) -> Response {
    let shared = &*pages.shared;
    let page = Page::new(shared, &pages.places, request, Place::Below);
    let licensing = shared.installer.licensing();
    let code = match status {
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::NOT_FOUND => "not_found",
        status if status.is_server_error() => "store_unavailable",
        _ => "forbidden",
    };
    let (title, detail) = match code {
        "store_unavailable" => {
            (page.t("denial-store_unavailable"), page.t("denial-store_unavailable.detail"))
        }
        code => (page.t(&format!("upload-{code}")), page.t(&format!("upload-{code}.advice"))),
    };
    let today = page.language.date(licensing.control().judged_time());
    let ask = Ask::new(&page, licensing.product(), false, None, None, today);
    html(
        status,
        &DeniedPage {
            code: code.to_owned(),
            name: None,
            detail,
            remedy: String::new(),
            ask,
            back: None,
            whole_service: false,
            form: UploadForm::default(),
            page: page.called(title.clone()),
            title,
        },
    )
}

/// The page that the reader came from, where it is one of this service.
fn way_back(request: &Parts) -> Option<String> {
    let referer: Uri = request.headers.get(header::REFERER)?.to_str().ok()?.parse().ok()?;
    let host = request.headers.get(header::HOST)?.to_str().ok()?;
    let here = original_path(request);
    let is_ours = referer.authority().is_some_and(|it| it.as_str() == host);
    (is_ours && referer.path() != here).then(|| relative(here, referer.path()))
}

impl<A, I, S, T> Layer<T> for DenialPages<A, I, S> {
    type Service = Denying<A, I, S, T>;

    fn layer(&self, inner: T) -> Self::Service {
        Denying { pages: self.clone(), inner }
    }
}

impl<A, I, S, T> Service<Request> for Denying<A, I, S, T>
where
    A: FromRequestParts<S> + 'static,
    I: Installer,
    S: Clone + Send + Sync + 'static,
    T: Service<Request, Response: IntoResponse, Error: Into<Infallible>>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = DenyingFuture<A, I, S, T::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (future, pages) = (self.inner.call(request), Arc::clone(&self.pages.0));
        DenyingFuture { state: State::Served { future, pages } }
    }
}

pin_project! {
    /// The response of [`Denying`]: the inner service's, or a page.
    pub struct DenyingFuture<A, I, S, F> {
        #[pin]
        state: State<A, I, S, F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<A, I, S, F> {
        Served { #[pin] future: F, pages: Arc<Denials<A, I, S>> },
        // Only what is refused is worth a box.
        Refused { page: Pin<Box<dyn Future<Output = Response> + Send>> },
    }
}

impl<A, I, S, F, R, E> Future for DenyingFuture<A, I, S, F>
where
    A: FromRequestParts<S> + 'static,
    I: Installer,
    S: Clone + Send + Sync + 'static,
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
    E: Into<Infallible>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        let mut page = match state.as_mut().project() {
            StateProj::Refused { page } => return page.as_mut().poll(cx).map(Ok),
            StateProj::Served { future, pages } => {
                let Ok(response) = ready!(future.poll(cx)).map_err(Into::<Infallible>::into);
                let response = response.into_response();
                if response.extensions().get::<Denial>().is_none() {
                    return Poll::Ready(Ok(response));
                }
                Box::pin(Arc::clone(pages).answer(response))
                    as Pin<Box<dyn Future<Output = Response> + Send>>
            }
        };
        match page.as_mut().poll(cx) {
            Poll::Ready(response) => Poll::Ready(Ok(response)),
            Poll::Pending => {
                state.set(State::Refused { page });
                Poll::Pending
            }
        }
    }
}

impl<A, I, S> Clone for DenialPages<A, I, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A, I, S, T: Clone> Clone for Denying<A, I, S, T> {
    fn clone(&self) -> Self {
        Self { pages: self.pages.clone(), inner: self.inner.clone() }
    }
}

impl<A, I, S> std::fmt::Debug for DenialPages<A, I, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DenialPages").field("at", &self.0.at).finish_non_exhaustive()
    }
}

impl<A, I, S, F> std::fmt::Debug for DenyingFuture<A, I, S, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DenyingFuture").finish_non_exhaustive()
    }
}

impl<A, I, S, T> std::fmt::Debug for Denying<A, I, S, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Denying").field("pages", &self.pages).finish_non_exhaustive()
    }
}
