//! Tells administrators, in responses, what there is to know of the license.

use std::{
    fmt,
    fmt::Write as _,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, request::Parts};
use license_core::{Licensing, Warning};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Adds a `License-Warning` header to responses, one line for each warning,
/// while there is something to warn about, and for administrators alone.
///
/// ```
/// use axum::{Router, body::Body, routing::get};
/// use http::Request;
/// use license_core::{Licensing, testing::Vendor};
/// use license_tower::{LicenseLayer, WarningLayer};
/// use tower::{Layer, ServiceBuilder, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let licensing = Licensing::new(Vendor::new().verifier());
/// let app = ServiceBuilder::new()
///     // Outside, so that refusals, 404 and 405 carry the header too.
///     .layer(WarningLayer::new(&licensing, |head| head.headers.contains_key("x-admin")))
///     .layer(LicenseLayer::new(&licensing))
///     .service(Router::new().route("/", get(async || "served")));
///
/// let request = Request::get("/").header("x-admin", "yes").body(Body::empty())?;
/// let response = app.clone().oneshot(request).await?;
/// assert_eq!(response.status(), 503);
/// assert_eq!(
///     response.headers()["license-warning"],
///     r#""No license is installed on this service.";code=license_missing;level=critical"#,
/// );
/// let response = app.oneshot(Request::get("/").body(Body::empty())?).await?;
/// assert!(!response.headers().contains_key("license-warning"));
/// # Ok(())
/// # }
/// ```
///
/// # The header
///
/// A list of strings with parameters, as RFC 9651 (structured fields) has
/// them: the text, then the code and the level. A text that is not plain ASCII
/// is a display string, `%"…%c3%bc…"`.
///
/// # Where it stands
///
/// Outside the license layer and the router. In axum that is
/// `enforce(router, license).layer(warnings)`; on a router itself,
/// `Router::layer` reaches neither what is refused outside it nor the routes
/// that are added later, and `Router::route_layer` no 404.
///
/// # What it costs
///
/// While there is nothing to warn about, one look at the license, as for any
/// decision. Only then is anybody asked who sent the request.
#[derive(Clone)]
#[must_use]
pub struct WarningLayer(Arc<Source>);

/// A service behind a [`WarningLayer`].
#[derive(Clone)]
#[must_use]
pub struct Warn<S> {
    inner: S,
    source: Arc<Source>,
}

struct Source {
    licensing: Licensing,
    is_admin: Box<IsAdmin>,
}

type IsAdmin = dyn Fn(&Parts) -> Answer + Send + Sync;

/// Whether a request is an administrator's.
enum Answer {
    Known(bool),
    Pending(Pin<Box<dyn Future<Output = bool> + Send>>),
}

impl WarningLayer {
    /// Warns those whose requests `is_admin` takes for an administrator's. It
    /// is asked only while there is something to warn about.
    pub fn new(
        licensing: &Licensing,
        is_admin: impl Fn(&Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self::asking(licensing, move |parts| Answer::Known(is_admin(parts)))
    }

    /// A layer for whom the answer is to be waited for, as from a session store.
    /// The service goes on once it is there.
    pub fn new_async<F>(
        licensing: &Licensing,
        is_admin: impl Fn(Parts) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = bool> + Send + 'static,
    {
        Self::asking(licensing, move |parts| Answer::Pending(Box::pin(is_admin(parts.clone()))))
    }

    fn asking(
        licensing: &Licensing,
        is_admin: impl Fn(&Parts) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let licensing = licensing.clone();
        Self(Arc::new(Source { licensing, is_admin: Box::new(is_admin) }))
    }
}

impl<S> Layer<S> for WarningLayer {
    type Service = Warn<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Warn { inner, source: Arc::clone(&self.0) }
    }
}

impl fmt::Debug for WarningLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WarningLayer").field("licensing", &self.0.licensing).finish_non_exhaustive()
    }
}

