//! Refusing cross-site requests that a browser sent with a cookie.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::header;
use tower::{Layer, ServiceExt};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::Problem;

/// Middleware that refuses a changing cross-site request with a cookie, for
/// `axum::middleware::from_fn`: 403 `cross_site_request`.
///
/// Requests without a cookie pass: a browser adds no other credential by
/// itself. The rules are those of [`tower_http::csrf`]. [`admin_routes`]
/// uses it; a product whose own routes take cookies should put it around
/// those too.
///
/// [`admin_routes`]: crate::admin_routes
pub async fn refuse_cross_site(request: Request, next: Next) -> Response {
    if !request.headers().contains_key(header::COOKIE) {
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
