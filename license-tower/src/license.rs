//! The layer in front of a whole service: term, domain and changes.

use std::{
    fmt,
    sync::{Arc, Once},
};

use http::{Method, Request, header::UPGRADE};
use license_core::{Denial, Licensing};
use tower_layer::Layer;

use crate::{
    Check, Enforce, EnforceLayer, Mark, Marks, ProblemJson, Recovery, Scope, ScopeError,
    TrustedProxy, proxy::only_host, request_host,
};

/// Refuses requests that the license of the service does not allow: when its
/// term stops the service, when the host is not in the licensed domain, and
/// changes while only reading is allowed.
///
/// Covers everything it wraps, unless a [scope](Self::scope) says what. See
/// the [crate docs](crate).
#[derive(Clone)]
#[must_use]
pub struct LicenseLayer<R = ProblemJson>(EnforceLayer<LicenseCheck, R>);

impl LicenseLayer {
    /// A layer that covers everything, keeps nothing open, and answers with
    /// [`ProblemJson`].
    pub fn new(licensing: &Licensing) -> Self {
        Self(EnforceLayer::new(LicenseCheck::new(licensing)))
    }
}

impl<R> LicenseLayer<R> {
    /// Covers only this path (`/x`) or what lies below it (`/api/**`, which
    /// includes `/api`), however a request spells it: see [`Scope`]. Called
    /// again it covers another one as well.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] for any other form.
    pub fn scope(self, pattern: &str) -> Result<Self, ScopeError> {
        let scope = match &self.0.check().0.scope {
            Some(scope) => scope.clone().and(pattern)?,
            None => Scope::new(pattern)?,
        };
        Ok(self.with(|rules| rules.scope = Some(scope)))
    }

    /// Keeps these routes open whatever is refused, so that an administrator
    /// can install a new license. Called again it adds to what was open before.
    ///
    /// A layer that was never told is put around a service with a warning in
    /// the log. Where that is right, because the license is installed by other
    /// means or its routes stand outside, say `recovery(Recovery::new())`.
    pub fn recovery(self, recovery: Recovery) -> Self {
        self.with(|rules| {
            let before = rules.recovery.take().unwrap_or_default();
            rules.recovery = Some(before.and(recovery));
        })
    }

    /// Says of some routes whether they change something, which is asked while
    /// only reading is allowed. Called again it adds to what was said before.
    ///
    /// Without a mark the method decides: `GET`, `HEAD` and `OPTIONS` read,
    /// all others change. A request with an `Upgrade` header changes too,
    /// whatever its method: nobody knows what will be said over a WebSocket.
    /// Over HTTP/2 one is opened by `CONNECT`, and a WebSocket that only reads
    /// is marked safe for both methods.
    pub fn marks(self, marks: Marks) -> Self {
        self.with(|rules| rules.marks = std::mem::take(&mut rules.marks).and(marks))
    }

    /// Believes these proxies about the host of a request. Without it
    /// forwarded headers are ignored.
    pub fn trusted_proxy(self, proxy: TrustedProxy) -> Self {
        self.with(|rules| rules.proxy = Some(proxy))
    }

    /// Answers refused requests with another responder: [`Empty`](crate::Empty),
    /// [`Grpc`](crate::Grpc), or a `Fn(&Denial) -> Response<B>`.
    pub fn responder<T>(self, responder: T) -> LicenseLayer<T> {
        LicenseLayer(self.0.responder(responder))
    }

    /// Whether the layer covers a route, whose path is written as axum has it
    /// (`/users/{id}`): some request for it, or all of them.
    pub fn covers_route(&self, route: &str) -> bool {
        self.0.check().0.scope.as_ref().is_none_or(|scope| scope.covers_route(route))
    }

    /// Whether the recovery list keeps this path open for this method.
    pub fn keeps_open(&self, method: &Method, path: &str) -> bool {
        self.0.check().0.recovery.as_ref().is_some_and(|recovery| recovery.allows(method, path))
    }

    fn with(mut self, change: impl FnOnce(&mut Rules)) -> Self {
        change(Arc::make_mut(&mut self.0.check_mut().0));
        self
    }
}

impl<S, R: Clone> Layer<S> for LicenseLayer<R> {
    type Service = Enforce<S, LicenseCheck, R>;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.check().0.tell_what_is_closed();
        self.0.layer(inner)
    }
}

impl<R> fmt::Debug for LicenseLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LicenseLayer").field(self.0.check()).finish()
    }
}

/// The check of a [`LicenseLayer`].
#[derive(Clone, Debug)]
pub struct LicenseCheck(Arc<Rules>);

#[derive(Clone, Debug)]
struct Rules {
    licensing: Licensing,
    /// Everything where it is absent.
    scope: Option<Scope>,
    /// Nothing is open where it is absent, and nobody said that it should be so.
    recovery: Option<Recovery>,
    marks: Marks,
    proxy: Option<TrustedProxy>,
    /// Layers are put around many routes, and tell of themselves once.
    told: Arc<Once>,
}

impl LicenseCheck {
    fn new(licensing: &Licensing) -> Self {
        let licensing = licensing.clone();
        Self(Arc::new(Rules {
            licensing,
            scope: None,
            recovery: None,
            marks: Marks::new(),
            proxy: None,
            told: Arc::new(Once::new()),
        }))
    }
}

