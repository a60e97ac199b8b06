//! What a refused request is answered with.

use std::{convert::Infallible, fmt, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use http_body_util::{
    BodyExt, Full,
    combinators::{BoxBody, MapErr, UnsyncBoxBody},
};
use license_core::{Denial, refusal::ProblemDetails};

/// Builds the response to a refused request.
///
/// Every `Fn(&Denial) -> Response<B>` is one, and so is every
/// `Fn(&Denial, &Parts) -> Response<B>` as a [`ByRequest`]. Whatever it returns,
/// the layer places the [`Denial`] in the response's extensions, and beside it
/// the [`RefusedRequest`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot answer with a body of type `{B}`",
    label = "no answer with this body",
    note = "`ProblemJson`, the default, makes its body from `Bytes`; for `BoxBody<Bytes, _>` and \
            `UnsyncBoxBody<Bytes, _>` choose `.responder(Boxed(ProblemJson))`",
    note = "`Empty` and `Grpc` take every body that has a default; for any other body give a \
            closure, `.responder(|denial: &Denial| ...)`"
)]
pub trait Respond<B> {
    /// The response to this denial of the request with this head. One to `HEAD`
    /// should have no body: not every server leaves it out by itself (Hyper does
    /// over HTTP/1.1, not over HTTP/2), and clients take one for a violation of
    /// the protocol.
    fn respond(&self, denial: &Denial, request: &Parts) -> Response<B>;
}

/// A closure that looks at the request's head, too.
///
/// ```
/// use http::{Response, request::Parts};
/// use license_core::{Denial, Licensing, testing::Vendor};
/// use license_tower::{ByRequest, LicenseLayer};
///
/// let licensing = Licensing::new(Vendor::new().verifier());
/// let layer = LicenseLayer::new(&licensing).responder(ByRequest(
///     |denial: &Denial, request: &Parts| {
///         let mut response = Response::new(format!("{}: {denial}", request.uri.path()));
///         *response.status_mut() = license_tower::refusing_status(denial.status());
///         response
///     },
/// ));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ByRequest<F>(
    /// `Fn(&Denial, &Parts) -> Response<B>`.
    pub F,
);

/// The head of the request that was refused, in the extensions of the response:
/// for layers outside that answer by it, as pages for browsers do. Cheap to
/// clone. It holds what the client sent, credentials too; it is not for a log.
#[derive(Clone)]
pub struct RefusedRequest(Arc<Parts>);

/// Answers with the denial's status and an RFC 9457 body,
/// `application/problem+json`, that is never stored.
///
/// For bodies that can be made from bytes: `axum::body::Body`,
/// `http_body_util::Full<Bytes>`. Boxed bodies cannot; [`Boxed`] makes them. `HEAD` is answered with the same headers
/// and an empty body.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProblemJson;

/// Answers with the denial's status and an empty body, never stored.
///
/// For bodies that have a default. A gRPC client makes a code of the status by
/// itself, and not a telling one: 402 is `Unknown`, and 503 is `Unavailable`,
/// which many clients retry. [`Grpc`](crate::Grpc) says it in their own words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Empty;

/// Answers as another responder does, with a boxed body: [`BoxBody`] or
/// [`UnsyncBoxBody`], whatever its error.
///
/// ```
/// use std::convert::Infallible;
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::{BodyExt, Full, combinators::BoxBody};
/// use license_core::{Licensing, testing::Vendor};
/// use license_tower::{Boxed, LicenseLayer, ProblemJson};
/// use tower::{ServiceBuilder, ServiceExt};
///
/// async fn handle(_: Request<()>) -> Result<Response<BoxBody<Bytes, std::io::Error>>, Infallible> {
///     let body = Full::from("served").map_err(|never| match never {});
///     Ok(Response::new(body.boxed()))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// let licensing = Licensing::new(Vendor::new().verifier());
/// let service = ServiceBuilder::new()
///     .layer(LicenseLayer::new(&licensing).responder(Boxed(ProblemJson)))
///     .service_fn(handle);
/// assert_eq!(service.oneshot(Request::new(())).await?.status(), 503);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Boxed<R = ProblemJson>(
    /// What the body and the rest of the response are made by.
    pub R,
);

