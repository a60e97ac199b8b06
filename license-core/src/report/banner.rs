//! What a product shows its users about the license.

use serde::{Serialize, Serializer};

use super::warning::{Warning, WarningLevel};

/// A banner for the product's pages: `{"level":"warning","messages":["…"]}`.
///
/// The level is `info` within the warning window, `warning` in grace or when
/// a limit is used up, `critical` when requests are refused, else `none`.
///
/// ```
/// use license_core::{Banner, Warning, WarningLevel};
///
/// let warning = Warning::new("license_expiring", WarningLevel::Info, "7 days left.");
/// let banner = serde_json::to_string(&Banner::of(&[warning])).unwrap();
/// assert_eq!(banner, r#"{"level":"info","messages":["7 days left."]}"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Banner {
    /// The level of the gravest warning; `None`, written `none`, without one.
    #[serde(serialize_with = "level_or_none")]
    pub level: Option<WarningLevel>,
    /// The texts, the gravest first.
    pub messages: Vec<String>,
}

impl Banner {
    /// A banner of these warnings.
    pub fn of(warnings: &[Warning]) -> Self {
        let mut ordered: Vec<&Warning> = warnings.iter().collect();
        ordered.sort_by_key(|warning| std::cmp::Reverse(warning.level));
        Self {
            level: ordered.first().map(|warning| warning.level),
            messages: ordered.into_iter().map(|warning| warning.text.clone()).collect(),
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
        assert_eq!(banner, r#"{"level":"none","messages":[]}"#);
    }

    #[test]
    fn the_gravest_warning_gives_the_level_and_stands_first() {
        use WarningLevel::{Critical, Info, Warning as Warn};
        let warnings = [(Info, "a"), (Warn, "b"), (Critical, "c"), (Warn, "d")]
            .map(|(level, text)| Warning::new("code", level, text));
        let banner = serde_json::to_value(Banner::of(&warnings)).unwrap();
        let expected = serde_json::json!({"level": "critical", "messages": ["c", "b", "d", "a"]});
        assert_eq!(banner, expected);
    }
}
