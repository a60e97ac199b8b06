//! Renewing: what a license says, for a new term.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    IssueError,
    claims::{Payload, check},
};
use crate::{
    host::DomainPattern,
    license::{ClockReset, License},
    machine::Fingerprint,
    product::Product,
    refusal::{InstallError, InstallErrorKind},
    time::Timestamp,
};

/// What changes when a license is signed anew; everything else stays as the
/// old one says, claims included that the product does not know.
///
/// The beginning of the old term is left out, unless it still lies ahead. A
/// permission to reset the clock guard is not carried over. Where the new term
/// is counted from the end of the old one, the claim `term_from` keeps that
/// ([`License::paid_from`]), so that the next renewal knows how long it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// When it is signed.
    pub issued_at: Timestamp,
    /// When it ends.
    pub term: NewTerm,
    /// Counts the new term from its own beginning even where the end of the
    /// old one lies ahead: what is left of the old one is given away.
    pub from_now: bool,
    /// Binds it to another machine.
    pub machine: Option<Fingerprint>,
    /// Binds it to another domain.
    pub domain: Option<DomainPattern>,
    /// Which clock it may set right.
    pub clock_reset: Option<ClockReset>,
}

/// When a renewed license ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewTerm {
    /// As long again as the old term, from the old end on or, where that has
    /// passed, from the renewal on. A year stays a year, and so do months; a
    /// term that is neither stays as long to the second.
    #[default]
    SameLength,
    /// At this moment.
    Until(Timestamp),
    /// This long after the old end or, where that has passed, after it begins.
    For(Duration),
}