impl RefusedRequest {
    /// The head of a request.
    pub fn new(request: Parts) -> Self {
        Self(Arc::new(request))
    }

    /// The head.
    pub fn parts(&self) -> &Parts {
        &self.0
    }
}

impl fmt::Debug for RefusedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedRequest").field("method", &self.0.method).finish_non_exhaustive()
    }
}

impl<B, F: Fn(&Denial) -> Response<B>> Respond<B> for F {
    fn respond(&self, denial: &Denial, _: &Parts) -> Response<B> {
        self(denial)
    }
}

impl<B, F: Fn(&Denial, &Parts) -> Response<B>> Respond<B> for ByRequest<F> {
    fn respond(&self, denial: &Denial, request: &Parts) -> Response<B> {
        self.0(denial, request)
    }
}

impl<B: From<Bytes>> Respond<B> for ProblemJson {
    fn respond(&self, denial: &Denial, request: &Parts) -> Response<B> {
        if request.method != Method::HEAD {
            return problem(&denial.problem());
        }
        let (mut head, body) = problem::<Bytes>(&denial.problem()).into_parts();
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        Response::from_parts(head, B::from(Bytes::new()))
    }
}

impl<R, E> Respond<BoxBody<Bytes, E>> for Boxed<R>
where
    R: Respond<Full<Bytes>>,
    E: 'static,
{
    fn respond(&self, denial: &Denial, request: &Parts) -> Response<BoxBody<Bytes, E>> {
        self.0.respond(denial, request).map(|body| fallible(body).boxed())
    }
}

impl<R, E> Respond<UnsyncBoxBody<Bytes, E>> for Boxed<R>
where
    R: Respond<Full<Bytes>>,
    E: 'static,
{
    fn respond(&self, denial: &Denial, request: &Parts) -> Response<UnsyncBoxBody<Bytes, E>> {
        self.0.respond(denial, request).map(|body| fallible(body).boxed_unsync())
    }
}

impl<B: Default> Respond<B> for Empty {
    fn respond(&self, denial: &Denial, _: &Parts) -> Response<B> {
        unstored(refusing_status(denial.status()), B::default())
    }
}

/// A whole body, where a body that can fail is asked for.
fn fallible<E>(body: Full<Bytes>) -> MapErr<Full<Bytes>, fn(Infallible) -> E> {
    body.map_err(|never| match never {})
}

