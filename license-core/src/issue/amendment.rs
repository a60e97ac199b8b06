//! Amending: other facts for the term that a license has.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    IssueError, Unknown,
    claims::{Payload, check, known_feature, known_limit},
};
use crate::{
    host::DomainPattern,
    license::{ClockReset, License, Limit},
    machine::Fingerprint,
    product::{Claim, Presence, Product},
    refusal::{InstallError, InstallErrorKind},
    time::Timestamp,
    token::json,
};

/// What changes in a license that is signed anew for the term it has;
/// everything else stays as the old one says, claims included that the product
/// does not know.
///
/// The end stays, and what the term counts from ([`License::paid_from`]) too:
/// a later renewal is as long as if nothing had been amended. A permission to
/// reset the clock guard is not carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Amendment {
    /// When it is signed.
    pub issued_at: Timestamp,
    /// Limits that are set; the others stay.
    pub limits: BTreeMap<String, Limit>,
    /// Features that are added.
    pub features: Vec<String>,
    /// Features that are taken away.
    pub without_features: Vec<String>,
    /// Another plan. What the claims name stays, what they leave to the plan
    /// is the new one's, and a binding that it forbids is dropped.
    pub plan: Option<String>,
    /// Binds it to another machine.
    pub machine: Option<Fingerprint>,
    /// Binds it to another domain.
    pub domain: Option<DomainPattern>,
    /// Lets it begin at another time.
    pub not_before: Option<Timestamp>,
    /// Which clock it may set right.
    pub clock_reset: Option<ClockReset>,
}

impl Amendment {
    /// An amendment that changes nothing yet.
    pub fn new(issued_at: Timestamp) -> Self {
        Self {
            issued_at,
            limits: BTreeMap::new(),
            features: Vec::new(),
            without_features: Vec::new(),
            plan: None,
            machine: None,
            domain: None,
            not_before: None,
            clock_reset: None,
        }
    }

    /// Whether it says nothing but when it is signed.
    pub fn is_empty(&self) -> bool {
        *self == Self::new(self.issued_at)
    }

    /// The new payload.
    ///
    /// # Errors
    ///
    /// [`IssueError::UnknownFeature`], [`IssueError::UnknownLimit`] and
    /// [`IssueError::UnknownPlan`] for what the product's profile does not
    /// list; [`IssueError::NotInLicense`] for a feature to take away that is
    /// not there; [`IssueError::Refused`] when the old claims, or the new ones,
    /// are none of the product; [`IssueError::OldIsNewer`];
    /// [`IssueError::UnsupportedDialect`]; [`IssueError::Overlap`].
    pub fn claims(
        &self,
        product: &Product,
        old: &Map<String, Value>,
    ) -> Result<Map<String, Value>, IssueError> {
        let license = check(product, old)?;
        if license.issued_at() > self.issued_at {
            return Err(IssueError::OldIsNewer);
        }
        let term = license.term();
        if self.not_before.is_some_and(|begins_at| begins_at >= term.expires_at) {
            return Err(IssueError::Refused(InstallError::because(
                InstallErrorKind::ClaimsInvalid,
                "the term ends before it begins",
            )));
        }
        let mut payload = Payload::new(product, old.clone())?;
        payload.time("iat", Some(self.issued_at));
        if self.not_before.is_some() {
            payload.time("nbf", self.not_before);
        }
        let paid_from = license.paid_from();
        let told = self.not_before.or(term.not_before).unwrap_or(self.issued_at);
        let keeps = self.not_before.is_none() && paid_from != told;
        payload.time("term_from", keeps.then_some(paid_from));
        payload.clock_reset(self.clock_reset.as_ref());
        self.plan(product, &mut payload)?;
        self.features(product, old, &license, &mut payload)?;
        for (name, limit) in &self.limits {
            known_limit(product, name)?;
            payload.set_limit(name, limit)?;
        }
        if let Some(machine) = &self.machine {
            payload.machine(machine)?;
        }
        if let Some(domain) = &self.domain {
            payload.domain(domain)?;
        }
        let claims = payload.into_claims();
        check(product, &claims)?;
        Ok(claims)
    }

