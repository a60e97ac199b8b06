//! What an alert says.

use std::fmt::{self, Write};

use license_core::{
    Licensing, Phase, Timestamp, TokenDigest, VerifiedLicense, report::Transition, text,
};

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
}

/// What to do, in both forms.
const REMEDY: &str = "Ask your vendor for a renewed license and install it before that day. \
     An administrator uploads it, or it takes the place of the license file; it is in force at \
     once, or as soon as it begins, without a restart.";
const ONCE_RENEWED: &str = "Once a renewed license is installed, or one waits that begins in time and ends later, these \
     messages end.";

/// Text that stands in HTML.
struct Escaped<'a>(&'a str);

impl Alert {
    pub(super) fn new(
        licensing: &Licensing,
        license: &VerifiedLicense,
        milestone: u32,
        days_remaining: u64,
    ) -> Self {
        let expires_at = license.license().term().expires_at;
        let mut transitions = licensing.timeline().transitions;
        transitions.retain(|it| it.at >= expires_at && it.phase != Phase::Expiring);
        Self {
            product: text::shown(licensing.product().name()),
            milestone,
            days_remaining,
            license_id: text::shown(license.license().id()),
            digest: license.digest(),
            expires_at,
            transitions,
            waiting: licensing
                .control()
                .succession_warnings()
                .into_iter()
                .map(|it| it.text)
                .collect(),
        }
    }

    /// The last day of the license (UTC), `2026-12-31`.
    pub fn last_day(&self) -> String {
        self.expires_at.last_day()
    }

    /// One line.
    pub fn subject(&self) -> String {
        format!("{}: the license expires on {} ({})", self.product, self.last_day(), self.left())
    }

    /// The whole message as plain text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.opening());
        for it in &self.waiting {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{it}\n");
        }
        text.push_str("What happens:\n");
        for it in &self.transitions {
            // As above.
            let _ = writeln!(text, "- From {} on: {}", moment(it.at), it.effect);
        }
        let _ = write!(text, "\nWhat to do:\n{REMEDY}\n\n{ONCE_RENEWED}\n");
        text
    }

    /// The message as a page of HTML that refers to nothing outside of it.
    pub fn html(&self) -> String {
        let (subject, opening) = (self.subject(), self.opening());
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
             <title>{}</title></head>\n<body>\n<p>{}</p>\n",
            Escaped(&subject),
            Escaped(&opening)
        );
        for it in &self.waiting {
            // As above.
            let _ = writeln!(html, "<p>{}</p>", Escaped(it));
        }
        html.push_str("<h2>What happens</h2>\n<ul>\n");
        for it in &self.transitions {
            let (at, effect) = (moment(it.at), Escaped(&it.effect.text));
            // As above.
            let _ = writeln!(html, "<li>From <strong>{at}</strong> on: {effect}</li>");
        }
        let _ = write!(
            html,
            "</ul>\n<h2>What to do</h2>\n<p>{REMEDY}</p>\n<p>{ONCE_RENEWED}</p>\n</body>\n</html>\n"
        );
        html
    }

    fn opening(&self) -> String {
        format!(
            "The license of {} ({}) expires on {}: {}.",
            self.product,
            self.license_id,
            self.last_day(),
            self.left()
        )
    }

    fn left(&self) -> String {
        format!("{} left", text::counted(self.days_remaining, "day"))
    }
}

/// A moment for people: `2027-01-01 00:00:00 UTC`.
fn moment(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', " UTC")
}

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
