//! A literal that holds a feature name.

use proc_macro::{Delimiter, Span, TokenTree};

use crate::{error::Error, tokens::Tokens};

/// A feature name, and the literal it was read from.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

const NOT_A_STRING: &str =
    "a feature name is a string literal without prefix or suffix, such as \"sso-saml\"";
const NOT_A_NAME: &str = "not a valid feature name: use 1 to 64 ASCII letters, digits, `-`, `_`, `.` and `:`, \
     with a letter or digit at both ends";
const ESCAPED: &str = "not a valid feature name: write it without escapes";
const NOTHING: &str = "expected a feature name, such as `feature!(\"sso-saml\")`";
const TOO_MUCH: &str = "expected nothing after the feature name";

/// The feature name that is all of the tokens; a comma may follow.
pub(crate) fn only(mut tokens: Tokens) -> Result<Name, Error> {
    let Some(first) = tokens.next() else {
        return Err(Error::new(NOTHING, Span::call_site()));
    };
    let name = name(&first)?;
    let rest = match tokens.next() {
        Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => tokens.next(),
        other => other,
    };
    match rest {
        None => Ok(name),
        Some(rest) => Err(Error::new(TOO_MUCH, rest.span())),
    }
}

/// The feature name in one token.
pub(crate) fn name(token: &TokenTree) -> Result<Name, Error> {
    let token = ungrouped(token.clone());
    let span = token.span();
    let parsed = match &token {
        TokenTree::Literal(literal) => parse(&literal.to_string()),
        _ => Err(NOT_A_STRING),
    };
    match parsed {
        Ok(text) => Ok(Name { text, span }),
        Err(message) => Err(Error::new(message, span)),
    }
}

/// Whether a token is a literal, of whatever kind.
pub(crate) fn is_literal(token: &TokenTree) -> bool {
    match ungrouped(token.clone()) {
        TokenTree::Literal(_) => true,
        TokenTree::Ident(ident) => matches!(ident.to_string().as_str(), "true" | "false"),
        _ => false,
    }
}

/// The token without the invisible group that the compiler puts around what a
/// `macro_rules!` variable stands for.
fn ungrouped(token: TokenTree) -> TokenTree {
    let TokenTree::Group(group) = &token else {
        return token;
    };
    let mut inside = group.stream().into_iter();
    match (group.delimiter(), inside.next(), inside.next()) {
        (Delimiter::None, Some(only), None) => ungrouped(only),
        _ => token,
    }
}

/// Reads a literal as it stands in the source.
fn parse(source: &str) -> Result<String, &'static str> {
    let (content, raw) = match source.strip_prefix('r') {
        None => (source, false),
        Some(rest) => {
            let quoted = rest.trim_start_matches('#');
            let hashes = &rest[..rest.len() - quoted.len()];
            (quoted.strip_suffix(hashes).ok_or(NOT_A_STRING)?, true)
        }
    };
    let content =
        content.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(NOT_A_STRING)?;
    if is_valid_feature_name(content) {
        Ok(content.to_owned())
    } else if !raw && content.contains('\\') {
        Err(ESCAPED)
    } else {
        Err(NOT_A_NAME)
    }
}

/// The rule of `license_core::license::is_valid_feature_name`, to the letter: a build of
/// this crate has no dependencies to wait for.
const fn is_valid_feature_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let ([first, ..], [.., last]) = (bytes, bytes) else {
        return false;
    };
    if bytes.len() > 64 || !first.is_ascii_alphanumeric() || !last.is_ascii_alphanumeric() {
        return false;
    }
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        if !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'_' | b'.' | b':') {
            return false;
        }
        rest = tail;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_that_of_license_core() {
        let agree = |name: &str| {
            let here = is_valid_feature_name(name);
            assert_eq!(here, license_core::license::is_valid_feature_name(name), "{name:?}");
            here
        };
        let mut valid = 0_u32;
        for first in '\0'..='\u{ff}' {
            valid += u32::from(agree(&first.to_string()));
            valid += u32::from(agree(&format!("{first}a")));
            valid += u32::from(agree(&format!("a{first}")));
            valid += u32::from(agree(&format!("a{first}a")));
        }
        for length in 0..=130 {
            valid += u32::from(agree(&"a".repeat(length)));
        }
        for name in ["sso-saml", "auditLog", "audit_export", "a--b", "a-", "-a", "ſso", "s\u{161}"]
        {
            valid += u32::from(agree(name));
        }
        assert_eq!(valid, 4 * 62 + 4 + 64 + 4);
    }

    #[test]
    fn plain_and_raw_strings_are_read() {
        assert_eq!(parse(r#""sso-saml""#).as_deref(), Ok("sso-saml"));
        assert_eq!(parse(r#"r"sso-saml""#).as_deref(), Ok("sso-saml"));
        assert_eq!(parse(r###"r##"sso-saml"##"###).as_deref(), Ok("sso-saml"));
    }

    #[test]
    fn strings_of_another_kind_and_other_literals_are_refused() {
        for source in [
            r#"b"sso""#,
            r#"br"sso""#,
            r#"c"sso""#,
            r#"cr"sso""#,
            r#""sso"s"#,
            r##"r"sso"s"##,
            r##"r#"sso"#s"##,
            "'s'",
            "b's'",
            "5",
            "1.5",
            "5u8",
        ] {
            assert_eq!(parse(source), Err(NOT_A_STRING), "{source}");
        }
    }

    #[test]
    fn strings_that_hold_no_name_are_refused() {
        for source in [r#""""#, r#"r"""#, r#"" ""#, r#""sso saml""#, r#"r"s\x""#, r##"r#"s"o"#"##] {
            assert_eq!(parse(source), Err(NOT_A_NAME), "{source}");
        }
    }

    #[test]
    fn escapes_are_refused_even_where_they_stand_for_a_valid_name() {
        for source in [r#""\u{73}so""#, r#""\x73so""#, "\"s\\\n so\""] {
            assert_eq!(parse(source), Err(ESCAPED), "{source}");
        }
    }
}
