//! What services do without a framework: a lock around the license, a
//! middleware function, and comparisons of strings.
#![allow(clippy::disallowed_methods, reason = "this is how it is written by hand")]

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::HOST};
use tokio::sync::RwLock;

use crate::fixture;

/// What such a service keeps of its license.
#[derive(Clone, Debug)]
pub(crate) struct License {
    expires_at: u64,
    domain: String,
    features: Vec<String>,
}

impl License {
    /// The license that all rows share.
    pub(crate) fn new() -> Self {
        let year = fixture::now().as_seconds().unsigned_abs() + 365 * 86_400;
        Self {
            expires_at: year,
            domain: fixture::DOMAIN.to_owned(),
            features: fixture::FEATURES.map(str::to_owned).to_vec(),
        }
    }

    fn refuses_service(&self, request: &Request) -> Option<StatusCode> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if now >= self.expires_at {
            return Some(StatusCode::SERVICE_UNAVAILABLE);
        }
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let covered = host.is_some_and(|host| self.covers(host));
        (!covered).then_some(StatusCode::FORBIDDEN)
    }

    fn refuses_feature(&self) -> Option<StatusCode> {
        let granted = self.features.iter().any(|feature| feature == fixture::FEATURE);
        (!granted).then_some(StatusCode::FORBIDDEN)
    }

    fn covers(&self, host: &str) -> bool {
        let host = host.split(':').next().unwrap_or(host);
        match self.domain.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(label, rest)| {
                !label.is_empty() && rest.eq_ignore_ascii_case(parent)
            }),
            None => host.eq_ignore_ascii_case(&self.domain),
        }
    }
}

/// One middleware function for everything, for
/// `axum::middleware::from_fn_with_state`. Written with care: it gives the lock
/// back before the handler runs, and allocates nothing.
pub(crate) async fn licensed(
    State(license): State<Arc<RwLock<License>>>,
    request: Request,
    next: Next,
) -> Response {
    let refused = {
        let license = license.read().await;
        license.refuses_service(&request).or_else(|| license.refuses_feature())
    };
    answer(refused, request, next).await
}

/// The same as two functions, as services write it that gate some of their
/// routes: this one around all of them...
pub(crate) async fn in_force(
    State(license): State<Arc<RwLock<License>>>,
    request: Request,
    next: Next,
) -> Response {
    let refused = license.read().await.refuses_service(&request);
    answer(refused, request, next).await
}

/// ...and this one around those that a feature gates.
pub(crate) async fn featured(
    State(license): State<Arc<RwLock<License>>>,
    request: Request,
    next: Next,
) -> Response {
    let refused = license.read().await.refuses_feature();
    answer(refused, request, next).await
}

async fn answer(refused: Option<StatusCode>, request: Request, next: Next) -> Response {
    match refused {
        Some(status) => status.into_response(),
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_star_is_one_label() {
        let license = License::new();
        assert!(license.covers("eu.acme.example"));
        assert!(license.covers("EU.acme.example:8443"));
        assert!(!license.covers("acme.example"));
        assert!(!license.covers("a.eu.acme.example"));
        assert!(!license.covers(".acme.example"));
    }
}
