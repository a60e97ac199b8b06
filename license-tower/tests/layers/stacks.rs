//! The five ways in which the layers are put in front of a service.
//!
//! [`on_every_stack!`] makes five tests of each function in it: one in a
//! module for each stack, where `wrap` puts a layer in front of a service that
//! serves every path, and `responder` is a ready responder for its bodies.

use std::{
    convert::Infallible,
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Router,
    routing::{Route, any},
};
use bytes::Bytes;
use http::{HeaderName, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::service::TowerToHyperService;
use license_core::{Denial, DenialCode};
use license_tower::{Empty, ProblemJson};
use tonic::service::Routes;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};

/// Makes a test on each stack of each function.
macro_rules! on_every_stack {
    ($($tests:tt)*) => {
        mod under_service_builder {
            use super::*;
            use crate::stacks::service_builder::{responder, wrap};
            crate::stacks::tests! { $($tests)* }
        }
        mod under_axum_layer {
            use super::*;
            use crate::stacks::axum_layer::{responder, wrap};
            crate::stacks::tests! { $($tests)* }
        }
        mod under_axum_route_layer {
            use super::*;
            use crate::stacks::axum_route_layer::{responder, wrap};
            crate::stacks::tests! { $($tests)* }
        }
        mod under_tonic {
            use super::*;
            use crate::stacks::tonic_routes::{responder, wrap};
            crate::stacks::tests! { $($tests)* }
        }
        mod under_hyper {
            use super::*;
            use crate::stacks::hyper_service::{responder, wrap};
            crate::stacks::tests! { $($tests)* }
        }
    };
}
pub(crate) use on_every_stack;

macro_rules! tests {
    ($(async fn $test:ident() $body:block)*) => {$(
        #[tokio::test]
        async fn $test() $body
    )*};
}
pub(crate) use tests;

/// A service that takes bodies `A` and answers with bodies `B`.
pub(crate) trait Serves<A, B>:
    Service<Request<A>, Response = Response<B>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S, A, B> Serves<A, B> for S where
    S: Service<Request<A>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A wrapped service.
#[derive(Clone)]
pub(crate) struct App {
    service: BoxCloneSyncService<Request<()>, Response<Bytes>, Infallible>,
    served: Counter,
}

#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

/// Serves everything.
#[derive(Clone, Default)]
pub(crate) struct Served(Counter);

impl Counter {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Service<Request<Full<Bytes>>> for Served {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        self.0.add();
        std::future::ready(Ok(Response::new(Full::from("served"))))
    }
}

/// A router that serves everything.
fn router(served: Counter) -> Router {
    let serve = any(async move || {
        served.add();
        "served"
    });
    Router::new().route("/", serve.clone()).route("/{*path}", serve)
}

impl App {
    fn new<S, A, B>(service: S, served: Counter) -> Self
    where
        S: Serves<A, B>,
        A: Default + Send + 'static,
        B: hyper::body::Body<Data = Bytes, Error: Debug> + Send + 'static,
    {
        let service = service_fn(move |request: Request<()>| {
            let response = service.clone().oneshot(request.map(|()| A::default()));
            async {
                let (head, body) = response.await?.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                Ok(Response::from_parts(head, body))
            }
        });
        Self { service: BoxCloneSyncService::new(service), served }
    }

    pub(crate) async fn send(&self, request: Request<()>) -> Response<Bytes> {
        self.service.clone().oneshot(request).await.unwrap()
    }

    /// Sends a request that must be served.
    #[track_caller]
    pub(crate) fn serves(&self, request: Request<()>) -> impl Future<Output = ()> {
        let text = describe(&request);
        let caller = std::panic::Location::caller();
        async move {
            let response = self.send(request).await;
            let denial = response.extensions().get::<Denial>();
            assert_eq!(self.served.take(), 1, "{text} was refused at {caller}: {denial:?}");
            assert_eq!(response.status(), 200, "{text} at {caller}");
            assert!(denial.is_none(), "{text} at {caller}");
        }
    }

