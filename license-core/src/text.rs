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

/// How alike two names must be, as clap asks it of flags.
const ALIKE: f64 = 0.7;

/// The known name that is most alike, if one is.
pub fn meant<'a, S: AsRef<str>>(name: &str, known: &'a [S]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let alike = known.iter().map(|it| {
        let it = it.as_ref();
        (strsim::jaro(&name, &it.to_lowercase()), it)
    });
    let best = alike.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(score, _)| *score > ALIKE).map(|(_, it)| it)
}

/// So many, in words.
///
/// ```
/// use license_core::text::counted;
///
/// assert_eq!([counted(1, "day"), counted(30, "day")], ["1 day", "30 days"]);
/// ```
pub fn counted(count: u64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A text that is lower case without a full stop, as a sentence.
pub fn sentence(text: &str) -> String {
    let mut sentence = format!("{text}.");
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

/// Whether a character is a control character, or one of those that break
/// lines or turn the direction of writing.
pub fn is_treacherous(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What stands for a text that may be secret.
pub const NOT_SHOWN: &str = "[not shown]";

/// The name of a file, unless somebody put a token or a key in its place.
///
/// ```
/// use license_core::text::shown_path;
///
/// assert_eq!(shown_path("keys/vendor.pub.pem"), "keys/vendor.pub.pem");
/// assert_eq!(shown_path("MC4CAQAwBQYDK2VwBCIEIPcW0tYVhZ5c8K2cOJ7GJmFgc3Vu"), "[not shown]");
/// ```
pub fn shown_path(path: &str) -> String {
    if is_confidential(path) { NOT_SHOWN.to_owned() } else { shown(path) }
}

/// Whether a text that was given as the name of a file, or as any other
/// setting, may be a token or a key, whole or in part, wrapped or not.
pub fn is_confidential(text: &str) -> bool {
    text.contains("-----")
        || text.contains("PRIVATE KEY")
        || text.contains("eyJ")
        || text.contains(['\n', '\r'])
        || text.chars().count() > MAX_SHOWN
        || !text.starts_with(['/', '.', '~']) && text.split(is_not_base64).any(may_be_key)
}

/// A message without those of a command's arguments that may be secret.
pub fn without_secrets(
    message: String,
    arguments: impl IntoIterator<Item = impl AsRef<str>>,
) -> String {
    arguments.into_iter().fold(message, |message, argument| {
        let argument = argument.as_ref();
        let value = argument.split_once('=').map_or(argument, |(_, value)| value);
        [argument, value]
            .into_iter()
            .filter(|it| is_confidential(it))
            .fold(message, |message, secret| message.replace(secret, NOT_SHOWN))
    })
}

fn is_not_base64(it: char) -> bool {
    !(it.is_ascii_alphanumeric() || matches!(it, '+' | '/' | '-' | '_' | '='))
}

/// Whether a word of base64 or hexadecimal digits is long and mixed enough for
/// a key.
fn may_be_key(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
    let is_mixed =
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
    word.len() >= 32 && (is_mixed || word.bytes().all(|it| it.is_ascii_hexdigit()))
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
    fn what_may_be_a_key_or_a_token_is_not_shown_in_place_of_a_file() {
        for text in [
            "eyJhbGciOiJFUzI1NiJ9.e30.AA",
            "-----BEGIN PRIVATE KEY-----",
            "MC4CAQAwBQYDK2VwBCIEIPcW0tYVhZ5c8K2cOJ7GJmFgc3Vu",
            "\"MC4CAQAwBQYDK2VwBCIEIPcW0tYVhZ5c8K2cOJ7GJmFgc3Vu\"",
            "k=ES256:MC4CAQAwBQYDK2VwBCIEIPcW0tYVhZ5c8K2cOJ7GJmFgc3Vu",
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "two\nlines",
            &"a".repeat(257),
        ] {
            assert_eq!(shown_path(text), NOT_SHOWN);
        }
        for path in [
            "keys/private.pem",
            "2026=PS256:keys/vendor-public-key-of-the-year-2026.pem",
            "/run/secrets/License2025PublicKeyOfTheVendor",
            r"C:\Users\Bob\new\keys\2026\vendor.pem",
        ] {
            assert_eq!(shown_path(path), path);
        }
        let message =
            without_secrets("unexpected 'eyJ.e.s' in a.pem".into(), ["--key=eyJ.e.s", "a.pem"]);
        assert_eq!(message, "unexpected '[not shown]' in a.pem");
    }

    #[test]
    fn what_is_shown_of_a_claim_is_at_most_256_characters() {
        let long = "ä".repeat(300);
        assert_eq!(shown(&long).chars().count(), 256);
        assert_eq!(clean(&long), long);
    }
}
