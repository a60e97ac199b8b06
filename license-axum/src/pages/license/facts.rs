//! What a license says, as rows.

use license_core::{Timestamp, report::LicenseStatus, text};

use crate::pages::page::Page;

pub(super) struct FactRow {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) datetime: Option<String>,
    /// Whether people will want to copy it.
    pub(super) copy: bool,
}

/// What a license says, as rows.
pub(super) fn facts(page: &Page<'_>, license: &LicenseStatus, waits: bool) -> Vec<FactRow> {
    let language = page.language;
    let row = |key: &str, text: String| FactRow {
        name: page.t(&format!("field-{key}")),
        text,
        datetime: None,
        copy: false,
    };
    let timed = |key: &str, text: String, at: Timestamp| FactRow {
        datetime: Some(at.to_string()),
        ..row(key, text)
    };
    let mut rows = Vec::new();
    if !license.id.is_empty() {
        rows.push(FactRow { copy: true, ..row("id", text::shown(&license.id)) });
    }
    let texts = [("customer", &license.customer), ("plan", &license.plan)];
    for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        rows.push(row(key, text::shown(text)));
    }
    rows.push(timed("issued", language.date(license.issued_at), license.issued_at));
    if let Some(begins) = license.not_before {
        rows.push(timed("begins", language.moment(begins), begins));
    }
    let ends = license.expires_at;
    rows.push(timed("ends", language.last_day(ends), ends));
    if license.grace_ends_at > ends {
        let until = license.grace_ends_at;
        rows.push(timed("grace", language.last_day(until), until));
    }
    // Of one that has not begun they say nothing.
    if !waits {
        rows.push(row("days", license.days_remaining.to_string()));
    }
    let any = || page.t("field-any");
    rows.push(row("domain", license.domain.clone().unwrap_or_else(any)));
    let machine = license.machine.as_ref().map(ToString::to_string);
    rows.push(row("machine", machine.unwrap_or_else(any)));
    rows
}
