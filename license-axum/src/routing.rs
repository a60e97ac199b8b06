//! Handlers by method, as in [`axum::routing`], that do not forget what they ask
//! for.
//!
//! ```
//! use license_axum::{RequireFeature, Routes, licensed};
//! use license_axum::routing::{get, get_with};
//!
//! #[licensed]
//! async fn export(_: RequireFeature<"audit-export">) {}
//! async fn list() {}
//!
//! let routes: Routes<license_core::Licensing> = Routes::new()
//!     .route("/audit/export", get(export))
//!     .route("/users", get_with(list, |asks| asks.free()).post_with(list, |asks| asks.limit("users")));
//! ```
//!
//! See [`coverage`](crate::coverage) for what comes of it. A handler is a
//! function or a closure; a text or a response in its place is written as
//! a closure, `get(async || "ok")`.

use std::{fmt, sync::Arc};

use axum::{
    Extension,
    handler::Handler,
    routing::{MethodFilter, MethodRouter},
};
use license_tower::{LicenseLayer, Mark};

use crate::{
    RouterLayer,
    coverage::{Access, Asks, CoveredRoute, Gate, Gated, Slot},
    openapi::Ready,
    routes::Unmarked,
};

/// Handlers by method, and what each asks for. A
/// [`MethodRouter`] of axum becomes one that says nothing.
#[must_use]
pub struct MethodRoutes<S = ()> {
    pub(crate) router: MethodRouter<S>,
    /// What each is marked with, in its place.
    pub(crate) marks: MethodRouter<S>,
    pub(crate) told: Vec<Told<S>>,
    pub(crate) slots: Vec<Slot>,
}

/// What is known of a route.
pub(crate) struct Told<S> {
    pub(crate) path: String,
    pub(crate) methods: Vec<&'static str>,
    pub(crate) access: Access,
    pub(crate) gates: Vec<Gate>,
    pub(crate) mark: Option<Mark>,
    ready: Option<Ready>,
    /// Whether it is free unless its arguments ask for something.
    is_free_if_unsaid: bool,
    /// What its handler's arguments ask for, as soon as there is a state.
    arguments: Option<Arguments<S>>,
}

type Arguments<S> = Arc<dyn Fn(&S) -> Vec<Gate> + Send + Sync>;

/// The methods that axum routes by.
const METHODS: [(&str, MethodFilter); 9] = [
    ("CONNECT", MethodFilter::CONNECT),
    ("DELETE", MethodFilter::DELETE),
    ("GET", MethodFilter::GET),
    ("HEAD", MethodFilter::HEAD),
    ("OPTIONS", MethodFilter::OPTIONS),
    ("PATCH", MethodFilter::PATCH),
    ("POST", MethodFilter::POST),
    ("PUT", MethodFilter::PUT),
    ("TRACE", MethodFilter::TRACE),
];

/// The names of methods.
fn names(methods: MethodFilter) -> Vec<&'static str> {
    let has = |(_, one): &&(_, MethodFilter)| methods.or(*one) == methods;
    METHODS.iter().filter(has).map(|(name, _)| *name).collect()
}

