//! The body of every error response: RFC 9457 problem details.

use std::borrow::Cow;

use serde::Serialize;

use super::install_error::InstallError;
use crate::time::Timestamp;

/// Problem details (RFC 9457), to be sent as `application/problem+json`.
///
/// `type` is a URN built from the code; a member that does not apply is left
/// out.
///
/// ```
/// use license_core::refusal::ProblemDetails;
///
/// let problem = ProblemDetails::new(404, "not_found").detail("There is no such user.");
/// assert_eq!(
///     serde_json::to_string(&problem).unwrap(),
///     r#"{"type":"urn:license:problem:not_found","title":"not found","status":404,"detail":"There is no such user.","code":"not_found"}"#,
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProblemDetails {
    /// A URN that identifies the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short text, the same for every occurrence.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time, and what to do next.
    pub detail: Cow<'static, str>,
    /// The stable code.
    pub code: Cow<'static, str>,
    /// The feature that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// The limit that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// How many the limit allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// How many are in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<u64>,
    /// When the license ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What would allow the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Cow<'static, str>>,
}

impl ProblemDetails {
    /// The media type of the body.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// A problem with a status and a code; the title is made from the code.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>) -> Self {
        let code = code.into();
        Self {
            kind: format!("urn:license:problem:{code}"),
            title: Cow::Owned(code.replace('_', " ")),
            status,
            detail: Cow::Borrowed(""),
            code,
            feature: None,
            limit: None,
            max: None,
            used: None,
            expires_at: None,
            remedy: None,
        }
    }

    /// Sets the title.
    #[must_use]
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// Sets the detail.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// The body as JSON.
    pub fn to_json(&self) -> String {
        // Strings, numbers and a time: serialising cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<&InstallError> for ProblemDetails {
    fn from(error: &InstallError) -> Self {
        Self::new(error.kind().status(), error.code())
            .title(error.kind().title())
            .detail(error.detail().to_owned())
    }
}
