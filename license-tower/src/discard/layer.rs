//! The layer and its service.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::{DiscardFuture, Watch, Watched};

/// Reads what is left of the body of a request that was answered without it.
///
/// See the [module](super).
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct DiscardLayer {
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

/// A service behind a [`DiscardLayer`].
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Discard<S> {
    inner: S,
    bounds: DiscardLayer,
}

impl DiscardLayer {
    /// A layer that reads up to 1 MiB for up to two seconds before the answer
    /// goes out.
    pub const fn new() -> Self {
        Self { bytes: 1024 * 1024, time: Duration::from_secs(2) }
    }

    /// How much is read before the answer goes out, in bytes.
    pub const fn bytes(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    /// How long the answer waits for the rest of the body.
    pub const fn time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Watches the body of a request, for a service that is handed its own
    /// type of body. What it answers is to go through a [`DiscardFuture`].
    pub fn watch<A: Body + Unpin>(
        &self,
        request: Request<A>,
    ) -> (Request<Watched<A>>, Option<Watch<A>>) {
        Watch::begin(*self, request)
    }
}

impl Default for DiscardLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for DiscardLayer {
    type Service = Discard<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Discard { inner, bounds: *self }
    }
}

// What is left of a body is read by a task of its own once the answer is out,
// therefore the auto traits.
impl<S, A, B> Service<Request<A>> for Discard<S>
where
    S: Service<Request<Watched<A>>, Response = Response<B>>,
    A: Body + Unpin + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = DiscardFuture<S::Future, A, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let (request, watch) = self.bounds.watch(request);
        DiscardFuture::new(self.inner.call(request), watch)
    }
}
