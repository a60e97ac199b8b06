//! CORS outside of the license layer, and what is missing where it is not.

use std::convert::Infallible;

use bytes::Bytes;
use http::{
    Method, Request, Response, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_TYPE},
};
use http_body_util::Full;
use license_core::testing::{Vendor, licensing};
use license_tower::LicenseLayer;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_http::cors::CorsLayer;

const ORIGIN: &str = "https://app.acme.example";

/// What a browser asks before it sends a `POST` of JSON from another origin.
fn preflight() -> Request<Full<Bytes>> {
    Request::options("/api/users")
        .header("origin", ORIGIN)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type")
        .body(Full::default())
        .unwrap()
}

fn post() -> Request<Full<Bytes>> {
    let request = Request::post("/api/users").header("origin", ORIGIN);
    request.header("content-type", "application/json").body(Full::from("{}")).unwrap()
}

/// Whether a page may read this response.
async fn answer<S>(service: &S, request: Request<Full<Bytes>>) -> (StatusCode, bool)
where
    S: Service<Request<Full<Bytes>>, Response = Response<Full<Bytes>>, Error = Infallible> + Clone,
{
    let response = service.clone().oneshot(request).await.unwrap();
    let allowed = response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
    (response.status(), allowed.is_some_and(|origin| origin == ORIGIN))
}

#[tokio::test]
async fn a_browser_is_told_of_the_license_where_cors_stands_outside() {
    let vendor = Vendor::new();
    let (unlicensed, _) = licensing(&vendor);
    let license = LicenseLayer::new(&unlicensed);
    let cors = CorsLayer::new()
        .allow_origin([ORIGIN.parse().unwrap()])
        .allow_methods([Method::POST])
        .allow_headers([CONTENT_TYPE]);
    let inner = service_fn(async |_: Request<Full<Bytes>>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("served")))
    });

    let outside = cors.layer(license.layer(inner));
    assert_eq!(answer(&outside, preflight()).await, (StatusCode::OK, true));
    let response = outside.clone().oneshot(preflight()).await.unwrap();
    assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_METHODS], "POST");
    assert_eq!(answer(&outside, post()).await, (StatusCode::SERVICE_UNAVAILABLE, true));

    // Inside, the browser is refused its question, and shows no more than that.
    let inside = license.layer(cors.layer(inner));
    assert_eq!(answer(&inside, preflight()).await, (StatusCode::SERVICE_UNAVAILABLE, false));
    assert_eq!(answer(&inside, post()).await, (StatusCode::SERVICE_UNAVAILABLE, false));
}
