//! The licenses that were signed, and what may become of them in the store.

use std::{collections::BTreeMap, time::Duration};

use license_core::{Timestamp, Token, licensing::StoredState, testing::Vendor};
use license_runtime::AuditRecord;

use crate::time::wall;

/// What a license was signed with.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) id: String,
    pub(crate) issued_at: Timestamp,
    /// Where it does not begin at once.
    pub(crate) begins: Option<Timestamp>,
    pub(crate) agents: u64,
    pub(crate) users: u64,
    pub(crate) decisions: u64,
}

/// Every license that was signed.
#[derive(Debug, Default)]
pub(crate) struct Licenses {
    by_token: BTreeMap<String, Terms>,
    by_id: BTreeMap<String, Terms>,
    /// The highest monthly cap that was ever stored.
    pub(crate) most_decisions: u64,
    /// The newest license that was acknowledged.
    pub(crate) newest_acknowledged: Option<Timestamp>,
    pub(crate) acknowledged: Vec<Token>,
    pub(crate) taken_over: u64,
}

/// By how much the fastest clock is ahead.
const FASTEST: Duration = Duration::from_secs(600);

impl Licenses {
    pub(crate) fn sign(&mut self, vendor: &Vendor, terms: Terms) -> Token {
        let license = vendor
            .license()
            .id(&terms.id)
            .features(["sso"])
            .limit("agents", terms.agents)
            .limit("users", terms.users)
            .limit("decisions", terms.decisions)
            .issued_at(terms.issued_at)
            .days(365);
        let license = match terms.begins {
            Some(begins) => license.not_before(begins),
            None => license,
        };
        let token = license.sign();
        self.by_id.insert(terms.id.clone(), terms.clone());
        self.by_token.insert(token.as_str().to_owned(), terms);
        token
    }

    pub(crate) fn of_id(&self, id: &str) -> Option<&Terms> {
        self.by_id.get(id)
    }

    pub(crate) fn issued_at(&self, token: &str) -> Option<Timestamp> {
        Some(self.by_token.get(token)?.issued_at)
    }

    /// Whether the installed license has not begun by a clock that shows this.
    pub(crate) fn waits(&self, saved: &StoredState, now: Timestamp) -> bool {
        let terms = saved.current.as_deref().and_then(|token| self.by_token.get(token));
        terms.and_then(|terms| terms.begins).is_some_and(|begins| begins > now)
    }

    /// Whether the store may go from one state to the other: a license comes
    /// in that is not older than any before, or a waiting one takes over.
    /// Nothing else is lost.
    pub(crate) fn follows(
        &mut self,
        now: Duration,
        before: &StoredState,
        after: &StoredState,
        record: &AuditRecord,
    ) -> Result<(), String> {
        let begun = before.next.as_deref().is_some_and(|next| {
            let begins = self.by_token.get(next).and_then(|terms| terms.begins);
            begins.is_none_or(|begins| begins <= wall(now).saturating_add(FASTEST))
        });
        let same = after.newest_issued_at == before.newest_issued_at;
        if record.outcome == "took_over" {
            self.taken_over += 1;
            let moved = after.current == before.next && after.next.is_none();
            return if begun && moved && same { Ok(()) } else { Err("a false takeover".into()) };
        }
        let is_new = |token: &Option<String>| {
            token.is_some() && *token != before.current && *token != before.next
        };
        let (token, kept) = match (is_new(&after.current), is_new(&after.next)) {
            (true, false) => {
                (&after.current, after.next == before.next || (begun && after.next.is_none()))
            }
            (false, true) => {
                let moved = begun && after.current == before.next;
                (&after.next, after.current == before.current || moved)
            }
            _ => return Err(format!("{} stored not one new license", record.outcome)),
        };
        if !kept {
            return Err(format!("{} lost the other license", record.outcome));
        }
        let terms = token.as_deref().and_then(|token| self.by_token.get(token));
        let issued_at = terms.map(|terms| terms.issued_at);
        let decisions = terms.map_or(0, |terms| terms.decisions);
        self.most_decisions = self.most_decisions.max(decisions);
        if issued_at < before.newest_issued_at || after.newest_issued_at != issued_at {
            return Err(format!("an older license was stored: {issued_at:?}"));
        }
        Ok(())
    }
}
