//! What an allowed request costs.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{HeaderValue, Request, Response, header::HOST};
use license_core::testing::{Vendor, licensing};
use license_tower::{
    Empty, FeatureLayer, LicenseLayer, Marks, Recovery, TrustedProxy, WarningLayer,
};
use tower::{Layer, Service};

/// Serves without allocating.
struct Inner;

impl Service<Request<()>> for Inner {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

fn call<S>(service: &mut S, request: Request<()>) -> u16
where
    S: Service<Request<()>, Response = Response<()>, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => response.status().as_u16(),
        other => panic!("{other:?}"),
    }
}

fn request() -> Request<()> {
    let mut request = Request::post("/api/users/42?full=true").body(()).unwrap();
    request.headers_mut().insert(HOST, HeaderValue::from_static("API.acme.internal:8443"));
    request
}

/// How many allocations it takes to allow a request, once the thread is warm.
fn allocations<S>(mut service: S) -> u64
where
    S: Service<Request<()>, Response = Response<()>, Error = Infallible>,
{
    assert_eq!(call(&mut service, request()), 200);
    let requests = [request(), request(), request()];
    allocation_counter::measure(|| {
        for request in requests {
            assert_eq!(call(&mut service, request), 200);
        }
    })
    .count_total
}

#[test]
fn an_allowed_request_allocates_nothing() {
    let vendor = Vendor::new();
    let (licensing, _) = licensing(&vendor);
    let recovery = Recovery::new().allow(http::Method::GET, "/api/**").unwrap();
    let proxy = TrustedProxy::new(["10.0.0.0/8"], "x-forwarded-host", |_| None).unwrap();
    let layer = LicenseLayer::new(&licensing)
        .scope("/agents/**")
        .and_then(|layer| layer.scope("/api/**"))
        .unwrap()
        .recovery(recovery)
        .marks(Marks::from_fn(|_, _| panic!("nothing is restricted")))
        .trusted_proxy(proxy)
        .responder(Empty);
    let layer = tower_layer::Stack::new(
        layer,
        WarningLayer::new(&licensing, |_| panic!("nothing to warn about")),
    );
    let feature = FeatureLayer::new(&licensing, "sso").unwrap().responder(Empty);
    vendor.license().features(["sso", "scim"]).install(&licensing);
    assert_eq!(allocations(layer.layer(feature.layer(Inner))), 0);
    vendor.license().features(["sso", "scim"]).domain("*.acme.internal").install(&licensing);
    assert_eq!(allocations(layer.layer(feature.layer(Inner))), 0);
}

#[test]
fn cloning_a_service_allocates_nothing() {
    let (licensing, _) = licensing(&Vendor::new());
    let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap();
    let service = layer.layer(FeatureLayer::new(&licensing, "sso").unwrap().layer(()));
    let measured = allocation_counter::measure(|| drop(service.clone()));
    assert_eq!(measured.count_total, 0);
}
