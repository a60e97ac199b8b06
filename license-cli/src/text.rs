//! Text that others wrote, on the operator's terminal.

use std::fmt::Write as _;

use license_core::text::is_treacherous;
pub(crate) use license_core::text::{counted, shown, shown_path};
use serde::Serialize;

/// JSON for people and programs; the same characters are escaped in it.
pub(crate) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    let mut escaped = String::with_capacity(text.len());
    for it in text.chars() {
        if it != '\n' && is_treacherous(it) {
            let mut units = [0; 2];
            for unit in it.encode_utf16(&mut units) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(it);
        }
    }
    escaped
}

/// So many days more or less, in words.
pub(crate) fn longer(days: i64) -> String {
    let count = counted(days.unsigned_abs(), "day");
    match days {
        0 => "the same day".to_owned(),
        1.. => format!("{count} more"),
        _ => format!("{count} less"),
    }
}

/// A message on one line, without the excerpt of a file that the TOML reader
/// puts into its own.
pub(crate) fn one_line(message: &str) -> String {
    let excerpt = |line: &str| {
        line.trim_start_matches(|it: char| it == ' ' || it.is_ascii_digit()).starts_with('|')
    };
    let lines =
        message.lines().map(str::trim_end).filter(|line| !line.is_empty() && !excerpt(line));
    let mut one = String::new();
    let mut listed = false;
    for line in lines {
        let lists = line.starts_with("  ");
        one.push_str(match (one.as_str(), listed && lists) {
            ("", _) => "",
            (_, true) => ", ",
            (so_far, _) if so_far.ends_with(':') => " ",
            _ => ": ",
        });
        one.push_str(line.trim_start());
        listed = lists;
    }
    license_core::text::clean(&one)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRICK: &str = "Acme\u{1b}[31m\u{202e}proC\u{2066}\u{85}\n";

    #[test]
    fn json_escapes_them_and_says_the_same() {
        let json = json(&TRICK);
        assert!(!json.chars().any(is_treacherous), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), TRICK);
    }

    #[test]
    fn an_excerpt_is_left_out_of_a_message() {
        let message =
            "TOML parse error at line 1, column 1\n  |\n1 | secret\n  | ^\nunknown field\n";
        assert_eq!(one_line(message), "TOML parse error at line 1, column 1: unknown field");
        let missing = "these are missing:\n  --key <FILE>\n  --product <FILE>\n";
        assert_eq!(one_line(missing), "these are missing: --key <FILE>, --product <FILE>");
    }
}