impl Renewal {
    /// A renewal for as long again as the old term.
    pub fn new(issued_at: Timestamp) -> Self {
        Self {
            issued_at,
            term: NewTerm::SameLength,
            from_now: false,
            machine: None,
            domain: None,
            clock_reset: None,
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
        let paid_from = self.paid_from(&license, begins_at);
        let expires_at = self.expires_at(&license, paid_from);
        if expires_at <= begins_at {
            return Err(IssueError::Refused(InstallError::because(
                InstallErrorKind::ClaimsInvalid,
                "the new term ends before it begins, or before the license is signed",
            )));
        }
        let mut payload = Payload::new(product, old.clone())?;
        payload.time("iat", Some(self.issued_at));
        payload.time("nbf", ahead);
        payload.time("exp", Some(expires_at));
        payload.time("term_from", (paid_from != begins_at).then_some(paid_from));
        payload.clock_reset(self.clock_reset.as_ref());
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

    /// From when on the new term is counted.
    fn paid_from(&self, old: &License, begins_at: Timestamp) -> Timestamp {
        let ends_at = old.term().expires_at;
        match self.term {
            _ if self.from_now || ends_at <= begins_at => begins_at,
            // What ends before the old license is the old term, cut short.
            NewTerm::Until(at) if at <= ends_at => old.paid_from(),
            _ => ends_at,
        }
    }

    fn expires_at(&self, old: &License, paid_from: Timestamp) -> Timestamp {
        match self.term {
            NewTerm::Until(at) => at,
            NewTerm::For(length) => paid_from.saturating_add(length),
            NewTerm::SameLength => old.as_long_again(paid_from),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{product::Claim, report::Difference};

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
            "iat": START, "nbf": START, "exp": START + 100 * DAY,
            "clock_reset_from": 5, "clock_reset_for": "one",
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
        expected.remove("clock_reset_for");
        expected.insert("iat".to_owned(), (START + 90 * DAY).into());
        expected.insert("exp".to_owned(), (START + 200 * DAY).into());
        expected.insert("term_from".to_owned(), (START + 100 * DAY).into());
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
        let thirty = NewTerm::For(Duration::from_secs(30 * 86_400));
        assert_eq!(with(thirty), START + 130 * DAY, "the ten days that are left are not lost");
        let late = Renewal { term: thirty, ..Renewal::new(at(150)) };
        assert_eq!(renewed(&late)["exp"], START + 180 * DAY);
        let past = Renewal { term: NewTerm::Until(at(90)), ..Renewal::new(at(90)) };
        let error = past.claims(&product(), &old()).unwrap_err();
        assert_eq!(error.code(), Some("claims_invalid"));
    }

    /// When a license ends that is renewed at a time for as long again.
    fn ends(began: &str, ended: &str, renewed_at: &str) -> String {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut old = old();
        old.remove("nbf");
        old.insert("iat".to_owned(), at(began).as_seconds().into());
        old.insert("exp".to_owned(), at(ended).as_seconds().into());
        let new = Renewal::new(at(renewed_at)).claims(&product(), &old).unwrap();
        Timestamp::from_seconds(new["exp"].as_i64().unwrap()).to_string()
    }

    #[test]
    fn a_year_stays_a_year_and_a_month_a_month() {
        for (began, ended, renewed_at, ends_at) in [
            // Over a leap day, from the old end and from now.
            ("2027-01-01", "2028-01-01", "2027-12-01", "2029-01-01T00:00:00Z"),
            ("2027-01-01", "2028-01-01", "2028-01-10T12:30:00Z", "2029-01-10T12:30:00Z"),
            // Issued within the first day, until the end of the last.
            ("2027-01-01T10:11:12Z", "2028-01-01", "2027-12-01", "2029-01-01T00:00:00Z"),
            ("2027-03-15T10:11:12Z", "2028-03-16", "2028-03-01", "2029-03-16T00:00:00Z"),
            // Two years, and a month.
            ("2026-06-01", "2028-06-01", "2028-05-01", "2030-06-01T00:00:00Z"),
            ("2026-01-01", "2026-02-01", "2026-01-20", "2026-03-01T00:00:00Z"),
            // Months that lack the day do not shorten those that have it.
            ("2026-01-31", "2026-02-28", "2026-02-20", "2026-03-31T00:00:00Z"),
            ("2024-02-29", "2027-02-28", "2027-02-01", "2030-02-28T00:00:00Z"),
            ("2025-02-28", "2028-02-28", "2028-02-01", "2031-02-28T00:00:00Z"),
            // What is no number of months stays as long to the second.
            ("2026-01-01", "2026-01-15T06:00:00Z", "2026-01-10", "2026-01-29T12:00:00Z"),
            ("2026-01-01", "2026-04-11", "2026-04-01", "2026-07-20T00:00:00Z"),
        ] {
            assert_eq!(ends(began, ended, renewed_at), ends_at, "{began} to {ended}, {renewed_at}");
        }
    }

    #[test]
    fn renewing_early_again_and_again_gives_no_more_and_no_less() {
        let mut claims = old();
        claims.insert("exp".to_owned(), (START + 365 * DAY).into());
        for (renewed_at, ends_at) in [
            ("2026-12-01", "2028-01-01"),
            ("2027-12-24", "2029-01-01"),
            ("2028-11-30", "2030-01-01"),
        ] {
            let renewal = Renewal::new(renewed_at.parse().unwrap());
            claims = renewal.claims(&product(), &claims).unwrap();
            let ends = ends_at.parse::<Timestamp>().unwrap().as_seconds();
            assert_eq!(claims["exp"], ends, "{renewed_at}");
        }
    }

    #[test]
    fn a_beginning_that_lies_ahead_stays() {
        let mut waiting = old();
        waiting.insert("nbf".to_owned(), (START + 50 * DAY).into());
        let term = NewTerm::For(Duration::from_secs(86_400));
        let renewal = Renewal { term, ..Renewal::new(at(10)) };
        let new = renewal.claims(&product(), &waiting).unwrap();
        assert_eq!(new["nbf"], START + 50 * DAY);
        assert_eq!(new["exp"], START + 101 * DAY);
    }

    #[test]
    fn paid_days_are_given_away_only_where_that_is_asked_for() {
        let given_away = |change: fn(&mut Renewal)| {
            let mut renewal = Renewal::new(at(90));
            change(&mut renewal);
            let [old, new] = [&old(), &renewed(&renewal)].map(|it| check(&product(), it).unwrap());
            Difference::between(Some(&old), &new).given_away
        };
        const MONTH: NewTerm = NewTerm::For(Duration::from_secs(30 * 86_400));
        assert_eq!(given_away(|_| {}), 0);
        assert_eq!(given_away(|it| it.term = MONTH), 0);
        assert_eq!(given_away(|it| it.term = NewTerm::Until(at(300))), 0);
        assert_eq!(given_away(|it| it.term = NewTerm::Until(at(95))), 0, "it ends earlier");
        assert_eq!(given_away(|it| it.from_now = true), 10);
        assert_eq!(given_away(|it| (it.from_now, it.term) = (true, MONTH)), 10);
        assert_eq!(given_away(|it| (it.from_now, it.issued_at) = (true, at(150))), 0);
        // A vendor's own tools write no `term_from`: what ends late enough lost nothing.
        let mut late = old();
        late.insert("iat".to_owned(), (START + 90 * DAY).into());
        late.insert("exp".to_owned(), (START + 200 * DAY).into());
        late.remove("nbf");
        let [old, late] = [&old(), &late].map(|it| check(&product(), it).unwrap());
        assert_eq!(Difference::between(Some(&old), &late).given_away, 0);
        let from_now = Renewal { from_now: true, term: MONTH, ..Renewal::new(at(90)) };
        assert_eq!(renewed(&from_now)["exp"], START + 120 * DAY);
    }

    #[test]
    fn bindings_are_replaced_where_they_stand() {
        let machine =
            crate::machine::MachineId::custom("cluster-a/node-17").unwrap().fingerprint("a");
        let renewal = Renewal {
            machine: Some(machine.clone()),
            domain: Some("*.acme.internal".parse().unwrap()),
            clock_reset: Some(ClockReset::new(at(1), "one")),
            ..Renewal::new(at(90))
        };
        let new = renewed(&renewal);
        assert_eq!(new["bound"]["to"]["machine"], machine.as_str());
        assert_eq!(new["binding"]["domain"], "*.acme.internal");
        assert_eq!(new["clock_reset_from"], START + DAY);
        assert_eq!(new["clock_reset_for"], "one");
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