    fn plan(&self, product: &Product, payload: &mut Payload<'_>) -> Result<(), IssueError> {
        let Some(plan) = &self.plan else { return Ok(()) };
        payload.set_fact(Claim::Plan, plan.as_str())?;
        if let Some(rules) = product.plans().get(plan) {
            let bindings = [
                (Claim::Machine, rules.machine_presence()),
                (Claim::Domain, rules.domain_presence()),
            ];
            for (claim, presence) in bindings {
                if presence == Presence::Forbidden {
                    payload.drop_fact(claim);
                }
            }
        }
        Ok(())
    }

    /// Writes out the features once they are no longer those of the old claims
    /// or of the plan.
    fn features(
        &self,
        product: &Product,
        old: &Map<String, Value>,
        license: &License,
        payload: &mut Payload<'_>,
    ) -> Result<(), IssueError> {
        if self.features.is_empty() && self.without_features.is_empty() {
            return Ok(());
        }
        let pointer = product.dialect().pointer(Claim::Features);
        let old = Value::Object(old.clone());
        let listed = json::at(&old, pointer).ok().flatten().and_then(Value::as_array);
        let of_plan = || {
            let plan = self.plan.as_ref().and_then(|plan| product.plans().get(plan));
            plan.and_then(|plan| plan.features.clone())
        };
        let mut features: Vec<String> = match listed {
            Some(listed) => listed.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => match of_plan() {
                Some(features) => features.into_iter().collect(),
                None => license.features_as_signed().to_vec(),
            },
        };
        for feature in &self.without_features {
            let before = features.len();
            features.retain(|it| it != feature);
            if features.len() == before {
                return Err(IssueError::NotInLicense(Unknown::among(feature, &features)));
            }
        }
        for feature in &self.features {
            known_feature(product, feature)?;
            if !features.contains(feature) {
                features.push(feature.clone());
            }
        }
        payload.set_fact(Claim::Features, features.into_iter().collect::<Value>())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        license::LimitKind,
        product::{Plan, ProductBuilder},
        report::Difference,
    };