    /// Sends a request that must be refused with this status and code, and
    /// must not reach the service.
    #[track_caller]
    pub(crate) fn refuses(
        &self,
        request: Request<()>,
        status: u16,
        code: DenialCode,
    ) -> impl Future<Output = Denial> {
        let text = describe(&request);
        let caller = std::panic::Location::caller();
        async move {
            let response = self.send(request).await;
            assert_eq!(self.served.take(), 0, "{text} was served at {caller}");
            let denial = response.extensions().get::<Denial>().cloned();
            let denial = denial.unwrap_or_else(|| panic!("{text} at {caller}: no denial"));
            assert_eq!(
                (response.status().as_u16(), denial.code()),
                (status, code),
                "{text} at {caller}"
            );
            assert_eq!(response.headers()["cache-control"], "no-store");
            denial
        }
    }
}

fn describe(request: &Request<()>) -> String {
    let host = request.headers().get_all("host").iter().collect::<Vec<_>>();
    format!("{} {} {host:?}", request.method(), request.uri())
}

/// A request without a host.
pub(crate) fn request(method: &str, uri: &str) -> Request<()> {
    Request::builder().method(method).uri(uri).body(()).unwrap()
}

/// A `GET` with these header lines.
pub(crate) fn get_with(uri: &str, lines: &[(&'static str, &[u8])]) -> Request<()> {
    let mut request = request("GET", uri);
    for (name, value) in lines {
        let value = http::HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().append(HeaderName::from_static(name), value);
    }
    request
}

pub(crate) fn get(uri: &str) -> Request<()> {
    request("GET", uri)
}

pub(crate) fn post(uri: &str) -> Request<()> {
    request("POST", uri)
}

/// `ServiceBuilder` around a service.
pub(crate) mod service_builder {
    use super::*;

    pub(crate) fn responder() -> ProblemJson {
        ProblemJson
    }

    pub(crate) fn wrap<L>(layer: L) -> App
    where
        L: Layer<Served, Service: Serves<Full<Bytes>, Full<Bytes>>> + Clone + Send + Sync + 'static,
    {
        let served = Counter::default();
        let service = ServiceBuilder::new().layer(layer).service(Served(served.clone()));
        App::new(service, served)
    }
}

/// `Router::layer`.
pub(crate) mod axum_layer {
    use super::*;

    pub(crate) fn responder() -> ProblemJson {
        ProblemJson
    }

    pub(crate) fn wrap<L>(layer: L) -> App
    where
        L: Layer<Route, Service: Serves<axum::body::Body, axum::body::Body>>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let served = Counter::default();
        App::new::<_, axum::body::Body, _>(router(served.clone()).layer(layer), served)
    }
}

/// `Router::route_layer`.
pub(crate) mod axum_route_layer {
    use super::*;

    pub(crate) fn responder() -> ProblemJson {
        ProblemJson
    }

    pub(crate) fn wrap<L>(layer: L) -> App
    where
        L: Layer<Route, Service: Serves<axum::body::Body, axum::body::Body>>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let served = Counter::default();
        App::new::<_, axum::body::Body, _>(router(served.clone()).route_layer(layer), served)
    }
}

/// Tonic's routes, wrapped as its server wraps them.
pub(crate) mod tonic_routes {
    use super::*;

    pub(crate) fn responder() -> Empty {
        Empty
    }

    pub(crate) fn wrap<L>(layer: L) -> App
    where
        L: Layer<Routes, Service: Serves<tonic::body::Body, tonic::body::Body>>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let served = Counter::default();
        let routes = Routes::from(router(served.clone())).prepare();
        App::new(layer.layer(routes), served)
    }
}

/// A Hyper service made of a wrapped Tower service.
pub(crate) mod hyper_service {
    use super::*;

    pub(crate) fn responder() -> ProblemJson {
        ProblemJson
    }

    pub(crate) fn wrap<L>(layer: L) -> App
    where
        L: Layer<Served, Service: Serves<Full<Bytes>, Full<Bytes>>> + Clone + Send + Sync + 'static,
    {
        let served = Counter::default();
        let service = TowerToHyperService::new(layer.layer(Served(served.clone())));
        let service = service_fn(move |request| hyper::service::Service::call(&service, request));
        App::new(service, served)
    }
}
