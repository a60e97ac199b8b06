//! The allow path on plain Tower, beside other layers.

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use license_tower::{FeatureLayer, LicenseLayer, Recovery};
use tower_http::{csrf::CsrfLayer, set_header::SetResponseHeaderLayer};
use tower_layer::{Identity, Layer};
use tower_service::Service;

use crate::{
    Group, Row,
    fixture::{self, DOMAIN, FEATURE},
    nothing::NothingLayer,
};

/// One request and one response that go round: taken, sent through the
/// service, and put back, so that building them is not timed.
pub(crate) struct Slots {
    request: Cell<Option<Request<()>>>,
    response: Cell<Option<Response<Bytes>>>,
    reuse: bool,
}

/// The innermost service: puts the request back and answers with the
/// response that is there.
#[derive(Clone)]
pub(crate) struct Innermost(Rc<Slots>);

impl Slots {
    /// The request, and a response with what a JSON handler sets.
    pub(crate) fn new(request: Request<()>) -> Self {
        let mut response = Response::new(Bytes::from_static(b"{}"));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("2"));
        let (request, response) = (Cell::new(Some(request)), Cell::new(Some(response)));
        Self { request, response, reuse: true }
    }

    /// Answers with a new response each time, without headers.
    fn fresh(mut self) -> Self {
        self.reuse = false;
        self
    }
}

impl Service<Request<()>> for Innermost {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        self.0.request.set(Some(request));
        ready(Ok(self.0.response.take().unwrap_or_default()))
    }
}

/// Sends the request `times` times and returns the last status. Futures are
/// polled by hand: there is no runtime whose cost would be in the figure.
fn drive<S>(service: &mut S, slots: &Slots, times: u64) -> u16
where
    S: Service<Request<()>, Response = Response<Bytes>, Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    let mut status = 0;
    for _ in 0..times {
        // A denied request does not come back; an empty one costs next to
        // nothing.
        let mut request = slots.request.take().unwrap_or_default();
        black_box(&mut request);
        while service.poll_ready(&mut cx).is_pending() {}
        let mut future = pin!(service.call(request));
        let mut response = loop {
            if let Poll::Ready(Ok(response)) = future.as_mut().poll(&mut cx) {
                break response;
            }
        };
        black_box(&mut response);
        status = response.status().as_u16();
        if slots.reuse {
            slots.response.set(Some(response));
        }
    }
    status
}

/// A row that sends what is in `slots` through a layer.
pub(crate) fn row<L>(id: &'static str, label: &str, slots: Slots, layer: L) -> Row
where
    L: Layer<Innermost>,
    L::Service: Service<Request<()>, Response = Response<Bytes>, Error = Infallible> + 'static,
{
    let slots = Rc::new(slots);
    let mut service = layer.layer(Innermost(Rc::clone(&slots)));
    Row::new(id, label, move |times| drive(&mut service, &slots, times))
}

/// The slots of most rows: a GET.
pub(crate) fn get() -> Slots {
    Slots::new(fixture::request(Method::GET))
}

fn post() -> Slots {
    Slots::new(fixture::request(Method::POST))
}

/// Both layers of this project.
pub(crate) fn both(domain: Option<&str>) -> (LicenseLayer, FeatureLayer) {
    let licensing = fixture::licensed(domain);
    let feature = FeatureLayer::new(&licensing, FEATURE).expect("the name is valid");
    (LicenseLayer::new(&licensing), feature)
}

fn scoped() -> (LicenseLayer, FeatureLayer) {
    let (license, feature) = both(Some(DOMAIN));
    let recovery = Recovery::new()
        .allow(Method::POST, "/api/license")
        .and_then(|recovery| recovery.allow(Method::GET, "/api/license/**"))
        .expect("the patterns are valid");
    (license.scope("/api/**").expect("the pattern is valid").recovery(recovery), feature)
}

pub(crate) fn group() -> Group {
    const NOTHING: &str = "plain/nothing";
    let frame = |value| SetResponseHeaderLayer::overriding(header::X_FRAME_OPTIONS, value);
    let deny = HeaderValue::from_static("DENY");
    let rows = vec![
        row("plain/none", "no layer", get(), Identity::new()).beyond(NOTHING),
        row(NOTHING, "a do-nothing layer", get(), NothingLayer),
        row("plain/nothing-twice", "two do-nothing layers", get(), (NothingLayer, NothingLayer))
            .allocating_like(NOTHING),
        row(
            "plain/license-feature-domain",
            "`LicenseLayer` + `FeatureLayer`: term, domain, one feature",
            get(),
            both(Some(DOMAIN)),
        )
        .allocating_like(NOTHING),
        row("plain/scoped", "the same with scope `/api/**` and a recovery list", get(), scoped())
            .allocating_like(NOTHING),
        row(
            "plain/license-feature",
            "`LicenseLayer` + `FeatureLayer`, no domain in the license",
            get(),
            both(None),
        )
        .allocating_like(NOTHING),
        row("plain/license-domain", "`LicenseLayer` alone, domain", get(), both(Some(DOMAIN)).0)
            .allocating_like(NOTHING),
        row("plain/license", "`LicenseLayer` alone, no domain", get(), both(None).0)
            .allocating_like(NOTHING),
        row("plain/feature", "`FeatureLayer` alone", get(), both(None).1).allocating_like(NOTHING),
        row(
            "plain/set-header",
            "tower-http `SetResponseHeaderLayer`, into a response with headers",
            get(),
            frame(deny.clone()),
        )
        .beyond(NOTHING),
        row(
            "plain/set-header-empty",
            "tower-http `SetResponseHeaderLayer`, into one without",
            get().fresh(),
            frame(deny),
        )
        .beyond(NOTHING),
        row("plain/csrf", "tower-http `CsrfLayer`, GET", get(), CsrfLayer::new()).beyond(NOTHING),
        row(
            "plain/csrf-post",
            "tower-http `CsrfLayer`, POST from the service's own pages",
            post(),
            CsrfLayer::new(),
        )
        .beyond(NOTHING),
    ];
    Group { title: "Plain Tower, allow path", beyond: "a do-nothing layer", rows }
}
