//! The one middleware: a check in front of a service.

use std::{
    fmt,
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use license_core::Denial;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Check, LicenseCheck, ProblemJson, RefusedRequest, Respond, closing::close_unread};

/// Puts a [`Check`] in front of services.
///
/// [`LicenseLayer`](crate::LicenseLayer) and
/// [`FeatureLayer`](crate::FeatureLayer) are this layer with a ready check;
/// use this one with a check of your own. See the [crate docs](crate).
#[derive(Clone)]
#[must_use]
pub struct EnforceLayer<C = LicenseCheck, R = ProblemJson> {
    check: C,
    responder: R,
}

impl<C> EnforceLayer<C> {
    /// A layer that answers refused requests with [`ProblemJson`].
    pub fn new(check: C) -> Self {
        Self { check, responder: ProblemJson }
    }
}

impl<C, R> EnforceLayer<C, R> {
    /// Answers refused requests with another responder: [`Empty`](crate::Empty),
    /// [`Grpc`](crate::Grpc), or a `Fn(&Denial) -> Response<B>`.
    pub fn responder<T>(self, responder: T) -> EnforceLayer<C, T> {
        EnforceLayer { check: self.check, responder }
    }

    pub(crate) fn check(&self) -> &C {
        &self.check
    }

    pub(crate) fn check_mut(&mut self) -> &mut C {
        &mut self.check
    }
}

impl<S, C: Clone, R: Clone> Layer<S> for EnforceLayer<C, R> {
    type Service = Enforce<S, C, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Enforce::new(inner, self.check.clone(), self.responder.clone())
    }
}

impl<C: fmt::Debug, R> fmt::Debug for EnforceLayer<C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnforceLayer").field("check", &self.check).finish_non_exhaustive()
    }
}

/// A service behind a [`Check`].
///
/// A request that is allowed goes to the inner service as it is. One that is
/// not never reaches it: the responder's answer is returned, with the
/// [`Denial`] in its extensions. Errors and readiness are the inner
/// service's. See the [crate docs](crate).
#[derive(Clone)]
#[must_use]
pub struct Enforce<S, C = LicenseCheck, R = ProblemJson> {
    inner: S,
    check: C,
    responder: R,
}

impl<S, C, R> Enforce<S, C, R> {
    /// Puts a check and a responder in front of a service.
    pub fn new(inner: S, check: C, responder: R) -> Self {
        Self { inner, check, responder }
    }

    /// The service behind the check.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The service behind the check.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Takes the service out; it is not protected any more.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: fmt::Debug, C: fmt::Debug, R> fmt::Debug for Enforce<S, C, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enforce")
            .field("inner", &self.inner)
            .field("check", &self.check)
            .finish_non_exhaustive()
    }
}

impl<S, C, R, A, B> Service<Request<A>> for Enforce<S, C, R>
where
    S: Service<Request<A>, Response = Response<B>>,
    C: Check,
    R: Respond<B>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    // Neither this nor what it calls is inlined: a function hands a request on,
    // and a future back, where they are; inlined into its caller it would have
    // them copied, some 200 and 300 bytes each time. `decide` stands apart
    // because a request that a check may keep a reference to is copied too.
    #[inline(never)]
    fn call(&mut self, request: Request<A>) -> Self::Future {
        if self.check.passes_fast(&request) {
            let future = forward(&mut self.inner, request);
            return ResponseFuture { state: State::Allowed { future } };
        }
        self.decide(request)
    }
}

impl<S, C: Check, R> Enforce<S, C, R> {
    #[inline(never)]
    fn decide<A, B>(&mut self, request: Request<A>) -> ResponseFuture<S::Future>
    where
        S: Service<Request<A>, Response = Response<B>>,
        R: Respond<B>,
    {
        match self.check.check(&request) {
            Ok(()) => {
                let future = forward(&mut self.inner, request);
                ResponseFuture { state: State::Allowed { future } }
            }
            Err(denial) => refuse(&self.check, &self.responder, request, denial),
        }
    }
}

#[inline(never)]
fn forward<S: Service<Request<A>>, A>(inner: &mut S, request: Request<A>) -> S::Future {
    inner.call(request)
}

