//! What a license is to say, apart from where a product wants it said.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngCore, rngs::OsRng};
use serde_json::{Map, Value, json};

use super::{
    IssueError,
    claims::{Payload, check, known_limit, refuse_unknown},
};
use crate::{
    host::DomainPattern,
    license::{ClockReset, Limit},
    machine::Fingerprint,
    product::{Claim, Product},
    refusal::{InstallError, InstallErrorKind},
    time::Timestamp,
};

/// What a license is to say. Made with [`new`](Self::new); every other fact
/// is a field to set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LicenseSpec {
    /// The license's id; `lic_` and 32 random hexadecimal digits without one.
    pub id: Option<String>,
    /// The vendor's id of the customer.
    pub customer_id: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// Where to write to.
    pub customer_email: Option<String>,
    /// The plan.
    pub plan: Option<String>,
    /// The features, signed in this order. `None` leaves them to the plan, and
    /// is none where the plan says nothing of features.
    pub features: Option<Vec<String>>,
    /// The limits by name; one that is not here is left to the plan.
    pub limits: BTreeMap<String, Limit>,
    /// The domain it is bound to.
    pub domain: Option<DomainPattern>,
    /// The machine it is bound to.
    pub machine: Option<Fingerprint>,
    /// When it is signed; whole seconds count.
    pub issued_at: Timestamp,
    /// When it begins. Left out unless asked for, so that a customer's clock
    /// that is a minute slow does not see a license that has not begun.
    pub not_before: Option<Timestamp>,
    /// The first moment past its validity.
    pub expires_at: Timestamp,
    /// Which clock it may set right.
    pub clock_reset: Option<ClockReset>,
}

impl LicenseSpec {
    /// A license that says nothing but when it is signed and when it ends.
    pub fn new(issued_at: Timestamp, expires_at: Timestamp) -> Self {
        Self {
            id: None,
            customer_id: None,
            customer_name: None,
            customer_email: None,
            plan: None,
            features: None,
            limits: BTreeMap::new(),
            domain: None,
            machine: None,
            issued_at,
            not_before: None,
            expires_at,
            clock_reset: None,
        }
    }

    /// Facts that the product's licenses must have and that are not given.
    pub fn missing(&self, product: &Product) -> Vec<Claim> {
        let optional = &product.dialect().optional;
        let texts = [
            (Claim::CustomerId, &self.customer_id),
            (Claim::CustomerName, &self.customer_name),
            (Claim::Plan, &self.plan),
        ];
        let missing = texts.iter().filter(|(claim, it)| it.is_none() && !optional.contains(claim));
        missing.map(|(claim, _)| *claim).collect()
    }

    /// The payload in the product's dialect, what the product requires of
    /// every license included, checked as its verifier will check it.
    ///
    /// # Errors
    ///
    /// [`IssueError::Missing`], [`IssueError::UnknownFeature`],
    /// [`IssueError::UnknownLimit`], [`IssueError::UnsupportedDialect`],
    /// [`IssueError::Overlap`], and [`IssueError::Refused`] for everything
    /// the product's verifier would refuse.
    pub fn claims(&self, product: &Product) -> Result<Map<String, Value>, IssueError> {
        let begins_at = self.not_before.unwrap_or(self.issued_at).max(self.issued_at);
        if self.expires_at <= begins_at {
            return Err(IssueError::Refused(InstallError::because(
                InstallErrorKind::ClaimsInvalid,
                "the term ends before it begins, or before the license is signed",
            )));
        }
        let missing = self.missing(product);
        if !missing.is_empty() {
            return Err(IssueError::Missing(missing));
        }
        self.limits.keys().try_for_each(|name| known_limit(product, name))?;
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), product.issuer().into());
        claims.insert("aud".to_owned(), product.audience().into());
        let mut payload = Payload::new(product, claims)?;
        payload.time("iat", Some(self.issued_at));
        payload.time("nbf", self.not_before);
        payload.time("exp", Some(self.expires_at));
        payload.clock_reset(self.clock_reset.as_ref());
        let id = match &self.id {
            Some(id) => id.clone(),
            None => random_id()?,
        };
        payload.fact(Claim::Id, id)?;
        let optional = |claim| product.dialect().optional.contains(&claim);
        let texts = [
            (Claim::CustomerId, &self.customer_id),
            (Claim::CustomerName, &self.customer_name),
            (Claim::Plan, &self.plan),
        ];
        for (claim, text) in texts {
            if let Some(text) = text {
                payload.fact(claim, text.as_str())?;
            }
        }
        if let Some(email) = &self.customer_email {
            payload.fact(Claim::CustomerEmail, email.as_str())?;
        }
        let plan = self.plan.as_ref().and_then(|plan| product.plans().get(plan));
        let silent = plan.is_some_and(|plan| plan.features.is_some()) || optional(Claim::Features);
        match &self.features {
            Some(features) => {
                let mut seen = BTreeSet::new();
                let once = features.iter().filter(|name| seen.insert(*name));
                payload.fact(Claim::Features, once.cloned().collect::<Value>())?
            }
            None if silent => {}
            None => payload.fact(Claim::Features, json!([]))?,
        }
        for (name, limit) in &self.limits {
            payload.limit(name, limit)?;
        }
        let one_object = !product.dialect().has_limit_pointers() && !optional(Claim::Limits);
        if one_object && !payload.has(product.dialect().pointer(Claim::Limits)) {
            payload.fact(Claim::Limits, json!({}))?;
        }
        if let Some(domain) = &self.domain {
            payload.domain(domain)?;
        }
        if let Some(machine) = &self.machine {
            payload.machine(machine)?;
        }
        payload.required()?;
        let claims = payload.into_claims();
        refuse_unknown(product, &check(product, &claims)?)?;
        Ok(claims)
    }
}

