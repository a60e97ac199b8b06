//! Bytes to text.

use std::borrow::Cow;

use super::damage::Found;

/// Why bytes are not text. Repeats nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not text: neither UTF-8 nor UTF-16 of ASCII")]
pub struct NotText(pub(super) Found);

impl NotText {
    pub(crate) const fn found(self) -> Found {
        self.0
    }
}

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text in `bytes`: UTF-8, with a byte order mark or without, or ASCII
/// that was written as UTF-16.
///
/// # Errors
///
/// Bytes that are neither, and UTF-16 of more than ASCII: what wrote it may
/// have changed other characters already.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, NotText> {
    if let Some(rest) = bytes.strip_prefix(UTF8_MARK) {
        return utf8(rest).map(Cow::Borrowed);
    }
    match bytes {
        [0xff, 0xfe, units @ ..] => utf16(units, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, units @ ..] => utf16(units, u16::from_be_bytes).map(Cow::Owned),
        [1..=0xff, 0, ..] if is_ascii_beside_zeros(bytes, 0) => {
            utf16(bytes, u16::from_le_bytes).map(Cow::Owned)
        }
        [0, 1..=0xff, ..] if is_ascii_beside_zeros(bytes, 1) => {
            utf16(bytes, u16::from_be_bytes).map(Cow::Owned)
        }
        _ => utf8(bytes).map(Cow::Borrowed),
    }
}

/// What [`text`] and the reader of tokens read over in these bytes, by name.
pub(crate) fn read_over(bytes: &[u8]) -> Vec<&'static str> {
    let Ok(read) = text(bytes) else { return Vec::new() };
    let mut over = Vec::new();
    if bytes.starts_with(UTF8_MARK) {
        over.push("a byte order mark");
    } else if read.len() != bytes.len() {
        over.push("UTF-16");
    }
    if read.trim_ascii().contains(['\r', '\n']) {
        over.push("line ends within");
    }
    over
}

/// The ASCII text in units of 16 bits.
///
/// # Errors
///
/// Half a unit at the end, and any other character than ASCII.
pub fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(NotText(Found::HalfUtf16));
    }
    units
        .iter()
        .map(|bytes| u8::try_from(unit(*bytes)).ok().filter(u8::is_ascii).map(char::from))
        .collect::<Option<String>>()
        .ok_or(NotText(Found::Utf16))
}

fn utf8(bytes: &[u8]) -> Result<&str, NotText> {
    str::from_utf8(bytes).map_err(|_| {
        let found = match bytes {
            [b'P', b'K', 3 | 5, ..] => Found::Archive,
            [b'%', b'P', b'D', b'F', ..] => Found::Pdf,
            [0x30, ..] => super::base64::der(bytes).unwrap_or(Found::Binary),
            _ => Found::Binary,
        };
        NotText(found)
    })
}

/// Whether every second byte, from `first` on, is ASCII and the others are
/// zero: UTF-16 that lost its byte order mark.
fn is_ascii_beside_zeros(bytes: &[u8], first: usize) -> bool {
    let (units, rest) = bytes.as_chunks::<2>();
    rest.is_empty()
        && units.iter().all(|unit| {
            let (text, zero) = if first == 0 { (unit[0], unit[1]) } else { (unit[1], unit[0]) };
            zero == 0 && text != 0 && text.is_ascii()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn a_byte_order_mark_and_utf_16_of_ascii_are_read() {
        for mark in ["", "\u{feff}"] {
            let with = format!("{mark}a token\r\n");
            assert_eq!(text(with.as_bytes()).unwrap(), "a token\r\n");
            assert_eq!(text(&units(&with, u16::to_le_bytes)).unwrap(), "a token\r\n");
            assert_eq!(text(&units(&with, u16::to_be_bytes)).unwrap(), "a token\r\n");
        }
        assert_eq!(text("Zoë".as_bytes()).unwrap(), "Zoë");
        assert_eq!(text(b"").unwrap(), "");
    }

    #[test]
    fn what_is_read_over_has_a_name() {
        assert!(read_over(b"a.b.c\r\n").is_empty());
        assert_eq!(read_over("\u{feff}a.b.c".as_bytes()), ["a byte order mark"]);
        assert_eq!(read_over(&units("a.\r\nb", u16::to_be_bytes)), ["UTF-16", "line ends within"]);
        assert!(read_over(b"\xff\xff").is_empty());
    }

    #[test]
    fn what_is_not_text_is_told_apart() {
        let refused = |bytes: &[u8]| text(bytes).unwrap_err().0;
        assert_eq!(refused(&units("\u{feff}Zoë", u16::to_le_bytes)), Found::Utf16);
        assert_eq!(refused(&units("\u{feff}Zoë", u16::to_be_bytes)), Found::Utf16);
        assert_eq!(refused(b"\xff\xfea\0b"), Found::HalfUtf16);
        assert_eq!(refused(b"%PDF-1.7\n%\xe2\xe3"), Found::Pdf);
        assert_eq!(refused(b"PK\x03\x04\x00\xff"), Found::Archive);
        assert_eq!(refused(b"\xff\xff"), Found::Binary);
        // NUL stays NUL: only a whole text of such pairs is UTF-16.
        for nul in ["\0a", "a\0", "ab\0", "\0ab", "a\0b"] {
            let read = text(nul.as_bytes()).unwrap();
            assert!(read == nul || nul.len() == 2, "{nul:?}");
        }
    }
}
