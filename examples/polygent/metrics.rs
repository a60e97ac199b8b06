//! The figures of this service, as Prometheus reads them.

use axum::{
    extract::{FromRequestParts, State},
    response::IntoResponse,
};
use clap::Args;
use http::{header, request::Parts};
use license_axum::Problem;
use license_examples::{Administrator, Secret, StartError, bearer, openapi::ForUsers};
use license_runtime::LicenseManager;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use utoipa::OpenApi;

use crate::AppState;

/// Flags and environment variables.
#[derive(Args)]
pub(crate) struct MetricsSettings {
    /// The token with which Prometheus reads /metrics; without one only
    /// administrators can
    #[arg(long, env = "METRICS_TOKEN", value_name = "TEXT", hide_env_values = true)]
    metrics_token: Option<String>,
}

/// What has been counted, and the token that shows it.
#[derive(Clone)]
pub(crate) struct Figures {
    collected: PrometheusHandle,
    token: Option<Secret>,
}

/// Who may see the figures: Prometheus, or an administrator.
pub(crate) struct Reader;

#[derive(OpenApi)]
#[openapi(paths(show))]
pub(crate) struct Document;

impl MetricsSettings {
    /// Collects figures from now on.
    pub(crate) fn collect(self) -> Result<Figures, StartError> {
        let collected = PrometheusBuilder::new()
            .install_recorder()
            .map_err(|error| StartError::new("figures cannot be collected").with_source(error))?;
        // An empty variable is one that is not set.
        let token = self.metrics_token.filter(|token| !token.is_empty());
        Ok(Figures { collected, token: token.as_deref().map(Secret::new) })
    }
}

/// All figures, brought up to date. They name codes, phases and limits, and
/// nothing about the customer.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "service",
    responses(
        ForUsers,
        (
            status = 200,
            description = "Figures, as Prometheus reads them.",
            body = str,
            content_type = "text/plain",
        ),
    ),
)]
pub(crate) async fn show(_: Reader, State(state): State<AppState>) -> impl IntoResponse {
    let manager: &LicenseManager = &state.manager;
    manager.publish_metrics().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], state.figures.collected.render())
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let given = bearer(parts).zip(state.figures.token.as_ref());
        if given.is_some_and(|(given, token)| token.is(given)) {
            return Ok(Self);
        }
        match Administrator::from_request_parts(parts, state).await {
            Ok(_) => Ok(Self),
            Err(problem) if problem.details().status >= 500 => Err(problem),
            Err(_) => Err(Problem::new(
                401,
                "unauthenticated",
                "Send `Authorization: Bearer` with the token of --metrics-token, or sign in as an \
                 administrator.",
            )),
        }
    }
}