/// `lic_` and 128 random bits.
fn random_id() -> Result<String, IssueError> {
    let mut bytes = [0; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| IssueError::Random)?;
    Ok(format!("lic_{}", hex::encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        license::LimitKind,
        product::{Plan, Presence, ProductBuilder},
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);
    const END: Timestamp = Timestamp::from_seconds(1_798_761_600);

    fn acme() -> ProductBuilder {
        Product::builder("acme", "https://acme.example", "acme-server")
            .feature("sso", "Single sign-on")
            .feature("audit", "Audit log")
            .limit("users", LimitKind::Seats)
            .limit("connectors", LimitKind::Names)
    }

    fn spec() -> LicenseSpec {
        let mut spec = LicenseSpec::new(NOW, END);
        spec.id = Some("lic_1".to_owned());
        spec.customer_id = Some("cust_1".to_owned());
        spec.customer_name = Some("Acme Corp".to_owned());
        spec.plan = Some("enterprise".to_owned());
        spec
    }

    fn claims(spec: &LicenseSpec, product: ProductBuilder) -> Result<Value, IssueError> {
        spec.claims(&product.build().unwrap()).map(Value::Object)
    }

    #[test]
    fn the_standard_claims_stand_at_their_places() {
        let mut spec = spec();
        spec.features = Some(["sso".to_owned()].into());
        spec.limits.insert("users".to_owned(), Limit::Max(50));
        spec.limits.insert("connectors".to_owned(), Limit::Unlimited);
        spec.customer_email = Some("it@acme.example".to_owned());
        spec.domain = Some("*.acme.internal".parse().unwrap());
        assert_eq!(
            claims(&spec, acme()).unwrap(),
            json!({
                "iss": "https://acme.example", "aud": "acme-server", "jti": "lic_1",
                "iat": 1_767_225_600, "exp": 1_798_761_600,
                "customer": {"id": "cust_1", "name": "Acme Corp", "email": "it@acme.example"},
                "plan": "enterprise", "features": ["sso"],
                "limits": {"users": 50, "connectors": null},
                "binding": {"domain": "*.acme.internal"},
            })
        );
    }

    #[test]
    fn a_dialect_places_claims_and_demands_are_filled_in() {
        let product = acme()
            .claim(Claim::Id, "/sub")
            .claim(Claim::Features, "/limits/features")
            .limit_claim("users", "/limits/users")
            .limit_claim("connectors", "/limits/connectors")
            .require("/deployment/type", "self-hosted")
            .require("/a~1b/c~0d", 7);
        let mut spec = spec();
        spec.limits.insert("connectors".to_owned(), Limit::Names(["slack".to_owned()].into()));
        let claims = claims(&spec, product).unwrap();
        assert_eq!(claims["sub"], "lic_1");
        assert_eq!(claims["limits"], json!({"features": [], "connectors": ["slack"]}));
        assert_eq!(claims["deployment"], json!({"type": "self-hosted"}));
        assert_eq!(claims["a/b"], json!({"c~d": 7}));
        assert!(claims.get("jti").is_none());
    }

    #[test]
    fn features_among_the_limits_are_no_unknown_limit() {
        let product = acme().claim(Claim::Features, "/limits/features");
        assert_eq!(claims(&spec(), product).unwrap()["limits"], json!({"features": []}));
    }

    #[test]
    fn what_the_profile_does_not_list_is_refused() {
        let mut wrong = spec();
        wrong.features = Some(["sso".to_owned(), "ssso".to_owned()].into());
        let error = claims(&wrong, acme()).unwrap_err();
        assert!(matches!(&error, IssueError::UnknownFeature(it) if it.name == "ssso"));
        assert_eq!(error.code(), Some("claims_invalid"));
        let mut wrong = spec();
        wrong.limits.insert("user".to_owned(), Limit::Max(1));
        let error = claims(&wrong, acme()).unwrap_err();
        assert!(matches!(error, IssueError::UnknownLimit(it) if it.name == "user"));
        let error = claims(&spec(), acme().known_plans_only(true)).unwrap_err();
        assert_eq!(error.code(), Some("claims_invalid"));
    }

    #[test]
    fn all_missing_facts_are_named_unless_the_dialect_lets_it_out() {
        let mut silent = spec();
        silent.customer_id = None;
        silent.plan = None;
        let error = claims(&silent, acme()).unwrap_err();
        assert!(matches!(
            error,
            IssueError::Missing(all) if all == [Claim::CustomerId, Claim::Plan]
        ));
        silent.plan = spec().plan;
        let claims = claims(&silent, acme().optional(Claim::CustomerId)).unwrap();
        assert_eq!(claims["customer"], json!({"name": "Acme Corp"}));
    }

    #[test]
    fn features_are_signed_once_and_in_the_order_given() {
        let mut spec = spec();
        let given = ["sso", "audit", "sso"];
        spec.features = Some(given.map(str::to_owned).into());
        let product = acme().feature("audit", "Audit");
        assert_eq!(claims(&spec, product).unwrap()["features"], json!(["sso", "audit"]));
    }

    #[test]
    fn features_that_are_not_given_are_left_to_a_plan_that_has_some() {
        let enterprise = Plan::new().features(["sso"]).limit("users", Limit::Unlimited);
        let left = claims(&spec(), acme().plan("enterprise", enterprise)).unwrap();
        assert!(left.get("features").is_none());
        assert_eq!(left["limits"], json!({}));
        assert_eq!(claims(&spec(), acme()).unwrap()["features"], json!([]));
    }

    #[test]
    fn the_bindings_that_a_plan_demands_are_demanded() {
        let bound = || acme().plan("enterprise", Plan::new().machine(Presence::Required));
        assert_eq!(claims(&spec(), bound()).unwrap_err().code(), Some("claims_invalid"));
        let mut spec = spec();
        let machine = crate::machine::MachineId::custom("cluster-a/node-17").unwrap();
        spec.machine = Some(machine.fingerprint("acme-server"));
        assert!(claims(&spec, bound()).is_ok());
    }

    #[test]
    fn a_term_that_ends_before_it_begins_is_refused() {
        for (not_before, expires_at) in [(None, NOW), (Some(END), END), (None, Timestamp::MIN)] {
            let wrong = LicenseSpec { not_before, expires_at, ..spec() };
            assert_eq!(claims(&wrong, acme()).unwrap_err().code(), Some("claims_invalid"));
        }
        let waiting = LicenseSpec { not_before: Some(NOW), ..spec() };
        assert_eq!(claims(&waiting, acme()).unwrap()["nbf"], 1_767_225_600);
    }

    #[test]
    fn an_id_of_its_own_is_random() {
        let anonymous = LicenseSpec { id: None, ..spec() };
        let [one, two] = [(); 2].map(|()| claims(&anonymous, acme()).unwrap()["jti"].clone());
        assert_ne!(one, two);
        let one = one.as_str().unwrap();
        assert!(one.starts_with("lic_") && one.len() == 36, "{one}");
    }

    #[test]
    fn a_profile_that_places_two_claims_at_one_place_is_found_out() {
        let error = claims(&spec(), acme().claim(Claim::Plan, "/jti")).unwrap_err();
        assert!(matches!(error, IssueError::Overlap(pointer) if pointer == "/jti"));
        let error = claims(&spec(), acme().claim(Claim::Plan, "/jti/plan")).unwrap_err();
        assert!(matches!(error, IssueError::Overlap(_)));
    }

    #[test]
    fn a_dialect_in_code_is_refused() {
        let error = claims(&spec(), acme().translate(Clone::clone)).unwrap_err();
        assert!(matches!(error, IssueError::UnsupportedDialect));
    }
}
