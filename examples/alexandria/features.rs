//! What an entitlement switches on, and what is kept for it.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use license_axum::{
    Feature, LicenseRejection, RequireFeature, Routes, features,
    routing::{get, post_with, put, put_with},
};
use license_examples::{Document, Json, OptionalJson, Refusal, random_hex};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::AppState;

features! {
    /// What the routes ask for.
    pub(crate) const FEATURES;
    /// Tenants, isolated from each other.
    pub(crate) MultiTenant = "multi_tenant";
    /// Federation by OIDC and SAML.
    pub(crate) Oidc = "oidc";
    /// Provisioning by SCIM 2.0.
    pub(crate) Scim = "scim";
    /// Audit log export.
    pub(crate) AuditExport = "audit_export";
    /// Blob cache in Memcached.
    pub(crate) MemcachedCache = "memcached_cache";
    /// Secrets in Vault.
    pub(crate) Vault = "vault";
    /// Autoscaling of the backends.
    pub(crate) BackendAutoscaling = "backend_autoscaling";
}

#[derive(Deserialize)]
struct CacheStrategy {
    strategy: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewTenant {
    name: Option<String>,
}

#[derive(Serialize)]
struct Tenant {
    id: String,
    name: String,
}

const SETTING: &str = "setting";
const TENANT: &str = "tenant";

pub(crate) fn routes() -> Routes<AppState> {
    let create_tenant = post_with(create_tenant, |asks| asks.limit("tenants"));
    Routes::new()
        .route("/oidc/login", get(module::<Oidc>))
        .route("/saml/login", get(module::<Oidc>))
        .route("/vault/status", get(module::<Vault>))
        .route(
            "/cache/strategy",
            put_with(choose_cache, |asks| asks.optional_feature(MemcachedCache::NAME)),
        )
        .route("/autoscaling", put(autoscale))
        .route("/tenants", create_tenant.get(tenants))
}

/// A module shows that it is there.
async fn module<F: Feature>(_: RequireFeature<F>) -> Json<Value> {
    Json(json!({ "entitlement": F::NAME }))
}

/// One strategy is licensed, the others are open.
async fn choose_cache(
    State(state): State<AppState>,
    Json(CacheStrategy { strategy }): Json<CacheStrategy>,
) -> Result<Json<Value>, Refusal> {
    if strategy == "alexandria" {
        state
            .licensing
            .check_feature(MemcachedCache::NAME)
            .map_err(|denial| LicenseRejection::answered(&state.licensing, denial))?;
    }
    let now = state.licensing.clock().now();
    state.documents.put(SETTING, "cache_strategy", strategy.as_bytes(), now).await?;
    Ok(Json(json!({ "strategy": strategy })))
}

async fn autoscale(
    _: RequireFeature<BackendAutoscaling>,
    State(state): State<AppState>,
    OptionalJson(wanted): OptionalJson<Value>,
) -> Result<Json<Value>, Refusal> {
    let now = state.licensing.clock().now();
    state.documents.put(SETTING, "autoscaling", wanted.to_string().as_bytes(), now).await?;
    Ok(Json(wanted))
}

async fn tenants(
    _: RequireFeature<MultiTenant>,
    State(state): State<AppState>,
) -> Result<Json<Vec<Tenant>>, Refusal> {
    let tenant = |Document { id, body, .. }| Tenant { id, name: text(&body) };
    Ok(Json(state.documents.list(TENANT).await?.into_iter().map(tenant).collect()))
}

/// Creates a tenant, as many as the license allows.
async fn create_tenant(
    _: RequireFeature<MultiTenant>,
    State(state): State<AppState>,
    OptionalJson(NewTenant { name }): OptionalJson<NewTenant>,
) -> Result<Response, Refusal> {
    let denied = |error| Refusal::denied(&state.licensing, error);
    let seats = state.manager.seats("tenants");
    let seat = seats.reserve(1, async || state.documents.count(TENANT).await).await;
    let seat = seat.map_err(denied)?;
    let (id, now) = (format!("tenant_{}", random_hex(8)), state.licensing.clock().now());
    let name = name.unwrap_or_else(|| id.clone());
    state.documents.insert(TENANT, &id, name.as_bytes(), now).await?;
    if let Err(error) = seat.commit().await {
        state.documents.remove(TENANT, &id).await?;
        return Err(denied(error));
    }
    Ok((StatusCode::CREATED, Json(Tenant { id, name })).into_response())
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}
