//! Which repositories a license opens.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use license_core::{License, Product};
use serde::Deserialize;

use crate::scope::is_repository;

/// What the vendor's file says: patterns of repositories for every license,
/// for a plan and for a feature, and the ids of licenses that open none.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Access {
    every: Patterns,
    plans: BTreeMap<String, Patterns>,
    features: BTreeMap<String, Patterns>,
    revoked: BTreeSet<String>,
}

/// Names of repositories, in which `*` stands for any characters within one
/// part of a path.
#[derive(Debug, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
struct Patterns(GlobSet);

impl Access {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// An unknown member; a plan or a feature that the product does not list;
    /// what is no pattern.
    pub(crate) fn read(
        text: &str,
        product: &Product,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let access: Self = toml::from_str(text)?;
        product.check_features(access.features.keys())?;
        let known = product.plans();
        let unknown = |plan: &&String| !known.is_empty() && !known.contains_key(*plan);
        if let Some(plan) = access.plans.keys().find(unknown) {
            return Err(format!("the profile of {} has no plan `{plan}`", product.name()).into());
        }
        // It would name no license, and revoke none.
        if let Some(id) = access.revoked.iter().find(|id| id.is_empty() || id.trim() != **id) {
            return Err(format!("{id:?} in `revoked` is no license's id").into());
        }
        Ok(access)
    }

    /// Whether the vendor has taken the license back.
    pub(crate) fn is_revoked(&self, license: &License) -> bool {
        self.revoked.contains(license.id())
    }

    /// Whether the license opens a repository.
    pub(crate) fn opens(&self, license: &License, repository: &str) -> bool {
        let of_plan = self.plans.get(license.plan());
        let of_features = self.features.iter().filter(|(feature, _)| license.grants(feature));
        let mut all = of_features.map(|(_, patterns)| patterns).chain(of_plan).chain([&self.every]);
        all.any(|Patterns(patterns)| patterns.is_match(repository))
    }
}

impl TryFrom<Vec<String>> for Patterns {
    type Error = String;

    fn try_from(patterns: Vec<String>) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        for pattern in patterns {
            // With a letter in place of each star it is a name: nothing else in
            // it is special.
            if pattern.contains("**") || !is_repository(&pattern.replace('*', "a")) {
                return Err(format!(
                    "`{pattern}` is no pattern; write the name of a repository, with `*` for any \
                     characters but `/`"
                ));
            }
            let glob = GlobBuilder::new(&pattern).literal_separator(true).build();
            set.add(glob.map_err(|error| error.to_string())?);
        }
        set.build().map(Self).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use license_core::Verifier;
    use serde_json::json;

    use super::*;

    const PROFILE: &str = r#"
        name = "acme"
        issuer = "https://acme.example"
        audience = "acme-server"
        [features]
        sso = "Single sign-on"
        models = "Models"
        [plans.team]
        features = ["sso"]
        [plans.enterprise]
    "#;

    fn product() -> Product {
        Product::from_toml(PROFILE).unwrap()
    }

    fn license(plan: &str, features: &[&str]) -> License {
        let claims = json!({
            "iss": "https://acme.example", "aud": "acme-server", "jti": "lic_1", "iat": 1, "exp": 2,
            "customer": {"id": "c", "name": "n"}, "plan": plan, "features": features, "limits": {},
        });
        Verifier::check_claims(&product(), claims.as_object().unwrap()).unwrap()
    }

    fn access(text: &str) -> Access {
        Access::read(text, &product()).unwrap()
    }

    /// Whether a pattern matches a repository.
    fn matches(pattern: &str, repository: &str) -> bool {
        access(&format!("every = [{pattern:?}]")).opens(&license("team", &[]), repository)
    }

    #[test]
    fn a_plan_and_a_feature_open_what_they_are_given_and_nothing_else() {
        let access = access(
            r#"
            every = ["acme/server"]
            [plans]
            enterprise = ["acme/audit"]
            [features]
            models = ["acme/models/*"]
            "#,
        );
        let opened = |plan, features: &[&str]| {
            let license = license(plan, features);
            ["acme/server", "acme/audit", "acme/models/small", "acme/other"]
                .map(|repository| access.opens(&license, repository))
        };
        assert_eq!(opened("team", &[]), [true, false, false, false]);
        assert_eq!(opened("enterprise", &[]), [true, true, false, false]);
        assert_eq!(opened("team", &["models"]), [true, false, true, false]);
        assert_eq!(opened("enterprise", &["models", "sso"]), [true, true, true, false]);
        assert_eq!(opened("Enterprise", &["Models"]), [true, false, false, false]);
    }

    #[test]
    fn nothing_is_open_that_is_not_named() {
        let license = license("enterprise", &["models"]);
        assert!(!access("").opens(&license, "acme/server"));
    }

    #[test]
    fn a_feature_that_the_license_has_from_its_plan_counts() {
        let access = access("[features]\nsso = ['acme/sso']");
        let claims = json!({
            "iss": "https://acme.example", "aud": "acme-server", "jti": "lic_1", "iat": 1, "exp": 2,
            "customer": {"id": "c", "name": "n"}, "plan": "team", "limits": {},
        });
        let license = Verifier::check_claims(&product(), claims.as_object().unwrap()).unwrap();
        assert!(access.opens(&license, "acme/sso"));
    }

    #[test]
    fn a_star_stays_within_its_part_of_the_path() {
        assert!(matches("acme/*", "acme/server"));
        assert!(matches("acme/v*-gpu", "acme/v1.2-gpu"));
        assert!(matches("*/server", "acme/server"));
        assert!(matches("*", "server"));
        for (pattern, repository) in [
            ("acme/*", "acme/models/small"),
            ("acme/*", "acme"),
            ("acme/*", "acmee/server"),
            ("acme/*", "other/acme/server"),
            ("*", "acme/server"),
            ("*/server", "acme/eu/server"),
            ("acme/server", "acme/server2"),
            ("acme/server", "acme/serve"),
            ("acme/server", "acme/server/x"),
            ("acme/server", "x/acme/server"),
            ("acme.server", "acme-server"),
        ] {
            assert!(!matches(pattern, repository), "{pattern} {repository}");
        }
    }

    #[test]
    fn what_is_no_pattern_stops_the_start() {
        for pattern in [
            "",
            "**",
            "acme/**",
            "**/server",
            "acme/***",
            "acme/",
            "/acme",
            "acme/?",
            "acme/[ab]",
            "{a,b}",
            "acme/\\*",
            "ACME/*",
            "!acme",
            "acme/ *",
            "../*",
            "registry:5000/acme",
        ] {
            let error = Access::read(&format!("every = [{pattern:?}]"), &product()).unwrap_err();
            assert!(error.to_string().contains("is no pattern"), "{pattern}: {error}");
        }
    }

    #[test]
    fn a_slip_in_the_file_stops_the_start() {
        for (text, told) in [
            ("evry = []", "evry"),
            ("[plans]\nentreprise = ['a']", "entreprise"),
            ("[features]\nmodel = ['a']", "did you mean `models`?"),
            ("revoked = [1]", "revoked"),
            ("revoked = ['lic_1', ' ']", "revoked"),
            ("revoked = ['']", "revoked"),
            ("revoked = [' lic_1']", "revoked"),
        ] {
            let error = Access::read(text, &product()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_license_is_revoked_by_its_id() {
        let license = license("team", &[]);
        assert!(access("revoked = ['lic_0', 'lic_1']").is_revoked(&license));
        assert!(!access("revoked = ['lic_10', 'LIC_1', 'lic_']").is_revoked(&license));
        assert!(!access("").is_revoked(&license));
    }
}
