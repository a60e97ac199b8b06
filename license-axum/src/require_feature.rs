//! A handler says which feature it needs.
//!
//! ```
//! use axum::{Router, extract::FromRef, routing::get};
//! use license_axum::{Licensing, RequireFeature, feature, features, licensed};
//!
//! features! {
//!     /// Single sign-on.
//!     pub Sso = "sso-saml";
//! }
//!
//! #[derive(Clone)]
//! struct AppState {
//!     licensing: Licensing,
//! }
//!
//! impl FromRef<AppState> for Licensing {
//!     fn from_ref(state: &AppState) -> Self {
//!         state.licensing.clone()
//!     }
//! }
//!
//! #[licensed]
//! async fn by_literal(_: RequireFeature<"sso-saml">) {}
//! async fn by_type(_: RequireFeature<Sso>) {}
//! async fn by_macro(_: RequireFeature<feature!("sso-saml")>) {}
//!
//! let router: Router<AppState> = Router::new()
//!     .route("/literal", get(by_literal))
//!     .route("/type", get(by_type))
//!     .route("/macro", get(by_macro));
//! ```
//!
//! `Option<RequireFeature<F>>` is `None` whenever the feature may not be
//! used, and still refuses while the service itself is refused. A product that
//! answers errors in a form of its own converts the rejection, as it does for
//! any extractor: `WithRejection` of axum-extra, or in the handler.
//!
//! ```
//! use axum::response::{IntoResponse, Response};
//! use license_axum::{LicenseRejection, Licensing, RequireFeature, licensed, limit};
//!
//! /// The product's own errors: a line of text.
//! struct AppError(http::StatusCode, String);
//!
//! impl From<LicenseRejection> for AppError {
//!     fn from(rejection: LicenseRejection) -> Self {
//!         Self(rejection.status(), rejection.body_text())
//!     }
//! }
//!
//! impl IntoResponse for AppError {
//!     fn into_response(self) -> Response {
//!         (self.0, self.1).into_response()
//!     }
//! }
//!
//! #[licensed]
//! async fn report(
//!     branding: Option<RequireFeature<"custom-branding">>,
//!     gate: Result<RequireFeature<"reports">, LicenseRejection>,
//! ) -> Result<&'static str, AppError> {
//!     gate?;
//!     Ok(if branding.is_some() { "a report with a logo" } else { "a report" })
//! }
//! # let _: axum::routing::MethodRouter<Licensing> = axum::routing::get(report);
//! ```
//!
//! # What to know
//!
//! - A misspelled name compiles. [`Product::check_features`](license_core::Product::check_features) at the start, or
//!   in a test, finds one that the product's profile does not list.
//! - Extractors run in order. Put the product's own authentication before
//!   `RequireFeature`: who is not signed in should learn that first.
//! - A feature is judged when the request arrives; a license installed
//!   meanwhile counts from the next request on.
//! - The extractor asks for the feature alone. The domain, and read-only after
//!   the term, are the [`LicenseLayer`](crate::LicenseLayer)'s.
//!
//! # When it does not compile
//!
//! | the compiler says | what is missing |
//! |---|---|
//! | `E0747: constant provided when a type was expected`, at the name in `RequireFeature<"…">` | `#[licensed]` above the function, `impl` block, module or type alias |
//! | `E0308: expected Licensing, found AppState`, at `with_state` | a state that hands out the handle: `impl FromRef<AppState> for Licensing`, as above |
//! | `E0277: the trait bound Licensing: FromRef<AppState> is not satisfied` | the same |
//! | `E0277: … Handler<_, _> is not satisfied` | often the same; `#[axum::debug_handler(state = AppState)]` under `#[licensed]` names it |

use std::{fmt, marker::PhantomData};

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use license_core::{Feature, Licensing};

use crate::{
    LicenseRejection,
    coverage::{Gate, Question},
};

/// Lets a request pass only if the license grants the feature `F`.
///
/// See the [module](crate::require_feature) for the three ways to name a
/// feature, and for what the compiler says where `#[licensed]` or a `FromRef`
/// is missing.
pub struct RequireFeature<F: Feature>(PhantomData<fn() -> F>);

impl<F: Feature> RequireFeature<F> {
    /// The name of the feature.
    pub const NAME: &'static str = F::NAME;
}

impl<F: Feature> fmt::Debug for RequireFeature<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequireFeature({:?})", F::NAME)
    }
}

impl<F: Feature> Clone for RequireFeature<F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Feature> Copy for RequireFeature<F> {}

impl<S, F> FromRequestParts<S> for RequireFeature<F>
where
    S: Send + Sync,
    F: Feature,
    Licensing: FromRef<S>,
{
    type Rejection = LicenseRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        if let Some(question) = Question::of(parts) {
            return Err(question.answer(Gate::Feature(F::NAME.into())));
        }
        let licensing = Licensing::from_ref(state);
        match licensing.check_feature(F::NAME) {
            Ok(()) => Ok(Self(PhantomData)),
            Err(denial) => Err(LicenseRejection::answered(&licensing, denial).of_request(parts)),
        }
    }
}

impl<S, F> OptionalFromRequestParts<S> for RequireFeature<F>
where
    S: Send + Sync,
    F: Feature,
    Licensing: FromRef<S>,
{
    type Rejection = LicenseRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        if let Some(question) = Question::of(parts) {
            return Err(question.answer(Gate::OptionalFeature(F::NAME.into())));
        }
        let licensing = Licensing::from_ref(state);
        licensing
            .check_service()
            .map_err(|denial| LicenseRejection::answered(&licensing, denial).of_request(parts))?;
        Ok(licensing.allows_feature(F::NAME).then_some(Self(PhantomData)))
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<RequireFeature<license_core::license::Name<'x'>>>();
};
