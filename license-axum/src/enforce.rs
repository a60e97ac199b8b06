//! One license for a whole service.

use std::convert::Infallible;

use axum::{Router, body::Body, extract::Request, response::IntoResponse};
use license_tower::{LicenseLayer, Respond};
use tower::{Layer, Service, ServiceExt as _};

use crate::{Routes, discard::DiscardBodies};

/// Wraps a finished router in a layer from outside: every route, nested ones
/// and the fallback included, with the path as the client sent it.
///
/// `Router::layer` covers only the routes that were added before it, and
/// below `nest` a layer sees a shortened path; so this is the way to put a
/// [`LicenseLayer`] with a scope and a recovery list around a service. Put
/// layers for CORS and tracing outside, on the router that is returned.
///
/// What is refused before its body was read is refused so that the client sees
/// it: by the layer, by an extractor, by axum itself. See
/// [`license_tower::discard`].
///
/// It takes a [`Router`] and any layer, or [`Routes`] and a [`LicenseLayer`],
/// to which it hands their marks, beside those the layer already has.
///
/// ```
/// # use license_core::{Licensing, testing::Vendor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let licensing = Licensing::new(Vendor::new().verifier());
/// use axum::{Router, routing::get};
/// use license_axum::{LicenseLayer, enforce, recovery};
///
/// let router = Router::new().route("/api/hello", get(async || "hello"));
/// let layer = LicenseLayer::new(&licensing).scope("/api/**")?.recovery(recovery("/api/license")?);
/// let app: Router = enforce(router, layer);
/// # Ok(())
/// # }
/// ```
pub fn enforce<T: Enforceable<L>, L>(routes: T, layer: L) -> Router {
    routes.behind(layer)
}

/// What [`enforce`] can put behind a layer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be put behind `{L}`",
    note = "a finished `Router` takes every layer; finished `Routes` take a `LicenseLayer`, \
            which knows what to do with their marks",
    note = "routers and routes that still want a state get it by `with_state`"
)]
pub trait Enforceable<L> {
    /// The router that the layer covers entirely.
    fn behind(self, layer: L) -> Router;
}

impl<L> Enforceable<L> for Router
where
    L: Layer<Router>,
    L::Service: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    fn behind(self, layer: L) -> Router {
        let service = layer.layer(self).map_response(IntoResponse::into_response);
        Router::new().fallback_service(DiscardBodies.layer(service))
    }
}

impl<R> Enforceable<LicenseLayer<R>> for Routes
where
    R: Respond<Body> + Clone + Send + Sync + 'static,
{
    fn behind(self, layer: LicenseLayer<R>) -> Router {
        let (router, marks) = self.into_parts();
        router.behind(layer.marks(marks))
    }
}
