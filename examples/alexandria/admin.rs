//! Who administers, and the routes for them.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use axum::extract::{FromRef, FromRequestParts, State};
use http::{HeaderValue, header, request::Parts};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use license_axum::{
    Actor, Installer, Licensing, Problem, RequireFeature, Routes,
    coverage::{Asks, coverage_route},
    doctor_route, machine_info_route,
    routing::{get, get_with},
};
use license_core::{Timestamp, runtime::AuditEntry};
use license_examples::{
    Json, StartError, bearer,
    openapi::ForAdministrators,
    random_hex,
    web::{NotSignedIn, Visitor, Visitors},
    write_private,
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use crate::{AppState, features::AuditExport};

/// Tells administrators by their token: HS256, `"role": "admin"`.
#[derive(Clone)]
pub(crate) struct Admins {
    key: Arc<DecodingKey>,
    licensing: Licensing,
}

/// An administrator.
pub(crate) struct Admin;

#[derive(Deserialize, Serialize)]
struct Claims {
    #[serde(default)]
    role: serde_json::Value,
    /// Seconds since the epoch, perhaps with a fraction.
    exp: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<f64>,
}

#[derive(Serialize, ToSchema)]
struct LicenseState {
    tier: Option<String>,
    entitlements: Vec<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    days_remaining: u64,
    grace_remaining_seconds: u64,
}

/// The cookie in which a browser keeps the token.
const COOKIE: &str = "alexandria_admin";
/// How short a secret may be, in bytes: as long as the hash, RFC 7518
/// section 3.2.
const SHORTEST_SECRET: usize = 32;
/// How long a token is good that is made for want of a secret.
const TOKEN_TERM: Duration = Duration::from_secs(30 * 86_400);

#[derive(OpenApi)]
#[openapi(paths(license, audit_export))]
pub(crate) struct Described;

pub(crate) fn routes(state: &AppState) -> Routes<AppState> {
    Routes::new()
        .route("/license", get_with(license, Asks::free))
        .route("/license/machine-info", machine_info_route::<Admin, _>(state.manager.clone()))
        .route("/license/doctor", doctor_route::<Admin, _>(state.manager.clone()))
        .route("/license/routes", coverage_route::<Admin, _>())
        .route("/audit/export", get(audit_export))
}

impl Admins {
    /// Administrators whose tokens are signed with this secret. Without one,
    /// makes one that a restart keeps, and returns a token as well.
    pub(crate) fn new(
        secret: Option<&str>,
        data_dir: &Path,
        licensing: &Licensing,
    ) -> Result<(Self, Option<String>), StartError> {
        if secret.is_some_and(|secret| secret.len() < SHORTEST_SECRET) {
            return Err(StartError::new(
                "the secret of administrators is shorter than 32 bytes, so that whoever has a \
                 token can find it; set ADMIN_JWT_SECRET to what `openssl rand -hex 32` prints, or \
                 leave it out to have one made",
            ));
        }
        let (secret, made) = match secret {
            Some(secret) => (secret.to_owned(), false),
            None => (kept_secret(&data_dir.join("admin-jwt-secret"))?, true),
        };
        let key = Arc::new(DecodingKey::from_secret(secret.as_bytes()));
        let admins = Self { key, licensing: licensing.clone() };
        let token = made.then(|| admins.token(secret.as_bytes())).transpose()?;
        Ok((admins, token))
    }

    fn token(&self, secret: &[u8]) -> Result<String, StartError> {
        let end = self.licensing.clock().now().saturating_add(TOKEN_TERM);
        let claims = Claims { role: "admin".into(), exp: end.as_seconds() as f64, nbf: None };
        let key = EncodingKey::from_secret(secret);
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(|error| {
            StartError::new("no token for administrators could be made").with_source(error)
        })
    }

    fn check(&self, parts: &Parts) -> Result<(), Problem> {
        let claims = credential(parts).and_then(|token| self.claims(token)).ok_or_else(|| {
            Problem::new(401, "unauthenticated", "Send a valid token of an administrator.")
        })?;
        if claims.role != "admin" {
            return Err(Problem::new(403, "forbidden", "Only administrators may do this."));
        }
        Ok(())
    }

    /// The claims of a token that is signed and valid now.
    fn claims(&self, token: &str) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_aud = false;
        // Judged below, by the clock of the license.
        validation.validate_exp = false;
        let token = jsonwebtoken::decode::<Claims>(token, &self.key, &validation).ok()?;
        // RFC 7515 section 4.1.11: no extension is understood here.
        if token.header.crit.is_some() {
            return None;
        }
        let claims = token.claims;
        let now = self.licensing.clock().now().as_millis() as f64 / 1000.0;
        (now < claims.exp && claims.nbf.is_none_or(|nbf| nbf <= now)).then_some(claims)
    }
}