impl<S> Told<S> {
    /// A service, of which nothing is known.
    pub(crate) fn opaque(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            methods: Vec::new(),
            access: Access::Unsaid,
            gates: Vec::new(),
            mark: None,
            ready: None,
            is_free_if_unsaid: false,
            arguments: None,
        }
    }

    /// A handler with these arguments.
    fn handler<T>(methods: MethodFilter, asks: Asks) -> Self
    where
        T: Gated<S> + 'static,
        S: 'static,
    {
        let access = match (asks.free, asks.gates.is_empty()) {
            (true, _) => Access::Free,
            (false, false) => Access::Gated,
            (false, true) => Access::Unsaid,
        };
        Self {
            methods: names(methods),
            access,
            gates: asks.gates,
            mark: asks.mark,
            ready: asks.ready,
            arguments: Some(Arc::new(T::gates)),
            ..Self::opaque("")
        }
    }

    /// Below a prefix, as axum nests it: the root is at the prefix itself, with its slash
    /// at the end where it has one.
    pub(crate) fn at(mut self, prefix: &str) -> Self {
        self.path = match &*self.path {
            "/" | "" if !prefix.is_empty() => prefix.to_owned(),
            "" => "/".to_owned(),
            below => format!("{}{below}", prefix.trim_end_matches('/')),
        };
        self
    }

    /// Stays open for these methods.
    pub(crate) fn open(mut self, methods: MethodFilter) -> Self {
        self.access = Access::Recovery;
        if self.methods.is_empty() {
            self.methods = names(methods);
        }
        self
    }

    /// Asks for something more.
    pub(crate) fn and(mut self, gate: Gate) -> Self {
        if self.access == Access::Unsaid || (self.is_free_if_unsaid && gate.is_granted()) {
            self.access = Access::Gated;
        }
        self.gates.push(gate);
        self
    }

    /// For everybody, if it says nothing: what its arguments ask for is not known yet.
    pub(crate) fn free_if_unsaid(&mut self) {
        if self.access == Access::Unsaid {
            self.access = Access::Free;
            self.is_free_if_unsaid = true;
        }
    }

    /// Its handler's arguments are asked.
    pub(crate) fn with_state<S2>(self, state: &S) -> Told<S2> {
        let found = self.arguments.map_or_else(Vec::new, |arguments| arguments(state));
        let told = Told {
            path: self.path,
            methods: self.methods,
            access: self.access,
            gates: self.gates,
            mark: self.mark,
            ready: self.ready,
            is_free_if_unsaid: self.is_free_if_unsaid,
            arguments: None,
        };
        found.into_iter().fold(told, Told::and)
    }
}

impl Told<()> {
    /// What it comes to behind a layer; without one it counts as covered. Two where the
    /// layer keeps some of its methods open.
    pub(crate) fn covered<R>(
        &self,
        layer: Option<&LicenseLayer<R>>,
    ) -> impl Iterator<Item = CoveredRoute> {
        let mut gates = self.gates.clone();
        gates.sort();
        gates.dedup();
        let keeps_open = |method: &&'static str| {
            let method = method.parse();
            layer.zip(method.ok()).is_some_and(|(layer, it)| layer.keeps_open(&it, &self.path))
        };
        let (open, closed): (Vec<_>, Vec<_>) = self.methods.iter().copied().partition(keeps_open);
        let is_covered = layer.map(|layer| layer.covers_route(&self.path));
        let route = move |methods, access| CoveredRoute {
            path: self.path.clone(),
            methods,
            access,
            gates: gates.clone(),
            mark: self.mark,
            in_scope: is_covered.unwrap_or(true),
            enforced: is_covered.unwrap_or(false),
            ready: self.ready,
        };
        let rest = open.is_empty() || !closed.is_empty();
        let open = (!open.is_empty()).then_some((open, Access::Recovery));
        open.into_iter()
            .chain(rest.then_some((closed, self.access)))
            .map(move |(methods, access)| route(methods, access))
    }
}

impl<S> Clone for Told<S> {
    fn clone(&self) -> Self {
        Self {
            path: self.path.clone(),
            methods: self.methods.clone(),
            access: self.access,
            gates: self.gates.clone(),
            mark: self.mark,
            ready: self.ready,
            is_free_if_unsaid: self.is_free_if_unsaid,
            arguments: self.arguments.clone(),
        }
    }
}

impl<S> fmt::Debug for Told<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.methods.join("/"), self.path, self.gates)
    }
}

impl<S> fmt::Debug for MethodRoutes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MethodRoutes").field(&self.told).finish()
    }
}

impl<S: Clone> Clone for MethodRoutes<S> {
    fn clone(&self) -> Self {
        Self {
            router: self.router.clone(),
            marks: self.marks.clone(),
            told: self.told.clone(),
            slots: self.slots.clone(),
        }
    }
}

/// Nothing is known of its handlers.
impl<S: Clone + Send + Sync + 'static> From<MethodRouter<S>> for MethodRoutes<S> {
    fn from(router: MethodRouter<S>) -> Self {
        Self {
            marks: router.clone().layer(Unmarked),
            router,
            told: vec![Told::opaque("")],
            slots: Vec::new(),
        }
    }
}

/// A handler for these methods.
#[track_caller]
pub fn on<H, T, S>(methods: MethodFilter, handler: H) -> MethodRoutes<S>
where
    H: Handler<T, S>,
    T: Gated<S> + 'static,
    S: Clone + Send + Sync + 'static,
{
    on_with(methods, handler, |asks| asks)
}

