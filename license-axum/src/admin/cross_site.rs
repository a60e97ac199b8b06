//! Refusing what another site makes a browser send.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use tower::{Layer, ServiceExt};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::Problem;

/// Middleware that refuses a changing cross-site request, for
/// `axum::middleware::from_fn`: 403 `cross_site_request`.
///
/// The rules are those of [`tower_http::csrf`]: what `Sec-Fetch-Site`, or else
/// `Origin`, says. Requests with neither are no browser's and pass. So do
/// those that carry a credential which no browser adds by itself and nothing
/// else: an `Authorization` header, such as `Bearer`, and no cookie. A request
/// without any credential is looked at too: the form that signs a user in is
/// one, and another site must not fill it in.
///
/// [`admin_routes`] uses it; a product whose own routes take cookies should
/// put it around those too, and around its sign-in.
///
/// [`admin_routes`]: crate::admin_routes
pub async fn refuse_cross_site(request: Request, next: Next) -> Response {
    if is_deliberate(request.headers()) {
        return next.run(request).await;
    }
    let refuse = |_: ProtectionError| -> Response {
        Problem::new(
            403,
            "cross_site_request",
            "The request came from another site. Use the service's own pages.",
        )
        .into_response()
    };
    let csrf = CsrfLayer::new().with_rejection_response(refuse).layer(next);
    match csrf.oneshot(request).await {
        Ok(response) => response,
        Err(infallible) => match infallible {},
    }
}

/// Whether the only credential is one that no browser adds by itself.
fn is_deliberate(headers: &HeaderMap) -> bool {
    // What browsers add by themselves, once their user was asked.
    const AMBIENT: [&str; 4] = ["basic", "digest", "negotiate", "ntlm"];
    let mut credentials = headers.get_all(header::AUTHORIZATION).iter().peekable();
    credentials.peek().is_some()
        && !headers.contains_key(header::COOKIE)
        && credentials.all(|value| {
            let value = value.as_bytes();
            let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
            AMBIENT.iter().all(|ambient| !scheme.eq_ignore_ascii_case(ambient.as_bytes()))
        })
}
