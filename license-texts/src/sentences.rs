//! What license-core tells, said in a language.

use license_core::{
    Denial, DenialCode, InstallErrorKind, Phase, Warning,
    refusal::Delivery,
    report::{Fact, Facts, Note, Transition},
};

use crate::{Language, Said};

impl Language {
    /// A warning.
    pub fn warning(&self, warning: &Warning) -> Said {
        let Warning { code, text, facts, .. } = warning;
        match facts.variant() {
            // Of every source that fails the same is said.
            Some("source") => self.say("warning-source_failed", facts, text),
            Some(variant) => self.say(&format!("warning-{code}_{variant}"), facts, text),
            None => {
                let said = self.found(&format!("warning-{code}"), facts);
                said.or_else(|| self.as_refusal(code)).unwrap_or_else(|| Said::english(text))
            }
        }
    }

    /// What is gained or lost.
    pub fn change(&self, note: &Note) -> Said {
        self.say(&format!("change-{}", note.code), &note.facts, &note.text)
    }

    /// What a period means.
    pub fn effect(&self, transition: &Transition) -> Said {
        let note = &transition.effect;
        let effect = self.say(&format!("effect-{}", note.code), &note.facts, &note.text);
        if !transition.takes_over || effect.language.is_some() {
            return effect;
        }
        let facts = [("effect", effect.text.clone().into())];
        self.said("effect-takes_over", &facts).unwrap_or(effect)
    }

    /// Where the license stands, as a heading.
    pub fn phase(&self, phase: &Phase) -> String {
        self.text(&format!("phase-{}", phase.as_str()), &[])
    }

    /// Where the license stands, in a word or two.
    pub fn state(&self, phase: &Phase) -> String {
        self.text(&format!("state-{}", phase.as_str()), &[])
    }

    /// What is wrong, as a heading.
    pub fn denial_title(&self, denial: &Denial) -> String {
        match other_cause(denial) {
            Some(_) => self.text("denial-read_only_unlicensed", &[]),
            None => self.text(&format!("denial-{}", denial.code()), &[]),
        }
    }

    /// What is wrong.
    pub fn denial_detail(&self, denial: &Denial) -> String {
        match other_cause(denial) {
            Some(cause) => {
                let cause = self.text(&format!("denial-{cause}.detail"), &[]);
                self.text("denial-read_only_unlicensed.detail", &[("cause", cause.into())])
            }
            None => self.text(&format!("denial-{}.detail", denial.code()), &[]),
        }
    }

    /// What to do.
    pub fn denial_remedy(&self, denial: &Denial) -> String {
        let code = other_cause(denial).unwrap_or(denial.code());
        let delivery = match denial.delivery() {
            Delivery::File => "file",
            Delivery::Start => "start",
            _ => "upload",
        };
        self.text(&format!("denial-{code}.remedy"), &[("delivery", delivery.into())])
    }

    /// Why a license was not installed, as a heading.
    pub fn install_title(&self, kind: InstallErrorKind) -> String {
        self.text(&format!("install-{}", kind.as_str()), &[])
    }

    /// What to do about that.
    pub fn install_advice(&self, kind: InstallErrorKind) -> String {
        self.text(&format!("install-{}.advice", kind.as_str()), &[])
    }

    /// What became of an installation: the outcome of an audit row.
    pub fn outcome(&self, outcome: &str) -> String {
        match outcome.strip_prefix("refused:") {
            Some(code) => {
                let said = self.said(&format!("install-{code}"), &[]);
                let reason = said.map_or_else(|| code.to_owned(), |said| said.text);
                self.text("outcome-refused", &[("reason", reason.into())])
            }
            None => {
                let said = self.said(&format!("outcome-{outcome}"), &[]);
                said.map_or_else(|| outcome.to_owned(), |said| said.text)
            }
        }
    }

    /// A warning whose code is that of a refusal.
    fn as_refusal(&self, code: &str) -> Option<Said> {
        if code.parse::<DenialCode>().is_ok() {
            return self.said(&format!("denial-{code}.detail"), &[]);
        }
        InstallErrorKind::ALL
            .iter()
            .any(|kind| kind.as_str() == code)
            .then(|| self.said(&format!("install-{code}.advice"), &[]))?
    }

    fn found(&self, key: &str, facts: &Facts) -> Option<Said> {
        let facts: Vec<(&str, Fact)> =
            facts.iter().map(|(name, fact)| (name, fact.clone())).collect();
        self.said(key, &facts)
    }
}

impl Said {
    fn english(text: &str) -> Self {
        Self { text: text.to_owned(), language: Some("en") }
    }
}

/// Why the service is read-only, where that is not an expired license.
fn other_cause(denial: &Denial) -> Option<DenialCode> {
    let cause = denial.cause().filter(|_| denial.code() == DenialCode::ReadOnly)?;
    Some(cause).filter(|cause| *cause != DenialCode::LicenseExpired)
}
