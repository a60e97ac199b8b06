//! Limits, how much of them is used, and when they will be full.

use license_core::{Installer, license::LimitKind, report::LimitStatus};

use crate::pages::{Shared, page::Page};

/// A limit and how much of it is used.
pub(in crate::pages) struct LimitRow {
    pub(in crate::pages) name: String,
    pub(in crate::pages) title: String,
    pub(in crate::pages) text: String,
    /// How much is used, and of how many.
    pub(in crate::pages) meter: Option<(u64, u64)>,
    /// From where on a limit counts as nearly full, and as full.
    pub(in crate::pages) low: u64,
    pub(in crate::pages) high: String,
    pub(in crate::pages) note: Option<String>,
}

/// Where a limit counts as nearly full, in hundredths.
const HIGH: u64 = 90;

impl LimitRow {
    pub(in crate::pages) fn of<I: Installer>(
        shared: &Shared<I>,
        page: &Page<'_>,
        name: &str,
        limit: &LimitStatus,
    ) -> Self {
        let number = |it: u64| it.into();
        let used = limit.used;
        let text = match (&limit.names, limit.max, used) {
            (Some(names), ..) if names.is_empty() => page.t("limits-names-none"),
            (Some(names), ..) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                page.text("limits-names", &[("names", names.join(", ").into())])
            }
            (None, Some(max), Some(used)) => {
                page.text("limits-used", &[("used", number(used)), ("max", number(max))])
            }
            (None, Some(max), None) => page.text("limits-max", &[("max", number(max))]),
            (None, None, Some(used)) => {
                page.text("limits-used-unlimited", &[("used", number(used))])
            }
            (None, None, None) => page.t("unlimited"),
        };
        let meter = match (limit.max, used) {
            (Some(max @ 1..), Some(used)) => Some((used.min(max), max)),
            _ => None,
        };
        let exceeded = match (limit.max, used) {
            (Some(max), Some(used)) if used > max => {
                let facts = [("used", number(used)), ("max", number(max))];
                Some(page.text("limits-exceeded", &facts))
            }
            _ => None,
        };
        let low = limit.max.map_or(0, |max| max.saturating_mul(HIGH) / 100);
        let high = limit.max.map_or_else(String::new, |max| format!("{}.5", max.saturating_sub(1)));
        let note = exceeded.or_else(|| forecast(shared, page, name, limit));
        let title = page.language.limit(name);
        Self { name: name.to_owned(), title, text, meter, low, high, note }
    }
}

/// When a limit is used up, should it go on like this.
fn forecast<I: Installer>(
    shared: &Shared<I>,
    page: &Page<'_>,
    name: &str,
    limit: &LimitStatus,
) -> Option<String> {
    let full = limit.full_at?;
    let language = page.language;
    let licensing = shared.installer.licensing();
    let date = ("date", language.date(full).into());
    match licensing.product().limits().get(name) {
        Some(LimitKind::Monthly) => {
            let until = licensing.control().month().end();
            let until = ("until", language.date(until).into());
            Some(page.text("forecast-month", &[date, until]))
        }
        _ => Some(page.text("forecast-full", &[date])),
    }
}
