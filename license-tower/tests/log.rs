//! What of a refusal is logged, in a process of its own: which events are of
//! interest is remembered for the whole process.
#![allow(clippy::unwrap_used, reason = "a test that is set up wrongly should stop")]

use std::{cell::Cell, io, sync::Once};

use http::{Method, Request, Response};
use license_core::testing::{Vendor, licensing};
use license_tower::{Empty, FeatureLayer, LicenseLayer, Recovery};
use tower::{Layer, ServiceExt, service_fn};

thread_local! {
    static EVENTS: Cell<usize> = const { Cell::new(0) };
}

/// Counts this thread's events from now on. The one subscriber is there for
/// every thread before any of them logs, so that no test misses what another
/// was the first to log.
fn count_events() {
    static SUBSCRIBED: Once = Once::new();
    SUBSCRIBED.call_once(|| {
        let count = || {
            EVENTS.set(EVENTS.get() + 1);
            io::sink()
        };
        let subscriber = tracing_subscriber::fmt().with_writer(count).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    EVENTS.set(0);
}

/// How many events these requests lead to.
async fn events<L>(layer: L, paths: &[&str]) -> usize
where
    L: Layer<Served>,
    L::Service: tower::Service<Request<()>, Response = Response<()>, Error = ()> + Clone,
{
    count_events();
    let service = layer.layer(service_fn(serve as fn(_) -> _));
    for path in paths {
        let request = Request::get(*path).body(()).unwrap();
        assert!(service.clone().oneshot(request).await.is_ok());
    }
    EVENTS.get()
}

type Served =
    tower::util::ServiceFn<fn(Request<()>) -> std::future::Ready<Result<Response<()>, ()>>>;

fn serve(_: Request<()>) -> std::future::Ready<Result<Response<()>, ()>> {
    std::future::ready(Ok(Response::new(())))
}

#[tokio::test]
async fn refusals_of_one_kind_are_one_event() {
    let (licensing, _) = licensing(&Vendor::new());
    let layer = LicenseLayer::new(&licensing).recovery(Recovery::new()).responder(Empty);
    assert_eq!(events(layer, &["/a", "/b", "/c"]).await, 1);
}

#[tokio::test]
async fn a_layer_that_nobody_told_what_stays_open_says_so_once() {
    let vendor = Vendor::new();
    let (licensing, _) = licensing(&vendor);
    vendor.license().install(&licensing);
    let layer = LicenseLayer::new(&licensing).responder(Empty);
    assert_eq!(events(layer.clone(), &["/a"]).await, 1);
    assert_eq!(events(layer.clone(), &["/a"]).await, 0, "put around another route");
    let told = layer.recovery(Recovery::new());
    assert_eq!(events(told, &["/a"]).await, 0);
    let told = LicenseLayer::new(&licensing).recovery(Recovery::new()).responder(Empty);
    assert_eq!(events(told, &["/a"]).await, 0);
}

#[tokio::test]
async fn what_recovery_lets_through_is_no_event() {
    let (licensing, _) = licensing(&Vendor::new());
    let recovery = Recovery::new().allow(Method::GET, "/license").unwrap();
    let layer = LicenseLayer::new(&licensing).recovery(recovery).responder(Empty);
    assert_eq!(events(layer.clone(), &["/license", "/license"]).await, 0);
    assert_eq!(events(layer, &["/other"]).await, 1);
}

#[tokio::test]
async fn a_refused_feature_is_an_event_too() {
    let (licensing, _) = licensing(&Vendor::new());
    let layer = FeatureLayer::new(&licensing, "sso").unwrap().responder(Empty);
    assert_eq!(events(layer, &["/a", "/b"]).await, 1);
}
