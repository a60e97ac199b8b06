//! Refusing a request that has a body, so that the client sees it.
//!
//! Most refusals are made before a request's body is read. What is left unread
//! then is trouble over HTTP/1: Hyper reads once more, and closes the
//! connection where that was not the end. A client that is sending still, or a
//! proxy in its place, meets a broken connection and never reads the answer;
//! one that had sent everything has its next request broken off. Every service
//! on Hyper has that, with or without a license. A [`DiscardLayer`] outside of
//! everything mends it, for whatever is answered early: refusals, 401, 404,
//! 405, 413, and handlers that do not care about the body.
//!
//! ```
//! use std::{convert::Infallible, time::Duration};
//!
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use license_core::{Licensing, testing::Vendor};
//! use license_tower::{LicenseLayer, discard::DiscardLayer};
//! use tower::{Layer, ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! let licensing = Licensing::new(Vendor::new().verifier());
//! let service = ServiceBuilder::new()
//!     .layer(DiscardLayer::new().bytes(256 * 1024).time(Duration::from_secs(1)))
//!     .layer(LicenseLayer::new(&licensing))
//!     .service_fn(async |_: Request<_>| Ok::<_, Infallible>(Response::new(Full::default())));
//! let request = Request::post("/upload").body(Full::<Bytes>::from("read to its end, and refused"));
//! let response: Response<Full<Bytes>> = service.oneshot(request.unwrap_or_default()).await?;
//! assert_eq!(response.status(), 503);
//! assert!(!response.headers().contains_key("connection"));
//! # Ok(())
//! # }
//! ```
//!
//! # What is done
//!
//! What is left of the body is read and thrown away, by default up to 1 MiB and
//! two seconds; then the answer goes out, and the connection is good for the
//! next request. Where that does not reach the end, the answer says
//! `Connection: close`, and the rest is read while the client takes it, up to
//! 64 MiB and 30 seconds, and as long as something comes within five: only
//! then is the connection closed. A body that says
//! that it is longer is answered at once, and so is one that is
//! sent only if the service wants it (`Expect: 100-continue`): it does not.
//!
//! Over HTTP/2 the connection goes on, so only a body that says its length is
//! waited for. A stream that may wait for the answer, as gRPC's do, and a body
//! that says that it is longer are answered at once and read on in the same
//! way: a stream that is reset meanwhile loses its answer in some clients (curl
//! before 8).
//!
//! Nothing is done while somebody has the body still, such as a task that goes
//! on reading, or an answer that is made of it; and nothing about an upgrade.
//!
//! # Where it stands
//!
//! Outside of whatever refuses: it cannot reach a body that a layer further out
//! drops. `enforce` and the routes of `license-axum` have one by themselves, with
//! the default bounds; one with others goes around them. It needs a Tokio
//! runtime with its timer; under any other it says `Connection: close` where the
//! rest of the body has not arrived yet.
//!
//! A [`LicenseLayer`](crate::LicenseLayer) or
//! [`EnforceLayer`](crate::EnforceLayer) with none around it answers a request
//! with a body `Connection: close` over HTTP/1. That keeps the next request
//! from being broken off; that the answer arrives it cannot promise.
//!
//! # What it costs
//!
//! Of a request without a body, one look at it. Of one with a body, an
//! allocation.

mod future;
mod layer;
mod rest;
mod watch;

pub use future::DiscardFuture;
pub use layer::{Discard, DiscardLayer};
pub use watch::{Watch, Watched};
