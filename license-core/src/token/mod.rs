//! The token: a compact JWS (RFC 7515), checked as far as it can be without
//! a key.

mod digest;
mod header;
pub(crate) mod json;

use std::{borrow::Cow, fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use self::{
    digest::{ParseTokenDigestError, TokenDigest},
    header::{TokenHeader, TokenType},
};
use crate::{
    received::{self, Damage, Found, Wanted},
    refusal::{Check, InstallError, InstallErrorKind},
};

/// A license in its transport form: a well-formed compact JWS whose signature
/// nobody has looked at yet.
///
/// `Debug` shows nothing of the content.
///
/// The rules are stricter than the RFC, so that there is one spelling of
/// everything: canonical base64url, three parts, and a header of `alg`,
/// `typ` and `kid` alone. Whatever asks a reader to fetch, decompress or
/// trust something (`jku`, `jwk`, `x5c`, `crit`, `b64`, `zip`, …) is
/// refused unread.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    header: TokenHeader,
}

/// A token with its payload and its signature as they were decoded, and its
/// digest: what is received is decoded and hashed once, whoever has to know
/// what it is before it is verified.
pub struct DecodedToken {
    pub(crate) token: Token,
    pub(crate) digest: TokenDigest,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// The `typ` of every token made here.
pub(crate) const LICENSE_JWT: &str = "license+jwt";
/// Characters in a `kid`.
pub(crate) const MAX_KID_CHARS: usize = 64;
/// Bytes of the shortest RSA signature: that of a key of 3072 bits.
const RSA_LEAST: usize = 384;

impl Token {
    /// The longest accepted token, in bytes, without line ends and white space
    /// around it.
    pub const MAX_BYTES: usize = 16 * 1024;
    /// The longest text that is looked at as a token, in bytes: one in UTF-16,
    /// with line ends.
    pub const MAX_RECEIVED_BYTES: usize = 2 * Self::MAX_BYTES + 2 * 1024;

    /// Reads a token as it came: from a file, a request body, the environment.
    ///
    /// A byte order mark, UTF-16 of ASCII, line ends wherever they stand, and
    /// ASCII white space at both ends are read over; nothing else is.
    ///
    /// # Errors
    ///
    /// [`TokenTooLarge`](InstallErrorKind::TokenTooLarge) before anything else
    /// is looked at; otherwise
    /// [`TokenMalformed`](InstallErrorKind::TokenMalformed), whose detail
    /// names what happened to the token where that is seen.
    pub fn parse(bytes: &[u8]) -> Result<Self, InstallError> {
        DecodedToken::read(bytes).map(|decoded| decoded.token)
    }

    /// No token: of a license that nobody has signed, to ask the rules about.
    pub(crate) fn none() -> Self {
        let header = TokenHeader { alg: String::new(), typ: None, kid: None };
        Self { text: String::new(), header }
    }

    /// The compact text, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The header, unverified.
    pub const fn header(&self) -> &TokenHeader {
        &self.header
    }

    /// What the signature covers: `header "." payload`.
    pub fn signing_input(&self) -> &str {
        self.text.rsplit_once('.').map_or(&self.text, |(signed, _)| signed)
    }

    /// The identity of the license in this token.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.signing_input()).into())
    }

    /// Checks the header's `typ`.
    ///
    /// # Errors
    ///
    /// [`TokenMalformed`](InstallErrorKind::TokenMalformed) when it is not
    /// one that `wanted` accepts.
    pub fn check_type(&self, wanted: TokenType) -> Result<(), InstallError> {
        let accepted = match (wanted, self.header.typ.as_deref()) {
            (_, Some(LICENSE_JWT)) => true,
            (TokenType::LicenseJwt, _) => false,
            (TokenType::Any, typ) => matches!(typ, None | Some("JWT")),
        };
        if accepted {
            return Ok(());
        }
        Err(malformed("the header's `typ` is not a license's").at(Check::Type))
    }

    /// The payload, **without looking at the signature**: anybody can have
    /// written it. For showing a file to a person, never for a decision.
    ///
    /// # Errors
    ///
    /// [`ClaimsInvalid`](InstallErrorKind::ClaimsInvalid) when it is not one
    /// JSON object without duplicate members.
    pub fn dangerous_unverified_claims(&self) -> Result<Map<String, Value>, InstallError> {
        payload_object(&DecodedToken::of(self)?.payload)
    }
}

