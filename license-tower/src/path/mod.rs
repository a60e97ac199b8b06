//! The ways a server may read a request's path.
//!
//! What stands behind a layer may decode, collapse or resolve a path before
//! it routes it, and nobody knows which. [`Reading`] is what remains once
//! every escape is decoded and everything that can separate separates;
//! [`is_plain`] tells for which paths that changes nothing.

mod marks;
mod recovery;
mod scope;
#[cfg(test)]
pub(crate) mod servers;

pub use self::{
    marks::{Mark, MarkError, Marks},
    recovery::{Recovery, RecoveryError},
    scope::{Scope, ScopeError},
};

/// A path with every escape decoded, escaped escapes included.
pub(crate) struct Reading {
    bytes: Vec<u8>,
    /// A separator that is not a `/` in the path as sent.
    hidden_separator: bool,
}

/// Whether every server reads the path alike, letter case aside: no escapes,
/// backslashes, parameters, empty segments or dot segments. A slash may stand
/// at the end.
pub(crate) fn is_plain(path: &str) -> bool {
    let bytes = path.as_bytes();
    let mut after_slash = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'%' | b'\\' | b';' => return false,
            b'/' if after_slash => return false,
            b'.' if after_slash => match bytes.get(at + 1..) {
                // `/..name` is rare enough to be looked at closely.
                None | Some([] | [b'/' | b'.', ..]) => return false,
                _ => after_slash = false,
            },
            _ => after_slash = *byte == b'/',
        }
    }
    true
}

/// Whether every server that serves this path serves it from the same place:
/// there are no hidden separators and no empty or dot segments. Escapes that
/// stand for other characters are fine, and so is a slash at the end.
pub(crate) fn is_settled(path: &str) -> bool {
    if !path.starts_with('/') || is_plain(path) {
        return path.starts_with('/');
    }
    let reading = Reading::of(path);
    let trimmed = reading.bytes.strip_suffix(b"/").unwrap_or(&reading.bytes);
    !reading.hidden_separator
        && pieces(trimmed).skip(1).all(|piece| !matches!(piece, b"" | b"." | b".."))
}

/// Whether a segment of a pattern is plain text: decoded, without wildcards.
pub(crate) fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && !segment.contains(|c: char| "*?[]{}%\\;#".contains(c) || c <= ' ' || c == '\x7f')
}

impl Reading {
    pub(crate) fn of(path: &str) -> Self {
        let mut bytes = Vec::with_capacity(path.len());
        let mut hidden_separator = false;
        for byte in path.bytes() {
            bytes.push(byte);
            hidden_separator |= byte == b'\\';
            // What was decoded may complete another escape: %2561 is %61 is a.
            while let Some(decoded) = escape(&bytes) {
                bytes.truncate(bytes.len() - 3);
                bytes.push(decoded);
                hidden_separator |= is_separator(decoded);
            }
        }
        Self { bytes, hidden_separator }
    }

    /// The segments, without parameters, empty and `.` segments. A `..` is
    /// left in its place.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &[u8]> {
        pieces(&self.bytes).filter(|piece| !matches!(*piece, b"" | b"."))
    }

    /// Whether readings differ in more than what [`segments`](Self::segments)
    /// evens out: a `..` removes another segment, or stands for itself; and a
    /// parameter takes everything up to the next separator with it, hidden
    /// ones or not.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.segments().any(|segment| segment == b"..")
            || (self.hidden_separator && self.bytes.contains(&b';'))
    }
}

/// What lies between separators, each without its parameters.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| is_separator(*byte)).map(|piece| {
        let end = piece.iter().position(|byte| *byte == b';').unwrap_or(piece.len());
        piece.get(..end).unwrap_or(piece)
    })
}

/// The byte that an escape at the end stands for.
fn escape(bytes: &[u8]) -> Option<u8> {
    let [.., b'%', high, low] = bytes else { return None };
    Some(hex(*high)? << 4 | hex(*low)?)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(path: &str) -> String {
        String::from_utf8(Reading::of(path).bytes).unwrap()
    }

    #[test]
    fn escapes_are_decoded_until_none_is_left() {
        assert_eq!(decoded("/%61pi"), "/api");
        assert_eq!(decoded("/%2561pi"), "/api");
        assert_eq!(decoded("/%25%36%31pi"), "/api");
        assert_eq!(decoded("/%%36%31pi"), "/api");
        assert_eq!(decoded("/%2%35%32%35%36%31pi"), "/api");
        assert_eq!(decoded("/%zz%4"), "/%zz%4");
        assert_eq!(decoded("%"), "%");
    }

    #[test]
    fn decoding_a_long_chain_of_escapes_is_linear() {
        // Each round of a naive decoder would remove two of 60,000 bytes.
        assert_eq!(decoded(&format!("/%{}61", "25".repeat(30_000))), "/a");
    }

    #[test]
    fn plain_paths_are_those_that_read_one_way() {
        for path in ["", "*", "/", "/api/x", "/api/", "/API", "/.well-known/x", "/a.b/c..d", "/..."]
        {
            let dots = path == "/...";
            assert_eq!(is_plain(path), !dots, "{path}");
        }
        for path in [
            "/a%20b", "/a\\b", "/a;b", "//", "//a", "/a//b", "/a//", "/.", "/./a", "/a/.", "/..",
            "/../a", "/a/..",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn settled_paths_are_those_that_lead_to_one_place() {
        for path in ["/", "/a", "/a/", "/a%20b/c", "/a;v=1/b", "/...", "/..a/b%2e", "/caf%C3%A9/"] {
            assert!(is_settled(path), "{path}");
        }
        for path in [
            "",
            "*",
            "a",
            "//",
            "//a",
            "/a//",
            "/a/../b",
            "/a/%2e%2e/b",
            "/a/%252E./b",
            "/a/./b",
            "/a%2fb",
            "/a%252fb",
            "/a%5cb",
            "/a\\b",
            "/a/..;x/b",
            "/a/;x/b",
            "/a/%3b/b",
            "/a/;",
            "/a/..",
        ] {
            assert!(!is_settled(path), "{path}");
        }
    }
}
