//! The layer in front of what one feature allows.

use std::{fmt, sync::Arc};

use http::Request;
use license_core::{
    Denial, Licensing, license::is_valid_feature_name, licensing::AskedFeature,
    product::UnknownFeatures,
};
use tower_layer::Layer;

use crate::{Check, Enforce, EnforceLayer, ProblemJson};

/// Refuses requests unless the license grants a feature.
///
/// For names that are known only at run time, and for services without
/// extractors; where a handler can say it, `RequireFeature` of `license-axum`
/// is checked by the compiler. See the [crate docs](crate).
#[derive(Clone)]
#[must_use]
pub struct FeatureLayer<R = ProblemJson>(EnforceLayer<FeatureCheck, R>);

/// A text that cannot be the name of a feature, or is none of the product's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureNameError {
    name: String,
    /// What the profile says to it.
    unknown: Option<UnknownFeatures>,
}

impl FeatureLayer {
    /// A layer that asks for a feature, and answers with [`ProblemJson`].
    ///
    /// # Errors
    ///
    /// [`FeatureNameError`] for what is not a
    /// [valid name](is_valid_feature_name), and for one that the product's
    /// profile does not list; a profile that lists none has them all.
    pub fn new(licensing: &Licensing, name: &str) -> Result<Self, FeatureNameError> {
        if !is_valid_feature_name(name) {
            return Err(FeatureNameError { name: name.to_owned(), unknown: None });
        }
        if let Err(unknown) = licensing.product().check_features([name]) {
            return Err(FeatureNameError { name: name.to_owned(), unknown: Some(unknown) });
        }
        let demand = Demand { licensing: licensing.clone(), feature: AskedFeature::new(name) };
        Ok(Self(EnforceLayer::new(FeatureCheck(Arc::new(demand)))))
    }
}

impl<R> FeatureLayer<R> {
    /// The name of the feature.
    pub fn name(&self) -> &str {
        self.0.check().0.feature.name()
    }

    /// Answers refused requests with another responder: [`Empty`](crate::Empty),
    /// [`Grpc`](crate::Grpc), or a `Fn(&Denial) -> Response<B>`.
    pub fn responder<T>(self, responder: T) -> FeatureLayer<T> {
        FeatureLayer(self.0.responder(responder))
    }
}

impl<S, R: Clone> Layer<S> for FeatureLayer<R> {
    type Service = Enforce<S, FeatureCheck, R>;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}

impl<R> fmt::Debug for FeatureLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FeatureLayer").field(self.0.check()).finish()
    }
}

impl fmt::Display for FeatureNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unknown {
            Some(unknown) => unknown.fmt(f),
            None => write!(
                f,
                "`{}` is not a feature name; write 1 to 64 ASCII letters, digits, `-`, `_`, `.` \
                 and `:`, with a letter or digit at both ends",
                self.name
            ),
        }
    }
}

impl std::error::Error for FeatureNameError {}

impl FeatureNameError {
    /// The refused text.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The check of a [`FeatureLayer`].
#[derive(Clone, Debug)]
pub struct FeatureCheck(Arc<Demand>);

#[derive(Debug)]
struct Demand {
    licensing: Licensing,
    feature: AskedFeature,
}

impl Check for FeatureCheck {
    #[inline]
    fn passes_fast<B>(&self, _: &Request<B>) -> bool {
        self.0.licensing.control().grants_fast(&self.0.feature)
    }

    fn check<B>(&self, _: &Request<B>) -> Result<(), Denial> {
        self.0.licensing.check_feature(self.0.feature.name())
    }

    fn refused(&self, denial: &Denial) {
        self.0.licensing.control().record(denial);
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<FeatureLayer>();
    assert_send_sync::<FeatureCheck>();
};

#[cfg(test)]
mod tests {
    use license_core::testing::Vendor;

    use super::*;

    #[test]
    fn what_is_no_feature_name_is_refused() {
        let licensing = Licensing::new(Vendor::new().verifier());
        let long = "a".repeat(65);
        for name in ["", "sso saml", "-sso", "sso/", "ſso", &long] {
            let error = FeatureLayer::new(&licensing, name).unwrap_err();
            assert_eq!(error.name(), name);
            assert!(error.to_string().contains("is not a feature name"), "{error}");
        }
        assert!(FeatureLayer::new(&licensing, "sso-saml").is_ok());
    }

    #[test]
    fn a_slip_is_refused_where_the_profile_lists_what_there_is() {
        let product = license_core::Product::builder("acme", "https://acme.example", "acme");
        let product = product.feature("sso-saml", "Single sign-on").build().unwrap();
        let licensing = Licensing::new(Vendor::of(product).verifier());
        assert!(FeatureLayer::new(&licensing, "sso-saml").is_ok());
        let error = FeatureLayer::new(&licensing, "sso-samll").unwrap_err();
        assert!(error.to_string().contains("did you mean `sso-saml`?"), "{error}");
    }
}
