//! The license that counts now, for handlers that show or use its facts.

use std::{ops::Deref, sync::Arc};

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use license_core::{License, Licensing, VerifiedLicense};

use crate::{
    LicenseRejection,
    coverage::{Gate, Question},
};

/// The license in force: one snapshot that stays the same for this request,
/// whatever is installed meanwhile.
///
/// Refused with the denial of the phase while no license is in force; a
/// lapsed license is given where the policy keeps the service open.
/// `Option<CurrentLicense>` is `None` instead, unless the service itself is
/// refused.
///
/// ```
/// use license_axum::CurrentLicense;
///
/// async fn plan(license: CurrentLicense) -> String {
///     license.plan().to_owned()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CurrentLicense(Arc<VerifiedLicense>);

impl Deref for CurrentLicense {
    type Target = License;

    fn deref(&self) -> &License {
        self.0.license()
    }
}

impl<S> FromRequestParts<S> for CurrentLicense
where
    S: Send + Sync,
    Licensing: FromRef<S>,
{
    type Rejection = LicenseRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        if let Some(question) = Question::of(parts) {
            return Err(question.answer(Gate::License));
        }
        let licensing = Licensing::from_ref(state);
        licensing
            .control()
            .require_license()
            .map(Self)
            .map_err(|denial| LicenseRejection::answered(&licensing, denial).of_request(parts))
    }
}

impl<S> OptionalFromRequestParts<S> for CurrentLicense
where
    S: Send + Sync,
    Licensing: FromRef<S>,
{
    type Rejection = LicenseRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        if let Some(question) = Question::of(parts) {
            return Err(question.answer(Gate::OptionalLicense));
        }
        let licensing = Licensing::from_ref(state);
        licensing
            .check_service()
            .map_err(|denial| LicenseRejection::answered(&licensing, denial).of_request(parts))?;
        Ok(licensing.license().map(Self))
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<CurrentLicense>();
};
