//! A layer and an extractor that do nothing: what any layer costs that has a
//! future of its own, and any extractor.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::extract::FromRequestParts;
use http::request::Parts;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// The layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NothingLayer;

/// The service.
#[derive(Clone, Debug)]
pub(crate) struct Nothing<S> {
    inner: S,
}

pin_project! {
    /// The inner service's response.
    pub(crate) struct ResponseFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<S> Layer<S> for NothingLayer {
    type Service = Nothing<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Nothing { inner }
    }
}

impl<S: Service<R>, R> Service<R> for Nothing<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        ResponseFuture { inner: self.inner.call(request) }
    }
}

impl<F: Future> Future for ResponseFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx)
    }
}

/// The extractor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NothingExtracted;

impl<S: Sync> FromRequestParts<S> for NothingExtracted {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
}