#[cold]
#[inline(never)]
fn refuse<A, B, E, F: Future<Output = Result<Response<B>, E>>>(
    check: &impl Check,
    responder: &impl Respond<B>,
    request: Request<A>,
    denial: Denial,
) -> ResponseFuture<F> {
    check.refused(&denial);
    let (head, _) = request.into_parts();
    let mut response = responder.respond(&denial, &head);
    close_unread(&head, &mut response);
    response.extensions_mut().insert(denial);
    response.extensions_mut().insert(RefusedRequest::new(head));
    ResponseFuture { state: State::Denied { response: ready(Ok(response)) } }
}

pin_project! {
    /// The response of [`Enforce`]: the inner service's, or a denial.
    pub struct ResponseFuture<F>
    where
        F: Future,
    {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F>
    where
        F: Future,
    {
        Allowed { #[pin] future: F },
        Denied { #[pin] response: Ready<F::Output> },
    }
}

impl<F: Future> Future for ResponseFuture<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Allowed { future } => future.poll(cx),
            StateProj::Denied { response } => response.poll(cx),
        }
    }
}

impl<F: Future> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allowed = matches!(self.state, State::Allowed { .. });
        f.debug_struct("ResponseFuture").field("allowed", &allowed).finish_non_exhaustive()
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<EnforceLayer>();
    assert_send_sync::<Enforce<()>>();
    assert_send_sync::<ResponseFuture<std::future::Ready<()>>>();
};

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        pin::pin,
        rc::Rc,
        task::Waker,
    };

    use license_core::{DenialCode, Licensing, testing::Vendor};
    use tower::{ServiceBuilder, ServiceExt, limit::ConcurrencyLimitLayer, service_fn};

    use super::*;
    use crate::{Empty, FeatureCheck, FeatureLayer, FeatureNameError, LicenseLayer};

    /// Refuses what is not for `/open`, and remembers what it was told.
    #[derive(Clone, Debug, Default)]
    struct Open(Rc<RefCell<Vec<DenialCode>>>);

    impl Check for Open {
        fn check<B>(&self, request: &Request<B>) -> Result<(), Denial> {
            match request.uri().path() {
                "/open" => Ok(()),
                _ => Err(Denial::new(DenialCode::ReadOnly, 402)),
            }
        }

        fn refused(&self, denial: &Denial) {
            self.0.borrow_mut().push(denial.code());
        }
    }

    fn get(path: &str) -> Request<()> {
        Request::get(path).body(()).unwrap()
    }

    fn now<F: Future>(future: F) -> Poll<F::Output> {
        pin!(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn done<F: Future>(future: F) -> F::Output {
        match now(future) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("not done"),
        }
    }

    fn layer() -> EnforceLayer<Open, Empty> {
        EnforceLayer::new(Open::default()).responder(Empty)
    }

    #[test]
    fn a_refused_request_is_answered_with_its_denial_and_the_check_hears_of_it_once() {
        let layer = layer();
        let calls = Cell::new(0);
        let service = layer.layer(service_fn(async |_: Request<()>| {
            calls.set(calls.get() + 1);
            Ok::<_, ()>(Response::new(()))
        }));
        let response = done(service.oneshot(get("/closed"))).unwrap();
        assert_eq!(response.status(), 402);
        assert_eq!(response.extensions().get::<Denial>().unwrap().code(), DenialCode::ReadOnly);
        assert_eq!(*layer.check().0.borrow(), [DenialCode::ReadOnly]);
        assert_eq!(calls.get(), 0);
    }

    #[test]
    fn head_is_refused_with_what_a_get_is_told_but_the_body() {
        let layer = EnforceLayer::new(Open::default());
        let service =
            layer.layer(service_fn(async |_: Request<()>| Ok::<_, ()>(Response::new(Vec::new()))));
        let head = Request::head("/closed").body(()).unwrap();
        let head = done(service.clone().oneshot(head)).unwrap();
        assert_eq!(head.status(), 402);
        assert_eq!(head.extensions().get::<Denial>().unwrap().code(), DenialCode::ReadOnly);
        assert!(head.body().is_empty());
        let get = done(service.oneshot(get("/closed"))).unwrap();
        assert_eq!(head.headers()["content-length"], get.body().len().to_string());
    }

    #[test]
    fn an_allowed_request_goes_through_as_it_is() {
        let layer = layer();
        let service = layer.layer(service_fn(async |request: Request<()>| {
            assert_eq!(request.headers()["x-some"], "value");
            Ok::<_, ()>(Response::builder().status(201).body(()).unwrap())
        }));
        let request = Request::get("/open").header("x-some", "value").body(()).unwrap();
        let response = done(service.oneshot(request)).unwrap();
        assert_eq!(response.status(), 201);
        assert!(response.extensions().get::<Denial>().is_none());
        assert!(layer.check().0.borrow().is_empty());
    }

    #[test]
    fn errors_are_the_inner_services() {
        #[derive(Debug, PartialEq)]
        struct Broken;
        let service =
            layer().layer(service_fn(async |_: Request<()>| Err::<Response<()>, _>(Broken)));
        let result: Result<_, Broken> = done(service.oneshot(get("/open")));
        assert_eq!(result.unwrap_err(), Broken);
    }

    #[test]
    fn readiness_is_the_inner_services_and_a_refusal_holds_none_of_it() {
        // One request at a time, and none of them ever finishes.
        let service =
            ServiceBuilder::new().layer(layer()).layer(ConcurrencyLimitLayer::new(1)).service(
                service_fn(|_: Request<()>| std::future::pending::<Result<Response<()>, ()>>()),
            );
        let (mut one, mut other) = (service.clone(), service);

        // Refusals neither use up the one place nor keep it.
        for _ in 0..3 {
            assert!(now(one.ready()).is_ready());
            assert_eq!(done(one.call(get("/closed"))).unwrap().status(), 402);
        }
        // It is promised to whoever was found ready, until a call or the end.
        assert!(now(other.ready()).is_pending());
        let served = one.call(get("/open"));
        assert!(now(one.ready()).is_pending());
        assert!(now(other.ready()).is_pending());
        drop(served);
        assert!(now(other.ready()).is_ready());
        drop(other);
        assert!(now(one.ready()).is_ready());
    }

    #[test]
    fn what_plainly_passes_is_not_checked() {
        /// Passes what is for `/plain`, and cannot be asked about it again.
        #[derive(Clone)]
        struct Plain;

        impl Check for Plain {
            fn passes_fast<B>(&self, request: &Request<B>) -> bool {
                request.uri().path() == "/plain"
            }

            fn check<B>(&self, request: &Request<B>) -> Result<(), Denial> {
                assert_ne!(request.uri().path(), "/plain");
                Err(Denial::new(DenialCode::ReadOnly, 402))
            }
        }

        let service = EnforceLayer::new(Plain)
            .responder(Empty)
            .layer(service_fn(async |_: Request<()>| Ok::<_, ()>(Response::new(()))));
        assert_eq!(done(service.clone().oneshot(get("/plain"))).unwrap().status(), 200);
        assert_eq!(done(service.oneshot(get("/other"))).unwrap().status(), 402);
    }

    #[test]
    fn types_can_be_named() {
        struct Stack {
            service: Enforce<Enforce<(), FeatureCheck>, LicenseCheck, Empty>,
        }
        fn protect(licensing: &Licensing) -> Result<Stack, FeatureNameError> {
            let license: LicenseLayer<Empty> = LicenseLayer::new(licensing).responder(Empty);
            let feature: FeatureLayer = FeatureLayer::new(licensing, "sso")?;
            Ok(Stack { service: license.layer(feature.layer(())) })
        }
        let licensing = Licensing::new(Vendor::new().verifier());
        let mut service = protect(&licensing).unwrap().service;
        assert_eq!(*service.get_mut().get_ref(), ());
        assert_eq!(service.into_inner().into_inner(), ());
    }

    #[test]
    fn types_can_be_printed() {
        let text = format!("{:?}", layer().layer("inner"));
        assert!(text.contains("Open") && text.contains("inner"), "{text}");
        let licensing = Licensing::new(Vendor::new().verifier());
        let text = format!("{:?}", LicenseLayer::new(&licensing).scope("/api/**").unwrap());
        assert!(text.contains("/api"), "{text}");
        let text = format!("{:?}", FeatureLayer::new(&licensing, "sso").unwrap());
        assert!(text.contains("sso"), "{text}");
    }
}
