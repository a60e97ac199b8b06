//! What a product logs about its license, in its own words.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    ProductError,
    template::{Facts, Placeholder, Template},
};
use crate::{policy::Phase, refusal::InstallErrorKind};

/// A line that a product logs when something happens to its license.
///
/// | `on` | when | placeholders |
/// |---|---|---|
/// | `installed` | a license is put in force: at the start, by an upload, from a source, when a waiting one begins | those of a license |
/// | `active`, `expiring`, `grace`, `lapsed`, `scheduled` | that phase is reached, also at the start and by another license | those of a license; `{code}` with `lapsed` and `scheduled` |
/// | `unlicensed`, `invalid` | that phase is reached | `{code}` |
/// | a code of [`SourceFailure`], such as `file_missing` or `signature_invalid` | a source gives no license | `{code}`, `{path}` |
/// | `source_failed` | the same, for every code without a line of its own | `{code}`, `{path}` |
///
/// The placeholders of a license are `{customer}`, `{plan}`, `{Plan}` (with a
/// capital first letter), `{features}` (in the order signed, with spaces
/// between them), `{last_day}` and `{grace_last_day}` (the UTC date one second
/// before the instant), `{expires_date}` (the UTC date of the instant itself)
/// and `{days_remaining}` (rounded up). `{path}` is the file, or the name of
/// another source. Control and bidi characters are replaced, and what a claim
/// says is cut after 256 characters. `{{` and `}}` are braces.
///
/// ```
/// use license_core::{Product, product::{LogLevel, Message}};
///
/// let product = Product::builder("acme", "https://acme.example", "acme-server")
///     .message(Message::new("installed", LogLevel::Info, "Licensed until {last_day}"))
///     .message(Message::new("lapsed", LogLevel::Error, "License expired on {last_day}"))
///     .build()?;
/// # Ok::<(), license_core::product::ProductError>(())
/// ```
///
/// As TOML:
///
/// ```toml
/// [[messages]]
/// on = "installed"
/// phases = ["active", "expiring"]      # only then; always where it is left out
/// level = "info"                       # info | warn | error
/// text = "Licensed until {last_day}"
/// ```
///
/// A product with messages logs these and nothing else, but for a source that
/// fails, which is never passed over in silence. One without gets plain lines
/// that name neither the customer nor the plan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Message {
    on: String,
    #[serde(default)]
    phases: Vec<String>,
    level: LogLevel,
    text: String,
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LogLevel {
    /// All is well.
    Info,
    /// Somebody should act.
    Warn,
    /// Something is refused or does not work.
    Error,
}

/// A line for the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// The text, on one line.
    pub text: String,
}

/// Why a source (a file, the environment) gives no license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceFailure {
    /// There is no such file.
    FileMissing,
    /// The file cannot be read.
    FileUnreadable,
    /// What is in it is not accepted.
    Refused(InstallErrorKind),
}

/// The messages of a product, ready to be rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Messages(Vec<Line>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    on: String,
    /// Every phase where it is empty.
    phases: Vec<String>,
    level: LogLevel,
    template: Template,
}

pub(crate) const INSTALLED: &str = "installed";
const SOURCE_FAILED: &str = "source_failed";
const TARGET: &str = "license";

impl Message {
    /// A line for the event `on`.
    pub fn new(on: impl Into<String>, level: LogLevel, text: impl Into<String>) -> Self {
        Self { on: on.into(), phases: Vec::new(), level, text: text.into() }
    }

    /// Logs it only while the license is in one of these phases, by the names
    /// they have in the status.
    pub fn phases<I: Into<String>>(mut self, phases: impl IntoIterator<Item = I>) -> Self {
        self.phases = phases.into_iter().map(Into::into).collect();
        self
    }