pub(crate) fn unstored<B>(status: StatusCode, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// ProblemJson details as a response: the body that [`ProblemJson`] answers with, for
/// a service's own errors too.
pub fn problem<B: From<Bytes>>(details: &ProblemDetails) -> Response<B> {
    let body = Bytes::from(details.to_json());
    let mut response = unstored(refusing_status(details.status), B::from(body));
    let media_type = HeaderValue::from_static(ProblemDetails::MEDIA_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

/// The status that a problem or denial with this one is answered with: 403
/// where it is none that refuses.
pub fn refusing_status(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| status.is_client_error() || status.is_server_error())
        .unwrap_or(StatusCode::FORBIDDEN)
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use license_core::DenialCode;

    use super::*;

    fn respond(responder: impl Respond<Vec<u8>>, denial: &Denial) -> Response<Vec<u8>> {
        responder.respond(denial, &head(Method::GET))
    }

    /// The head of a request.
    fn head(method: Method) -> Parts {
        http::Request::builder().method(method).uri("/a").body(()).unwrap().into_parts().0
    }

    /// A body that can be made from bytes.
    struct Body(Bytes);

    impl From<Bytes> for Body {
        fn from(bytes: Bytes) -> Self {
            Self(bytes)
        }
    }

    #[test]
    fn a_problem_is_the_denial_as_rfc_9457_has_it() {
        let denial = Denial::new(DenialCode::FeatureNotLicensed, 403).with_feature("sso");
        let response: Response<Body> = ProblemJson.respond(&denial, &head(Method::GET));
        assert_eq!(response.status(), 403);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        let body: serde_json::Value = serde_json::from_slice(&response.body().0).unwrap();
        assert_eq!(body["code"], "feature_not_licensed");
        assert_eq!(body["status"], 403);
        assert_eq!(body["feature"], "sso");
    }

    #[test]
    fn a_problem_without_its_body_has_the_same_headers() {
        let denial = Denial::new(DenialCode::LicenseMissing, 503);
        let full: Response<Body> = ProblemJson.respond(&denial, &head(Method::GET));
        let head: Response<Body> = ProblemJson.respond(&denial, &head(Method::HEAD));
        assert_eq!(head.status(), full.status());
        assert!(head.body().0.is_empty());
        let mut expected = full.headers().clone();
        expected.insert(CONTENT_LENGTH, HeaderValue::from(full.body().0.len()));
        assert_eq!(*head.headers(), expected);
    }

    #[test]
    fn an_empty_response_carries_the_status_alone() {
        let response = respond(Empty, &Denial::new(DenialCode::ReadOnly, 402));
        assert_eq!(response.status(), 402);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers().len(), 1);
        assert!(response.body().is_empty());
    }

    #[test]
    fn a_status_that_refuses_nothing_is_403() {
        for bad in [0, 99, 200, 302, 600, 999, 1000] {
            let response = respond(Empty, &Denial::new(DenialCode::ReadOnly, bad));
            assert_eq!(response.status(), 403, "{bad}");
        }
    }

    #[test]
    fn boxed_bodies_say_the_same() {
        fn text<B: http_body::Body<Data = Bytes, Error: std::fmt::Debug>>(body: B) -> Bytes {
            let collected = futures_util::FutureExt::now_or_never(body.collect());
            collected.unwrap().unwrap().to_bytes()
        }
        let denial = Denial::new(DenialCode::FeatureNotLicensed, 403).with_feature("sso");
        let get = head(Method::GET);
        let plain: Response<Full<Bytes>> = ProblemJson.respond(&denial, &get);
        let boxed: Response<BoxBody<Bytes, std::io::Error>> =
            Boxed(ProblemJson).respond(&denial, &get);
        let unsync: Response<UnsyncBoxBody<Bytes, ()>> = Boxed(ProblemJson).respond(&denial, &get);
        assert_eq!(boxed.headers(), plain.headers());
        assert_eq!((boxed.status(), unsync.status()), (plain.status(), plain.status()));
        assert_eq!(boxed.body().size_hint().exact(), plain.body().size_hint().exact());
        let expected = text(plain.into_body());
        assert_eq!(text(boxed.into_body()), expected);
        assert_eq!(text(unsync.into_body()), expected);
        let head: Response<BoxBody<Bytes, std::io::Error>> =
            Boxed(ProblemJson).respond(&denial, &head(Method::HEAD));
        assert_eq!(head.headers()[CONTENT_LENGTH], expected.len().to_string());
        assert!(text(head.into_body()).is_empty());
    }

    #[test]
    fn a_closure_can_answer_by_the_request() {
        let by_path = ByRequest(|denial: &Denial, request: &Parts| {
            Response::new(format!("{} {denial}", request.uri.path()).into_bytes())
        });
        let response = respond(by_path, &Denial::new(DenialCode::ReadOnly, 402));
        assert_eq!(response.body(), b"/a read_only");
    }

    #[test]
    fn what_a_refused_request_sent_is_not_printed() {
        let mut head = head(Method::GET);
        head.headers.insert("authorization", HeaderValue::from_static("Bearer secret"));
        let text = format!("{:?}", RefusedRequest::new(head));
        assert!(!text.contains("secret") && text.contains("GET"), "{text}");
    }

    #[test]
    fn a_closure_is_a_responder() {
        let teapot = |denial: &Denial| {
            let mut response = Response::new(denial.code().as_str().into());
            *response.status_mut() = StatusCode::IM_A_TEAPOT;
            response
        };
        let response = respond(teapot, &Denial::new(DenialCode::ReadOnly, 402));
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(response.body(), b"read_only");
    }
}
