//! What a license switches on.

use license_axum::{Feature, RequireFeature, Routes, features, routing::get};
use license_examples::{Json, Refusal, User};
use serde_json::{Value, json};

use crate::{AppState, decisions};

features! {
    /// What the routes ask for.
    pub(crate) const FEATURES;
    /// Single sign-on.
    pub(crate) Sso = "sso";
    /// Audit log.
    pub(crate) AuditLog = "auditLog";
    /// Custom branding.
    pub(crate) CustomBranding = "customBranding";
    /// API access.
    pub(crate) ApiAccess = "apiAccess";
    /// Decision models on GPUs.
    pub(crate) GpuModels = "gpuModels";
}

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new()
        .route("/sso", get(module::<Sso>))
        .route("/audit-log", get(module::<AuditLog>))
        .route("/branding", get(module::<CustomBranding>))
        .route("/v1/decisions", get(api))
        .route("/models", get(module::<GpuModels>))
}

/// A module shows that it is there. Who is not signed in learns that first.
async fn module<F: Feature>(_: User, _: RequireFeature<F>) -> Json<Value> {
    Json(json!({ "module": F::NAME, "items": [] }))
}

async fn api(
    user: User,
    _: RequireFeature<ApiAccess>,
    state: axum::extract::State<AppState>,
) -> Result<Json<Vec<decisions::Decision>>, Refusal> {
    decisions::list(user, state).await
}
