//! Reading what is left of the body of a refused request.

use std::task::{Context, Poll};

use axum::{body::Body, extract::Request, response::Response};
use http_body::Body as _;
use license_tower::discard::{DiscardFuture, DiscardLayer};
use tower::{Layer, Service};

/// [`DiscardLayer`] for the bodies of axum, which only those requests pay for
/// that have one. The router behind it answers whatever it likes: extractors
/// that refuse, 404, 405 and 413 drop the body unread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiscardBodies;

/// A service behind [`DiscardBodies`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Discarding<S>(S);

impl<S> Layer<S> for DiscardBodies {
    type Service = Discarding<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Discarding(inner)
    }
}

impl<S> Service<Request> for Discarding<S>
where
    S: Service<Request, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = DiscardFuture<S::Future, Body, Body>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.body().is_end_stream() {
            return DiscardFuture::new(self.0.call(request), None);
        }
        let (request, watch) = DiscardLayer::new().watch(request);
        DiscardFuture::new(self.0.call(request.map(Body::new)), watch)
    }
}