    const DAY: i64 = 86_400;
    const START: i64 = 1_767_225_600;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_seconds(START + day * DAY)
    }

    fn acme() -> ProductBuilder {
        Product::builder("acme", "https://acme.example", "acme-server")
            .feature("sso", "Single sign-on")
            .feature("audit", "Audit log")
            .limit("users", LimitKind::Seats)
            .limit("connectors", LimitKind::Names)
            .plan("team", Plan::new().features(["sso"]).domain(Presence::Forbidden))
    }

    fn product() -> Product {
        acme().build().unwrap()
    }

    /// A license of a year, from day 0 on.
    fn old() -> Map<String, Value> {
        serde_json::from_value(json!({
            "iss": "https://acme.example", "aud": "acme-server", "jti": "lic_1",
            "iat": START, "exp": START + 365 * DAY,
            "clock_reset_from": 5, "clock_reset_for": "one",
            "customer": {"id": "c", "name": "n"}, "plan": "p", "features": ["gone", "sso"],
            "limits": {"users": 50, "gone": 3}, "note": {"from": "sales"},
            "binding": {"domain": "*.acme.internal"},
        }))
        .unwrap()
    }

    fn amended(change: impl FnOnce(&mut Amendment)) -> Result<Map<String, Value>, IssueError> {
        let mut amendment = Amendment::new(at(90));
        change(&mut amendment);
        amendment.claims(&product(), &old())
    }

    #[test]
    fn what_is_not_amended_stays() {
        let new = amended(|it| {
            it.limits.insert("users".to_owned(), Limit::Max(70));
            it.limits.insert("connectors".to_owned(), Limit::Names(["slack".to_owned()].into()));
            it.features = vec!["audit".to_owned(), "sso".to_owned()];
        })
        .unwrap();
        let mut expected = old();
        expected.remove("clock_reset_from");
        expected.remove("clock_reset_for");
        expected.insert("iat".to_owned(), (START + 90 * DAY).into());
        expected.insert("term_from".to_owned(), START.into());
        expected.insert("features".to_owned(), json!(["gone", "sso", "audit"]));
        let limits = json!({"users": 70, "gone": 3, "connectors": ["slack"]});
        expected.insert("limits".to_owned(), limits);
        assert_eq!(new, expected);
    }

    #[test]
    fn a_renewal_of_an_amended_license_is_as_long_as_one_of_the_original() {
        let amended = amended(|it| it.features = vec!["audit".to_owned()]).unwrap();
        let renewal = super::super::Renewal::new(at(300));
        let ends = |claims: &Map<String, Value>| {
            renewal.claims(&product(), claims).unwrap()["exp"].as_i64().unwrap()
        };
        assert_eq!(ends(&amended), START + 2 * 365 * DAY);
        assert_eq!(ends(&amended), ends(&old()));
        let [old, new] = [&old(), &amended].map(|claims| check(&product(), claims).unwrap());
        assert_eq!(Difference::between(Some(&old), &new).given_away, 0);
    }

    #[test]
    fn features_are_taken_away_that_are_there() {
        let new = amended(|it| it.without_features = vec!["gone".to_owned()]).unwrap();
        assert_eq!(new["features"], json!(["sso"]));
        let error = amended(|it| it.without_features = vec!["audit".to_owned()]).unwrap_err();
        assert!(matches!(error, IssueError::NotInLicense(it) if it.known == ["gone", "sso"]));
    }

    #[test]
    fn features_that_the_plan_gave_are_written_out_once_one_changes() {
        let mut silent = old();
        silent.remove("features");
        silent.remove("binding");
        silent.insert("plan".to_owned(), "team".into());
        let mut amendment = Amendment::new(at(90));
        amendment.limits.insert("users".to_owned(), Limit::Unlimited);
        let same = amendment.claims(&product(), &silent).unwrap();
        assert!(same.get("features").is_none(), "they stay the plan's");
        assert_eq!(same["limits"]["users"], Value::Null);
        amendment.features = vec!["audit".to_owned()];
        let new = amendment.claims(&product(), &silent).unwrap();
        assert_eq!(new["features"], json!(["sso", "audit"]));
    }

    #[test]
    fn another_plan_drops_the_binding_that_it_forbids() {
        let new = amended(|it| it.plan = Some("team".to_owned())).unwrap();
        assert_eq!(new["plan"], "team");
        assert_eq!(new["binding"], json!({}));
        let error = amended(|it| {
            it.plan = Some("team".to_owned());
            it.domain = Some("acme.example".parse().unwrap());
        });
        assert_eq!(error.unwrap_err().code(), Some("claims_invalid"));
    }

    #[test]
    fn a_new_beginning_is_what_the_term_counts_from() {
        let new = amended(|it| it.not_before = Some(at(100))).unwrap();
        assert_eq!(new["nbf"], START + 100 * DAY);
        assert!(new.get("term_from").is_none());
        let error = amended(|it| it.not_before = Some(at(365))).unwrap_err();
        assert_eq!(error.code(), Some("claims_invalid"));
    }

    #[test]
    fn what_the_profile_does_not_list_is_refused_with_what_it_lists() {
        let error = amended(|it| it.features = vec!["ssso".to_owned()]).unwrap_err();
        assert!(matches!(error, IssueError::UnknownFeature(it) if it.known == ["audit", "sso"]));
        let limits = BTreeMap::from([("user".to_owned(), Limit::Max(1))]);
        let error = amended(|it| it.limits = limits).unwrap_err();
        assert!(matches!(error, IssueError::UnknownLimit(it) if it.name == "user"));
        let mut amendment = Amendment::new(at(90));
        amendment.plan = Some("taem".to_owned());
        let strict = acme().known_plans_only(true).plan("p", Plan::new()).build().unwrap();
        let error = amendment.claims(&strict, &old()).unwrap_err();
        assert!(matches!(error, IssueError::UnknownPlan(it) if it.known == ["p", "team"]));
    }

    #[test]
    fn an_old_license_of_the_future_is_refused() {
        let error = Amendment::new(at(-1)).claims(&product(), &old()).unwrap_err();
        assert!(matches!(error, IssueError::OldIsNewer));
    }
}
