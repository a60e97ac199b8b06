//! What stands behind base64: another layer of it, or the body of a key.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::damage::Found;

/// What base64 holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoded {
    License,
    Json,
    Key,
    PrivateKey,
    /// The DER of a public key.
    KeyBody,
}

/// Lenient: this only names what is refused.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
/// The longest text that is decoded only to name it.
const MAX_CHARS: usize = 64 * 1024;

/// What a text holds that is base64 as a whole, white space aside.
pub(crate) fn encoded(text: &str) -> Option<Encoded> {
    let body: String = text
        .replace("\\r", "")
        .replace("\\n", "")
        .chars()
        .filter(|it| !it.is_ascii_whitespace() && !matches!(it, '"' | '\'' | '`' | '\u{feff}'))
        .take(MAX_CHARS)
        .collect();
    if body.len() < 16 {
        return None;
    }
    // A body that was cut may end with a character too many.
    let whole = body.get(..body.len() - usize::from(body.trim_end_matches('=').len() % 4 == 1))?;
    let bytes = [STANDARD, URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, LENIENT).decode(whole).ok())?;
    if let Some(found) = der(&bytes) {
        return Some(if found == Found::PrivateKey {
            Encoded::PrivateKey
        } else {
            Encoded::KeyBody
        });
    }
    let inner = super::text(&bytes).ok()?;
    let inner = inner.trim_ascii();
    if inner.contains("PRIVATE KEY") {
        Some(Encoded::PrivateKey)
    } else if inner.contains("-----BEGIN") {
        Some(Encoded::Key)
    } else if inner.starts_with("eyJ") && inner.matches('.').count() == 2 {
        Some(Encoded::License)
    } else if inner.starts_with('{') {
        Some(Encoded::Json)
    } else {
        None
    }
}

/// Which kind of key bytes begin like, when they are DER: a private key's
/// first member is its version, a number of one byte.
pub(super) fn der(bytes: &[u8]) -> Option<Found> {
    let content = match bytes {
        [0x30, 0x82, _, _, content @ ..] | [0x30, 0x81, _, content @ ..] => content,
        [0x30, 0..=0x7f, content @ ..] => content,
        _ => return None,
    };
    match content {
        [0x02, 1, 0 | 1, ..] => Some(Found::PrivateKey),
        // A long number: the modulus of a bare RSA key.
        [0x02, 0x81 | 0x82, ..] => Some(Found::KeyBody),
        [0x30, length @ 0..=0x7f, 0x06, rest @ ..] => {
            // An encrypted private key holds an OCTET STRING, a public key a
            // BIT STRING.
            let after = rest.get(usize::from(*length).saturating_sub(1)..).unwrap_or_default();
            Some(if after.first() == Some(&0x04) { Found::PrivateKey } else { Found::KeyBody })
        }
        _ => None,
    }
}
