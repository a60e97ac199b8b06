//! What an alert says.

use std::fmt::{self, Write};

use license_core::{
    Licensing, Phase, Timestamp, TokenDigest, VerifiedLicense,
    report::{Fact, Transition},
    text,
};
use license_texts::Language;

/// An alert: a license ends soon. As a subject, a plain text and a page of
/// HTML; says what happens on which date, and what to do. It names the
/// product and the license's id, never the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alert {
    /// The product's name.
    pub product: String,
    /// How many days before the end it is sent.
    pub milestone: u32,
    /// How many days are left, rounded up.
    pub days_remaining: u64,
    /// The license's id, as it may be shown.
    pub license_id: String,
    /// Which license it is.
    pub digest: TokenDigest,
    /// When the license ends.
    pub expires_at: Timestamp,
    /// What happens then, and later.
    pub transitions: Vec<Transition>,
    /// Why the license that waits is not enough: the gap before it begins, or
    /// its earlier end.
    pub waiting: Vec<String>,
    /// The message in the language of the alerts.
    written: Written,
}

/// Text that stands in HTML.
struct Escaped<'a>(&'a str);

/// A message in a language.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Written {
    subject: String,
    text: String,
    html: String,
}

impl Alert {
    pub(super) fn new(
        licensing: &Licensing,
        license: &VerifiedLicense,
        language: &Language,
        milestone: u32,
        days_remaining: u64,
    ) -> Self {
        let expires_at = license.license().term().expires_at;
        let mut transitions = licensing.timeline().transitions;
        transitions.retain(|it| it.at >= expires_at && it.phase != Phase::Expiring);
        let waiting = licensing.control().succession_warnings();
        let product = licensing.product();
        let mut alert = Self {
            product: text::shown(product.pages().title(product)),
            milestone,
            days_remaining,
            license_id: text::shown(license.license().id()),
            digest: license.digest(),
            expires_at,
            transitions,
            waiting: waiting.iter().map(|it| language.warning(it).text).collect(),
            written: Written { subject: String::new(), text: String::new(), html: String::new() },
        };
        alert.written = alert.write(language);
        alert
    }

    /// The last day of the license (UTC), `2026-12-31`.
    pub fn last_day(&self) -> String {
        self.expires_at.last_day()
    }

    /// One line.
    pub fn subject(&self) -> &str {
        &self.written.subject
    }

    /// The whole message as plain text.
    pub fn text(&self) -> &str {
        &self.written.text
    }

    /// The message as a page of HTML that refers to nothing outside of it.
    pub fn html(&self) -> &str {
        &self.written.html
    }

    /// The message in both forms.
    fn write(&self, language: &Language) -> Written {
        let facts = [
            ("product", Fact::from(self.product.as_str())),
            ("id", self.license_id.as_str().into()),
            ("date", Fact::LastDay(self.expires_at)),
            ("left", Fact::DaysLeft(self.days_remaining)),
        ];
        // A subject is no place for marks of direction.
        let subject = language.text("mail-alert-subject", &facts);
        let subject = subject.replace(['\u{2068}', '\u{2069}'], "");
        let opening = language.text("mail-alert-opening", &facts);
        let [happens, what, remedy, once] = ["happens", "do", "remedy", "once"]
            .map(|it| language.text(&format!("mail-alert-{it}"), &[]));
        let mut text = format!("{opening}\n\n");
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"{}\" dir=\"{}\">\n<head><meta charset=\"utf-8\">\
             <title>{}</title></head>\n<body>\n<p>{}</p>\n",
            language.tag(),
            language.direction(),
            Escaped(&subject),
            Escaped(&opening)
        );
        // Writing to a string does not fail, here and below.
        for it in &self.waiting {
            let _ = writeln!(text, "{it}\n");
            let _ = writeln!(html, "<p>{}</p>", Escaped(it));
        }
        let _ = writeln!(text, "{happens}:");
        let _ = write!(html, "<h2>{}</h2>\n<ul>\n", Escaped(&happens));
        for it in &self.transitions {
            let (at, effect) = (language.moment(it.at), language.effect(it).text);
            let from = |at: &str| {
                let facts = [("date", Fact::from(at)), ("effect", effect.as_str().into())];
                language.text("mail-alert-from", &facts)
            };
            let _ = writeln!(text, "- {}", from(&at));
            // The moment is found again behind what is escaped.
            let line = Escaped(&from(MOMENT)).to_string();
            let strong = format!("<strong>{}</strong>", Escaped(&at));
            let _ = writeln!(html, "<li>{}</li>", line.replace(MOMENT, &strong));
        }
        let _ = write!(text, "\n{what}:\n{remedy}\n\n{once}\n");
        let _ = write!(
            html,
            "</ul>\n<h2>{}</h2>\n<p>{}</p>\n<p>{}</p>\n</body>\n</html>\n",
            Escaped(&what),
            Escaped(&remedy),
            Escaped(&once)
        );
        Written { subject, text, html }
    }
}

/// Stands for a moment until the line is escaped; no text has this character.
const MOMENT: &str = "\u{fdd0}";

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for it in self.0.chars() {
            match it {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                it => f.write_char(it)?,
            }
        }
        Ok(())
    }
}
