//! The one middleware: a check in front of a service.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use license_core::Denial;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Check, LicenseCheck, Problem, Respond};

/// Puts a [`Check`] in front of services.
///
/// [`LicenseLayer`](crate::LicenseLayer) and
/// [`FeatureLayer`](crate::FeatureLayer) are this layer with a ready check;
/// use this one with a check of your own. See the [crate docs](crate).
#[derive(Clone)]
#[must_use]
pub struct EnforceLayer<C = LicenseCheck, R = Problem> {
    check: C,
    responder: R,
}

impl<C> EnforceLayer<C> {
    /// A layer that answers refused requests with [`Problem`].
    pub fn new(check: C) -> Self {
        Self { check, responder: Problem }
    }
}

impl<C, R> EnforceLayer<C, R> {
    /// Answers refused requests with another responder: [`Empty`](crate::Empty),
    /// [`Grpc`](crate::Grpc), or a `Fn(&Denial) -> Response<B>`.
    pub fn responder<T>(self, responder: T) -> EnforceLayer<C, T> {
        EnforceLayer { check: self.check, responder }
    }

    pub(crate) fn check(&self) -> &C {
        &self.check
    }

    pub(crate) fn check_mut(&mut self) -> &mut C {
        &mut self.check
    }
}

impl<S, C: Clone, R: Clone> Layer<S> for EnforceLayer<C, R> {
    type Service = Enforce<S, C, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Enforce::new(inner, self.check.clone(), self.responder.clone())
    }
}

impl<C: fmt::Debug, R> fmt::Debug for EnforceLayer<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnforceLayer").field("check", &self.check).finish_non_exhaustive()
    }
}

/// A service behind a [`Check`].
///
/// A request that is allowed goes to the inner service as it is. One that is
/// not never reaches it: the responder's answer is returned, with the
/// [`Denial`] in its extensions. Errors and readiness are the inner
/// service's. See the [crate docs](crate).
#[derive(Clone)]
#[must_use]
pub struct Enforce<S, C = LicenseCheck, R = Problem> {
    inner: S,
    check: C,
    responder: R,
}

impl<S, C, R> Enforce<S, C, R> {
    /// Puts a check and a responder in front of a service.
    pub fn new(inner: S, check: C, responder: R) -> Self {
        Self { inner, check, responder }
    }

    /// The service behind the check.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the check.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the service out; it is not protected any more.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: fmt::Debug, C: fmt::Debug, R> fmt::Debug for Enforce<S, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enforce")
            .field("inner", &self.inner)
            .field("check", &self.check)
            .finish_non_exhaustive()
    }
}

impl<S, C, R, A, B> Service<Request<A>> for Enforce<S, C, R>
where
    S: Service<Request<A>, Response = Response<B>>,
    C: Check,
    R: Respond<B>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        match self.check.check(&request) {
            Ok(()) => ResponseFuture::allowed(self.inner.call(request)),
            Err(denial) => ResponseFuture::denied(Ok(refuse(&self.check, &self.responder, denial))),
        }
    }
}

#[cold]
fn refuse<B>(check: &impl Check, responder: &impl Respond<B>, denial: Denial) -> Response<B> {
    check.refused(&denial);
    let mut response = responder.respond(&denial);
    response.extensions_mut().insert(denial);
    response
}

pin_project! {
    /// The response of [`Enforce`]: the inner service's, or a denial.
    pub struct ResponseFuture<F>
    where
        F: Future,
    {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F>
    where
        F: Future,
    {
        Allowed { #[pin] future: F },
        Denied { response: Option<F::Output> },
    }
}

impl<F: Future> ResponseFuture<F> {
    fn allowed(future: F) -> Self {
        Self { state: State::Allowed { future } }
    }

    fn denied(response: F::Output) -> Self {
        Self { state: State::Denied { response: Some(response) } }
    }
}

impl<F: Future> Future for ResponseFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Allowed { future } => future.poll(cx),
            // Nobody polls a future again that has returned its response.
            StateProj::Denied { response } => response.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}

impl<F: Future> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed = matches!(self.state, State::Allowed { .. });
        f.debug_struct("ResponseFuture").field("allowed", &allowed).finish_non_exhaustive()
    }
}
