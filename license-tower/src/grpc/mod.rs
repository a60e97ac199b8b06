//! Answers to gRPC clients, in their own words.

#[cfg(feature = "grpc-details")]
mod details;
mod status;

use std::fmt::Write;

use http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE, request::Parts};
use license_core::Denial;

#[cfg(feature = "grpc-details")]
pub use self::details::GrpcDetails;
pub use self::status::GrpcStatus;
use crate::{Respond, respond::unstored};

/// Answers as a gRPC service does: HTTP status 200, an empty body, and the
/// refusal in `grpc-status` and `grpc-message`.
///
/// | denial | gRPC status |
/// |---|---|
/// | `feature_not_licensed`, `domain_mismatch` | `PERMISSION_DENIED` |
/// | `host_invalid` | `INVALID_ARGUMENT` |
/// | `limit_reached`, `concurrent_host_limit_reached` | `RESOURCE_EXHAUSTED` |
/// | `store_unavailable` | `UNAVAILABLE` |
/// | all others: the license has to change first | `FAILED_PRECONDITION` |
///
/// The message is the denial's code, a colon, and what is wrong. For services
/// that speak gRPC alone, and bodies that have a default (`tonic::body::Body`).
/// `GrpcDetails` (feature `grpc-details`) says it to programs as well.
///
/// The answer has no body and its status among the headers, what gRPC calls
/// *Trailers-Only*, in the content type of the request: `application/grpc-web` and
/// its like are answered so too, outside of `tonic_web`'s layer as inside. Put the
/// layer inside of CORS, which has to expose `grpc-status`, `grpc-message` and
/// `grpc-status-details-bin` to browsers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grpc;

impl Grpc {
    /// What a client is told of this denial; without details.
    pub fn status(&self, denial: &Denial) -> GrpcStatus {
        GrpcStatus::of(denial)
    }
}

impl<B: Default> Respond<B> for Grpc {
    fn respond(&self, denial: &Denial, request: &Parts) -> Response<B> {
        trailers_only(&self.status(denial), request)
    }
}

/// An answer that is a status and nothing else.
fn trailers_only<B: Default>(status: &GrpcStatus, request: &Parts) -> Response<B> {
    let mut response = unstored(StatusCode::OK, B::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(request));
    headers.insert(GRPC_STATUS, HeaderValue::from(status.code));
    if let Ok(message) = HeaderValue::try_from(percent_encoded(&status.message)) {
        headers.insert(GRPC_MESSAGE, message);
    }
    response
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// What the client speaks: gRPC, or the form of it that browsers use.
fn content_type(request: &Parts) -> HeaderValue {
    let named = request.headers.get(CONTENT_TYPE);
    let named = named.filter(|it| it.as_bytes().starts_with(PLAIN.as_bytes()));
    named.cloned().unwrap_or(HeaderValue::from_static(PLAIN))
}

const PLAIN: &str = "application/grpc";

/// A message as gRPC wants it in a header.
fn percent_encoded(text: &str) -> String {
    let mut message = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => message.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => drop(write!(message, "%{byte:02X}")),
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use license_core::DenialCode;

    use super::*;

    /// The head of a call.
    fn head(content_type: &str) -> Parts {
        let request = http::Request::post("/a.B/C").header(CONTENT_TYPE, content_type);
        request.body(()).unwrap().into_parts().0
    }

    fn respond(denial: &Denial) -> Response<Vec<u8>> {
        Grpc.respond(denial, &head(PLAIN))
    }

    #[test]
    fn grpc_clients_are_told_in_their_own_words() {
        for (code, status) in [
            (DenialCode::HostInvalid, "3"),
            (DenialCode::DomainMismatch, "7"),
            (DenialCode::FeatureNotLicensed, "7"),
            (DenialCode::LimitReached, "8"),
            (DenialCode::ConcurrentHostLimitReached, "8"),
            (DenialCode::LicenseExpired, "9"),
            (DenialCode::ReadOnly, "9"),
            (DenialCode::FeatureLapsed, "9"),
            (DenialCode::StoreUnavailable, "14"),
        ] {
            let response = respond(&Denial::new(code, code.default_status()));
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc");
            assert_eq!(response.headers()[GRPC_STATUS], status, "{code}");
            let message = response.headers()[GRPC_MESSAGE].to_str().unwrap();
            assert!(message.starts_with(&format!("{code}: ")), "{message}");
        }
    }

    #[test]
    fn every_grpc_message_is_a_header_value() {
        for code in DenialCode::ALL {
            let denial = Denial::new(code, 503);
            assert!(respond(&denial).headers().contains_key(GRPC_MESSAGE), "{code}");
        }
    }

    #[test]
    fn browsers_are_answered_in_their_form_of_it() {
        let denial = Denial::new(DenialCode::LicenseExpired, 503);
        for (asked, answered) in [
            ("application/grpc-web+proto", "application/grpc-web+proto"),
            ("application/grpc-web-text", "application/grpc-web-text"),
            ("application/grpc", "application/grpc"),
            ("text/html", "application/grpc"),
        ] {
            let response: Response<Vec<u8>> = Grpc.respond(&denial, &head(asked));
            assert_eq!(response.headers()[CONTENT_TYPE], answered);
            assert_eq!(response.headers()[GRPC_STATUS], "9");
            assert!(response.body().is_empty());
        }
    }
}
