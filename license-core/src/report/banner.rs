//! What a product shows its users about the license.

use serde::{Serialize, Serializer};

use super::warning::{Warning, WarningLevel};

/// A banner for the product's pages:
/// `{"level":"warning","messages":["…"],"warnings":[{"code":"…","level":"warning","text":"…"}]}`.
/// A front end chooses by the codes; the texts are for people.
///
/// The level is `info` within the warning window, `warning` in grace or when
/// a limit is used up, `critical` when requests are refused, else `none`.
///
/// ```
/// use license_core::{Banner, Warning, WarningLevel};
///
/// let warning = Warning::new("license_expiring", WarningLevel::Info, "7 days left.");
/// let banner = Banner::of(&[warning]);
/// assert_eq!((banner.level, banner.warnings[0].code), (Some(WarningLevel::Info), "license_expiring"));
/// assert_eq!(banner.messages, ["7 days left."]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Banner {
    /// The level of the gravest warning; `None`, written `none`, without one.
    #[serde(serialize_with = "level_or_none")]
    pub level: Option<WarningLevel>,
    /// The texts, the gravest first.
    pub messages: Vec<String>,
    /// The warnings behind them, in that order.
    pub warnings: Vec<Warning>,
}

impl Banner {
    /// A banner of these warnings.
    pub fn of(warnings: &[Warning]) -> Self {
        let mut warnings = warnings.to_vec();
        warnings.sort_by_key(|warning| std::cmp::Reverse(warning.level));
        Self {
            level: warnings.first().map(|warning| warning.level),
            messages: warnings.iter().map(|warning| warning.text.clone()).collect(),
            warnings,
        }
    }
}

fn level_or_none<S: Serializer>(
    level: &Option<WarningLevel>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match level {
        Some(level) => level.serialize(serializer),
        None => serializer.serialize_str("none"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banner_without_warnings_has_no_level() {
        let banner = serde_json::to_string(&Banner::of(&[])).unwrap();
        assert_eq!(banner, r#"{"level":"none","messages":[],"warnings":[]}"#);
    }

    #[test]
    fn the_gravest_warning_gives_the_level_and_stands_first() {
        use WarningLevel::{Critical, Info, Warning as Warn};
        let warnings = [(Info, "a"), (Warn, "b"), (Critical, "c"), (Warn, "d")]
            .map(|(level, text)| Warning::new("code", level, text));
        let banner = serde_json::to_value(Banner::of(&warnings)).unwrap();
        let expected = serde_json::json!({
            "level": "critical",
            "messages": ["c", "b", "d", "a"],
            "warnings": [
                {"code": "code", "level": "critical", "text": "c"},
                {"code": "code", "level": "warning", "text": "b"},
                {"code": "code", "level": "warning", "text": "d"},
                {"code": "code", "level": "info", "text": "a"},
            ],
        });
        assert_eq!(banner, expected);
    }
}
