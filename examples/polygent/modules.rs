//! The modules that a license switches on.

use license_axum::{Feature, RequireFeature, Routes, features, routing::get};
use license_examples::{Json, User};
use serde_json::{Value, json};

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

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new()
        .route("/workflows", get(module::<Workflows>))
        .route("/automations", get(module::<Automations>))
        .route("/planner", get(module::<Planner>))
        .route("/round-table", get(module::<RoundTable>))
        .route("/insights", get(module::<Insights>))
        .route("/ticket-sync", get(module::<TicketSync>))
        .route("/deployments", get(module::<Deployments>))
        .route("/code-review", get(module::<CodeReview>))
        .route("/verification", get(module::<Verification>))
        .route("/memory", get(module::<Memory>))
        .route("/bots", get(module::<Bots>))
        .route("/sso/saml", get(module::<SsoSaml>))
        .route("/audit/export", get(module::<AuditExport>))
        .route("/tenants", get(module::<MultiTenant>))
}

/// A module shows that it is there. Who is not signed in learns that first.
async fn module<F: Feature>(_: User, _: RequireFeature<F>) -> Json<Value> {
    Json(json!({ "module": F::NAME, "items": [] }))
}
