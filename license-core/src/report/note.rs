//! What is told, so that it can be said in another language.

use serde::{Serialize, Serializer};

use crate::time::Timestamp;

/// A sentence for people with its stable code, and the facts in it: whoever
/// speaks another language looks the sentence up by the code and fills the
/// facts in. Written as its English text.
///
/// ```
/// use license_core::report::{Fact, Note};
///
/// let note = Note::new("limit_used", "users: 80 used, 50 allowed")
///     .with("limit", "users")
///     .with("used", 80);
/// assert_eq!(note.facts.get("used"), Some(&Fact::Number(80)));
/// assert_eq!(note, "users: 80 used, 50 allowed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The stable code.
    pub code: &'static str,
    /// The sentence in English.
    pub text: String,
    /// What is filled in.
    pub facts: Facts,
}

/// The facts in a sentence, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Which of several sentences of one code it is.
    variant: Option<&'static str>,
    facts: Vec<(&'static str, Fact)>,
}

/// One fact in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// So many.
    Number(u64),
    /// So many days.
    Days(u64),
    /// So many days that are left.
    DaysLeft(u64),
    /// The last day of what ends at this moment; see
    /// [`Timestamp::last_day`].
    LastDay(Timestamp),
    /// The moment itself.
    Moment(Timestamp),
    /// A name, or another text that is the same in every language.
    Text(String),
}

impl Note {
    /// A sentence without facts.
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), facts: Facts::default() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.facts.add(name, fact);
        self
    }
}

impl Facts {
    /// Adds a fact.
    pub fn add(&mut self, name: &'static str, fact: impl Into<Fact>) {
        self.facts.push((name, fact.into()));
    }

    /// The fact of this name.
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.iter().find(|(known, _)| *known == name).map(|(_, fact)| fact)
    }

    /// Which of several sentences of one code it is: `license_gap` of a license
    /// that is to be installed has the variant `new`. `None` for the plain one.
    pub fn variant(&self) -> Option<&'static str> {
        self.variant
    }

    /// Says which of several sentences it is.
    pub fn set_variant(&mut self, variant: &'static str) {
        self.variant = Some(variant);
    }

    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Fact)> {
        self.facts.iter().map(|(name, fact)| (*name, fact))
    }
}

impl From<u64> for Fact {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl PartialEq<str> for Note {
    fn eq(&self, text: &str) -> bool {
        self.text == text
    }
}

impl PartialEq<&str> for Note {
    fn eq(&self, text: &&str) -> bool {
        self.text == *text
    }
}
