//! The allow path under axum, beside what is written by hand.

use std::{
    convert::Infallible,
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use axum::{Json, Router, body::Body, middleware, response::Response, routing};
use http::{HeaderValue, Method, Request, header, request::Parts};
use license_axum::{RequireFeature, enforce};
use tokio::sync::RwLock;
use tower_http::{csrf::CsrfLayer, set_header::SetResponseHeaderLayer};
use tower_service::Service;

use crate::{
    Group, Row,
    by_hand::{self, License},
    fixture::{self, DOMAIN, PATH, SsoSaml, Warehouse},
    nothing::{NothingExtracted, NothingLayer},
    plain,
};

/// The request's head, to be cloned each time: axum consumes it.
pub(crate) fn head() -> Parts {
    fixture::request::<()>(Method::GET).into_parts().0
}

fn build(head: &Parts) -> Request<Body> {
    Request::from_parts(head.clone(), Body::empty())
}

/// Sends the request `times` times and returns the last status. Nothing here
/// waits for a runtime: a future that is not ready is waiting for a lock, and
/// is asked again at once, which is kinder to it than being woken.
fn drive<S>(service: &mut S, head: &Parts, times: u64) -> u16
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut status = 0;
    for _ in 0..times {
        let request = build(head);
        while service.poll_ready(&mut cx).is_pending() {}
        let mut future = pin!(service.call(request));
        let response = loop {
            match future.as_mut().poll(&mut cx) {
                Poll::Ready(Ok(response)) => break response,
                Poll::Pending => std::hint::spin_loop(),
            }
        };
        status = black_box(response).status().as_u16();
    }
    status
}

/// A row that sends requests to a router.
pub(crate) fn row(id: &'static str, label: &str, router: Router) -> Row {
    let head = head();
    let mut service = router;
    Row::new(id, label, move |times| drive(&mut service, &head, times))
}

pub(crate) async fn handler() -> Json<&'static [Warehouse]> {
    fixture::page()
}

async fn ungated(_: NothingExtracted) -> Json<&'static [Warehouse]> {
    fixture::page()
}

pub(crate) async fn gated(_: RequireFeature<SsoSaml>) -> Json<&'static [Warehouse]> {
    fixture::page()
}

/// The service without a layer.
pub(crate) fn router() -> Router {
    Router::new().route(PATH, routing::get(handler)).with_state(())
}

/// The service with the middleware written by hand.
pub(crate) fn router_by_hand(license: Arc<RwLock<License>>) -> Router {
    router().layer(middleware::from_fn_with_state(license, by_hand::licensed)).with_state(())
}

/// The same with one function for each layer of ours.
fn router_by_hand_twice(license: Arc<RwLock<License>>) -> Router {
    let featured = middleware::from_fn_with_state(Arc::clone(&license), by_hand::featured);
    let in_force = middleware::from_fn_with_state(license, by_hand::in_force);
    router().layer((in_force, featured)).with_state(())
}

/// What [`router_enforced`] is compared with: the same with a layer and an
/// extractor that do nothing.
fn router_enforcing_nothing() -> Router {
    let licensing = fixture::licensed(Some(DOMAIN));
    let router = Router::new().route(PATH, routing::get(ungated)).with_state(licensing);
    enforce(router, NothingLayer).into_router()
}

/// The service as the documentation sets it up: `enforce` around the router,
/// `RequireFeature` in the handler.
pub(crate) fn router_enforced() -> Router {
    let licensing = fixture::licensed(Some(DOMAIN));
    let layer = license_axum::LicenseLayer::new(&licensing);
    let router = Router::new().route(PATH, routing::get(gated)).with_state(licensing);
    enforce(router, layer).into_router()
}

pub(crate) fn group() -> Group {
    const NOTHING: &str = "axum/nothing";
    const ENFORCED_NOTHING: &str = "axum/enforce-nothing";
    let frame = SetResponseHeaderLayer::overriding(
        header::X_FRAME_OPTIONS,
        HeaderValue::from_static("DENY"),
    );
    let license = Arc::new(RwLock::new(License::new()));
    let request = head();
    let building = move |times| {
        for _ in 0..times {
            black_box(build(&request));
        }
        200
    };
    let rows = vec![
        Row::new("axum/request", "(building the request, in every row)", building),
        row("axum/none", "no layer", router()).beyond(NOTHING),
        row(NOTHING, "a do-nothing layer", router().layer(NothingLayer).with_state(())),
        row(
            "axum/license-feature-domain",
            "`LicenseLayer` + `FeatureLayer`: term, domain, one feature",
            router().layer(plain::both(Some(DOMAIN))).with_state(()),
        )
        .allocating_like(NOTHING),
        row(
            "axum/license-feature",
            "`LicenseLayer` + `FeatureLayer`, no domain in the license",
            router().layer(plain::both(None)).with_state(()),
        )
        .allocating_like(NOTHING),
        row(
            "axum/license-domain",
            "`LicenseLayer` alone, domain",
            router().layer(plain::both(Some(DOMAIN)).0).with_state(()),
        )
        .allocating_like(NOTHING),
        row(
            "axum/feature",
            "`FeatureLayer` alone",
            router().layer(plain::both(None).1).with_state(()),
        )
        .allocating_like(NOTHING),
        row(
            "axum/by-hand",
            "by hand: `from_fn`, `tokio::sync::RwLock<License>`, string compares",
            router_by_hand(Arc::clone(&license)),
        )
        .beyond(NOTHING),
        row(
            "axum/by-hand-twice",
            "the same by hand as two functions, for the service and for the feature",
            router_by_hand_twice(license),
        )
        .beyond(NOTHING),
        row("axum/set-header", "tower-http `SetResponseHeaderLayer`", router().layer(frame))
            .beyond(NOTHING),
        row("axum/csrf", "tower-http `CsrfLayer`", router().layer(CsrfLayer::new()))
            .beyond(NOTHING),
        row(
            ENFORCED_NOTHING,
            "`enforce` with a do-nothing layer, a do-nothing extractor in the handler",
            router_enforcing_nothing(),
        )
        .beyond(NOTHING),
        row(
            "axum/enforce",
            "`enforce` with `LicenseLayer`, `RequireFeature` in the handler (beyond the row above)",
            router_enforced(),
        )
        .allocating_like(ENFORCED_NOTHING),
    ];
    Group {
        title: "Under axum, allow path, a handler that answers 1 KiB of JSON",
        beyond: "a do-nothing layer",
        rows,
    }
}