    /// The line, or what is wrong with which of its members.
    fn line(self) -> Result<Line, (&'static str, String)> {
        let is_phase = Phase::NAMES.contains(&self.on.as_str());
        let is_known = is_phase
            || [INSTALLED, SOURCE_FAILED].contains(&self.on.as_str())
            || SourceFailure::ALL.iter().any(|failure| failure.as_str() == self.on);
        if !is_known {
            return Err(("on", format!("{:?} is not an event", self.on)));
        }
        if is_phase && !self.phases.is_empty() {
            return Err(("phases", format!("the event {:?} is a phase already", self.on)));
        }
        if let Some(phase) = self.phases.iter().find(|it| !Phase::NAMES.contains(&it.as_str())) {
            return Err(("phases", format!("{phase:?} is not a phase")));
        }
        let template = Template::read(&self.text).map_err(|wrong| ("text", wrong))?;
        if let Some(it) = template.placeholders().find(|it| !applies(*it, &self.on)) {
            let wrong = format!("`{{{}}}` says nothing about the event {:?}", it.name(), self.on);
            return Err(("text", wrong));
        }
        Ok(Line { on: self.on, phases: self.phases, level: self.level, template })
    }
}

/// Whether a placeholder can stand for something at an event.
fn applies(placeholder: Placeholder, on: &str) -> bool {
    let of_license =
        matches!(on, INSTALLED | "active" | "expiring" | "grace" | "lapsed" | "scheduled");
    let without_code = matches!(on, INSTALLED | "active" | "expiring" | "grace");
    match placeholder {
        Placeholder::Code => !without_code,
        Placeholder::Path => !of_license && !matches!(on, "unlicensed" | "invalid"),
        _ => of_license,
    }
}

impl Messages {
    /// # Errors
    ///
    /// The first message that makes no sense, by its member.
    pub(super) fn read(messages: Vec<Message>) -> Result<Self, ProductError> {
        let messages = if messages.is_empty() { defaults() } else { messages };
        let line = |(at, message): (usize, Message)| {
            message.line().map_err(|(member, wrong)| {
                ProductError::new(format!("`messages[{at}].{member}`: {wrong}"))
            })
        };
        messages.into_iter().enumerate().map(line).collect::<Result<_, _>>().map(Self)
    }

    /// The lines of one event, in the order of the profile.
    pub(crate) fn lines(&self, on: &str, facts: &Facts<'_>) -> Vec<LogLine> {
        let phase = facts.phase.as_str();
        let due = self.0.iter().filter(|line| {
            line.on == on && (line.phases.is_empty() || line.phases.iter().any(|it| it == phase))
        });
        due.map(|line| LogLine { level: line.level, text: line.template.render(facts) }).collect()
    }

    /// The lines of a source that failed; one at least.
    pub(crate) fn failed(&self, failure: SourceFailure, facts: &Facts<'_>) -> Vec<LogLine> {
        [failure.as_str(), SOURCE_FAILED]
            .into_iter()
            .map(|on| self.lines(on, facts))
            .find(|lines| !lines.is_empty())
            .unwrap_or_else(|| {
                let path = crate::text::clean(facts.path.unwrap_or_default());
                let text =
                    format!("no license from {path} ({failure}); what was in force stays in force");
                vec![LogLine { level: LogLevel::Error, text }]
            })
    }
}

/// The lines of a product that has none: no claim is in them.
fn defaults() -> Vec<Message> {
    use LogLevel::{Error, Info, Warn};
    let line = Message::new;
    vec![
        line(INSTALLED, Info, "license loaded, days remaining: {days_remaining}"),
        line("expiring", Warn, "the license expires soon, days remaining: {days_remaining}"),
        line("grace", Warn, "the license has expired; everything works in grace"),
        line("lapsed", Error, "the license has expired ({code})"),
        line("unlicensed", Warn, "no license is installed ({code})"),
        line("scheduled", Warn, "the license begins later ({code})"),
        line("invalid", Error, "the installed license is not trusted ({code})"),
    ]
}

impl LogLevel {
    /// The name in a profile.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl LogLine {
    /// Writes it to the log, with the target `license`.
    pub fn log(&self) {
        let text = &self.text;
        match self.level {
            LogLevel::Info => tracing::info!(target: TARGET, "{text}"),
            LogLevel::Warn => tracing::warn!(target: TARGET, "{text}"),
            LogLevel::Error => tracing::error!(target: TARGET, "{text}"),
        }
    }
}

