//! While everything is refused, every page leads to the license.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{Method, header, request::Parts};
use license_axum::{Installer, Licensing};

use super::{LICENSE, Visitors, Web, page};

/// Middleware around a whole service: while the license stops it, what a browser
/// wants to see as a page is led to the license pages. Interfaces for programs, the
/// license pages and signing in are left alone.
pub async fn lead_to_license(
    State(licensing): State<Licensing>,
    request: Request,
    next: Next,
) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let accepts = request.headers().get(header::ACCEPT).and_then(|it| it.to_str().ok());
    let browses = accepts.is_some_and(|it| it.contains("text/html"));
    if safe && browses && is_page(request.uri().path()) && licensing.check_service().is_err() {
        let (request, _) = request.into_parts();
        return to_license(&request);
    }
    next.run(request).await
}

/// Whether something is a page that is led away.
fn is_page(path: &str) -> bool {
    const OTHERS: [&str; 8] = [
        "/api",
        "/agents",
        "/license",
        "/sign-in",
        "/sign-out",
        "/healthz",
        "/metrics",
        "/background",
    ];
    OTHERS.iter().all(|other| {
        let rest = path.strip_prefix(other);
        rest.is_none_or(|rest| !rest.is_empty() && !rest.starts_with('/'))
    })
}

impl<A, I: Installer, V: Visitors> Web<A, I, V> {
    /// Where a page leads while the license stops the service.
    pub(super) fn to_license(&self, request: &Parts) -> Option<Response> {
        self.licensing.check_service().is_err().then(|| to_license(request))
    }
}

fn to_license(request: &Parts) -> Response {
    let query = page::asked_language(request).map(|it| format!("?lang={it}")).unwrap_or_default();
    page::see_other(&format!("{LICENSE}{query}"), None)
}

#[cfg(test)]
mod tests {
    use super::is_page;

    #[test]
    fn what_programs_use_is_no_page() {
        assert!(["/", "/profile/devices", "/apiary", "/no-such-page"].into_iter().all(is_page));
        let others = ["/api", "/api/users", "/license", "/license/preview", "/sign-in", "/healthz"];
        assert!(!others.into_iter().any(is_page));
    }
}
