//! The languages of a product.

use std::{collections::BTreeMap, sync::Arc};

use license_core::Product;

use crate::language::{Language, Source};

/// A product's texts in the languages that it offers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Texts(Arc<[Language]>);

/// A text of a profile that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`pages.texts.{language}`: {what}")]
pub struct TextsError {
    language: String,
    what: String,
}

/// The languages that are here.
pub const SHIPPED: [(&str, &str); 4] = [
    ("en", include_str!("languages/en.ftl")),
    ("de", include_str!("languages/de.ftl")),
    ("fr", include_str!("languages/fr.ftl")),
    ("ar", include_str!("languages/ar.ftl")),
];

impl Texts {
    /// The texts of a product: in the languages that its profile offers, all that
    /// are here where it names none.
    ///
    /// # Errors
    ///
    /// A text that is no Fluent, or a language that is neither here nor has a
    /// text in the profile; the message names it.
    pub fn of(product: &Product) -> Result<Self, TextsError> {
        Self::with(product, &[])
    }

    /// The texts of a product, and more of them in Fluent by their language: those of a product's
    /// own pages. The profile replaces single ones of them, too.
    ///
    /// # Errors
    ///
    /// Those of [`of`](Self::of), and texts that are no Fluent.
    pub fn with(product: &Product, more: &[(&str, &str)]) -> Result<Self, TextsError> {
        let pages = product.pages();
        let own = |tag: &str| pages.texts.iter().find(|(it, _)| it.eq_ignore_ascii_case(tag));
        let mut offered: Vec<&str> = pages.languages.iter().map(String::as_str).collect();
        if offered.is_empty() {
            offered = SHIPPED.map(|(tag, _)| tag).to_vec();
            let more = pages.texts.keys().map(String::as_str);
            offered.extend(more.filter(|tag| shipped(tag).is_none()));
        }
        let features = Arc::new(product.features().clone());
        let languages = offered.into_iter().map(|tag| {
            let error = |what: String| TextsError { language: tag.to_owned(), what };
            let (own, shipped) = (own(tag).map(|(_, texts)| texts), shipped(tag));
            if own.is_none() && shipped.is_none() {
                return Err(error("the language has no texts; write them here".to_owned()));
            }
            let mut sources = Vec::new();
            if let Some(own) = own {
                sources.push(Source { tag: tag.to_owned(), text: as_fluent(own).map_err(error)? });
            }
            let more = |wanted: &str| {
                let more = more.iter().filter(move |(tag, _)| tag.eq_ignore_ascii_case(wanted));
                more.map(|(tag, text)| Source { tag: (*tag).to_owned(), text: (*text).to_owned() })
                    .collect::<Vec<_>>()
            };
            sources.extend(more(tag));
            if let Some(text) = shipped {
                sources.push(Source { tag: tag.to_owned(), text: text.to_owned() });
            }
            if !tag.eq_ignore_ascii_case("en") {
                if let Some((_, own)) = own_english(pages) {
                    let text = as_fluent(own).map_err(error)?;
                    sources.push(Source { tag: "en".to_owned(), text });
                }
                sources.extend(more("en"));
                sources.push(Source { tag: "en".to_owned(), text: SHIPPED[0].1.to_owned() });
            }
            Language::new(tag, sources, Arc::clone(&features)).map_err(error)
        });
        Ok(Self(languages.collect::<Result<_, _>>()?))
    }

    /// The texts that are here, without those of a product.
    pub fn shipped() -> Self {
        let languages = SHIPPED.map(|(tag, text)| {
            let source =
                |tag: &str, text: &str| Source { tag: tag.to_owned(), text: text.to_owned() };
            let english = (tag != "en").then(|| source("en", SHIPPED[0].1));
            let sources = [source(tag, text)].into_iter().chain(english).collect();
            // They are read by a test.
            Language::new(tag, sources, Arc::default()).unwrap_or_else(|_| Language::mute(tag))
        });
        Self(languages.into())
    }

    /// The languages, in the order in which they are offered.
    pub fn languages(&self) -> &[Language] {
        &self.0
    }

    /// The language of this tag.
    pub fn language(&self, tag: &str) -> Option<&Language> {
        self.0.iter().find(|it| it.tag().eq_ignore_ascii_case(tag))
    }

    /// The language for a reader: the one that was asked for, else the best of
    /// an `Accept-Language` header (RFC 9110, section 12.5.4), else the first.
    /// `de-AT` gets `de` where there is no better one.
    pub fn choose(&self, asked: Option<&str>, accept_language: Option<&str>) -> &Language {
        let accepted = accept_language.map(accept_language::parse_with_quality);
        let accepted = accepted.unwrap_or_default();
        let accepted = accepted.iter().filter(|(_, quality)| *quality > 0.0);
        let wanted = asked.into_iter().chain(accepted.map(|(tag, _)| tag.as_str()));
        let mut found = wanted.filter_map(|tag| {
            let primary = || self.language(tag.split('-').next().unwrap_or_default());
            self.language(tag).or_else(primary)
        });
        // There is always a first one: a profile's empty list offers them all.
        found.next().unwrap_or(&self.0[0])
    }
}