impl SourceFailure {
    /// Every way in which a source can fail.
    const ALL: [Self; 15] = [
        Self::FileMissing,
        Self::FileUnreadable,
        Self::Refused(InstallErrorKind::TokenTooLarge),
        Self::Refused(InstallErrorKind::TokenMalformed),
        Self::Refused(InstallErrorKind::KeyUnknown),
        Self::Refused(InstallErrorKind::AlgorithmNotAllowed),
        Self::Refused(InstallErrorKind::SignatureInvalid),
        Self::Refused(InstallErrorKind::ClaimsInvalid),
        Self::Refused(InstallErrorKind::IssuerMismatch),
        Self::Refused(InstallErrorKind::AudienceMismatch),
        Self::Refused(InstallErrorKind::DomainInvalid),
        Self::Refused(InstallErrorKind::MachineMismatch),
        Self::Refused(InstallErrorKind::FingerprintUnavailable),
        Self::Refused(InstallErrorKind::StoreUnavailable),
        Self::Refused(InstallErrorKind::Internal),
    ];

    /// The stable code: `file_missing`, `file_unreadable`, or the one of
    /// installing.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FileMissing => "file_missing",
            Self::FileUnreadable => "file_unreadable",
            Self::Refused(kind) => kind.as_str(),
        }
    }
}

impl From<InstallErrorKind> for SourceFailure {
    fn from(kind: InstallErrorKind) -> Self {
        Self::Refused(kind)
    }
}

