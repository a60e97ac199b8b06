//! One language.

use std::{collections::BTreeMap, fmt, sync::Arc};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use license_core::{
    Timestamp,
    report::{Fact, Facts},
};
use unic_langid::{CharacterDirection, LanguageIdentifier};

/// A language of a product: says things by their keys.
pub struct Language {
    tag: String,
    direction: &'static str,
    /// Where a key is looked up, in this order; English last.
    bundles: Vec<Bundle>,
    /// The product's features and their titles.
    features: Arc<BTreeMap<String, String>>,
}

struct Bundle {
    /// Of another language, where it stands in for a missing text.
    foreign: bool,
    texts: FluentBundle<FluentResource>,
}

/// Texts in Fluent.
pub(crate) struct Source {
    pub(crate) tag: String,
    pub(crate) text: String,
}

/// Something that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Said {
    /// The text.
    pub text: String,
    /// Its language, where that is not the one that was asked: there is no such
    /// text.
    pub language: Option<&'static str>,
}

impl Language {
    pub(crate) fn new(
        tag: &str,
        sources: Vec<Source>,
        features: Arc<BTreeMap<String, String>>,
    ) -> Result<Self, String> {
        let identifier: LanguageIdentifier =
            tag.parse().map_err(|_| "it is no language tag".to_owned())?;
        let direction = match identifier.character_direction() {
            CharacterDirection::RTL => "rtl",
            _ => "ltr",
        };
        let bundles = sources.into_iter().map(|source| {
            let own: LanguageIdentifier =
                source.tag.parse().map_err(|_| "it is no language tag".to_owned())?;
            let resource = FluentResource::try_new(source.text).map_err(|(_, errors)| {
                let first = errors.first().map(ToString::to_string);
                format!("not Fluent: {}", first.unwrap_or_default())
            })?;
            let mut texts = FluentBundle::new_concurrent(vec![own]);
            // Marks around what is filled in, where directions may mix.
            texts.set_use_isolating(direction == "rtl");
            texts.add_resource(resource).map_err(|errors| {
                let first = errors.first().map(ToString::to_string);
                first.unwrap_or_default()
            })?;
            Ok(Bundle { foreign: !source.tag.eq_ignore_ascii_case(tag), texts })
        });
        let bundles = bundles.collect::<Result<_, String>>()?;
        Ok(Self { tag: tag.to_owned(), direction, bundles, features })
    }

    /// A language without a text.
    pub(crate) fn mute(tag: &str) -> Self {
        let (bundles, features) = (Vec::new(), Arc::default());
        Self { tag: tag.to_owned(), direction: "ltr", bundles, features }
    }

