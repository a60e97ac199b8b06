//! What of a refusal is logged.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use http::{Method, Request, Response};
use license_core::testing::{Vendor, licensing};
use license_tower::{Empty, FeatureLayer, LicenseLayer, Recovery};
use tower::{Layer, ServiceExt, service_fn};
use tracing::{Event, Metadata, Subscriber, span};

/// Counts events.
#[derive(Clone, Default)]
struct Events(Arc<AtomicUsize>);

impl Subscriber for Events {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// How many events these requests lead to.
async fn events<L>(layer: L, paths: &[&str]) -> usize
where
    L: Layer<Served>,
    L::Service: tower::Service<Request<()>, Response = Response<()>, Error = ()> + Clone,
{
    let events = Events::default();
    let guard = tracing::subscriber::set_default(events.clone());
    let service = layer.layer(service_fn(serve as fn(_) -> _));
    for path in paths {
        let request = Request::get(*path).body(()).unwrap();
        assert!(service.clone().oneshot(request).await.is_ok());
    }
    drop(guard);
    events.0.load(Ordering::SeqCst)
}

type Served =
    tower::util::ServiceFn<fn(Request<()>) -> std::future::Ready<Result<Response<()>, ()>>>;

fn serve(_: Request<()>) -> std::future::Ready<Result<Response<()>, ()>> {
    std::future::ready(Ok(Response::new(())))
}

#[tokio::test]
async fn refusals_of_one_kind_are_one_event() {
    let (licensing, _) = licensing(&Vendor::new());
    let layer = LicenseLayer::new(&licensing).responder(Empty);
    assert_eq!(events(layer, &["/a", "/b", "/c"]).await, 1);
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
