//! What the tests share: a licensed service to move by hand, and requests
//! without sockets.

use std::{convert::Infallible, sync::Arc};

use axum::{body::Body, extract::FromRef, response::Response};
use bytes::Bytes;
use http::{Extensions, HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use license_core::{
    Denial, Licensing, Policy, Product, Timestamp,
    testing::{ManualClock, START, Vendor, licensing},
};
use serde_json::Value;
use tower::{Service as TowerService, ServiceExt};

/// A vendor, and a service that lives by a clock to be moved by hand.
pub(crate) struct Service {
    pub(crate) vendor: Vendor,
    pub(crate) licensing: Licensing,
    pub(crate) clock: Arc<ManualClock>,
}

/// The state of every router here.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) licensing: Licensing,
}

/// A response that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) extensions: Extensions,
    pub(crate) body: Bytes,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::of(Policy::new())
    }

    pub(crate) fn of(policy: Policy) -> Self {
        let product = Product::builder("test", "https://vendor.example", "test").policy(policy);
        Self::of_product(product.build().unwrap())
    }

    pub(crate) fn of_product(product: Product) -> Self {
        let vendor = Vendor::of(product);
        let (licensing, clock) = licensing(&vendor);
        Self { vendor, licensing, clock }
    }

    pub(crate) fn state(&self) -> AppState {
        AppState { licensing: self.licensing.clone() }
    }
}

impl FromRef<AppState> for Licensing {
    fn from_ref(state: &AppState) -> Self {
        state.licensing.clone()
    }
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of the denial that outer layers see.
    pub(crate) fn denial(&self) -> Option<&'static str> {
        Some(self.extensions.get::<Denial>()?.code().as_str())
    }

    /// Asserts that this is a problem of this status and code, in the form
    /// that every error has.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        let json = self.json();
        assert_eq!(json["code"], code, "{self:?}");
        assert_eq!(json["status"], status, "{self:?}");
        assert_eq!(json["type"], format!("urn:license:problem:{code}"), "{self:?}");
        assert_ne!(json["detail"], "", "{self:?}");
    }
}

/// `days` after the start.
pub(crate) fn day(days: i64) -> Timestamp {
    Timestamp::from_seconds(START.as_seconds() + days * 86_400)
}

/// Something to send requests to: a router, or what `enforce` makes of it.
pub(crate) trait App:
    TowerService<Request<Body>, Response = Response, Error = Infallible> + Clone
{
}

impl<A> App for A where
    A: TowerService<Request<Body>, Response = Response, Error = Infallible> + Clone
{
}

pub(crate) async fn send(app: &impl App, request: Request<Body>) -> Answer {
    let response = match app.clone().oneshot(request).await {
        Ok(response) => response,
        Err(infallible) => match infallible {},
    };
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, extensions: parts.extensions, body }
}

pub(crate) async fn get(app: &impl App, path: &str) -> Answer {
    send(app, Request::get(path).body(Body::empty()).unwrap()).await
}
