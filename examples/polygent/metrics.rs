//! The figures of this service, as Prometheus reads them.

use axum::{extract::State, response::IntoResponse};
use http::header;
use license_examples::StartError;
use license_runtime::LicenseManager;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::AppState;

/// Collects figures from now on.
pub(crate) fn collect() -> Result<PrometheusHandle, StartError> {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| StartError::new("figures cannot be collected").with_source(error))
}

/// All figures, brought up to date. They name codes, phases and limits, and
/// nothing about the customer.
pub(crate) async fn show(State(state): State<AppState>) -> impl IntoResponse {
    let manager: &LicenseManager = &state.manager;
    manager.publish_metrics().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], state.figures.render())
}
