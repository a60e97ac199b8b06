//! The default responder in front of boxed bodies, and a check that is none.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use license_axum::{LicenseLayer, Licensing, tower::EnforceLayer};
use tower::{Layer, Service, service_fn};

type Boxed = Response<BoxBody<Bytes, std::io::Error>>;

async fn handle(_: Request<()>) -> Result<Boxed, Infallible> {
    Ok(Response::new(Empty::new().map_err(|never| match never {}).boxed()))
}

fn serves(_: impl Service<Request<()>, Response = Boxed>) {}

fn bodies(licensing: &Licensing) {
    serves(LicenseLayer::new(licensing).layer(service_fn(handle)));
}

fn no_check() {
    let layer = EnforceLayer::new("no check").responder(license_axum::tower::Boxed(license_axum::tower::ProblemJson));
    serves(layer.layer(service_fn(handle)));
}

fn main() {
    let _ = (bodies, no_check);
}
