//! Errors in the registry's own form, which its clients show.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use license_core::{Denial, DenialCode, InstallErrorKind};
use license_examples::Json;
use serde_json::json;

/// A refused request for a token: `{"errors":[{"code","message","detail"}]}`.
/// Nothing in it comes from the license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// The registry's code.
    code: &'static str,
    /// Why, as a code that stays; it stands in the log and in `detail`.
    pub(crate) reason: &'static str,
    message: Cow<'static, str>,
    /// Which verified license, in the log alone, as for a token that is issued.
    pub(crate) license: Option<String>,
}

impl Refusal {
    /// There is no license in the request.
    pub(crate) const UNAUTHENTICATED: Self =
        Self::unauthorized("unauthenticated", "Send the license as the password.");
    /// The vendor has taken the license back.
    pub(crate) const REVOKED: Self =
        Self::denied("license_revoked", "The license was revoked. Ask the vendor.");
    /// The registry is another one, or is not named.
    pub(crate) const OTHER_SERVICE: Self = Self::unsupported(
        StatusCode::BAD_REQUEST,
        "invalid_service",
        "There are no tokens for this service here.",
    );
    /// What stands behind the question mark.
    pub(crate) const INVALID_QUERY: Self = Self::unsupported(
        StatusCode::BAD_REQUEST,
        "invalid_query",
        "The query cannot be read, or asks for too many scopes.",
    );
    pub(crate) const NOT_FOUND: Self =
        Self::unsupported(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.");
    pub(crate) const METHOD_NOT_ALLOWED: Self = Self::unsupported(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path takes GET only.",
    );
    /// A defect.
    pub(crate) const INTERNAL: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "UNKNOWN",
        "internal_error",
        "Something went wrong. The log has the details.",
    );

    /// The password is no license that can be trusted.
    pub(crate) const fn untrusted(kind: InstallErrorKind) -> Self {
        Self::unauthorized(kind.as_str(), kind.title())
    }

    /// The license is good, and not in force.
    pub(crate) fn not_in_force(code: DenialCode) -> Self {
        let message = Denial::new(code, 403).problem().title;
        Self { message, ..Self::denied(code.as_str(), "") }
    }

    /// Of this license, by the beginning of its digest.
    pub(crate) fn of_license(self, license: String) -> Self {
        Self { license: Some(license), ..self }
    }

    const fn unauthorized(reason: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", reason, message)
    }

    const fn denied(reason: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "DENIED", reason, message)
    }

    const fn unsupported(status: StatusCode, reason: &'static str, message: &'static str) -> Self {
        Self::new(status, "UNSUPPORTED", reason, message)
    }

    const fn new(
        status: StatusCode,
        code: &'static str,
        reason: &'static str,
        message: &'static str,
    ) -> Self {
        Self { status, code, reason, message: Cow::Borrowed(message), license: None }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, code, reason, message, license: _ } = self;
        let error = json!({ "code": code, "message": message, "detail": { "reason": reason } });
        let mut response = Json(json!({ "errors": [error] })).into_response();
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"license\"");
            headers.insert(header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}
