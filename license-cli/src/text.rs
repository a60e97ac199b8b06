//! Text that others wrote, on the operator's terminal.

use std::fmt::Write as _;

use serde::Serialize;

/// What stands for a token or key.
pub(crate) const NOT_SHOWN: &str = "[not shown]";
/// The longest text that is shown of a claim, in characters.
const MAX_SHOWN: usize = 256;

/// A claim's text: control characters and those that turn the direction of
/// writing are replaced, and what is too long is cut.
pub(crate) fn shown(text: &str) -> String {
    let clean = |it: char| if is_treacherous(it) { char::REPLACEMENT_CHARACTER } else { it };
    text.chars().take(MAX_SHOWN).map(clean).collect()
}

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

/// The name of a file, unless somebody put a token or a key in its place.
pub(crate) fn shown_path(path: &str) -> String {
    if is_confidential(path) { NOT_SHOWN.to_owned() } else { shown(path) }
}

/// Whether a text looks like a token or a key.
pub(crate) fn is_confidential(text: &str) -> bool {
    text.contains("eyJ") || text.contains("-----BEGIN") || text.chars().count() > MAX_SHOWN
}

/// A message on one line, without the excerpt of a file that the TOML reader
/// puts into its own.
pub(crate) fn one_line(message: &str) -> String {
    let excerpt = |line: &str| {
        line.trim_start_matches(|it: char| it == ' ' || it.is_ascii_digit()).starts_with('|')
    };
    let lines =
        message.lines().map(str::trim_end).filter(|line| !line.is_empty() && !excerpt(line));
    let lines: Vec<&str> = lines.collect();
    let line = lines.join(": ");
    line.chars()
        .map(|it| if is_treacherous(it) { char::REPLACEMENT_CHARACTER } else { it })
        .collect()
}

fn is_treacherous(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRICK: &str = "Acme\u{1b}[31m\u{202e}proC\u{2066}\u{85}\n";

    #[test]
    fn control_and_bidi_characters_are_replaced() {
        assert_eq!(shown(TRICK), "Acme\u{fffd}[31m\u{fffd}proC\u{fffd}\u{fffd}\u{fffd}");
        assert_eq!(shown(&"ä".repeat(300)).chars().count(), 256);
    }

    #[test]
    fn json_escapes_them_and_says_the_same() {
        let json = json(&TRICK);
        assert!(!json.chars().any(is_treacherous), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), TRICK);
    }

    #[test]
    fn a_token_or_key_in_place_of_a_file_is_not_shown() {
        for text in ["eyJhbGciOiJFUzI1NiJ9.e30.AA", "-----BEGIN PRIVATE KEY-----", &"a".repeat(257)]
        {
            assert_eq!(shown_path(text), NOT_SHOWN);
        }
        assert_eq!(shown_path("keys/private.pem"), "keys/private.pem");
    }

    #[test]
    fn an_excerpt_is_left_out_of_a_message() {
        let message =
            "TOML parse error at line 1, column 1\n  |\n1 | secret\n  | ^\nunknown field\n";
        assert_eq!(one_line(message), "TOML parse error at line 1, column 1: unknown field");
    }
}