impl DecodedToken {
    /// Reads a received token as [`Token::parse`] does.
    ///
    /// # Errors
    ///
    /// As [`Token::parse`].
    pub fn read(bytes: &[u8]) -> Result<Self, InstallError> {
        if bytes.len() > Token::MAX_RECEIVED_BYTES {
            return Err(InstallErrorKind::TokenTooLarge.into());
        }
        let received = match received::text(bytes) {
            Ok(text) => text,
            Err(_) if bytes.trim_ascii().len() > Token::MAX_BYTES => {
                return Err(InstallErrorKind::TokenTooLarge.into());
            }
            Err(error) => return Err(malformed(Damage::new(error.found(), Wanted::License))),
        };
        let text = on_one_line(received.trim_ascii());
        if text.len() > Token::MAX_BYTES {
            return Err(InstallErrorKind::TokenTooLarge.into());
        }
        // From here on nothing is forgiven; what was refused is named.
        Self::strict(&text).map_err(|error| damage(&received).map_or(error, malformed))
    }

    fn strict(text: &str) -> Result<Self, InstallError> {
        if !text.is_ascii() {
            return Err(malformed("the token holds bytes that are not ASCII"));
        }
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("a token has exactly three parts"));
        };
        let header = decode(header)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        let header = TokenHeader::from_json(&header)?;
        let token = Token { text: text.to_owned(), header };
        let digest = token.digest();
        Ok(Self { token, digest, payload, signature })
    }

    /// The token's [digest](Token::digest).
    pub fn digest(&self) -> TokenDigest {
        self.digest
    }

    /// Decodes the parts of a token once more.
    pub(crate) fn of(token: &Token) -> Result<Self, InstallError> {
        Self::read(token.as_str().as_bytes())
    }
}

impl fmt::Debug for DecodedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.token, f)
    }
}

/// Reads a decoded payload.
pub(crate) fn payload_object(payload: &[u8]) -> Result<Map<String, Value>, InstallError> {
    json::object(payload).map_err(|error| {
        InstallError::because(InstallErrorKind::ClaimsInvalid, format_args!("the payload: {error}"))
    })
}

/// A text without the line ends within it.
fn on_one_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\r', '\n']) {
        Cow::Owned(text.replace(['\r', '\n'], ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// What happened to a text that is no token.
fn damage(received: &str) -> Option<Damage> {
    Damage::of(received, Wanted::License).or_else(|| {
        // Cut off within the last character of base64, perhaps.
        let text = on_one_line(received.trim_ascii());
        let (signed, signature) = text.rsplit_once('.')?;
        let header = TokenHeader::from_json(&decode(signed.split_once('.')?.0).ok()?).ok()?;
        let bytes = signature.len() * 3 / 4;
        let (whole, at_least) = match header.alg() {
            "ES256" | "EdDSA" => (64, false),
            "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => (RSA_LEAST, true),
            _ => return None,
        };
        let missing = whole.checked_sub(bytes).filter(|missing| *missing > 0);
        // No text has this length in base64, whatever the key's.
        let odd = (signature.len() % 4 == 1).then_some((1, true));
        let (missing, at_least) = missing.map(|missing| (missing, at_least)).or(odd)?;
        Some(Damage::new(Found::CutSignature { missing, at_least }, Wanted::License))
    })
}

/// Decodes one part: base64url without padding, unused bits zero.
fn decode(part: &str) -> Result<Vec<u8>, InstallError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| malformed("a part is not canonical base64url without padding"))
}

fn malformed(what: impl fmt::Display) -> InstallError {
    InstallError::because(InstallErrorKind::TokenMalformed, what)
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl FromStr for Token {
    type Err = InstallError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text.as_bytes())
    }
}

