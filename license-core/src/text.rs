//! Text that others wrote, where people read it: in a log, on a terminal.

/// The longest text that is shown of a claim, in characters.
const MAX_SHOWN: usize = 256;

/// A claim's text: [treacherous](is_treacherous) characters are replaced, and
/// what is longer than 256 characters is cut.
///
/// ```
/// assert_eq!(license_core::text::shown("Acme\u{202e}\n"), "Acme\u{fffd}\u{fffd}");
/// ```
pub fn shown(text: &str) -> String {
    text.chars().take(MAX_SHOWN).map(replaced).collect()
}

/// A text of any length with its [treacherous](is_treacherous) characters
/// replaced.
pub fn clean(text: &str) -> String {
    text.chars().map(replaced).collect()
}

/// Whether a character is a control character, or one of those that break
/// lines or turn the direction of writing.
pub fn is_treacherous(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn replaced(it: char) -> char {
    if is_treacherous(it) { char::REPLACEMENT_CHARACTER } else { it }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_and_bidi_characters_are_replaced() {
        let trick = "Acme\u{1b}[31m\u{202e}proC\u{2066}\u{85}\n";
        let safe = "Acme\u{fffd}[31m\u{fffd}proC\u{fffd}\u{fffd}\u{fffd}";
        assert_eq!(shown(trick), safe);
        assert_eq!(clean(trick), safe);
    }

    #[test]
    fn what_is_shown_of_a_claim_is_at_most_256_characters() {
        let long = "ä".repeat(300);
        assert_eq!(shown(&long).chars().count(), 256);
        assert_eq!(clean(&long), long);
    }
}
