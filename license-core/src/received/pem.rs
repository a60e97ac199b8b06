//! A PEM text in any of its spellings.

/// How every PEM text begins.
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// Characters of a line, as RFC 7468 asks for.
const LINE: usize = 64;

/// The one PEM text in `text`, spelled as RFC 7468 spells it: its lines may
/// be of any length, indented, joined by spaces, ended by CRLF or by `\n` as
/// two characters, and quotes may stand around all. `None` where there is no
/// such text, or more than one.
pub(crate) fn pem(text: &str) -> Option<String> {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let (before, rest) = text.split_once(BEGIN)?;
    let (label, rest) = rest.split_once(DASHES)?;
    let (body, rest) = rest.split_once(END)?;
    let after = rest.strip_prefix(label)?.strip_prefix(DASHES)?;
    // Explanations may stand before, on lines of their own.
    let before = before.rsplit('\n').next().unwrap_or_default();
    if !is_around(before) || !is_around(after) || label.contains(['\n', '\r']) {
        return None;
    }
    let body: String = body.chars().filter(|it| !it.is_ascii_whitespace()).collect();
    if !body.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/' | b'=')) {
        return None;
    }
    let mut pem = format!("{BEGIN}{label}{DASHES}\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str(&format!("{END}{label}{DASHES}\n"));
    Some(pem)
}

/// Whether nothing but white space and quotes stands there.
fn is_around(text: &str) -> bool {
    text.chars().all(|it| it.is_ascii_whitespace() || matches!(it, '"' | '\'' | ',' | '\u{feff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_one_pem_is_the_same() {
        let body = "A".repeat(100);
        let plain =
            format!("-----BEGIN X-----\n{}\n{}\n-----END X-----\n", &body[..64], &body[64..]);
        for text in [
            plain.clone(),
            plain.replace('\n', "\r\n"),
            plain.replace('\n', "\\n"),
            plain.replace('\n', " "),
            plain.replace('\n', "\n    "),
            format!("\"{}\"", plain.replace('\n', "\\n")),
            format!("-----BEGIN X-----\n{body}\n-----END X-----"),
            format!("subject: x\n\n{plain}"),
        ] {
            assert_eq!(pem(&text).as_deref(), Some(plain.as_str()), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_pem_is_none() {
        let plain = "-----BEGIN X-----\nAAAA\n-----END X-----\n";
        for text in [
            String::new(),
            "AAAA".to_owned(),
            plain.repeat(2),
            format!("{plain}trailing"),
            format!("KEY={plain}"),
            plain.replace("AAAA", "> AAAA"),
            plain.replace("END X", "END Y"),
            plain.replace("-----END X-----", ""),
        ] {
            assert_eq!(pem(&text), None, "{text}");
        }
    }
}
