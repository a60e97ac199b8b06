//! What a license gains and loses against another.

use serde::Serialize;

use crate::{License, Limit, Timestamp};

/// What changes when one license replaces another.
///
/// `gained` and `lost` are texts for people: the names of features, and
/// limits as `users: 25 to 50`. The rest is told only where there is an old
/// license.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// What the new license allows and the old one did not.
    pub gained: Vec<String>,
    /// What the old license allowed and the new one does not.
    pub lost: Vec<String>,
    /// Facts that are not the same: whose license it is, its plan, its times
    /// and what it is bound to.
    pub changed: Vec<Change>,
    /// How many days later the new one ends, rounded towards zero; negative
    /// when it ends earlier.
    pub days: Option<i64>,
    /// How many whole days are given away: the old license still has to run
    /// when the term of the new one begins to count ([`License::paid_from`]),
    /// and the new one ends before as long a term again would. 0 where it is
    /// the same term.
    pub given_away: u64,
    /// Whether both have one id: whether it is a renewal.
    pub same_id: bool,
    /// Whether the new one was issued before the old one: uploading it is
    /// refused as `older_than_installed`.
    pub older: bool,
}

/// One fact of a license that is another in the new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The fact, by the name that it has in [`LicenseStatus`](crate::LicenseStatus);
    /// `customer_id` and `email` beside them.
    pub fact: &'static str,
    /// What the old license said.
    pub old: Option<String>,
    /// What the new license says.
    pub new: Option<String>,
}

impl Difference {
    /// What `new` gains and loses against `old`; everything is gained where
    /// there is no old one.
    pub fn between(old: Option<&License>, new: &License) -> Self {
        let mut difference = Self::default();
        let had = |feature: &String| old.is_some_and(|old| old.grants(feature));
        difference.gained.extend(new.features().iter().filter(|it| !had(it)).cloned());
        if let Some(old) = old {
            let lost = old.features().difference(new.features());
            difference.lost.extend(lost.cloned());
        }
        for (name, limit) in new.limits() {
            let before = old.and_then(|old| old.limit(name)).unwrap_or(&Limit::Max(0));
            difference.limit(name, before, limit);
        }
        if let Some(old) = old {
            let gone = old.limits().iter().filter(|(name, _)| new.limit(name).is_none());
            for (name, before) in gone {
                difference.limit(name, before, &Limit::Max(0));
            }
            difference.facts(old, new);
        }
        difference
    }

    fn limit(&mut self, name: &str, old: &Limit, new: &Limit) {
        let change = || format!("{name}: {} to {}", Shown(old), Shown(new));
        match (old, new) {
            (Limit::Names(old), Limit::Names(new)) => {
                let named = |it: &String| format!("{name}: {it}");
                self.gained.extend(new.difference(old).map(named));
                self.lost.extend(old.difference(new).map(named));
            }
            (Limit::Unlimited, Limit::Unlimited) => {}
            (_, Limit::Unlimited) => self.gained.push(change()),
            (Limit::Unlimited, _) => self.lost.push(change()),
            (old, new) => match new.max().cmp(&old.max()) {
                std::cmp::Ordering::Greater => self.gained.push(change()),
                std::cmp::Ordering::Less => self.lost.push(change()),
                std::cmp::Ordering::Equal => {}
            },
        }
    }

    fn facts(&mut self, old: &License, new: &License) {
        const DAY: i64 = 86_400;
        let pairs = facts(old).into_iter().zip(facts(new));
        let changes = pairs.filter(|(old, new)| old != new);
        self.changed = changes.map(|((fact, old), (_, new))| Change { fact, old, new }).collect();
        let seconds = |license: &License| license.term().expires_at.as_seconds();
        self.days = Some(seconds(new).saturating_sub(seconds(old)) / DAY);
        let later = Some(new.paid_from()).filter(|from| *from > old.paid_from());
        let ends_at = old.term().expires_at;
        let short = old.as_long_again(ends_at).saturating_since(new.term().expires_at);
        let given_away = later.map(|from| ends_at.saturating_since(from).min(short));
        self.given_away = given_away.unwrap_or_default().as_secs() / DAY.unsigned_abs();
        self.same_id = old.id() == new.id();
        self.older = new.issued_at() < old.issued_at();
    }
}

/// What a license says beside what it allows, in the order in which it is
/// told.
fn facts(license: &License) -> [(&'static str, Option<String>); 10] {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let time = |at: Timestamp| Some(at.to_string());
    let (customer, term) = (license.customer(), license.term());
    [
        ("id", text(license.id())),
        ("customer", text(&customer.name)),
        ("customer_id", text(&customer.id)),
        ("email", customer.email.clone()),
        ("plan", text(license.plan())),
        ("issued_at", time(license.issued_at())),
        ("not_before", term.not_before.and_then(time)),
        ("expires_at", time(term.expires_at)),
        ("machine", license.machine().map(ToString::to_string)),
        ("domain", license.domain().map(ToString::to_string)),
    ]
}

/// A limit as people read it.
struct Shown<'a>(&'a Limit);

impl std::fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Limit::Unlimited => f.write_str("unlimited"),
            Limit::Max(max) => write!(f, "{max}"),
            Limit::Names(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}
