//! A responder for boxed bodies, and a check that is one.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use license_axum::{
    Denial, LicenseLayer, Licensing,
    tower::{self as license_tower, Check, EnforceLayer},
};
use tower::{Layer, Service, service_fn};

type Boxed = Response<BoxBody<Bytes, std::io::Error>>;

async fn handle(_: Request<()>) -> Result<Boxed, Infallible> {
    Ok(Response::new(Empty::new().map_err(|never| match never {}).boxed()))
}

fn serves(_: impl Service<Request<()>, Response = Boxed>) {}

fn bodies(licensing: &Licensing) {
    let layer = LicenseLayer::new(licensing).responder(license_tower::Boxed(license_tower::ProblemJson));
    serves(layer.layer(service_fn(handle)));
}

#[derive(Clone)]
struct Nobody;

impl Check for Nobody {
    fn check<B>(&self, _: &Request<B>) -> Result<(), Denial> {
        Ok(())
    }
}

fn no_check() {
    let layer = EnforceLayer::new(Nobody).responder(license_tower::Boxed(license_tower::ProblemJson));
    serves(layer.layer(service_fn(handle)));
}

fn main() {
    let _ = (bodies, no_check);
}
