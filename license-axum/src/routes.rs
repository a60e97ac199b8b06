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
    routing::{MethodFilter, on},
};
use futures_util::FutureExt as _;
use http::{Method, Uri};
use license_tower::{FeatureLayer, LicenseLayer, Mark, Marks, Recovery};
use tower::{Layer, Service, ServiceExt as _};

use crate::{
    RouterLayer,
    coverage::{Asks, Coverage, Covered, Gate, Gated, Slot},
    routing::{MethodRoutes, Told, on_with},
};

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
    /// What each asks for.
    told: Vec<Told<S>>,
    /// Who is to be told of all of them.
    slots: Vec<Slot>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes.
    pub fn new() -> Self {
        Self {
            router: Router::new(),
            marks: Router::new(),
            recovers: false,
            told: Vec::new(),
            slots: Vec::new(),
        }
    }

    /// Adds routes that are judged by their methods, as [`Router::route`]
    /// does. Handlers of [`routing`](crate::routing) say what they ask for, those
    /// of [`axum::routing`] do not.
    ///
    /// # Panics
    ///
    /// As [`Router::route`], for a path that is none or is taken.
    #[track_caller]
    pub fn route(self, path: &str, methods: impl Into<MethodRoutes<S>>) -> Self {
        let MethodRoutes { router, marks, told, slots } = methods.into();
        Self {
            router: self.router.route(path, router),
            marks: self.marks.route(path, marks),
            ..self
        }
        .tell(told.into_iter().map(|it| it.at(path)), slots)
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
        .tell([Told::opaque(path)], [])
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
        T: Gated<S> + 'static,
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
        T: Gated<S> + 'static,
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
        T: Gated<S> + 'static,
    {
        self.open(methods, path, on_with(methods, handler, |asks| asks))
    }

    /// Says of the routes that are there and say nothing that they ask for
    /// nothing: they are for everybody who has a license at all.
    pub fn free(mut self) -> Self {
        self.told.iter_mut().for_each(Told::free_if_unsaid);
        self
    }

    /// Asks for a feature on all routes that are there, as
    /// [`route_layer`](Self::route_layer) with this layer does: also on those that stay
    /// open, which are to be added after it ([`coverage`](crate::coverage) names them).
    ///
    /// # Panics
    ///
    /// Where there are none.
    #[track_caller]
    pub fn require<R>(self, layer: FeatureLayer<R>) -> Self
    where
        FeatureLayer<R>: RouterLayer,
    {
        let gate = Gate::Feature(layer.name().to_owned().into());
        let told = self.told.into_iter().map(|it| it.and(gate.clone())).collect();
        Self { router: self.router.route_layer(layer), told, ..self }
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
            ..self
        }
        .tell(routes.told.into_iter().map(|it| it.at(path)), routes.slots)
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
        .tell([Told::opaque(EVERYTHING).at(path)], [])
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
            ..self
        }
        .tell(routes.told, routes.slots)
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
            .tell([Told::opaque(EVERYTHING)], [])
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
            told: self.told.into_iter().map(|it| it.with_state(&state)).collect(),
            marks: self.marks.with_state(state),
            recovers: self.recovers,
            slots: self.slots,
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
    pub(crate) fn open(
        self,
        methods: MethodFilter,
        path: &str,
        route: impl Into<MethodRoutes<S>>,
    ) -> Self {
        let route = route.into();
        let told = route.told.into_iter().map(|it| it.at(path).open(methods));
        Self {
            router: self.router.route(path, route.router),
            marks: self.marks.route(path, on(methods, async || Extension(Open))),
            recovers: true,
            ..self
        }
        .tell(told, route.slots)
    }

    #[track_caller]
    fn marked<H, T>(self, mark: Mark, methods: MethodFilter, path: &str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Gated<S> + 'static,
    {
        self.route(path, on_with(methods, handler, |asks: Asks| asks.mark(mark)))
    }

    fn tell(
        mut self,
        told: impl IntoIterator<Item = Told<S>>,
        slots: impl IntoIterator<Item = Slot>,
    ) -> Self {
        self.told.extend(told);
        self.slots.extend(slots);
        self
    }
}

/// Behind a prefix: all that is below it.
const EVERYTHING: &str = "/{*}";

impl Routes {
    /// What each route asks for. Whoever serves it is told: of two that are made
    /// of the same routes, the first.
    pub(crate) fn covered<R>(&self, layer: Option<&LicenseLayer<R>>) -> Coverage {
        let coverage = Coverage::of(self.told.iter().flat_map(|it| it.covered(layer)).collect());
        self.slots.iter().for_each(|slot| slot.fill(&coverage));
        coverage
    }

    /// The router, how its routes are marked, and which of them stay open.
    pub(crate) fn into_parts(self) -> (Router, Marks, Option<Recovery>) {
        let Self { router, marks: routes, recovers, .. } = self;
        let open = routes.clone();
        let recovery =
            recovers.then(|| Recovery::from_fn(move |method, uri| opens(&open, method, uri)));
        (router, Marks::from_fn(move |method, uri| ask(&routes, method, uri)), recovery)
    }
}

/// Routes that no layer is around yet: all of them count as covered by one.
impl Covered for Routes {
    fn coverage(&self) -> Coverage {
        self.covered(None::<&LicenseLayer>)
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Routes that are judged by their methods. A router of axum does not tell which
/// they are.
impl<S: Clone + Send + Sync + 'static> From<Router<S>> for Routes<S> {
    fn from(router: Router<S>) -> Self {
        Self {
            marks: router.clone().layer(Unmarked),
            router,
            recovers: false,
            told: vec![Told::opaque(EVERYTHING)],
            slots: Vec::new(),
        }
    }
}

/// Is the answer of a route that stays open.
#[derive(Clone, Copy)]
struct Open;

/// Stands in the place of a route and has no mark.
#[derive(Clone)]
pub(crate) struct Unmarked;

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
