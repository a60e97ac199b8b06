//! Problem details as axum responses, for the product's own errors too.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, request::Parts};
use license_core::{Denial, InstallError, Licensing, refusal::ProblemDetails};
use license_tower::RefusedRequest;

/// An error response: `application/problem+json`, never cached.
///
/// ```
/// use axum::response::IntoResponse;
/// use license_axum::Problem;
///
/// let response = Problem::new(404, "not_found", "There is no such user.").into_response();
/// assert_eq!(response.status(), 404);
/// assert_eq!(response.headers()["content-type"], "application/problem+json");
/// assert_eq!(response.headers()["cache-control"], "no-store");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(Box<ProblemDetails>);

impl Problem {
    /// A problem with a status from 400 on, a stable code and a text that says
    /// what to do. Any other status is answered as 403.
    pub fn new(status: u16, code: &'static str, detail: &'static str) -> Self {
        ProblemDetails::new(status, code).detail(detail).into()
    }

    /// The details.
    pub fn details(&self) -> &ProblemDetails {
        &self.0
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        license_tower::problem(&self.0)
    }
}

impl From<ProblemDetails> for Problem {
    fn from(details: ProblemDetails) -> Self {
        Self(Box::new(details))
    }
}

impl From<&InstallError> for Problem {
    fn from(error: &InstallError) -> Self {
        ProblemDetails::from(error).into()
    }
}

/// What the license refused, as a rejection or an error of a handler.
///
/// Converts into whatever an application answers with: implement
/// `From<LicenseRejection>` for that type, as for any rejection.
#[derive(Clone, Debug)]
pub struct LicenseRejection {
    denial: Denial,
    /// The request, where it is known.
    request: Option<RefusedRequest>,
}

impl LicenseRejection {
    /// A denial that is answered to the client: it is counted and logged.
    pub fn answered(licensing: &Licensing, denial: Denial) -> Self {
        licensing.control().record(&denial);
        denial.into()
    }

    /// Says which request is refused, so that layers outside can answer by it: a
    /// browser gets a page (feature `pages`). The extractors of this crate say it;
    /// so should a handler that answers a browser.
    #[must_use]
    pub fn of_request(self, request: &Parts) -> Self {
        Self { request: Some(RefusedRequest::new(request.clone())), ..self }
    }

    /// The denial.
    pub fn denial(&self) -> &Denial {
        &self.denial
    }

    /// The HTTP status of the response; 403 where the denial's is none that
    /// refuses.
    pub fn status(&self) -> StatusCode {
        license_tower::refusing_status(self.denial.status())
    }

    /// The body, as text for people.
    pub fn body_text(&self) -> String {
        self.denial.problem().detail.into_owned()
    }
}

impl std::fmt::Display for LicenseRejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the license refuses the request: {}", self.denial)
    }
}

impl std::error::Error for LicenseRejection {}

impl PartialEq for LicenseRejection {
    /// Whether both refuse for the same reason, whatever was asked.
    fn eq(&self, other: &Self) -> bool {
        self.denial == other.denial
    }
}

impl Eq for LicenseRejection {}

impl From<Denial> for LicenseRejection {
    /// Wraps a denial without counting it; see
    /// [`answered`](LicenseRejection::answered).
    fn from(denial: Denial) -> Self {
        Self { denial, request: None }
    }
}

impl IntoResponse for LicenseRejection {
    fn into_response(self) -> Response {
        let mut response = Problem::from(self.denial.problem()).into_response();
        response.extensions_mut().insert(self.denial);
        if let Some(request) = self.request {
            response.extensions_mut().insert(request);
        }
        response
    }
}

/// Checks in a handler whether `adding` more units of a limit fit beside the
/// `used` ones.
///
/// ```
/// use license_axum::{LicenseRejection, Licensing, limit};
///
/// async fn create_tenant(licensing: &Licensing, tenants: u64) -> Result<(), LicenseRejection> {
///     limit(licensing, "tenants", tenants, 1)?;
///     Ok(())
/// }
/// ```
///
/// Between the count and the change another request may count the same; where
/// that matters, reserve seats with `license-runtime`.
///
/// # Errors
///
/// `limit_reached`, or the denial of the phase where no license can say.
pub fn limit(
    licensing: &Licensing,
    name: &str,
    used: u64,
    adding: u64,
) -> Result<(), LicenseRejection> {
    licensing
        .check_limit(name, used, adding)
        .map_err(|denial| LicenseRejection::answered(licensing, denial))
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Problem>();
    assert_send_sync::<LicenseRejection>();
};