fn shipped(tag: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(it, _)| it.eq_ignore_ascii_case(tag)).map(|(_, text)| *text)
}

fn own_english(
    pages: &license_core::product::Pages,
) -> Option<(&String, &BTreeMap<String, String>)> {
    pages.texts.iter().find(|(tag, _)| tag.eq_ignore_ascii_case("en"))
}

/// A message of a profile.
#[derive(Default)]
struct Message<'a> {
    value: Option<&'a str>,
    attributes: Vec<(&'a str, &'a str)>,
}

/// The texts of a profile, `key = text` and `key.attribute = text`, as Fluent.
fn as_fluent(texts: &BTreeMap<String, String>) -> Result<String, String> {
    let mut messages: BTreeMap<&str, Message<'_>> = BTreeMap::new();
    for (key, text) in texts {
        let (id, attribute) = match key.split_once('.') {
            Some((id, attribute)) => (id, Some(attribute)),
            None => (key.as_str(), None),
        };
        let is_name = |name: &str| {
            name.starts_with(|it: char| it.is_ascii_alphabetic())
                && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
        };
        if !is_name(id) || !attribute.is_none_or(is_name) {
            return Err(format!("{key:?} is no key"));
        }
        let message = messages.entry(id).or_default();
        match attribute {
            Some(attribute) => message.attributes.push((attribute, text)),
            None => message.value = Some(text),
        }
    }
    let mut fluent = String::new();
    let indented = |text: &str| text.replace('\n', "\n        ");
    for (id, Message { value, attributes }) in messages {
        fluent.push_str(&format!("{id} = {}\n", indented(value.unwrap_or_default())));
        for (attribute, text) in attributes {
            fluent.push_str(&format!("    .{attribute} = {}\n", indented(text)));
        }
    }
    Ok(fluent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(rest: &str) -> Product {
        let profile = format!("name = 'a'\nissuer = 'b'\naudience = 'c'\n{rest}");
        Product::from_toml(&profile).unwrap()
    }

    fn texts(rest: &str) -> Texts {
        Texts::of(&product(rest)).unwrap()
    }

    #[test]
    fn the_language_is_the_one_asked_for_or_the_best_accepted_or_the_first() {
        let texts = texts("");
        let chosen = |asked, accepted| texts.choose(asked, accepted).tag();
        assert_eq!(chosen(None, None), "en");
        assert_eq!(chosen(Some("de"), Some("fr")), "de");
        assert_eq!(chosen(Some("DE"), None), "de");
        assert_eq!(chosen(Some("xx"), Some("fr")), "fr");
        assert_eq!(chosen(None, Some("fr;q=0.5, ar;q=0.8, *;q=0.1")), "ar");
        assert_eq!(chosen(None, Some("ar;q=0, fr-CA;q=0.2")), "fr");
        assert_eq!(chosen(None, Some("pt-BR, pt")), "en");
        assert_eq!(chosen(None, Some(";;,=\u{7f}")), "en");
    }

    #[test]
    fn a_profile_chooses_languages_and_adds_its_own() {
        let some = texts("pages = { languages = ['de', 'en'] }");
        assert_eq!(some.languages().len(), 2);
        assert_eq!(some.choose(None, Some("fr")).tag(), "de");
        let more = texts("[pages.texts.nl]\nphase-lapsed = 'Licentie verlopen'");
        let dutch = more.choose(Some("nl"), None);
        assert_eq!(dutch.text("phase-lapsed", &[]), "Licentie verlopen");
        assert_eq!(dutch.text("phase-active", &[]), "The license is active");
        let error = Texts::of(&product("pages = { languages = ['nl'] }")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`pages.texts.nl`: the language has no texts; write them here"
        );
    }

    #[test]
    fn a_profile_replaces_single_texts_and_leaves_their_attributes() {
        let texts = texts(
            "[pages.texts.en]\nupload-empty = 'Nothing there'\n\
             'denial-license_expired.detail' = 'Over.'",
        );
        let english = texts.choose(None, None);
        assert_eq!(english.text("upload-empty", &[]), "Nothing there");
        assert!(english.text("upload-empty.advice", &[]).contains("Nothing was sent"));
        assert_eq!(english.text("denial-license_expired.detail", &[]), "Over.");
        assert_eq!(english.text("denial-license_expired", &[]), "The license has expired");
        // Others speak English only where they have nothing to say.
        let german = texts.choose(Some("de"), None).text("upload-empty", &[]);
        assert!(!german.contains("Nothing"), "{german}");
    }

    #[test]
    fn a_text_that_is_no_fluent_is_an_error_that_names_the_language() {
        for wrong in ["'phase-active' = '{ $'", "'a key' = 'b'", "'1' = 'b'"] {
            let error = Texts::of(&product(&format!("[pages.texts.de]\n{wrong}"))).unwrap_err();
            assert!(error.to_string().starts_with("`pages.texts.de`: "), "{error}");
        }
    }
}