impl fmt::Display for SourceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{policy::Policy, product::Product, time::Timestamp};

    fn read(message: &str) -> Result<Product, String> {
        let profile = format!(
            "name = 'a'\nissuer = 'b'\naudience = 'c'\n[[messages]]\n{message}\n[[messages]]\n\
             on = 'lapsed'\nlevel = 'error'\ntext = 'over'"
        );
        Product::from_toml(&profile).map_err(|error| error.to_string())
    }

    fn facts<'a>(phase: Phase, policy: &'a Policy) -> Facts<'a> {
        let judged = Timestamp::from_seconds(0);
        Facts { license: None, policy, phase, judged, code: None, path: Some("/a") }
    }

    #[test]
    fn what_makes_no_sense_is_an_error_that_names_the_member() {
        let error = |message: &str| read(message).unwrap_err();
        let on = |on: &str, text: &str| format!("on = '{on}'\nlevel = 'info'\ntext = '{text}'");
        assert!(read(&on("installed", "{customer} {Plan}")).is_ok());
        assert!(error(&on("instaled", "a")).contains("`messages[0].on`: \"instaled\""));
        assert!(error(&on("license_expired", "a")).contains("messages[0].on"));
        assert!(error(&on("installed", "{customre}")).contains("{customre}"));
        assert!(error(&on("installed", "")).contains("messages[0].text"));
        assert!(error("on = 'installed'\nlevel = 'warning'\ntext = 'a'").contains("warning"));
        assert!(error("on = 'installed'\nlevel = 'info'").contains("text"));
        assert!(error("on = 'installed'\ntext = 'a'").contains("level"));
        let more = |more: &str| error(&format!("{}\n{more}", on("installed", "a")));
        assert!(more("when = 'now'").contains("when"));
        assert!(more("phases = ['expired']").contains("`messages[0].phases`: \"expired\""));
        let phase_twice = format!("{}\nphases = ['grace']", on("grace", "a"));
        assert!(error(&phase_twice).contains("messages[0].phases"));
    }

    #[test]
    fn a_placeholder_that_an_event_cannot_fill_is_an_error_that_names_both() {
        let refused = |on: &str, text: &str| {
            let error = read(&format!("on = '{on}'\nlevel = 'info'\ntext = '{text}'")).unwrap_err();
            error.contains(on) && error.contains(&format!("`{text}`"))
        };
        assert!(refused("installed", "{path}") && refused("installed", "{code}"));
        assert!(refused("grace", "{code}") && refused("lapsed", "{path}"));
        assert!(refused("unlicensed", "{plan}") && refused("invalid", "{customer}"));
        assert!(refused("unlicensed", "{path}"));
        assert!(refused("file_missing", "{last_day}") && refused("source_failed", "{features}"));
        for (on, text) in [
            ("lapsed", "{code} {grace_last_day} {days_remaining} {expires_date}"),
            ("scheduled", "{code} {plan}"),
            ("unlicensed", "{code}"),
            ("key_unknown", "{code} {path}"),
        ] {
            let message = format!("on = '{on}'\nlevel = 'info'\ntext = '{text}'");
            assert!(read(&message).is_ok(), "{on}");
        }
    }

    #[test]
    fn the_toml_and_the_builder_say_the_same() {
        let toml = read(
            "on = 'installed'\nphases = ['active', 'grace']\nlevel = 'warn'\ntext = 'of {plan}'",
        );
        let built = Product::builder("a", "b", "c")
            .message(
                Message::new("installed", LogLevel::Warn, "of {plan}").phases(["active", "grace"]),
            )
            .message(Message::new("lapsed", LogLevel::Error, "over"))
            .build();
        assert_eq!(toml.unwrap().messages(), built.unwrap().messages());
    }

    #[test]
    fn a_message_with_phases_is_logged_in_these_only() {
        let message = Message::new(INSTALLED, LogLevel::Info, "a").phases(["active", "grace"]);
        let messages = Messages::read(vec![message]).unwrap();
        let policy = Policy::new();
        let logged = |phase| messages.lines(INSTALLED, &facts(phase, &policy)).len();
        assert_eq!([Phase::Active, Phase::Grace, Phase::Lapsed].map(logged), [1, 1, 0]);
    }

    #[test]
    fn the_line_of_a_code_stands_before_the_one_of_all_and_none_is_silent() {
        let specific = Message::new("file_missing", LogLevel::Warn, "no {path}");
        let general = Message::new("source_failed", LogLevel::Error, "{path}: {code}");
        let policy = Policy::new();
        let failed = |messages: &[&Message], failure: SourceFailure| {
            let messages = messages.iter().copied().cloned().collect();
            let code = Some(failure.as_str());
            let facts = Facts { code, ..facts(Phase::Unlicensed, &policy) };
            let lines = Messages::read(messages).unwrap().failed(failure, &facts);
            lines.into_iter().map(|line| (line.level, line.text)).collect::<Vec<_>>()
        };
        let malformed = SourceFailure::from(InstallErrorKind::TokenMalformed);
        let line = |level, text: &str| vec![(level, text.to_owned())];
        let both = [&specific, &general];
        assert_eq!(failed(&both, SourceFailure::FileMissing), line(LogLevel::Warn, "no /a"));
        assert_eq!(failed(&both, malformed), line(LogLevel::Error, "/a: token_malformed"));
        let fallback = "no license from /a (token_malformed); what was in force stays in force";
        assert_eq!(failed(&[&specific], malformed), line(LogLevel::Error, fallback));
        assert_eq!(failed(&[], malformed), line(LogLevel::Error, fallback));
        let elsewhere = specific.clone().phases(["active"]);
        let missing = failed(&[&elsewhere], SourceFailure::FileMissing);
        assert!(missing[0].1.contains("file_missing"), "{missing:?}");
    }

    #[test]
    fn a_product_without_messages_says_something_in_every_phase() {
        let product = Product::builder("a", "b", "c").build().unwrap();
        let policy = Policy::new();
        for phase in Phase::NAMES.into_iter().filter(|phase| *phase != "active") {
            assert_eq!(product.messages().lines(phase, &facts(Phase::Active, &policy)).len(), 1);
        }
        assert_eq!(product.messages().lines(INSTALLED, &facts(Phase::Active, &policy)).len(), 1);
        let claims = [
            Placeholder::Customer,
            Placeholder::Plan,
            Placeholder::PlanCapitalized,
            Placeholder::Features,
        ];
        for line in &product.messages().0 {
            assert!(!line.template.placeholders().any(|it| claims.contains(&it)), "{line:?}");
        }
    }
}
