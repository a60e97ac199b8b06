//! The modules that a license switches on.

use license_axum::{
    Feature, RequireFeature, Routes, features,
    routing::{MethodRoutes, get},
};
use license_examples::{
    Json, User,
    openapi::{self, ForUsers},
};
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use crate::AppState;

features! {
    /// What the routes ask for.
    pub(crate) const MODULES;
    /// Workflow automation.
    pub(crate) Workflows = "workflows";
    /// Scheduled automations.
    pub(crate) Automations = "automations";
    /// AI Planner.
    pub(crate) Planner = "planner";
    /// Round Table.
    pub(crate) RoundTable = "round-table";
    /// Insights.
    pub(crate) Insights = "insights";
    /// External ticket sync.
    pub(crate) TicketSync = "ticket-sync";
    /// Deployment agents.
    pub(crate) Deployments = "deployments";
    /// Code review.
    pub(crate) CodeReview = "code-review";
    /// Verification.
    pub(crate) Verification = "verification";
    /// Memory module.
    pub(crate) Memory = "memory";
    /// Bots.
    pub(crate) Bots = "bots";
    /// Single sign-on with SAML.
    pub(crate) SsoSaml = "sso-saml";
    /// Audit log export.
    pub(crate) AuditExport = "audit-export";
    /// Multi-tenant mode.
    pub(crate) MultiTenant = "multi-tenant";
}

/// Each module, below `/api`.
fn modules() -> [(&'static str, MethodRoutes<AppState>); 14] {
    [
        ("/workflows", get(module::<Workflows>)),
        ("/automations", get(module::<Automations>)),
        ("/planner", get(module::<Planner>)),
        ("/round-table", get(module::<RoundTable>)),
        ("/insights", get(module::<Insights>)),
        ("/ticket-sync", get(module::<TicketSync>)),
        ("/deployments", get(module::<Deployments>)),
        ("/code-review", get(module::<CodeReview>)),
        ("/verification", get(module::<Verification>)),
        ("/memory", get(module::<Memory>)),
        ("/bots", get(module::<Bots>)),
        ("/sso/saml", get(module::<SsoSaml>)),
        ("/audit/export", get(module::<AuditExport>)),
        ("/tenants", get(module::<MultiTenant>)),
    ]
}

pub(crate) fn routes() -> Routes<AppState> {
    modules().into_iter().fold(Routes::new(), |routes, (path, module)| routes.route(path, module))
}

pub(crate) fn document() -> OpenApi {
    openapi::modules::<ForUsers>(modules().map(|(path, _)| path))
}

/// A module shows that it is there. Who is not signed in learns that first.
async fn module<F: Feature>(_: User, _: RequireFeature<F>) -> Json<Value> {
    Json(json!({ "module": F::NAME, "items": [] }))
}