impl Rules {
    /// Says in the log that nothing stays open, unless that was asked for.
    fn tell_what_is_closed(&self) {
        if self.recovery.is_none() {
            self.told.call_once(|| {
                tracing::warn!(
                    "this license layer keeps no route open: once it refuses requests, no \
                     administrator can install a license through it. Say what stays open with \
                     `LicenseLayer::recovery` (license-axum: `enforce` around `Routes` with \
                     `admin_routes` knows it), or `recovery(Recovery::new())` if nothing should"
                );
            });
        }
    }

    /// Whether a request may change something. One that has no mark and asks for an
    /// upgrade does.
    fn changes<B>(&self, request: &Request<B>) -> bool {
        let mark = self.marks.mark(request.method(), request.uri());
        Mark::changes(mark, request.method())
            || mark.is_none() && request.headers().contains_key(UPGRADE)
    }
}

impl Check for LicenseCheck {
    #[inline]
    fn passes_fast<B>(&self, request: &Request<B>) -> bool {
        let rules = &*self.0;
        let host = || if rules.proxy.is_none() { only_host(request) } else { None };
        rules.licensing.control().passes_fast(host)
    }

    fn check<B>(&self, request: &Request<B>) -> Result<(), Denial> {
        let rules = &*self.0;
        if rules.scope.as_ref().is_some_and(|scope| !scope.covers(request.uri().path())) {
            return Ok(());
        }
        let host = || request_host(request, rules.proxy.as_ref());
        let recovers = || {
            let (method, path) = (request.method(), request.uri().path());
            rules.recovery.as_ref().is_some_and(|recovery| recovery.allows(method, path))
        };
        rules.licensing.control().check_request_unless(|| rules.changes(request), host, recovers)
    }

    fn refused(&self, denial: &Denial) {
        self.0.licensing.control().record(denial);
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<LicenseLayer>();
    assert_send_sync::<LicenseCheck>();
};

#[cfg(test)]
mod tests {
    use license_core::testing::Vendor;

    use super::*;

    /// Whether a layer with these marks takes a request for one that changes.
    fn changes(marks: Marks, request: http::request::Builder) -> bool {
        let layer = LicenseLayer::new(&Licensing::new(Vendor::new().verifier())).marks(marks);
        layer.0.check().0.changes(&request.body(()).unwrap())
    }

    #[test]
    fn without_a_mark_only_get_head_and_options_are_safe() {
        let changes = |method| changes(Marks::new(), Request::builder().method(method).uri("/a"));
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert!(!changes(method), "{method}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE", "QUERY", "get", "Head"]
        {
            assert!(changes(method), "{method}");
        }
    }

    #[test]
    fn an_upgrade_changes_something_unless_it_is_marked() {
        let upgrade = |method| {
            let request = Request::builder().method(method).uri("/ws");
            request.header("connection", "upgrade").header("upgrade", "websocket")
        };
        let safe = Marks::new().safe(Method::GET, "/ws").unwrap();
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(changes(Marks::new(), upgrade(method)));
        }
        assert!(!changes(safe.clone(), upgrade(Method::GET)));
        assert!(!changes(safe.clone(), upgrade(Method::HEAD)));
        assert!(changes(safe.clone(), upgrade(Method::OPTIONS)));
        assert!(changes(safe.clone(), Request::builder().method("CONNECT").uri("/ws")));
        let both = safe.safe(Method::CONNECT, "/ws").unwrap();
        assert!(!changes(both, Request::builder().method("CONNECT").uri("/ws")));
    }

    #[test]
    fn marks_are_added_to_those_there_are() {
        let licensing = Licensing::new(Vendor::new().verifier());
        let layer = LicenseLayer::new(&licensing)
            .marks(Marks::new().safe(Method::POST, "/a").unwrap())
            .marks(Marks::new().changing(Method::GET, "/b").unwrap());
        let changes = |method, uri| {
            let request = Request::builder().method(method).uri(uri).body(()).unwrap();
            layer.0.check().0.changes(&request)
        };
        assert!(!changes("POST", "/a") && changes("GET", "/b"));
        assert!(changes("POST", "/b") && !changes("GET", "/a"));
    }

    #[test]
    fn a_layer_that_is_changed_leaves_its_clones_alone() {
        let licensing = Licensing::new(Vendor::new().verifier());
        let everything = LicenseLayer::new(&licensing);
        let scoped = everything.clone().scope("/api/**").unwrap();
        let check = |layer: &LicenseLayer, path| {
            layer.0.check().check(&Request::get(path).body(()).unwrap())
        };
        assert!(check(&scoped, "/healthz").is_ok());
        assert!(check(&everything, "/healthz").is_err());
        assert!(scoped.scope("/x/*").is_err());
    }

    #[test]
    fn what_a_rule_in_shadow_would_deny_is_served_and_counted_off_the_recovery_path() {
        use license_core::{Policy, Product, policy::Rule};

        let policy = Policy::new().shadow(Rule::Everything);
        let product = Product::builder("test", "https://vendor.example", "test").policy(policy);
        let licensing = Licensing::new(Vendor::of(product.build().unwrap()).verifier());
        let recovery = Recovery::new().allow(Method::GET, "/api/license").unwrap();
        let layer = LicenseLayer::new(&licensing).scope("/api/**").unwrap().recovery(recovery);
        let counted = |path: &str| {
            assert!(layer.0.check().check(&Request::get(path).body(()).unwrap()).is_ok());
            licensing.control().denial_counts().map(|count| count.shadowed).sum::<u64>()
        };
        assert_eq!(
            ["/healthz", "/api/license", "/api/x", "/api/license"].map(counted),
            [0, 0, 1, 1]
        );
    }
}