/// A handler for these methods, and what it asks for beside its arguments.
#[track_caller]
pub fn on_with<H, T, S>(
    methods: MethodFilter,
    handler: H,
    says: impl FnOnce(Asks) -> Asks,
) -> MethodRoutes<S>
where
    H: Handler<T, S>,
    T: Gated<S> + 'static,
    S: Clone + Send + Sync + 'static,
{
    let none = MethodRoutes {
        router: MethodRouter::new(),
        marks: MethodRouter::new(),
        told: Vec::new(),
        slots: Vec::new(),
    };
    none.on_with(methods, handler, says)
}

macro_rules! by_method {
    ($($name:ident $name_with:ident $method:ident)*) => {
        $(
            #[doc = concat!("A handler for `", stringify!($method), "`.")]
            #[track_caller]
            pub fn $name<H, T, S>(handler: H) -> MethodRoutes<S>
            where
                H: Handler<T, S>,
                T: Gated<S> + 'static,
                S: Clone + Send + Sync + 'static,
            {
                on(MethodFilter::$method, handler)
            }

            #[doc = concat!(
                "A handler for `", stringify!($method),
                "`, and what it asks for beside its arguments."
            )]
            #[track_caller]
            pub fn $name_with<H, T, S>(handler: H, says: impl FnOnce(Asks) -> Asks) -> MethodRoutes<S>
            where
                H: Handler<T, S>,
                T: Gated<S> + 'static,
                S: Clone + Send + Sync + 'static,
            {
                on_with(MethodFilter::$method, handler, says)
            }
        )*

        impl<S: Clone + Send + Sync + 'static> MethodRoutes<S> {
            $(
                #[doc = concat!("Adds a handler for `", stringify!($method), "`.")]
                ///
                /// # Panics
                ///
                /// Where there is one already.
                #[track_caller]
                pub fn $name<H, T>(self, handler: H) -> Self
                where
                    H: Handler<T, S>,
                    T: Gated<S> + 'static,
                {
                    self.on(MethodFilter::$method, handler)
                }

                #[doc = concat!(
                    "Adds a handler for `", stringify!($method),
                    "`, and what it asks for beside its arguments."
                )]
                ///
                /// # Panics
                ///
                /// Where there is one already.
                #[track_caller]
                pub fn $name_with<H, T>(self, handler: H, says: impl FnOnce(Asks) -> Asks) -> Self
                where
                    H: Handler<T, S>,
                    T: Gated<S> + 'static,
                {
                    self.on_with(MethodFilter::$method, handler, says)
                }
            )*
        }
    };
}

by_method! {
    connect connect_with CONNECT
    delete delete_with DELETE
    get get_with GET
    patch patch_with PATCH
    post post_with POST
    put put_with PUT
}

impl<S: Clone + Send + Sync + 'static> MethodRoutes<S> {
    /// Adds a handler for these methods.
    ///
    /// # Panics
    ///
    /// Where one of them has a handler already.
    #[track_caller]
    pub fn on<H, T>(self, methods: MethodFilter, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Gated<S> + 'static,
    {
        self.on_with(methods, handler, |asks| asks)
    }

    /// Adds a handler for these methods, and what it asks for beside its
    /// arguments.
    ///
    /// # Panics
    ///
    /// Where one of them has a handler already.
    #[track_caller]
    pub fn on_with<H, T>(
        mut self,
        methods: MethodFilter,
        handler: H,
        says: impl FnOnce(Asks) -> Asks,
    ) -> Self
    where
        H: Handler<T, S>,
        T: Gated<S> + 'static,
    {
        let asks = says(Asks::default());
        let marks = match asks.mark {
            Some(mark) => self.marks.on(methods, async move || Extension(mark)),
            None => self.marks.on_service(methods, Unmarked),
        };
        self.told.push(Told::handler::<T>(methods, asks));
        Self { router: self.router.on(methods, handler), marks, ..self }
    }

    /// Wraps the handlers that are there, as
    /// [`MethodRouter::layer`](axum::routing::MethodRouter::layer) does.
    pub fn layer<L: RouterLayer>(self, layer: L) -> Self {
        Self { router: self.router.layer(layer), ..self }
    }

    /// What it becomes in a router of axum, where nothing is known of it.
    pub fn into_router(self) -> MethodRouter<S> {
        self.router
    }

    /// Tells this of all routes, once they are finished.
    pub(crate) fn telling(mut self, slot: Slot) -> Self {
        self.slots.push(slot);
        self
    }
}
