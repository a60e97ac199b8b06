//! What a license gains and loses against another.

use std::cmp::Ordering;

use serde::Serialize;

use super::{
    note::{Fact, Note},
    warning::{Warning, WarningLevel},
};
use crate::{
    license::{License, Limit, Succession},
    text::counted,
    time::Timestamp,
};

/// What changes when one license replaces another.
///
/// `gained` and `lost` are texts for people: the names of features, limits as
/// `users: 25 to 50`, or `users: 80 used, 50 allowed` where it is known how much
/// is used, and against an old license the plan, an earlier or later end, and a
/// domain or machine. The rest is told only where there is an old license.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// What the new license allows and the old one did not.
    pub gained: Vec<Note>,
    /// What the old license allowed and the new one does not.
    pub lost: Vec<Note>,
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
    /// What it means, for whoever installs it: another customer, domain or
    /// machine, a gap, an earlier end, days that are given away.
    #[serde(serialize_with = "Warning::texts")]
    pub warnings: Vec<Warning>,
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
    /// The fact, by the name that it has in [`LicenseStatus`](crate::report::LicenseStatus);
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
        Self::between_used(old, new, |_| None)
    }

    /// What `new` gains and loses against `old`, with how much of each limit is
    /// used where `used` knows it.
    pub fn between_used(
        old: Option<&License>,
        new: &License,
        used: impl Fn(&str) -> Option<u64>,
    ) -> Self {
        let mut difference = Self::default();
        let had = |feature: &String| old.is_some_and(|old| old.grants(feature));
        let feature = |name: &String| Note::new("feature", name).with("feature", name.as_str());
        difference.gained.extend(new.features().iter().filter(|it| !had(it)).map(feature));
        if let Some(old) = old {
            let lost = old.features().difference(new.features());
            difference.lost.extend(lost.map(feature));
        }
        for (name, limit) in new.limits() {
            let before = old.and_then(|old| old.limit(name)).unwrap_or(&Limit::Max(0));
            difference.limit(name, before, limit, used(name));
        }
        if let Some(old) = old {
            let gone = old.limits().iter().filter(|(name, _)| new.limit(name).is_none());
            for (name, before) in gone {
                difference.limit(name, before, &Limit::Max(0), used(name));
            }
            difference.terms(old, new);
            difference.facts(old, new);
            difference.warn(old, new);
        }
        difference
    }

    fn limit(&mut self, name: &str, old: &Limit, new: &Limit, used: Option<u64>) {
        let change = || {
            let note = match used {
                Some(used) => {
                    let text = match new {
                        Limit::Unlimited => format!("{name}: {used} used, unlimited"),
                        new => format!("{name}: {used} used, {} allowed", Shown(new)),
                    };
                    Note::new("limit_used", text).with("used", used)
                }
                None => {
                    let text = format!("{name}: {} to {}", Shown(old), Shown(new));
                    Note::new("limit", text).with("before", Shown(old).to_string())
                }
            };
            note.with("limit", name).with("after", Shown(new).to_string())
        };
        match (old, new) {
            (Limit::Names(old), Limit::Names(new)) => {
                let named = |it: &String| {
                    let note = Note::new("name", format!("{name}: {it}"));
                    note.with("limit", name).with("name", it.as_str())
                };
                self.gained.extend(new.difference(old).map(named));
                self.lost.extend(old.difference(new).map(named));
            }
            (Limit::Unlimited, Limit::Unlimited) => {}
            (_, Limit::Unlimited) => self.gained.push(change()),
            (Limit::Unlimited, _) => self.lost.push(change()),
            (old, new) => match new.max().cmp(&old.max()) {
                Ordering::Greater => self.gained.push(change()),
                Ordering::Less => self.lost.push(change()),
                Ordering::Equal => {}
            },
        }
    }

    /// The plan, the end, and what the license is bound to.
    fn terms(&mut self, old: &License, new: &License) {
        if old.plan() != new.plan() {
            let plan = |license: &License| {
                let plan = license.plan();
                let note = || Note::new("plan", format!("plan: {plan}")).with("plan", plan);
                (!plan.is_empty()).then(note)
            };
            self.gained.extend(plan(new));
            self.lost.extend(plan(old));
        }
        let (before, ends) = (old.term().expires_at, new.term().expires_at);
        let end = || {
            let (ends_on, before_on) = (ends.last_day(), before.last_day());
            let text = match ends_on == before_on {
                true => format!("ends {ends} instead of {before}"),
                false => format!("ends {ends_on} instead of {before_on}"),
            };
            let day = |at| if ends_on == before_on { Fact::Moment(at) } else { Fact::LastDay(at) };
            Note::new("end", text).with("date", day(ends)).with("before", day(before))
        };
        match ends.cmp(&before) {
            Ordering::Greater => self.gained.push(end()),
            Ordering::Less => self.lost.push(end()),
            Ordering::Equal => {}
        }
        let domain = |license: &License| license.domain().map(ToString::to_string);
        const DOMAIN: [&str; 4] = ["domain", "domain", "domain_freed", "domain_bound"];
        self.binding(DOMAIN, domain(old), domain(new));
        let machine = |license: &License| license.machine().map(ToString::to_string);
        const MACHINE: [&str; 4] = ["machine", "machine", "machine_freed", "machine_bound"];
        self.binding(MACHINE, machine(old), machine(new));
    }

    /// To be bound is a loss, to be free a gain, to be bound to something else
    /// both. The name of what binds, and the codes of another, none and one.
    fn binding(
        &mut self,
        [name, other, freed, bound]: [&'static str; 4],
        old: Option<String>,
        new: Option<String>,
    ) {
        let note = |code, text, what: String| Note::new(code, text).with(name, what);
        match (old, new) {
            (Some(old), Some(new)) if old != new => {
                self.gained.push(note(other, format!("{name}: {new}"), new));
                self.lost.push(note(other, format!("{name}: {old}"), old));
            }
            (Some(old), None) => {
                self.gained.push(note(freed, format!("{name}: any instead of {old}"), old));
            }
            (None, Some(new)) => {
                self.lost.push(note(bound, format!("{name}: {new} instead of any"), new));
            }
            _ => {}
        }
    }

    /// What administrators should know before the new license is installed.
    fn warn(&mut self, old: &License, new: &License) {
        let warning = |code, text: String| Warning::new(code, WarningLevel::Warning, text);
        let (was, is) = (old.customer(), new.customer());
        let is_other = match was.id.is_empty() || is.id.is_empty() {
            true => was.name != is.name,
            false => was.id != is.id,
        };
        if is_other {
            let text = "The license is for another customer.";
            self.warnings.push(warning("other_customer", text.to_owned()));
        }
        if let Some(domain) = new.domain().filter(|domain| old.domain() != Some(*domain)) {
            let bound = old.domain().is_none();
            let another = if bound { "a domain now" } else { "another domain" };
            let text = format!("The license is bound to {another}: {domain}.");
            let warning = warning("other_domain", text).with("domain", domain.to_string());
            self.warnings.push(if bound { warning.variant("bound") } else { warning });
        }
        if new.machine().is_some_and(|machine| old.machine() != Some(machine)) {
            let bound = old.machine().is_none();
            let another = if bound { "one machine now" } else { "another machine" };
            let warning = warning("other_machine", format!("The license is bound to {another}."));
            self.warnings.push(if bound { warning.variant("bound") } else { warning });
        }
        if self.given_away > 0 {
            let days = counted(self.given_away, "paid day");
            let are = if self.given_away == 1 { "is" } else { "are" };
            let (ends_at, from) = (old.term().expires_at, new.paid_from());
            let ends = ends_at.last_day();
            let text = format!(
                "{days} {are} given away: the license in force runs until {ends}, and the time of \
                 the new one counts from {} on.",
                from.date()
            );
            let warning = warning("days_given_away", text)
                .with("count", self.given_away)
                .with("date", Fact::LastDay(ends_at))
                .with("from", Fact::Moment(from));
            self.warnings.push(warning);
        }
        let succession = Succession::of(old, new);
        // One that ends with the old one replaces it for as long as that runs.
        let same = new.term().expires_at == old.term().expires_at;
        let succession =
            Succession { earlier_end: succession.earlier_end.filter(|_| !same), ..succession };
        self.warnings.extend(succession.warnings(false, old));
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
