//! What stands behind the question mark.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use license_axum::Problem;

/// Middleware for routes that take nothing behind the question mark: refuses a
/// change that has something there, which would otherwise be done without it.
pub async fn refuse_query(request: Request, next: Next) -> Response {
    let asked = request.uri().query().is_some_and(|query| !query.is_empty());
    if asked && !request.method().is_safe() {
        const DETAIL: &str = "Nothing was changed. This route takes nothing behind the question \
                              mark.";
        return Problem::new(400, "invalid_query", DETAIL).into_response();
    }
    next.run(request).await
}
