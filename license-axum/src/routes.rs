//! Routes that say themselves whether they change something.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::{
    Extension, Router,
    body::Body,
    extract::Request,
    handler::Handler,
    response::IntoResponse,
    routing::{MethodFilter, MethodRouter, Route, on},
};
use futures_util::FutureExt as _;
use http::{Method, Uri};
use license_tower::{Mark, Marks};
use tower::{Layer, Service, ServiceExt as _};

/// A router in the making whose routes may say whether they change something,
/// where the method does not tell.
///
/// While only reading is allowed, `GET`, `HEAD` and `OPTIONS` read and every
/// other method changes; so does what asks for an upgrade. A search by `POST`
/// is added with [`safe`](Self::safe), a `GET` that writes with
/// [`changing`](Self::changing), everything else as to a [`Router`].
/// [`enforce`](crate::enforce) makes a router of it, whose marks the
/// [`LicenseLayer`](crate::LicenseLayer) knows.
///
/// ```
/// # use license_core::{Licensing, testing::Vendor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let licensing = Licensing::new(Vendor::new().verifier());
/// use axum::{Router, routing::{MethodFilter, get, post}};
/// use license_axum::{LicenseLayer, Routes, enforce};
///
/// let reports = Routes::new()
///     .route("/", get(async || "all reports").post(async || "a new one"))
///     .safe(MethodFilter::POST, "/search", async || "found")
///     .changing(MethodFilter::GET, "/{id}/open", async || "marked as read");
/// let routes = Routes::new()
///     .nest("/api/reports", reports)
///     .merge(Router::new().route("/api/users", post(async || "created")));
/// let app: Router = enforce(routes, LicenseLayer::new(&licensing).scope("/api/**")?);
/// # Ok(())
/// # }
/// ```
///
/// A mark belongs to a route, not to a pattern: axum's own routing decides
/// which route a request is for, and only a request that leads to a marked
/// route is judged by its mark. So a mark goes with its route through
/// [`nest`](Self::nest) and [`merge`](Self::merge), with parameters and
/// wildcards; a narrower route beside a marked one (`/reports/all` beside
/// `/reports/{id}`) is judged by its own method; and a trailing slash is
/// another path. A mark covers the methods it names, and that of a `GET` covers
/// `HEAD`, unless a handler of its own answers that. What leads to no route is
/// judged by its method, before it is 404 or 405, and so is what lies behind
/// `nest_service` and the fallback.
///
/// The routes are asked only while reading alone is allowed. No handler and no
/// layer runs for that.
#[derive(Clone, Debug)]
#[must_use]
pub struct Routes<S = ()> {
    router: Router<S>,
    /// The same routes, which answer with their marks.
    marks: Router<S>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    pub fn new() -> Self {
        Self { router: Router::new(), marks: Router::new() }
    }

    /// Adds routes that are judged by their methods, as [`Router::route`]
    /// does.
    ///
    /// # Panics
    ///
    /// As [`Router::route`], for a path that is none or is taken.
    #[track_caller]
    pub fn route(self, path: &str, method_router: MethodRouter<S>) -> Self {
        Self {
            router: self.router.route(path, method_router.clone()),
            marks: self.marks.route(path, method_router.layer(Unmarked)),
        }
    }

    /// Adds a route that only reads, whatever its method says: a search by
    /// `POST`, a WebSocket on which nothing is changed (`GET`, and over HTTP/2
    /// `CONNECT`).
    ///
    /// # Panics
    ///
    /// As [`Router::route`], for a path that is none or is taken.
    #[track_caller]
    pub fn safe<H, T>(self, methods: MethodFilter, path: &str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.marked(Mark::Safe, methods, path, handler)
    }

    /// Adds a route that changes something, whatever its method says: a `GET`
    /// that writes.
    ///
    /// # Panics
    ///
    /// As [`Router::route`], for a path that is none or is taken.
    #[track_caller]
    pub fn changing<H, T>(self, methods: MethodFilter, path: &str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.marked(Mark::Changing, methods, path, handler)
    }

    /// Adds routes below a prefix, with their marks, as [`Router::nest`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::nest`].
    #[track_caller]
    pub fn nest(self, path: &str, routes: impl Into<Self>) -> Self {
        let routes = routes.into();
        Self {
            router: self.router.nest(path, routes.router),
            marks: self.marks.nest(path, routes.marks),
        }
    }

    /// Adds routes, with their marks, as [`Router::merge`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::merge`].
    #[track_caller]
    pub fn merge(self, routes: impl Into<Self>) -> Self {
        let routes = routes.into();
        Self { router: self.router.merge(routes.router), marks: self.marks.merge(routes.marks) }
    }

    /// Answers what leads to no route, as [`Router::fallback`] does.
    pub fn fallback<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        Self { router: self.router.fallback(handler), ..self }
    }

    /// Wraps the routes and the fallback that are there, as [`Router::layer`]
    /// does.
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<
                Request,
                Response: IntoResponse + 'static,
                Error: Into<Infallible> + 'static,
                Future: Send + 'static,
            > + Clone
            + Send
            + Sync
            + 'static,
    {
        Self { router: self.router.layer(layer), ..self }
    }

    /// Wraps the routes that are there, as [`Router::route_layer`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::route_layer`], where there are none.
    #[track_caller]
    pub fn route_layer<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<
                Request,
                Response: IntoResponse + 'static,
                Error: Into<Infallible> + 'static,
                Future: Send + 'static,
            > + Clone
            + Send
            + Sync
            + 'static,
    {
        Self { router: self.router.route_layer(layer), ..self }
    }

    /// Gives the handlers their state, as [`Router::with_state`] does.
    pub fn with_state<S2>(self, state: S) -> Routes<S2> {
        Routes {
            router: self.router.with_state(state.clone()),
            marks: self.marks.with_state(state),
        }
    }

    #[track_caller]
    fn marked<H, T>(self, mark: Mark, methods: MethodFilter, path: &str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let answer = async move || Extension(mark);
        Self {
            router: self.router.route(path, on(methods, handler)),
            marks: self.marks.route(path, on(methods, answer)),
        }
    }
}

impl Routes {
    /// The router, and how its routes are marked.
    pub(crate) fn into_parts(self) -> (Router, Marks) {
        let routes = self.marks;
        (self.router, Marks::from_fn(move |method, uri| ask(&routes, method, uri)))
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Routes that are judged by their methods.
impl<S: Clone + Send + Sync + 'static> From<Router<S>> for Routes<S> {
    fn from(router: Router<S>) -> Self {
        Self { marks: router.clone().layer(Unmarked), router }
    }
}

/// Stands in the place of a route and has no mark.
#[derive(Clone)]
struct Unmarked;

impl<R> Layer<R> for Unmarked {
    type Service = Self;

    fn layer(&self, _: R) -> Self {
        Self
    }
}

impl Service<Request> for Unmarked {
    type Response = ();
    type Error = Infallible;
    type Future = Ready<Result<(), Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        ready(Ok(()))
    }
}

/// Asks the routes that answer with their marks. They answer at once.
fn ask(routes: &Router, method: &Method, uri: &Uri) -> Option<Mark> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri.clone();
    let response = routes.clone().oneshot(request).now_or_never()?;
    let Ok(response) = response;
    response.extensions().get().copied()
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Routes>();
};
