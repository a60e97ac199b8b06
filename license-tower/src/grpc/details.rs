//! The refusal for programs: `google.rpc.Status` in `grpc-status-details-bin`.

use std::{collections::HashMap, fmt};

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use http::{HeaderName, HeaderValue, Response, request::Parts};
use license_core::{Denial, Product};
use prost::Message;

use super::{GrpcStatus, trailers_only};
use crate::Respond;

/// Answers as [`Grpc`](crate::Grpc), and tells programs why in
/// `grpc-status-details-bin`, which the libraries of gRPC decode:
/// `google.rpc.ErrorInfo` with the denial's code in capitals as `reason`
/// (`FEATURE_NOT_LICENSED`), the product's audience as `domain`, and `feature`,
/// `limit`, `max`, `used` and `expires_at` as metadata, as far as they are known; and
/// `google.rpc.Help` with the address where a license is renewed, where the profile has
/// one (`contact.renew_url`).
///
/// ```
/// use license_core::{Licensing, testing::Vendor};
/// use license_tower::{GrpcDetails, LicenseLayer};
///
/// let licensing = Licensing::new(Vendor::new().verifier());
/// let layer = LicenseLayer::new(&licensing).responder(GrpcDetails::of(licensing.product()));
/// ```
#[derive(Clone)]
pub struct GrpcDetails(Product);

impl GrpcDetails {
    /// In the name of a product.
    pub fn of(product: &Product) -> Self {
        Self(product.clone())
    }

    /// What a client is told of this denial: for a handler, and for the last item of
    /// a stream, which have no layer to answer for them.
    ///
    /// ```
    /// use license_core::Denial;
    /// use license_tower::GrpcDetails;
    /// use tonic::Status;
    ///
    /// fn refused(details: &GrpcDetails, denial: &Denial) -> Status {
    ///     let status = details.status(denial);
    ///     Status::with_details(status.code.into(), status.message, status.details)
    /// }
    /// # use license_core::{Licensing, testing::Vendor};
    /// # let licensing = Licensing::new(Vendor::new().verifier());
    /// # let denial = licensing.check_service().unwrap_err();
    /// # let status = refused(&GrpcDetails::of(licensing.product()), &denial);
    /// # assert_eq!(status.code(), tonic::Code::FailedPrecondition);
    /// # assert!(status.message().starts_with("license_missing: "));
    /// # assert!(!status.details().is_empty());
    /// ```
    pub fn status(&self, denial: &Denial) -> GrpcStatus {
        let status = GrpcStatus::of(denial);
        let (code, message) = (status.code, status.message.clone());
        let details = Status { code, message, details: self.details(denial) };
        GrpcStatus { details: details.encode_to_vec().into(), ..status }
    }

    fn details(&self, denial: &Denial) -> Vec<Any> {
        let problem = denial.problem();
        let number = |number: u64| number.to_string();
        let metadata = [
            ("feature", problem.feature),
            ("limit", problem.limit),
            ("max", problem.max.map(number)),
            ("used", problem.used.map(number)),
            ("expires_at", problem.expires_at.map(|at| at.to_string())),
        ];
        let metadata =
            metadata.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let info = ErrorInfo {
            reason: denial.code().as_str().to_ascii_uppercase(),
            domain: self.0.audience().to_owned(),
            metadata: metadata.collect(),
        };
        let help = self.0.contact().renew_url.clone().map(|url| {
            let link = Link { description: "Where the license is renewed".to_owned(), url };
            Any::of("google.rpc.Help", &Help { links: vec![link] })
        });
        std::iter::once(Any::of("google.rpc.ErrorInfo", &info)).chain(help).collect()
    }
}

impl<B: Default> Respond<B> for GrpcDetails {
    fn respond(&self, denial: &Denial, request: &Parts) -> Response<B> {
        let status = self.status(denial);
        let mut response = trailers_only(&status, request);
        let details = BASE64_STANDARD_NO_PAD.encode(&status.details);
        if let Ok(details) = HeaderValue::try_from(details) {
            response.headers_mut().insert(DETAILS, details);
        }
        response
    }
}

impl fmt::Debug for GrpcDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GrpcDetails").field(&self.0.audience()).finish()
    }
}

const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.ErrorInfo`.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(map = "string, string", tag = "3")]
    metadata: HashMap<String, String>,
}

/// `google.rpc.Help`.
#[derive(Clone, PartialEq, Message)]
struct Help {
    #[prost(message, repeated, tag = "1")]
    links: Vec<Link>,
}

/// `google.rpc.Help.Link`.
#[derive(Clone, PartialEq, Message)]
struct Link {
    #[prost(string, tag = "1")]
    description: String,
    #[prost(string, tag = "2")]
    url: String,
}

impl Any {
    fn of(name: &str, message: &impl Message) -> Self {
        Self { type_url: format!("type.googleapis.com/{name}"), value: message.encode_to_vec() }
    }
}
