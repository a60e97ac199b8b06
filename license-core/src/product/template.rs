//! The text of a message, with places for facts.

use std::fmt::Write as _;

use crate::{
    license::License,
    policy::{Phase, Policy},
    text::{clean, shown},
    time::Timestamp,
};

/// A text whose placeholders are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Fact(Placeholder),
}

/// What can stand in braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placeholder {
    Customer,
    Plan,
    PlanCapitalized,
    Features,
    LastDay,
    GraceLastDay,
    ExpiresDate,
    DaysRemaining,
    Code,
    Path,
}

/// What the placeholders stand for at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) license: Option<&'a License>,
    pub(crate) policy: &'a Policy,
    pub(crate) phase: Phase,
    pub(crate) judged: Timestamp,
    pub(crate) code: Option<&'a str>,
    pub(crate) path: Option<&'a str>,
}

impl Placeholder {
    const ALL: [Self; 10] = [
        Self::Customer,
        Self::Plan,
        Self::PlanCapitalized,
        Self::Features,
        Self::LastDay,
        Self::GraceLastDay,
        Self::ExpiresDate,
        Self::DaysRemaining,
        Self::Code,
        Self::Path,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Plan => "plan",
            Self::PlanCapitalized => "Plan",
            Self::Features => "features",
            Self::LastDay => "last_day",
            Self::GraceLastDay => "grace_last_day",
            Self::ExpiresDate => "expires_date",
            Self::DaysRemaining => "days_remaining",
            Self::Code => "code",
            Self::Path => "path",
        }
    }

    fn of(self, facts: &Facts<'_>) -> String {
        let license = |fact: &dyn Fn(&License) -> String| facts.license.map(fact);
        let fact = match self {
            Self::Customer => license(&|it| shown(&it.customer.name)),
            Self::Plan => license(&|it| shown(&it.plan)),
            Self::PlanCapitalized => license(&|it| capitalized(&shown(&it.plan))),
            Self::Features => license(&|it| {
                let names: Vec<String> =
                    it.features_as_signed().iter().map(|name| shown(name)).collect();
                names.join(" ")
            }),
            Self::LastDay => license(&|it| it.term.expires_at.last_day()),
            Self::GraceLastDay => license(&|it| it.term.grace_ends_at(facts.policy).last_day()),
            Self::ExpiresDate => license(&|it| it.term.expires_at.date()),
            Self::DaysRemaining => license(&|it| it.term.days_remaining(facts.judged).to_string()),
            Self::Code => facts.code.map(ToOwned::to_owned),
            Self::Path => facts.path.map(clean),
        };
        fact.unwrap_or_default()
    }
}

fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

impl Template {
    /// Reads a text; `{{` and `}}` are braces.
    ///
    /// # Errors
    ///
    /// What is wrong, in words that follow the name of the member.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err("must be one line of text".to_owned());
        }
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if from.starts_with("{{") || from.starts_with("}}") {
                plain.push_str(&from[..1]);
                rest = &from[2..];
                continue;
            }
            let (name, after) = from
                .strip_prefix('{')
                .and_then(|it| it.split_once('}'))
                .ok_or("has a brace without its other half; write `{{` or `}}` for a brace")?;
            let known = Placeholder::ALL.into_iter().find(|it| it.name() == name);
            let placeholder =
                known.ok_or_else(|| format!("has the unknown placeholder `{{{name}}}`"))?;
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
            pieces.push(Piece::Fact(placeholder));
            rest = after;
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        Ok(Self(pieces))
    }

    pub(crate) fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Fact(placeholder) => Some(*placeholder),
            Piece::Text(_) => None,
        })
    }

    /// The text with the facts in it. One that does not apply is empty.
    pub(crate) fn render(&self, facts: &Facts<'_>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            // Writing to a string does not fail.
            let _ = match piece {
                Piece::Text(plain) => text.write_str(plain),
                Piece::Fact(placeholder) => text.write_str(&placeholder.of(facts)),
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::is_treacherous;

    fn rendered(text: &str) -> Result<String, String> {
        let facts = Facts {
            license: None,
            policy: &Policy::new(),
            phase: Phase::Unlicensed,
            judged: Timestamp::from_seconds(0),
            code: Some("license_missing"),
            path: Some("/etc/a\u{1b}b"),
        };
        Template::read(text).map(|template| template.render(&facts))
    }

    #[test]
    fn facts_stand_where_the_text_names_them() {
        assert_eq!(rendered("{path}: {code}.").unwrap(), "/etc/a\u{fffd}b: license_missing.");
        assert_eq!(rendered("no place").unwrap(), "no place");
        assert_eq!(rendered("{{{code}}}, {{code}}").unwrap(), "{license_missing}, {code}");
        assert_eq!(rendered("ä{code}ö").unwrap(), "älicense_missingö");
    }

    #[test]
    fn a_placeholder_that_is_not_known_is_named() {
        assert!(rendered("{customers}").unwrap_err().contains("`{customers}`"));
        assert!(rendered("{}").unwrap_err().contains("`{}`"));
        assert!(rendered("{ code }").unwrap_err().contains("`{ code }`"));
    }

    #[test]
    fn half_a_pair_of_braces_is_refused() {
        for text in ["{code", "code}", "}{", "{code}}", "{{code}", "{"] {
            assert!(rendered(text).unwrap_err().contains("brace"), "{text}");
        }
    }

    #[test]
    fn a_text_is_one_line() {
        for text in ["", "a\nb", "a\u{1b}[31m"] {
            assert!(rendered(text).unwrap_err().contains("one line"), "{text:?}");
        }
    }

    #[test]
    fn a_capital_letter_is_the_first_one_only() {
        assert_eq!(capitalized("enterprise plus"), "Enterprise plus");
        assert_eq!(capitalized("älter"), "Älter");
        assert_eq!(capitalized(""), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_text_is_read_or_refused_and_escaped_it_says_itself(text in "\\PC{0,40}") {
            let _ = Template::read(&text);
            prop_assume!(!text.is_empty());
            let escaped = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(rendered(&escaped), Ok(text));
        }

        #[test]
        fn no_fact_brings_a_treacherous_character_in(path in any::<String>()) {
            let policy = Policy::new();
            let facts = Facts {
                license: None,
                policy: &policy,
                phase: Phase::Unlicensed,
                judged: Timestamp::from_seconds(0),
                code: None,
                path: Some(&path),
            };
            let text = Template::read("at {path}").unwrap().render(&facts);
            prop_assert!(!text.chars().any(is_treacherous));
            prop_assert_eq!(text.chars().count(), 3 + path.chars().count());
        }
    }
}