impl<S, A, B> Service<Request<A>> for Warn<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = WarnFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        if !self.source.licensing.control().warns() {
            return WarnFuture { inner: self.inner.call(request), warn: None };
        }
        let (parts, body) = request.into_parts();
        let answer = (self.source.is_admin)(&parts);
        let inner = self.inner.call(Request::from_parts(parts, body));
        let source = Arc::clone(&self.source);
        WarnFuture { inner, warn: Some((answer, source)) }
    }
}

impl<S: fmt::Debug> fmt::Debug for Warn<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Warn").field("inner", &self.inner).finish_non_exhaustive()
    }
}

pin_project! {
    /// The response of [`Warn`]: the inner service's, with or without the
    /// header.
    pub struct WarnFuture<F> {
        #[pin]
        inner: F,
        warn: Option<(Answer, Arc<Source>)>,
    }
}

impl<F, B, E> Future for WarnFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some((answer, _)) = this.warn
            && let Answer::Pending(asked) = answer
        {
            *answer = Answer::Known(ready!(asked.as_mut().poll(cx)));
        }
        let mut result = ready!(this.inner.poll(cx));
        if let Some((Answer::Known(true), source)) = this.warn
            && let Ok(response) = &mut result
        {
            write(response.headers_mut(), &source.licensing.warnings(|_| None));
        }
        Poll::Ready(result)
    }
}

impl<F> fmt::Debug for WarnFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warns = self.warn.is_some();
        f.debug_struct("WarnFuture").field("warns", &warns).finish_non_exhaustive()
    }
}

const LICENSE_WARNING: HeaderName = HeaderName::from_static("license-warning");

fn write(headers: &mut HeaderMap, warnings: &[Warning]) {
    for warning in warnings {
        let (code, level) = (warning.code, warning.level.as_str());
        let line = format!("{};code={code};level={level}", string(&warning.text));
        if let Ok(line) = HeaderValue::try_from(line) {
            headers.append(LICENSE_WARNING, line);
        }
    }
}

/// A text as a string of RFC 9651, or where it is not plain ASCII as a display
/// string.
fn string(text: &str) -> String {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let mut out = String::from(if plain { "\"" } else { "%\"" });
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' if plain => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' if plain || !matches!(byte, b'"' | b'%') => out.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(out, "%{byte:02x}")),
        }
    }
    out.push('"');
    out
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<WarningLayer>();
    assert_send_sync::<Warn<()>>();
};

#[cfg(test)]
mod tests {
    use license_core::WarningLevel;

    use super::*;

    #[test]
    fn texts_are_structured_strings_whatever_they_hold() {
        for (text, expected) in [
            ("", r#""""#),
            ("7 days left, or 100%.", r#""7 days left, or 100%.""#),
            (r#"a "b" \ c"#, r#""a \"b\" \\ c""#),
            ("Gr\u{fc}n \"100%\" \\", r#"%"Gr%c3%bcn %22100%25%22 \""#),
            ("a\r\nset-cookie: b", r#"%"a%0d%0aset-cookie: b""#),
            ("\0\x7f\t", r#"%"%00%7f%09""#),
        ] {
            assert_eq!(string(text), expected);
            assert!(HeaderValue::try_from(string(text)).is_ok());
        }
    }

    #[test]
    fn each_warning_is_a_line_of_its_own_beside_those_there_are() {
        let mut headers = HeaderMap::new();
        headers.insert(LICENSE_WARNING, HeaderValue::from_static("\"before\""));
        let warnings = [
            Warning::new("one", WarningLevel::Info, "One."),
            Warning::new("two", WarningLevel::Warning, "Two."),
            Warning::new("three", WarningLevel::Critical, "Three."),
        ];
        write(&mut headers, &warnings);
        assert_eq!(
            headers.get_all(LICENSE_WARNING).iter().collect::<Vec<_>>(),
            [
                r#""before""#,
                r#""One.";code=one;level=info"#,
                r#""Two.";code=two;level=warning"#,
                r#""Three.";code=three;level=critical"#,
            ]
        );
    }
}
