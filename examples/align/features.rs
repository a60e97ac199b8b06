//! What a license switches on.

use license_axum::{
    Feature, RequireFeature, Routes, features,
    routing::{MethodRoutes, get},
};
use license_examples::{
    Json, Refusal, User,
    openapi::{self as described, ForUsers},
};
use serde_json::{Value, json};
use utoipa::{OpenApi, openapi};

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

/// Each module, below `/api`.
fn modules() -> [(&'static str, MethodRoutes<AppState>); 4] {
    [
        ("/sso", get(module::<Sso>)),
        ("/audit-log", get(module::<AuditLog>)),
        ("/branding", get(module::<CustomBranding>)),
        ("/models", get(module::<GpuModels>)),
    ]
}

pub(crate) fn routes() -> Routes<AppState> {
    let api = Routes::new().route("/v1/decisions", get(api));
    modules().into_iter().fold(api, |routes, (path, module)| routes.route(path, module))
}

#[derive(OpenApi)]
#[openapi(paths(api))]
struct Document;

pub(crate) fn document() -> openapi::OpenApi {
    described::modules::<ForUsers>(modules().map(|(path, _)| path)).merge_from(Document::openapi())
}

/// A module shows that it is there. Who is not signed in learns that first.
async fn module<F: Feature>(_: User, _: RequireFeature<F>) -> Json<Value> {
    Json(json!({ "module": F::NAME, "items": [] }))
}

#[utoipa::path(
    get,
    path = "/v1/decisions",
    operation_id = "api_decisions",
    tag = "modules",
    responses(
        ForUsers,
        (status = 200, description = "All decisions.", body = [decisions::Decision]),
    ),
)]
async fn api(
    user: User,
    _: RequireFeature<ApiAccess>,
    state: axum::extract::State<AppState>,
) -> Result<Json<Vec<decisions::Decision>>, Refusal> {
    decisions::list(user, state).await
}
