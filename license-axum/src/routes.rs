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
    routing::{MethodFilter, MethodRouter, on},
};
use futures_util::FutureExt as _;
use http::{Method, Uri};
use license_tower::{Mark, Marks, Recovery};
use tower::{Layer, Service, ServiceExt as _};

use crate::RouterLayer;

/// A router in the making whose routes may say what the license layer has to
/// know of them: whether they change something, where the method does not
/// tell, and whether they stay open, so that an administrator can install a
/// new license.
///
/// While only reading is allowed, `GET`, `HEAD` and `OPTIONS` read and every
/// other method changes; so does what asks for an upgrade. A search by `POST`
/// is added with [`safe`](Self::safe), a `GET` that writes with
/// [`changing`](Self::changing), everything else as to a [`Router`].
/// [`enforce`](crate::enforce) tells the [`LicenseLayer`](crate::LicenseLayer).
///
/// Whatever is refused, the routes that are added with
/// [`recovery`](Self::recovery) are served: signing in, say. Of
/// [`admin_routes`](crate::admin_routes), status, installing and machine info
/// are such routes wherever they are nested, so no list has to name them.
///
/// ```
/// # use license_core::{Licensing, testing::Vendor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let licensing = Licensing::new(Vendor::new().verifier());
/// use axum::{Router, routing::{MethodFilter, get, post}};
/// use license_axum::{Enforced, LicenseLayer, Routes, enforce};
///
/// let reports = Routes::new()
///     .route("/", get(async || "all reports").post(async || "a new one"))
///     .safe(MethodFilter::POST, "/search", async || "found")
///     .changing(MethodFilter::GET, "/{id}/open", async || "marked as read");
/// let routes = Routes::new()
///     .recovery(MethodFilter::POST, "/api/sign-in", async || "signed in")
///     .nest("/api/reports", reports)
///     .merge(Router::new().route("/api/users", post(async || "created")));
/// let app: Enforced = enforce(routes, LicenseLayer::new(&licensing).scope("/api/**")?);
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
/// The routes are asked only while reading alone is allowed, and before a
/// request is refused. No handler and no layer runs for that.
#[derive(Clone, Debug)]
#[must_use]
pub struct Routes<S = ()> {
    router: Router<S>,
    /// What each route is marked with, at the address of the route.
    marks: Router<S>,
    /// Whether one of them stays open.
    recovers: bool,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    pub fn new() -> Self {
        Self { router: Router::new(), marks: Router::new(), recovers: false }
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
            ..self
        }
    }

    /// Adds a service at a path, as [`Router::route_service`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::route_service`], for a path that is none or is taken.
    #[track_caller]
    pub fn route_service<T>(self, path: &str, service: T) -> Self
    where
        T: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        Self {
            router: self.router.route_service(path, service),
            marks: self.marks.route_service(path, Unmarked),
            ..self
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

    /// Adds a route that stays open whatever is refused: what an administrator
    /// needs to get as far as installing a license. It is served to everybody
    /// then, a wrong domain included, so it should be no more than that.
    /// `OPTIONS` of its path stays open with it.
    ///
    /// # Panics
    ///
    /// As [`Router::route`], for a path that is none or is taken.
    #[track_caller]
    pub fn recovery<H, T>(self, methods: MethodFilter, path: &str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.open(methods, path, on(methods, handler))
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
            recovers: self.recovers || routes.recovers,
        }
    }

    /// Hands all that is below a prefix to a service, as
    /// [`Router::nest_service`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::nest_service`].
    #[track_caller]
    pub fn nest_service<T>(self, path: &str, service: T) -> Self
    where
        T: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        Self {
            router: self.router.nest_service(path, service),
            marks: self.marks.nest_service(path, Unmarked),
            ..self
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
        Self {
            router: self.router.merge(routes.router),
            marks: self.marks.merge(routes.marks),
            recovers: self.recovers || routes.recovers,
        }
    }

    /// Answers what leads to no route, as [`Router::fallback`] does.
    pub fn fallback<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        Self { router: self.router.fallback(handler), ..self }
    }

    /// Hands what leads to no route to a service, as
    /// [`Router::fallback_service`] does.
    pub fn fallback_service<T>(self, service: T) -> Self
    where
        T: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send + 'static>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        Self { router: self.router.fallback_service(service), ..self }
    }

    /// Answers a method that a route does not take, as
    /// [`Router::method_not_allowed_fallback`] does.
    pub fn method_not_allowed_fallback<H, T>(self, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        Self { router: self.router.method_not_allowed_fallback(handler), ..self }
    }

    /// Wraps the routes and the fallback that are there, as [`Router::layer`]
    /// does.
    pub fn layer<L: RouterLayer>(self, layer: L) -> Self {
        Self { router: self.router.layer(layer), ..self }
    }

    /// Wraps the routes that are there, as [`Router::route_layer`] does.
    ///
    /// # Panics
    ///
    /// As [`Router::route_layer`], where there are none.
    #[track_caller]
    pub fn route_layer<L: RouterLayer>(self, layer: L) -> Self {
        Self { router: self.router.route_layer(layer), ..self }
    }

    /// Gives the handlers their state, as [`Router::with_state`] does.
    pub fn with_state<S2>(self, state: S) -> Routes<S2> {
        Routes {
            router: self.router.with_state(state.clone()),
            marks: self.marks.with_state(state),
            recovers: self.recovers,
        }
    }

    /// The plain router, for a service that no license is put around. Nothing
    /// knows any more which routes are marked and which stay open: a
    /// [`LicenseLayer`](crate::LicenseLayer) around it has to be told by its
    /// own marks and recovery list.
    pub fn into_router(self) -> Router<S> {
        self.router
    }

    /// Adds a route of which these methods stay open.
    #[track_caller]
    pub(crate) fn open(self, methods: MethodFilter, path: &str, route: MethodRouter<S>) -> Self {
        Self {
            router: self.router.route(path, route),
            marks: self.marks.route(path, on(methods, async || Extension(Open))),
            recovers: true,
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
            ..self
        }
    }
}

impl Routes {
    /// The router, how its routes are marked, and which of them stay open.
    pub(crate) fn into_parts(self) -> (Router, Marks, Option<Recovery>) {
        let Self { router, marks: routes, recovers } = self;
        let open = routes.clone();
        let recovery =
            recovers.then(|| Recovery::from_fn(move |method, uri| opens(&open, method, uri)));
        (router, Marks::from_fn(move |method, uri| ask(&routes, method, uri)), recovery)
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
        Self { marks: router.clone().layer(Unmarked), router, recovers: false }
    }
}

/// Is the answer of a route that stays open.
#[derive(Clone, Copy)]
struct Open;

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
fn ask<M: Copy + Send + Sync + 'static>(routes: &Router, method: &Method, uri: &Uri) -> Option<M> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri.clone();
    let response = routes.clone().oneshot(request).now_or_never()?;
    let Ok(response) = response;
    response.extensions().get().copied()
}

/// Whether a request leads to a route that stays open. `OPTIONS` asks about a
/// path, whatever methods are open there.
fn opens(routes: &Router, method: &Method, uri: &Uri) -> bool {
    let open = |method| ask::<Open>(routes, method, uri).is_some();
    match *method {
        Method::OPTIONS => {
            [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].iter().any(open)
        }
        _ => open(method),
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Routes>();
};
