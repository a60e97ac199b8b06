//! Tower layers that refuse what a license does not allow.
//!
//! [`LicenseLayer`] stands in front of a service: it refuses requests when the
//! license has stopped the service, when they are for a host outside the
//! licensed domain, and changes while only reading is allowed.
//! [`FeatureLayer`] stands in front of what one feature allows. Both ask a
//! [`Licensing`](license_core::Licensing) on every request, and work with
//! whatever is built on Tower: Hyper, axum, tonic.
//!
//! ```
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Full};
//! use license_core::{Licensing, testing::Vendor};
//! use license_tower::LicenseLayer;
//! use tower::{BoxError, Service, ServiceBuilder, ServiceExt};
//!
//! async fn handle(_: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, BoxError> {
//!     Ok(Response::new(Full::from("served")))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let vendor = Vendor::new();
//! let licensing = Licensing::new(vendor.verifier());
//! let mut service =
//!     ServiceBuilder::new().layer(LicenseLayer::new(&licensing)).service_fn(handle);
//!
//! // Without a license the service is refused, as problem+json (RFC 9457).
//! let response = service.ready().await?.call(Request::default()).await?;
//! assert_eq!(response.status(), 503);
//! assert_eq!(response.headers()["content-type"], "application/problem+json");
//! let body = response.into_body().collect().await?.to_bytes();
//! assert!(body.windows(15).any(|text| text == b"license_missing"));
//!
//! // A license takes effect with the next request.
//! # let now = licensing.clock().now();
//! let token = vendor.license().issued_at(now).days(30).sign();
//! licensing.install_in_memory(&licensing.verify(token.as_str().as_bytes())?);
//! let response = service.ready().await?.call(Request::default()).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! # Scope, recovery, features, responses
//!
//! A layer covers everything it wraps unless it is given a [`Scope`]. The
//! [`Recovery`] routes stay open whatever is refused, so that an administrator
//! can install a new license. A [`Respond`]er builds the response; the
//! [`Denial`](license_core::Denial) is in its extensions whatever it builds,
//! so that outer layers can count and log it.
//!
//! ```
//! use axum::{Router, body::Body, response::IntoResponse, routing::get};
//! use http::{Method, Request, StatusCode};
//! use license_core::{Denial, DenialCode, Licensing, testing::Vendor};
//! use license_tower::{FeatureLayer, LicenseLayer, Recovery};
//! use tower::{Layer, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let vendor = Vendor::new();
//! let licensing = Licensing::new(vendor.verifier());
//!
//! // One feature, for a group of routes.
//! let reports = Router::new()
//!     .route("/api/reports", get(async || "reports"))
//!     .route_layer(FeatureLayer::new(&licensing, "reports")?);
//! let router = Router::new()
//!     .route("/api/license", get(async || "status").post(async || "installed"))
//!     .route("/healthz", get(async || "well"))
//!     .merge(reports);
//!
//! // The license, around the finished router.
//! let layer = LicenseLayer::new(&licensing)
//!     .scope("/api/**")?
//!     .recovery(
//!         Recovery::new()
//!             .allow(Method::GET, "/api/license")?
//!             .allow(Method::POST, "/api/license")?,
//!     )
//!     .responder(|denial: &Denial| {
//!         let status = StatusCode::from_u16(denial.status()).unwrap_or_default();
//!         (status, format!("Not now: {}.", denial.code())).into_response()
//!     });
//! let app = layer.layer(router);
//!
//! let get = |path| Request::get(path).body(Body::empty());
//! let response = app.clone().oneshot(get("/api/reports")?).await?;
//! assert_eq!(response.status(), 503);
//! let denial = response.extensions().get::<Denial>().map(Denial::code);
//! assert_eq!(denial, Some(DenialCode::LicenseMissing));
//! assert_eq!(app.clone().oneshot(get("/api/license")?).await?.status(), 200);
//! assert_eq!(app.clone().oneshot(get("/healthz")?).await?.status(), 200);
//!
//! # let now = licensing.clock().now();
//! // A license without that feature.
//! let token = vendor.license().issued_at(now).days(30).sign();
//! licensing.install_in_memory(&licensing.verify(token.as_str().as_bytes())?);
//! let response = app.clone().oneshot(get("/api/reports")?).await?;
//! assert_eq!(response.status(), 403);
//! # Ok(())
//! # }
//! ```
//!
//! While only reading is allowed, the method tells what changes something.
//! Where it does not, [`Marks`] do: a search by `POST`, a `GET` that writes, a
//! WebSocket that only reads. See [`LicenseLayer::marks`].
//!
//! A rule that neither layer has is a [`Check`], put in front of a service by
//! [`EnforceLayer`]: the feature that the path names, a limit, a tenant.
//!
//! # What a layer covers
//!
//! | written | covers |
//! |---|---|
//! | `layer.layer(router)`, `ServiceBuilder::new().layer(layer).service(…)` | everything, the fallback included, whatever is added to the router |
//! | `Router::layer(layer)` | the routes and the fallback added *before* it |
//! | `Router::route_layer(layer)` | the routes added before it, and only when one matches: an unknown path is a 404, also of a service that is refused |
//! | either of them on a router that is then nested | paths without the prefix it is nested at |
//!
//! So a whole service is wrapped from outside; `enforce` of `license-axum`
//! does that and returns `Enforced`, to which no route can be added. A [scope](LicenseLayer::scope),
//! [recovery](LicenseLayer::recovery) and [marks](LicenseLayer::marks) belong
//! to a layer that sees whole paths, and below `nest` it does not: there
//! `/api/**` would cover nothing. `Router::layer` and `Router::route_layer` are
//! right for a group of routes without a scope.
//!
//! # Order of layers
//!
//! * **Discarding outermost**: a request that is refused before its body is read
//!   may leave the client without the answer. The module
//!   `discard` (feature `discard`) has the layer for it; `enforce` of
//!   `license-axum` does it by itself.
//! * **Warnings outside**, for what is refused and what is not found too.
//! * **Trace and metrics outside**, so that they see refusals, with the
//!   [`Denial`](license_core::Denial) in the extensions.
//! * **CORS outside.** It answers preflights by itself, which carry no
//!   credentials and would be refused, and adds its headers to refusals,
//!   without which a browser keeps them from the page.
//! * **Whatever changes the path or the method outside**: a layer judges the
//!   request that reaches it. What a service *behind* it makes of
//!   `X-HTTP-Method-Override` escapes it; paths are matched so that this does
//!   not matter ([`Scope`]).
//! * **Authentication, body limits and features inside**: a service that is
//!   refused says so to everybody.
//!
//! ```
//! use axum::{Router, body::Body, routing::get};
//! use http::Request;
//! use license_core::{Licensing, testing::Vendor};
//! use license_tower::LicenseLayer;
//! use tower::{ServiceBuilder, ServiceExt};
//! use tower_http::cors::CorsLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let licensing = Licensing::new(Vendor::new().verifier());
//! let app = ServiceBuilder::new()
//!     .layer(CorsLayer::permissive())
//!     .layer(LicenseLayer::new(&licensing))
//!     .service(Router::new().route("/api", get(async || "served")));
//!
//! let preflight = Request::options("/api")
//!     .header("origin", "https://app.example")
//!     .header("access-control-request-method", "GET")
//!     .body(Body::empty())?;
//! assert_eq!(app.clone().oneshot(preflight).await?.status(), 200);
//!
//! let request =
//!     Request::get("/api").header("origin", "https://app.example").body(Body::empty())?;
//! let response = app.oneshot(request).await?;
//! assert_eq!(response.status(), 503);
//! assert_eq!(response.headers()["access-control-allow-origin"], "*");
//! # Ok(())
//! # }
//! ```
//!
//! # Warnings
//!
//! While there is something to warn about, a [`WarningLayer`] outside all of
//! these tells administrators in a header of every response, refusals
//! included.
//!
//! # Reload
//!
//! A layer holds the handle, not the license: whatever is installed takes
//! effect with the next request, on every connection, and so does the second
//! in which a license ends. A request is judged when it arrives. One in flight
//! goes on, and so do a WebSocket and a stream once they are open. Each layer
//! judges by one license; two layers around one request may see a change
//! between them.
//!
//! # Hosts and proxies
//!
//! The host is read only when the license binds a domain: from the request's
//! authority and its `Host` line, strictly. None, two, or a malformed one is
//! 400. Forwarded headers are ignored; a service behind a proxy that replaces
//! `Host` names that proxy with [`LicenseLayer::trusted_proxy`].
//!
//! # Tonic
//!
//! Tonic's bodies are not made from bytes, so its services take [`Grpc`], which
//! answers in `grpc-status`, or [`Empty`]; programs are told more by `GrpcDetails`. Paths are `/package.Service/Method`,
//! and a scope names a service as `/package.Service/**`. Every call is a
//! `POST`: while only reading is allowed, all are refused but those that are
//! [marked](Marks) safe. A handler, or a stream that ends with its right, refuses in
//! the same words with [`GrpcStatus`].
//!
//! # What it costs
//!
//! An allowed request costs no allocation, box or lock, and the inner service is
//! not cloned. What a check needs stands behind one `Arc`, because
//! servers clone services for every request. Readiness and errors are the
//! inner service's.
//!
//! # Features
//!
//! - `discard`: the module `discard`, with Tokio's timer.
//! - `grpc-details`: `GrpcDetails`, the refusal in `grpc-status-details-bin`. Brings prost.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod check;
mod closing;
#[cfg(feature = "discard")]
pub mod discard;
mod enforce;
mod feature;
mod grpc;
mod license;
mod path;
mod proxy;
mod respond;
mod warnings;

pub use check::Check;
pub use enforce::{Enforce, EnforceLayer, ResponseFuture};
pub use feature::{FeatureCheck, FeatureLayer, FeatureNameError};
#[cfg(feature = "grpc-details")]
pub use grpc::GrpcDetails;
pub use grpc::{Grpc, GrpcStatus};
pub use license::{LicenseCheck, LicenseLayer};
pub use path::{Mark, MarkError, Marks, Recovery, RecoveryError, Scope, ScopeError};
pub use proxy::{TrustedProxy, TrustedProxyError, request_host};
pub use respond::{
    Boxed, ByRequest, Empty, ProblemJson, RefusedRequest, Respond, problem, refusing_status,
};
pub use warnings::{Warn, WarnFuture, WarningLayer};