    /// Its tag (BCP 47), for `lang`.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// How it is written, for `dir`: `ltr` or `rtl`.
    pub fn direction(&self) -> &'static str {
        self.direction
    }

    /// Its own name.
    pub fn name(&self) -> String {
        match self.find("language-name", &FluentArgs::new()) {
            Some((name, false)) => name,
            _ => self.tag.clone(),
        }
    }

    /// The text of a key, or of an attribute, `key.attribute`. The key itself
    /// where there is no such text in any language.
    pub fn text(&self, key: &str, facts: &[(&str, Fact)]) -> String {
        self.said(key, facts).map_or_else(|| key.to_owned(), |said| said.text)
    }

    /// The text of a key, and whether it had to be said in English; `None` where
    /// there is no such key.
    pub fn said(&self, key: &str, facts: &[(&str, Fact)]) -> Option<Said> {
        let facts = facts.iter().map(|(name, fact)| (*name, fact));
        self.find(key, &self.arguments(facts)).map(Said::from)
    }

    /// The text of a key with the facts of a note, or its English text.
    pub(crate) fn say(&self, key: &str, facts: &Facts, english: &str) -> Said {
        let found = self.find(key, &self.arguments(facts.iter()));
        let english = || Said { text: english.to_owned(), language: Some("en") };
        found.map_or_else(english, Said::from)
    }

    /// What a limit is called: `limit-NAME`, or its name.
    pub fn limit(&self, name: &str) -> String {
        let said = self.find(&key("limit", name), &FluentArgs::new());
        said.map_or_else(|| name.replace(['_', '-'], " "), |(text, _)| text)
    }

    /// What a feature is called: `feature-NAME`, or the title in the profile.
    pub fn feature(&self, name: &str) -> String {
        let said = self.find(&key("feature", name), &FluentArgs::new());
        let title = || self.features.get(name).cloned().unwrap_or_else(|| name.to_owned());
        said.map_or_else(title, |(text, _)| text)
    }

    /// The day of a moment, in words.
    pub fn date(&self, at: Timestamp) -> String {
        let date = at.date();
        let mut parts = date.trim_start_matches('-').split('-').map(|it| it.parse().ok());
        let mut next = || parts.next().flatten();
        let (Some(year), Some(month), Some(day)) = (next(), next(), next()) else { return date };
        let number = |it: u64| Fact::Number(it);
        let month = self.text("month", &[("month", number(month))]);
        let year = u64::to_string(&year);
        let facts = [("day", number(day)), ("month", month.into()), ("year", year.into())];
        without_marks(self.text("date", &facts))
    }

    /// The last day of what ends at a moment: see [`Timestamp::last_day`].
    pub fn last_day(&self, end: Timestamp) -> String {
        self.date(end.saturating_sub(std::time::Duration::from_secs(1)))
    }

    /// A moment to the minute, in words, with its zone.
    pub fn moment(&self, at: Timestamp) -> String {
        let text = at.to_string();
        let time = text.split_once('T').map_or("", |(_, time)| time.get(..5).unwrap_or(time));
        let facts = [("date", self.date(at).into()), ("time", time.into()), ("zone", "UTC".into())];
        without_marks(self.text("date-time", &facts))
    }

    /// So many days.
    pub fn days(&self, count: u64) -> String {
        self.text("days", &[("count", count.into())])
    }

    /// So many days that are left.
    pub fn days_left(&self, count: u64) -> String {
        self.text("days-left", &[("count", count.into())])
    }

    /// The text, and whether it is in another language.
    fn find(&self, key: &str, arguments: &FluentArgs<'_>) -> Option<(String, bool)> {
        let (id, attribute) = match key.split_once('.') {
            Some((id, attribute)) => (id, Some(attribute)),
            None => (key, None),
        };
        self.bundles.iter().find_map(|bundle| {
            let message = bundle.texts.get_message(id)?;
            let pattern = match attribute {
                Some(attribute) => message.get_attribute(attribute)?.value(),
                None => message.value()?,
            };
            let mut errors = Vec::new();
            let text = bundle.texts.format_pattern(pattern, Some(arguments), &mut errors);
            Some((text.into_owned(), bundle.foreign))
        })
    }

    fn arguments<'n, 'f>(
        &self,
        facts: impl Iterator<Item = (&'n str, &'f Fact)>,
    ) -> FluentArgs<'static> {
        let mut arguments = FluentArgs::new();
        for (name, fact) in facts {
            arguments.set(name.to_owned(), self.value(name, fact));
            if let ("feature", Fact::Text(feature)) = (name, fact) {
                arguments.set("title", self.feature(feature));
            }
        }
        arguments
    }

    fn value(&self, name: &str, fact: &Fact) -> FluentValue<'static> {
        match fact {
            Fact::Number(number) => FluentValue::from(*number),
            Fact::Days(days) => self.days(*days).into(),
            Fact::DaysLeft(days) => self.days_left(*days).into(),
            Fact::LastDay(end) => self.last_day(*end).into(),
            Fact::Moment(at) => self.moment(*at).into(),
            Fact::Text(text) => match (name, text.as_str()) {
                ("limit", limit) => self.limit(limit).into(),
                ("before" | "after" | "max", "unlimited") => self.text("unlimited", &[]).into(),
                (_, text) => text.to_owned().into(),
            },
            _ => FluentValue::None,
        }
    }
}

/// A text in which nothing needs to be kept apart. Filled into another one it has
/// a direction by its letters, which it would not have if all of them stood
/// between marks.
fn without_marks(text: String) -> String {
    text.replace(['\u{2068}', '\u{2069}'], "")
}

/// The key of a name; what cannot stand in one becomes a hyphen.
fn key(kind: &str, name: &str) -> String {
    let name: String = name
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() || it == '_' { it } else { '-' })
        .collect();
    format!("{kind}-{name}")
}

impl From<(String, bool)> for Said {
    fn from((text, foreign): (String, bool)) -> Self {
        Self { text, language: foreign.then_some("en") }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Language").field("tag", &self.tag).finish_non_exhaustive()
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Language>();
};
