//! One license for a whole service.

use std::convert::Infallible;

use axum::{Router, extract::Request, response::IntoResponse};
use tower::{Layer, Service};

/// Wraps a finished router in a layer from outside: every route, nested ones
/// and the fallback included, with the path as the client sent it.
///
/// `Router::layer` covers only the routes that were added before it, and
/// below `nest` a layer sees a shortened path; so this is the way to put a
/// [`LicenseLayer`](license_tower::LicenseLayer) with a scope and a recovery
/// list around a service. Put layers for CORS and tracing outside, on the
/// router that is returned.
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
pub fn enforce<L>(router: Router, layer: L) -> Router
where
    L: Layer<Router>,
    L::Service: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static,
{
    Router::new().fallback_service(layer.layer(router))
}
