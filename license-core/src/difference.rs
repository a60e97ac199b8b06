//! What a license gains and loses against another.

use serde::Serialize;

use crate::{License, Limit};

/// What changes when one license replaces another, as texts for people: the
/// names of features, and limits as `users: 25 to 50`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// What the new license allows and the old one did not.
    pub gained: Vec<String>,
    /// What the old license allowed and the new one does not.
    pub lost: Vec<String>,
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