const fn assert_send_sync<T: Send + Sync>() {}
const _: () = {
    assert_send_sync::<Token>();
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::tokens::{HEADER, PAYLOAD, encode, good, keyring, outcome, signed};

    /// Refuses `text` as malformed, whoever signed it.
    #[track_caller]
    fn refused(text: impl AsRef<[u8]>) {
        let error = Token::parse(text.as_ref()).unwrap_err();
        assert_eq!(error.kind(), InstallErrorKind::TokenMalformed);
    }

    #[test]
    fn case_01_an_empty_body_is_refused() {
        refused("");
        refused(" \r\n\t");
    }

    #[test]
    fn case_02_two_dots_alone_are_refused() {
        refused("..");
        refused(".");
        refused("...");
    }

    #[test]
    fn case_03_seventeen_kib_are_refused_for_their_size_alone() {
        assert_eq!((Token::MAX_BYTES, Token::MAX_RECEIVED_BYTES), (16_384, 34_816));
        let error = Token::parse(&[b'a'; 17 * 1024]).unwrap_err();
        assert_eq!((error.kind(), error.kind().status()), (InstallErrorKind::TokenTooLarge, 413));
        let error = Token::parse(&[0xff; Token::MAX_BYTES + 1]).unwrap_err();
        assert_eq!(error.kind(), InstallErrorKind::TokenTooLarge);
        // One byte less is looked at, and is no text.
        refused([0xff; Token::MAX_BYTES]);
    }

    #[test]
    fn what_is_received_may_be_longer_than_a_token_by_white_space() {
        let mut received = good().into_bytes();
        received.resize(Token::MAX_RECEIVED_BYTES, b' ');
        assert_eq!(Token::parse(&received).unwrap().as_str(), good());
        received.push(b' ');
        let error = Token::parse(&received).unwrap_err();
        assert_eq!(error.kind(), InstallErrorKind::TokenTooLarge);
    }

    #[test]
    fn a_token_of_exactly_the_greatest_size_is_read() {
        let head = format!("{}.", encode(HEADER));
        let rest = Token::MAX_BYTES - head.len() - 1;
        // No base64 has a length of 4n + 1.
        let signature = if (rest - 2) % 4 == 1 { "AAA" } else { "AA" };
        let text = format!("{head}{}.{signature}", "A".repeat(rest - signature.len()));
        assert_eq!(text.len(), Token::MAX_BYTES);
        assert!(Token::parse(format!(" {text}\n").as_bytes()).is_ok());
        let error = Token::parse(format!("{text}A").as_bytes()).unwrap_err();
        assert_eq!(error.kind(), InstallErrorKind::TokenTooLarge);
    }

    #[test]
    fn case_05_line_ends_are_removed_and_other_white_space_inside_is_refused() {
        let good = good();
        for text in [
            format!("{good}\r\n"),
            format!(" \t\n{good} \n\n"),
            good.replace('.', "\n.\n"),
            lines(&good, 64, "\n"),
            lines(&good, 76, "\r\n"),
            lines(&good, 1, "\r"),
        ] {
            assert_eq!(outcome(&keyring(), &text), "ok", "{text}");
            assert_eq!(Token::parse(text.as_bytes()).unwrap().as_str(), good);
        }
        for space in [" ", "\t", "\n ", " \r\n", "\x0b", "\u{a0}"] {
            refused(good.replacen('.', &format!("{space}."), 1));
            refused(good.replacen('.', &format!(".{space}"), 1));
            refused(format!("{}{space}{}", &good[..5], &good[5..]));
        }
        // Only ASCII white space is trimmed.
        refused(format!("{good}\u{a0}"));
        refused(format!("{good}\x0b"));
    }

    /// `text` in lines of this many characters.
    fn lines(text: &str, width: usize, end: &str) -> String {
        let lines: Vec<&str> =
            text.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
        lines.join(end)
    }

    #[test]
    fn what_happened_to_a_token_is_named_and_nothing_of_it_repeated() {
        use base64::engine::general_purpose::STANDARD;

        let good = good();
        let (signed, _) = good.rsplit_once('.').unwrap();
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let quoted_printable = lines(&good, 75, "=\r\n");
        let public = crate::tests::tokens::p256_public(1).to_pem().unwrap();
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (b"".to_vec(), "empty; give a license."),
            (format!("\"{good}\"").into(), "in quotes; take them away."),
            (format!("\u{201c}{good}\u{201d}").into(), "in quotes; take them away."),
            (format!("```\n{good}\n```").into(), "in a code fence; "),
            (format!("> {}", lines(&good, 70, "\n> ")).into(), "quoted with `>` "),
            (quoted_printable.into(), "quoted-printable, "),
            (format!("LICENSE_KEY={good}").into(), "a license with a name in front, "),
            (format!("export LICENSE_KEY=\"{good}\"").into(), "a license with a name in front, "),
            (format!("license: {good}").into(), "a license with a name in front, "),
            (format!("Bearer {good}").into(), "preceded by `Bearer`; "),
            (lines(&good, 70, "\\n").into(), "with `\\n` as two characters "),
            (lines(&good, 70, "\n  ").into(), "with indented lines, as in YAML; "),
            (good.replacen('.', " .", 1).into(), "with white space inside; give it "),
            (good.replacen('.', "\u{200b}.", 1).into(), "with the character U+200B in it, "),
            (format!("{good}\0").into(), "with the character U+0000 in it, "),
            (STANDARD.encode(&good).into(), "base64 of a license: decode it once."),
            (
                lines(&STANDARD.encode(&good), 76, "\n").into(),
                "base64 of a license: decode it once.",
            ),
            (encode(&good).into(), "base64 of a license: decode it once."),
            (format!("{good}\n{good}\n").into(), "two licenses; give one."),
            (format!("{good} {good}").into(), "two licenses; give one."),
            (format!("Dear Bob,\n\n{good}\n\nBest").into(), "with other text around it; "),
            (format!("**{good}**").into(), "with other text around it; "),
            (format!("{good},").into(), "with other text around it; "),
            (b"licenses/acme.lic".to_vec(), "the name of a file, not what is in it."),
            (b"acme.jwt".to_vec(), "the name of a file, not what is in it."),
            (public.into(), "a key, not a license."),
            (b"-----BEGIN PRIVATE KEY-----\nAAAA\n".to_vec(), "a private key, not a license: "),
            (
                b"MC4CAQAwBQYDK2VwBCIEIPcW0tYVhZ5c8K2cOJ7GJmFgc3Vu".to_vec(),
                "a private key, not a license: ",
            ),
            (b"%PDF-1.7\n\xff".to_vec(), "a PDF document, not a license."),
            (b"PK\x03\x04\xff\xfe".to_vec(), "an archive or office document, not a license."),
            (b"PK\x03\x04\x14\0".to_vec(), "an archive or office document, not a license."),
            (b"<!doctype html>".to_vec(), "a web page or XML, not a license."),
            (
                br#"{"schema":1,"fingerprint":"x","nonce":"y"}"#.to_vec(),
                "machine info, not a license.",
            ),
            (br#"{"iss":"x"}"#.to_vec(), "JSON, not a license."),
            (utf16("\u{feff}Zo\u{eb}"), "UTF-16 of more than ASCII, "),
            (b"\xff\xfea\0b".to_vec(), "UTF-16 that breaks off within a character."),
            (signed.into(), "cut off: its signature is missing."),
            (good[..20].to_owned().into(), "cut off: its signature is missing."),
            (format!("{signed}.AAAAB").into(), "cut off: the signature is 61 bytes short."),
            (format!("{signed}.AAAAAAAAB").into(), "cut off: the signature is 58 bytes short."),
            (
                format!("{signed}.{}", "A".repeat(85)).into(),
                "cut off: the signature is 1 byte short.",
            ),
            // Of an RSA signature only the least length is known.
            (
                format!("{}.{}.AAAAB", encode(r#"{"alg":"PS256","kid":"a"}"#), encode(PAYLOAD))
                    .into(),
                "cut off: the signature is at least 381 bytes short.",
            ),
            (
                format!(
                    "{}.{}.{}",
                    encode(r#"{"alg":"RS256","kid":"a"}"#),
                    encode(PAYLOAD),
                    "A".repeat(653)
                )
                .into(),
                "cut off: the signature is at least 1 byte short.",
            ),
            // As long as it should be: it is not cut off.
            (
                format!("{signed}.{}B", "A".repeat(85)).into(),
                "a part is not canonical base64url without padding",
            ),
            (good.replace('.', "%2E").into(), "percent-encoded, "),
        ];
        for (bytes, name) in cases {
            let error = Token::parse(&bytes).unwrap_err();
            let shown = String::from_utf8_lossy(&bytes);
            assert_eq!(error.kind(), InstallErrorKind::TokenMalformed, "{shown}");
            // A sentence begins with a capital letter.
            let begins = error.detail().get(..name.len());
            assert!(
                begins.is_some_and(|it| it.eq_ignore_ascii_case(name)),
                "{}: {shown}",
                error.detail()
            );
            assert!(!error.detail().contains("eyJ"), "{}", error.detail());
        }
    }

    #[test]
    fn a_huge_text_is_refused_for_its_size_alone() {
        let bytes = vec![b'a'; 64 * 1024 * 1024];
        let allocated = allocation_counter::measure(|| {
            let error = Token::parse(&bytes).unwrap_err();
            assert_eq!(error.kind(), InstallErrorKind::TokenTooLarge);
        });
        assert_eq!(allocated.count_total, 0);
        // The longest token that is read still is in UTF-16, on lines of 64.
        let head = format!("{}.", encode(HEADER));
        let text = format!("{head}{}.AAAA", "A".repeat(Token::MAX_BYTES - head.len() - 8));
        let received: Vec<u8> =
            lines(&text, 64, "\r\n").encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(received.len() <= Token::MAX_RECEIVED_BYTES);
        assert_eq!(Token::parse(&received).unwrap().as_str(), text);
    }

    #[test]
    fn case_06_padding_another_alphabet_and_other_serializations_are_refused() {
        let good = good();
        let parts: Vec<&str> = good.split('.').collect();
        let [header, payload, signature] = parts[..] else { panic!("three parts") };
        refused(format!("{header}.{payload}.{signature}=="));
        refused(format!("{header}=.{payload}.{signature}"));
        refused(format!("{header}.{payload}=.{signature}"));
        for alien in ["+", "/", "+A/A", "%41", "*"] {
            refused(format!("{header}.{payload}.{alien}{}", &signature[4..]));
            refused(format!("{header}.{payload}{alien}.{signature}"));
        }
        refused(format!("{header}.{payload}"));
        refused(format!("{good}.{signature}"));
        refused(format!("{header}.{payload}.a.b.{signature}"));
        refused(format!("Bearer {good}"));
        refused(format!("\"{good}\""));
        refused(format!(
            r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#
        ));
    }

    #[test]
    fn case_07_nul_is_refused_and_a_byte_order_mark_and_utf_16_are_read() {
        let good = good();
        refused(format!("\0{good}"));
        refused(format!("{good}\0"));
        refused(good.replacen('.', "\0.", 1));
        refused(signed(format!("\u{feff}{HEADER}"), PAYLOAD));
        // A mark belongs at the beginning, and once.
        refused(format!("\u{feff}\u{feff}{good}"));
        refused(format!("{good}\u{feff}"));
        assert_eq!(outcome(&keyring(), format!("\u{feff}{good}\r\n")), "ok");
        for text in [format!("{good}\r\n"), format!("\u{feff}{good}\r\n")] {
            for bytes in [u16::to_le_bytes, u16::to_be_bytes] {
                let utf16: Vec<u8> = text.encode_utf16().flat_map(bytes).collect();
                assert_eq!(outcome(&keyring(), &utf16), "ok");
                refused(&utf16[1..]);
            }
        }
    }

    #[test]
    fn case_08_a_non_canonical_last_character_is_refused_in_each_part() {
        let tail = |part: &str| {
            // The same bytes, with the last character's unused bits set.
            let last = part.chars().last().unwrap();
            let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let next = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
            format!("{}{next}", &part[..part.len() - 1])
        };
        // Lengths that leave unused bits: 64 bytes of signature do by
        // themselves, header and payload are made to.
        let header = format!("{HEADER}{}", " ".repeat((4 - HEADER.len() % 3) % 3));
        let payload = format!("{PAYLOAD}{}", " ".repeat((4 - PAYLOAD.len() % 3) % 3));
        let text = signed(&header, &payload);
        assert_eq!(outcome(&keyring(), &text), "ok");
        let parts: Vec<&str> = text.split('.').collect();
        for part in 0..3 {
            let mut altered: Vec<String> = parts.iter().map(ToString::to_string).collect();
            altered[part] = tail(parts[part]);
            refused(altered.join("."));
        }
    }

    #[test]
    fn case_10_an_algorithm_that_is_none_empty_missing_or_no_string_is_refused() {
        for header in
            [r#"{"alg":""}"#, "{}", r#"{"alg":1}"#, r#"{"alg":null}"#, r#"{"alg":["ES256"]}"#]
        {
            refused(signed(header, PAYLOAD));
        }
        for alg in
            ["none", "nOnE", "NONE", "es256", "HS256", "ES256K", "ES384", "RSA1_5", "ES256\\u0000"]
        {
            let text = signed(HEADER.replace("ES256", alg), PAYLOAD);
            assert_eq!(outcome(&keyring(), &text), "algorithm_not_allowed", "{alg}");
            let (unsigned, _) = text.rsplit_once('.').unwrap();
            let unsigned = format!("{unsigned}.");
            assert_eq!(outcome(&keyring(), &unsigned), "algorithm_not_allowed", "{alg}");
        }
    }

    #[test]
    fn case_13_a_duplicate_member_of_the_header_is_refused() {
        for header in [
            r#"{"alg":"ES256","alg":"ES256","kid":"a"}"#,
            r#"{"alg":"none","alg":"ES256","kid":"a"}"#,
            r#"{"alg":"ES256","\u0061lg":"none","kid":"a"}"#,
            r#"{"alg":"ES256","kid":"a","kid":"b"}"#,
        ] {
            refused(signed(header, PAYLOAD));
        }
    }

    #[test]
    fn case_14_crit_and_b64_are_refused() {
        for member in
            [r#""crit":["x"]"#, r#""crit":[]"#, r#""b64":false"#, r#""b64":true"#, r#""zip":"DEF""#]
        {
            refused(signed(format!(r#"{{"alg":"ES256","kid":"a",{member}}}"#), PAYLOAD));
        }
    }

    #[test]
    fn case_15_a_key_inside_the_token_is_refused() {
        for member in
            [r#""jwk":{"kty":"EC"}"#, r#""x5c":["MIIB"]"#, r#""x5t":"a""#, r#""x5t#S256":"a""#]
        {
            refused(signed(format!(r#"{{"alg":"ES256","kid":"a",{member}}}"#), PAYLOAD));
        }
    }

    #[test]
    fn case_16_a_key_to_be_fetched_is_refused_before_anything_is_done_with_it() {
        for member in [
            r#""jku":"http://127.0.0.1:9/k""#,
            r#""x5u":"http://127.0.0.1:9/k""#,
            r#""url":"http://a""#,
        ] {
            refused(signed(format!(r#"{{"alg":"ES256","kid":"a",{member}}}"#), PAYLOAD));
        }
    }

    #[test]
    fn a_header_that_is_no_object_of_strings_is_refused() {
        for header in [
            "",
            "[]",
            "null",
            r#""ES256""#,
            r#"{"alg":"ES256"} {}"#,
            r#"{"alg":"ES256","typ":null}"#,
            r#"{"alg":"ES256","kid":7}"#,
            r#"{"alg":"ES256","cty":"JWT"}"#,
            r#"{"alg":"ES256","enc":"A128GCM"}"#,
            r#"{"alg":"ES256","ALG":"none"}"#,
        ] {
            refused(signed(header, PAYLOAD));
        }
        refused(signed(b"{\"alg\":\"ES256\",\"kid\":\"\xff\"}", PAYLOAD));
    }

    #[test]
    fn a_kid_has_at_most_64_characters() {
        let with = |kid: String| signed(format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#), PAYLOAD);
        assert!(Token::parse(with("é".repeat(64)).as_bytes()).is_ok());
        refused(with("a".repeat(65)));
    }

    #[test]
    fn the_type_is_license_jwt_exactly_unless_any_is_chosen() {
        let check = |header: &str, wanted| {
            let token = Token::parse(signed(header, PAYLOAD).as_bytes()).unwrap();
            token.check_type(wanted).map_err(|error| error.code())
        };
        let strict = TokenType::default();
        let (ok, no) = (Ok(()), Err("token_malformed"));
        let with = |typ: &str| format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#);
        assert_eq!(check(&with("license+jwt"), strict), ok);
        assert_eq!(check(&with("license+jwt"), TokenType::Any), ok);
        assert_eq!(check(&with("JWT"), strict), no);
        assert_eq!(check(&with("JWT"), TokenType::Any), ok);
        assert_eq!(check(r#"{"alg":"ES256"}"#, strict), no);
        assert_eq!(check(r#"{"alg":"ES256"}"#, TokenType::Any), ok);
        for typ in
            ["", "jwt", "LICENSE+JWT", "application/license+jwt", "at+jwt", "JOSE", "license+jwt "]
        {
            assert_eq!(check(&with(typ), strict), no, "{typ}");
            assert_eq!(check(&with(typ), TokenType::Any), no, "{typ}");
        }
    }

    #[test]
    fn the_digest_covers_header_and_payload_and_not_the_signature() {
        let token = Token::parse(good().as_bytes()).unwrap();
        let other = Token::parse(format!("{}.AAAA", token.signing_input()).as_bytes()).unwrap();
        assert_eq!(token.digest(), other.digest());
        assert_ne!(token, other);
        let payload = Token::parse(signed(HEADER, "{}").as_bytes()).unwrap();
        assert_ne!(token.digest(), payload.digest());

        // Worked out with `sha256sum`.
        let token = Token::parse(b"eyJhbGciOiJub25lIn0.e30.").unwrap();
        let hex = "549d10de4ec2fbe343897561ccf588c23de4688960cdd5adcdf0a5282dbd7b95";
        assert_eq!(token.digest().to_string(), hex);
        assert_eq!(token.digest().to_string().parse(), Ok(token.digest()));
        assert_eq!(hex::encode(token.digest().as_bytes()), hex);
        assert_eq!(TokenDigest::from_bytes(*token.digest().as_bytes()), token.digest());
        assert_eq!(format!("{:?}", token.digest()), format!("TokenDigest({hex})"));
        assert!("c12f".parse::<TokenDigest>().is_err());
        assert!("g".repeat(64).parse::<TokenDigest>().is_err());
    }

    #[test]
    fn the_parts_can_be_read_without_a_key() {
        let token: Token = good().parse().unwrap();
        assert_eq!(token.header().alg(), "ES256");
        assert_eq!(token.header().typ(), Some("license+jwt"));
        assert_eq!(token.header().kid(), Some("a"));
        assert_eq!(token.signing_input(), format!("{}.{}", encode(HEADER), encode(PAYLOAD)));
        assert_eq!(token.dangerous_unverified_claims().unwrap()["aud"], "acme");
        let twice: Token = signed(HEADER, r#"{"a":1,"a":1}"#).parse().unwrap();
        let error = twice.dangerous_unverified_claims().unwrap_err();
        assert_eq!(error.kind(), InstallErrorKind::ClaimsInvalid);
    }

    #[test]
    fn neither_debug_nor_an_error_shows_content() {
        let header = r#"{"alg":"SECRET\nforged","typ":"SECRET","kid":"SECRET"}"#;
        let token = Token::parse(signed(header, PAYLOAD).as_bytes()).unwrap();
        let decoded = DecodedToken::of(&token).unwrap();
        let shown = format!("{token:?} {:?}", token.header());
        let bytes = token.as_str().len();
        assert_eq!(shown, format!("Token {{ bytes: {bytes}, .. }} TokenHeader {{ .. }}"));
        assert_eq!(format!("{decoded:?}"), format!("{token:?}"));
        for text in [
            signed(r#"{"alg":"ES256","SECRET":1}"#, PAYLOAD),
            signed(r#"{"alg":"ES256","SECRET":1,"SECRET":1}"#, PAYLOAD),
            "SECRET!.a.b".to_owned(),
        ] {
            let error = Token::parse(text.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?} {}", error.detail()).contains("SECRET"));
        }
    }
}
