//! What a denial is called in gRPC.

use bytes::Bytes;
use license_core::{Denial, DenialCode};

/// A denial in the words of gRPC, by [`Grpc::status`](crate::Grpc::status) or
/// `GrpcDetails::status`: for handlers and streams, which refuse as the layer does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrpcStatus {
    /// The number of the status, as [`Grpc`](crate::Grpc) lists them.
    pub code: i32,
    /// The denial's code, a colon, and what is wrong.
    pub message: String,
    /// An encoded `google.rpc.Status` by `GrpcDetails`; empty by
    /// [`Grpc`](crate::Grpc).
    pub details: Bytes,
}

impl GrpcStatus {
    pub(super) fn of(denial: &Denial) -> Self {
        let message = format!("{}: {}", denial.code(), denial.problem().detail);
        Self { code: number(denial.code()), message, details: Bytes::new() }
    }
}

fn number(code: DenialCode) -> i32 {
    match code {
        DenialCode::HostInvalid => 3,
        DenialCode::FeatureNotLicensed | DenialCode::DomainMismatch => 7,
        DenialCode::LimitReached | DenialCode::ConcurrentHostLimitReached => 8,
        DenialCode::StoreUnavailable => 14,
        _ => 9,
    }
}
