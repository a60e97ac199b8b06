//! Whether the features that a service asks for are those of its profile.

use std::collections::BTreeSet;

use super::Product;
use crate::text::meant;

/// Names of features that a service asks for, and its profile does not list:
/// no license would ever grant them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct UnknownFeatures {
    names: Vec<String>,
    text: String,
}

impl Product {
    /// Whether the profile lists these features; one that lists none has them
    /// all. For the names that handlers ask for, in a test of one line:
    ///
    /// ```
    /// use license_core::{Product, features};
    ///
    /// features! {
    ///     /// Every feature of this service.
    ///     pub const FEATURES;
    ///     /// Single sign-on.
    ///     pub Sso = "sso-saml";
    /// }
    ///
    /// let product = Product::from_toml(
    ///     r#"
    ///     name = "acme"
    ///     issuer = "https://acme.example"
    ///     audience = "acme-server"
    ///     [features]
    ///     sso-saml = "Single sign-on"
    ///     "#,
    /// )?;
    /// assert_eq!(product.check_features(FEATURES), Ok(()));
    /// let error = product.check_features(["sso-samll"]).unwrap_err();
    /// assert!(error.to_string().contains("did you mean `sso-saml`?"));
    /// # Ok::<(), license_core::product::ProductError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// All names that are not listed, each with the one that was meant.
    pub fn check_features(
        &self,
        names: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(), UnknownFeatures> {
        let listed: Vec<&str> = self.features().keys().map(String::as_str).collect();
        let asked: Vec<_> = names.into_iter().collect();
        let asked: BTreeSet<&str> = asked.iter().map(AsRef::as_ref).collect();
        let unknown = asked.into_iter().filter(|name| !listed.contains(name));
        let names: Vec<String> = unknown.map(str::to_owned).collect();
        if listed.is_empty() || names.is_empty() {
            return Ok(());
        }
        let wrong = names.iter().map(|name| match meant(name, &listed) {
            Some(meant) => format!("`{name}` (did you mean `{meant}`?)"),
            None => format!("`{name}`"),
        });
        let wrong: Vec<String> = wrong.collect();
        let text = format!(
            "the profile of {} does not list {}; correct the name, or add it to [features]: {}",
            self.name(),
            wrong.join(", "),
            listed.join(", ")
        );
        Err(UnknownFeatures { names, text })
    }
}

impl UnknownFeatures {
    /// The names, in order, each once.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = assert_send_sync::<UnknownFeatures>();

#[cfg(test)]
mod tests {
    use super::*;

    fn product(features: &[&str]) -> Product {
        let product = Product::builder("acme", "https://acme.example", "acme");
        let product = features.iter().fold(product, |it, name| it.feature(*name, "A title"));
        product.build().unwrap()
    }

    #[test]
    fn every_slip_is_named_with_what_was_meant() {
        let product = product(&["sso-saml", "reports"]);
        assert_eq!(product.check_features(["reports", "sso-saml", "reports"]), Ok(()));
        let error = product.check_features(["sso-samll", "reports", "zebra", "zebra"]).unwrap_err();
        assert_eq!(error.names(), ["sso-samll", "zebra"]);
        assert_eq!(
            error.to_string(),
            "the profile of acme does not list `sso-samll` (did you mean `sso-saml`?), `zebra`; \
             correct the name, or add it to [features]: reports, sso-saml"
        );
    }

    #[test]
    fn a_profile_that_lists_none_has_them_all() {
        assert_eq!(product(&[]).check_features(["anything"]), Ok(()));
        assert_eq!(product(&["a"]).check_features([""; 0]), Ok(()));
    }
}