/// The token of a request, from the `Authorization` header or the cookie of a
/// browser.
fn credential(parts: &Parts) -> Option<&str> {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return bearer(parts);
    }
    let cookies = parts.headers.get_all(header::COOKIE).iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|value| value.split(';'));
    let mut pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, token)| (name == COOKIE).then_some(token))
}

fn cookie(token: &str) -> Option<HeaderValue> {
    let ends = if token.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{ends}");
    HeaderValue::from_str(&cookie).ok()
}

/// An administrator signs in with the token that is sent by API as well.
impl Visitors for Admins {
    const BY_TOKEN: bool = true;

    async fn sign_in(
        &self,
        _: &Parts,
        _: String,
        token: String,
    ) -> Result<HeaderValue, NotSignedIn> {
        let token = token.trim();
        let claims = self.claims(token).filter(|claims| claims.role == "admin");
        claims.and_then(|_| cookie(token)).ok_or(NotSignedIn::Wrong)
    }

    async fn sign_out(&self, _: &Parts) -> Result<HeaderValue, NotSignedIn> {
        cookie("").ok_or(NotSignedIn::Away)
    }

    async fn visitor(&self, request: &Parts) -> Option<Visitor> {
        self.check(request).ok()?;
        Some(Visitor { name: "admin".to_owned(), is_admin: true })
    }
}

fn kept_secret(file: &Path) -> Result<String, StartError> {
    if let Ok(secret) = std::fs::read_to_string(file)
        && !secret.is_empty()
    {
        return Ok(secret);
    }
    let secret = random_hex(32);
    write_private(file, secret.as_bytes())?;
    Ok(secret)
}

#[utoipa::path(
    get,
    path = "/license",
    operation_id = "admin_license",
    tag = "license",
    responses(
        ForAdministrators,
        (status = 200, description = "Where the license stands.", body = LicenseState),
    ),
)]
async fn license(_: Admin, State(licensing): State<Licensing>) -> Json<LicenseState> {
    let license = licensing.status(|_| None).license;
    Json(LicenseState {
        tier: license.as_ref().map(|it| it.plan.clone()),
        entitlements: license.as_ref().map(|it| it.features_as_signed.clone()).unwrap_or_default(),
        expires_at: license.as_ref().map(|it| it.expires_at),
        days_remaining: license.as_ref().map_or(0, |it| it.days_remaining),
        grace_remaining_seconds: license.as_ref().map_or(0, |it| it.grace_remaining_seconds),
    })
}

/// Who installed which license, and when.
#[utoipa::path(
    get,
    path = "/audit/export",
    operation_id = "admin_audit_export",
    tag = "license",
    responses(
        ForAdministrators,
        (status = 200, description = "Who installed which license.", body = Vec<Object>),
    ),
)]
async fn audit_export(
    _: Admin,
    _: RequireFeature<AuditExport>,
    State(state): State<AppState>,
) -> Result<Json<Vec<AuditEntry>>, Problem> {
    state.manager.audit(u32::MAX).await.map(Json).map_err(|error| Problem::from(&error))
}

impl From<Admin> for Actor {
    fn from(_: Admin) -> Self {
        Self::new("admin", None)
    }
}

impl<S> FromRequestParts<S> for Admin
where
    Admins: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Admins::from_ref(state).check(parts).map(|()| Self)
    }
}

impl fmt::Debug for Admins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admins")
    }
}
