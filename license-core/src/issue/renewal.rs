//! The same license for a new term.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    IssueError,
    claims::{Payload, check},
};
use crate::{
    DomainPattern, Fingerprint, InstallError, InstallErrorKind, License, Product, Timestamp,
};

/// What changes when a license is signed anew; everything else stays as the
/// old one says, claims included that the product does not know.
///
/// The beginning of the old term is left out, unless it still lies ahead. A
/// permission to reset the clock guard is not carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// When it is signed.
    pub issued_at: Timestamp,
    /// When it ends.
    pub term: NewTerm,
    /// Binds it to another machine.
    pub machine: Option<Fingerprint>,
    /// Binds it to another domain.
    pub domain: Option<DomainPattern>,
    /// The clock mark from which on it may reset a service's clock guard.
    pub clock_reset_from: Option<Timestamp>,
}

/// When a renewed license ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewTerm {
    /// As long again as the old term, from the old end on or, where that has
    /// passed, from the renewal on.
    #[default]
    SameLength,
    /// At this moment.
    Until(Timestamp),
    /// This long after it begins.
    For(Duration),
}

impl Renewal {
    /// A renewal for as long again as the old term.
    pub fn new(issued_at: Timestamp) -> Self {
        Self {
            issued_at,
            term: NewTerm::SameLength,
            machine: None,
            domain: None,
            clock_reset_from: None,
        }
    }

    /// The new payload.
    ///
    /// # Errors
    ///
    /// [`IssueError::Refused`] when the old claims, or the new ones, are none
    /// of the product; [`IssueError::OldIsNewer`];
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
        let ahead = license.term().not_before.filter(|begins_at| *begins_at > self.issued_at);
        let begins_at = ahead.unwrap_or(self.issued_at);
        let expires_at = self.expires_at(&license, begins_at);
        if expires_at <= begins_at {
            return Err(IssueError::Refused(InstallError::because(
                InstallErrorKind::ClaimsInvalid,
                "the new term ends before it begins",
            )));
        }
        let mut payload = Payload::new(product, old.clone())?;
        payload.time("iat", Some(self.issued_at));
        payload.time("nbf", ahead);
        payload.time("exp", Some(expires_at));
        payload.time("clock_reset_from", self.clock_reset_from);
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

    fn expires_at(&self, old: &License, begins_at: Timestamp) -> Timestamp {
        let ends_at = old.term().expires_at;
        match self.term {
            NewTerm::Until(at) => at,
            NewTerm::For(length) => begins_at.saturating_add(length),
            NewTerm::SameLength => {
                let began_at = old.term().not_before.unwrap_or(old.issued_at());
                ends_at.max(begins_at).saturating_add(ends_at.saturating_since(began_at))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Claim;

    const DAY: i64 = 86_400;
    const START: i64 = 1_767_225_600;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_seconds(START + day * DAY)
    }

    fn product() -> Product {
        Product::builder("acme", "https://acme.example", "acme-server")
            .claim(Claim::Machine, "/bound/to/machine")
            .build()
            .unwrap()
    }

    /// A license of 100 days, from day 0 on.
    fn old() -> Map<String, Value> {
        serde_json::from_value(json!({
            "iss": "https://acme.example", "aud": ["acme-server", "other"], "jti": "lic_1",
            "iat": START, "nbf": START, "exp": START + 100 * DAY, "clock_reset_from": 5,
            "customer": {"id": "c", "name": "n"}, "plan": "p", "features": ["gone"],
            "limits": {"gone": 3}, "note": {"from": "sales"}, "bound": null,
        }))
        .unwrap()
    }

    fn renewed(renewal: &Renewal) -> Map<String, Value> {
        renewal.claims(&product(), &old()).unwrap()
    }

    #[test]
    fn a_renewal_says_the_same_of_a_new_term() {
        let new = renewed(&Renewal::new(at(90)));
        let mut expected = old();
        expected.remove("nbf");
        expected.remove("clock_reset_from");
        expected.insert("iat".to_owned(), (START + 90 * DAY).into());
        expected.insert("exp".to_owned(), (START + 200 * DAY).into());
        assert_eq!(new, expected);
    }

    #[test]
    fn the_same_length_counts_from_the_old_end_or_from_now() {
        let ends = |day| renewed(&Renewal::new(at(day)))["exp"].as_i64().unwrap();
        assert_eq!(ends(90), START + 200 * DAY);
        assert_eq!(ends(100), START + 200 * DAY);
        assert_eq!(ends(150), START + 250 * DAY);
    }

    #[test]
    fn a_term_that_is_given_is_taken() {
        let with = |term| renewed(&Renewal { term, ..Renewal::new(at(90)) })["exp"].clone();
        assert_eq!(with(NewTerm::Until(at(120))), START + 120 * DAY);
        let thirty = Duration::from_secs(30 * 86_400);
        assert_eq!(with(NewTerm::For(thirty)), START + 120 * DAY);
        let past = Renewal { term: NewTerm::Until(at(90)), ..Renewal::new(at(90)) };
        let error = past.claims(&product(), &old()).unwrap_err();
        assert_eq!(error.code(), Some("claims_invalid"));
    }

    #[test]
    fn a_beginning_that_lies_ahead_stays() {
        let mut waiting = old();
        waiting.insert("nbf".to_owned(), (START + 50 * DAY).into());
        let term = NewTerm::For(Duration::from_secs(86_400));
        let renewal = Renewal { term, ..Renewal::new(at(10)) };
        let new = renewal.claims(&product(), &waiting).unwrap();
        assert_eq!(new["nbf"], START + 50 * DAY);
        assert_eq!(new["exp"], START + 51 * DAY);
    }

    #[test]
    fn bindings_are_replaced_where_they_stand() {
        let machine = crate::MachineId::custom("cluster-a/node-17").unwrap().fingerprint("a");
        let renewal = Renewal {
            machine: Some(machine.clone()),
            domain: Some("*.acme.internal".parse().unwrap()),
            clock_reset_from: Some(at(1)),
            ..Renewal::new(at(90))
        };
        let new = renewed(&renewal);
        assert_eq!(new["bound"]["to"]["machine"], machine.as_str());
        assert_eq!(new["binding"]["domain"], "*.acme.internal");
        assert_eq!(new["clock_reset_from"], START + DAY);
    }

    #[test]
    fn what_no_service_would_take_is_refused() {
        let error = Renewal::new(at(-1)).claims(&product(), &old()).unwrap_err();
        assert!(matches!(error, IssueError::OldIsNewer));
        let mut foreign = old();
        foreign.insert("aud".to_owned(), "other".into());
        let error = Renewal::new(at(90)).claims(&product(), &foreign).unwrap_err();
        assert_eq!(error.code(), Some("audience_mismatch"));
    }
}
