//! What an entitlement switches on, and what is kept for it.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use license_axum::{
    Feature, LicenseRejection, RequireFeature, Routes, features,
    routing::{MethodRoutes, get, post_with, put, put_with},
};
use license_examples::{
    Document, Json, OptionalJson, Refusal,
    openapi::{self as described, Changing, Stored, Unrefused},
    random_hex,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema, openapi};

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

#[derive(Deserialize, Serialize, ToSchema)]
struct CacheStrategy {
    strategy: String,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct NewTenant {
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Tenant {
    id: String,
    name: String,
}

const SETTING: &str = "setting";
const TENANT: &str = "tenant";

/// What shows only that it is there.
fn modules() -> [(&'static str, MethodRoutes<AppState>); 3] {
    [
        ("/oidc/login", get(module::<Oidc>)),
        ("/saml/login", get(module::<Oidc>)),
        ("/vault/status", get(module::<Vault>)),
    ]
}

#[derive(OpenApi)]
#[openapi(paths(choose_cache, autoscale, tenants, create_tenant))]
struct Described;

pub(crate) fn document() -> openapi::OpenApi {
    described::modules::<Unrefused>(modules().map(|(path, _)| path))
        .merge_from(Described::openapi())
}

pub(crate) fn routes() -> Routes<AppState> {
    let create_tenant = post_with(create_tenant, |asks| asks.limit("tenants"));
    modules()
        .into_iter()
        .fold(Routes::new(), |routes, (path, module)| routes.route(path, module))
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
#[utoipa::path(
    put,
    path = "/cache/strategy",
    operation_id = "cache_strategy",
    tag = "settings",
    request_body = CacheStrategy,
    responses(
        Changing,
        (
            status = 402,
            description = "That strategy is licensed, and the license has lapsed.",
            content_type = "application/problem+json",
        ),
        (
            status = 403,
            description = "That strategy is licensed, and the license does not grant it.",
            content_type = "application/problem+json",
        ),
        (status = 200, description = "Chosen.", body = CacheStrategy),
    ),
)]
async fn choose_cache(
    State(state): State<AppState>,
    Json(CacheStrategy { strategy }): Json<CacheStrategy>,
) -> Result<Json<CacheStrategy>, Refusal> {
    if strategy == "alexandria" {
        state
            .licensing
            .check_feature(MemcachedCache::NAME)
            .map_err(|denial| LicenseRejection::answered(&state.licensing, denial))?;
    }
    let now = state.licensing.clock().now();
    state.documents.put(SETTING, "cache_strategy", strategy.as_bytes(), now).await?;
    Ok(Json(CacheStrategy { strategy }))
}

#[utoipa::path(
    put,
    path = "/autoscaling",
    operation_id = "autoscaling",
    tag = "settings",
    request_body = Option<Value>,
    responses(Changing, (status = 200, description = "Set.", body = Value)),
)]
async fn autoscale(
    _: RequireFeature<BackendAutoscaling>,
    State(state): State<AppState>,
    OptionalJson(wanted): OptionalJson<Value>,
) -> Result<Json<Value>, Refusal> {
    let now = state.licensing.clock().now();
    state.documents.put(SETTING, "autoscaling", wanted.to_string().as_bytes(), now).await?;
    Ok(Json(wanted))
}

#[utoipa::path(
    get,
    path = "/tenants",
    operation_id = "tenants_list",
    tag = "tenants",
    responses(Stored, (status = 200, description = "All tenants.", body = [Tenant])),
)]
async fn tenants(
    _: RequireFeature<MultiTenant>,
    State(state): State<AppState>,
) -> Result<Json<Vec<Tenant>>, Refusal> {
    let tenant = |Document { id, body, .. }| Tenant { id, name: text(&body) };
    Ok(Json(state.documents.list(TENANT).await?.into_iter().map(tenant).collect()))
}

/// Creates a tenant, as many as the license allows.
#[utoipa::path(
    post,
    path = "/tenants",
    operation_id = "tenants_create",
    tag = "tenants",
    request_body = Option<NewTenant>,
    responses(Changing, (status = 201, description = "Created.", body = Tenant)),
)]
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
