//! Why a host is not let in.

use std::fmt;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use license_core::{HostId, refusal::ProblemDetails};

use crate::{LicenseRejection, Problem};

/// Why a host is not let in. Converts into whatever an application answers
/// with, as any rejection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostRejection {
    /// The query does not name exactly one valid host.
    HostId,
    /// The request does not ask for a WebSocket.
    Upgrade {
        /// Whether the answer can name the protocol to upgrade to; HTTP/2
        /// forbids it.
        names_protocol: bool,
    },
    /// The license, or the store, does not allow it.
    License(LicenseRejection),
}

impl HostRejection {
    /// The HTTP status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::HostId => StatusCode::BAD_REQUEST,
            Self::Upgrade { .. } => StatusCode::UPGRADE_REQUIRED,
            Self::License(rejection) => rejection.status(),
        }
    }

    /// The body, as text for people.
    pub fn body_text(&self) -> String {
        match self {
            Self::HostId => format!("The query must name one `host`: {}.", HostId::RULE),
            Self::Upgrade { .. } => {
                "This path is a WebSocket, version 13; the request must ask for it.".to_owned()
            }
            Self::License(rejection) => rejection.body_text(),
        }
    }

    fn problem(&self, code: &'static str) -> Problem {
        ProblemDetails::new(self.status().as_u16(), code).detail(self.body_text()).into()
    }
}

impl From<LicenseRejection> for HostRejection {
    fn from(rejection: LicenseRejection) -> Self {
        Self::License(rejection)
    }
}

impl fmt::Display for HostRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostId => f.write_str("the request does not name a host"),
            Self::Upgrade { .. } => f.write_str("the request does not ask for a WebSocket"),
            Self::License(rejection) => rejection.fmt(f),
        }
    }
}

impl std::error::Error for HostRejection {}

impl IntoResponse for HostRejection {
    fn into_response(self) -> Response {
        match self {
            Self::HostId => self.problem("host_id_invalid").into_response(),
            Self::Upgrade { names_protocol } => {
                let mut response = self.problem("upgrade_required").into_response();
                let headers = response.headers_mut();
                if names_protocol {
                    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                }
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
                response
            }
            Self::License(rejection) => rejection.into_response(),
        }
    }
}
