//! One license for a whole service.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    response::{IntoResponse, Response},
    routing::{IntoMakeService, future::RouteFuture},
};
use license_tower::{LicenseLayer, Respond, WarningLayer};
use tower::{BoxError, Service, util::MapResponseLayer};

use crate::{
    RouterLayer, Routes,
    coverage::{Coverage, Covered},
    discard::DiscardBodies,
};

/// Puts a finished router behind a layer: every route, nested ones, 404, 405
/// and the fallback, with the path as the client sent it.
///
/// `Router::layer` does the same to what was added before it, and nothing to
/// what is added afterwards. So [`Enforced`], which this returns, takes no
/// routes any more.
///
/// What is refused before its body was read is refused so that the client sees
/// it: by the layer, by an extractor, by axum itself. See
/// [`license_tower::discard`].
///
/// It takes a [`Router`] and any layer, or [`Routes`] and a [`LicenseLayer`],
/// to which it hands what the routes say of themselves: their marks, and which
/// of them stay open, beside what the layer already has. [`Routes`] that ask for
/// features by themselves, and which nothing else stops, take a
/// [`WarningLayer`](crate::WarningLayer).
///
/// ```
/// # use license_core::{Licensing, testing::Vendor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let licensing = Licensing::new(Vendor::new().verifier());
/// use axum::{Router, routing::get};
/// use license_axum::{Enforced, LicenseLayer, enforce, recovery};
///
/// let router = Router::new().route("/api/hello", get(async || "hello"));
/// let layer = LicenseLayer::new(&licensing).scope("/api/**")?.recovery(recovery("/api/license")?);
/// let app: Enforced = enforce(router, layer);
/// # Ok(())
/// # }
/// ```
pub fn enforce<T: Enforceable<L>, L>(routes: T, layer: L) -> Enforced {
    routes.behind(layer)
}

/// A finished service behind a layer: see [`enforce`].
///
/// It is served as a router is, by `axum::serve(listener, app)` (feature
/// `serve`) or [`into_make_service`](Self::into_make_service), and asked in
/// tests by `oneshot`.
///
/// # Metrics, traces, CORS
///
/// Their place is [`layer`](Self::layer), for all of them: there a layer sees
/// every request, refused ones with the [`Denial`](crate::Denial) in the
/// response's extensions, and the `MatchedPath` of the route the request is
/// for, so that a label reads `/users/{name}` and not `/users/ada`.
///
/// ```
/// # use license_core::{Licensing, testing::Vendor};
/// # let licensing = Licensing::new(Vendor::new().verifier());
/// use axum::{Router, extract::Request, middleware::{self, Next}, response::Response, routing::get};
/// use license_axum::{Denial, LicenseLayer, enforce};
///
/// async fn count(request: Request, next: Next) -> Response {
///     let response = next.run(request).await;
///     let code = response.extensions().get::<Denial>().map_or("", |denial| denial.code().as_str());
///     // A counter by status and code, and by the request's `MatchedPath`.
///     response
/// }
///
/// let router = Router::new().route("/users/{name}", get(async || "somebody"));
/// let app = enforce(router, LicenseLayer::new(&licensing)).layer(middleware::from_fn(count));
/// ```
///
/// # In another router
///
/// `nest_service("/reports", app)` covers all paths below, unknown ones too.
/// [`into_router`](Self::into_router) gives the router, for `nest` and
/// `merge`. What the other router has of its own is not behind the layer.
///
/// Routes cannot be added:
///
/// ```compile_fail,E0599
/// # use axum::{Router, routing::get};
/// # use license_core::{Licensing, testing::Vendor};
/// # use license_axum::{LicenseLayer, enforce};
/// # let licensing = Licensing::new(Vendor::new().verifier());
/// enforce(Router::new(), LicenseLayer::new(&licensing)).route("/late", get(async || "free"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Enforced {
    router: Router,
    coverage: Arc<Coverage>,
}

impl Enforced {
    fn new(router: Router, coverage: Coverage) -> Self {
        Self { router, coverage: Arc::new(coverage) }
    }

    /// What each route asks for; see [`coverage`](crate::coverage). Of a
    /// [`Router`] that was put behind a layer nothing is known.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Wraps the whole service, refusals included. As [`Router::layer`], it
    /// runs for one route at a time, once that is known: a layer that changes
    /// the path belongs around the service, by [`Layer::layer`](tower::Layer::layer).
    pub fn layer<L: RouterLayer>(self, layer: L) -> Self {
        Self { router: self.router.layer(layer), ..self }
    }

    /// What servers take, as [`Router::into_make_service`] makes it.
    pub fn into_make_service(self) -> IntoMakeService<Router> {
        self.router.into_make_service()
    }

    /// A service for `axum::serve`, where handlers and layers ask for
    /// [`ConnectInfo`](axum::extract::ConnectInfo).
    #[cfg(feature = "serve")]
    pub fn into_make_service_with_connect_info<C>(
        self,
    ) -> axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, C> {
        self.router.into_make_service_with_connect_info()
    }

    /// The router, whose routes stay behind the layer. What is added to it is
    /// not.
    pub fn into_router(self) -> Router {
        self.router
    }
}

impl Covered for Enforced {
    fn coverage(&self) -> Coverage {
        (*self.coverage).clone()
    }
}

impl<B> Service<http::Request<B>> for Enforced
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        self.router.call(request)
    }
}

/// For `axum::serve(listener, app)`.
#[cfg(feature = "serve")]
impl<L: axum::serve::Listener> Service<axum::serve::IncomingStream<'_, L>> for Enforced {
    type Response = Router;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Router, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: axum::serve::IncomingStream<'_, L>) -> Self::Future {
        std::future::ready(Ok(self.router.clone()))
    }
}

/// What [`enforce`] can put behind a layer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be put behind `{L}`",
    note = "a finished `Router` takes every layer; finished `Routes` take a `LicenseLayer`, \
            which knows what to do with their marks, or a `WarningLayer`",
    note = "routers and routes that still want a state get it by `with_state`"
)]
pub trait Enforceable<L> {
    /// The service, entirely behind the layer.
    fn behind(self, layer: L) -> Enforced;
}

impl<L: RouterLayer> Enforceable<L> for Router {
    fn behind(self, layer: L) -> Enforced {
        // One layer, so that axum boxes it once; and with its state, so that no
        // route is made per request.
        let answers = MapResponseLayer::new(IntoResponse::into_response);
        let router = self.layer((DiscardBodies, answers, layer)).with_state(());
        Enforced::new(router, Routes::from(Router::new()).coverage())
    }
}

impl<R> Enforceable<LicenseLayer<R>> for Routes
where
    R: Respond<Body> + Clone + Send + Sync + 'static,
{
    fn behind(self, layer: LicenseLayer<R>) -> Enforced {
        let coverage = self.covered(Some(&layer));
        let (router, marks, recovery) = self.into_parts();
        let layer = layer.marks(marks);
        let enforced = router.behind(match recovery {
            Some(recovery) => layer.recovery(recovery),
            None => layer,
        });
        Enforced::new(enforced.router, coverage)
    }
}

/// Nothing is enforced but what the routes ask for themselves.
impl Enforceable<WarningLayer> for Routes {
    fn behind(self, layer: WarningLayer) -> Enforced {
        let coverage = self.coverage();
        Enforced::new(self.into_router().behind(layer).router, coverage)
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Enforced>();
};
