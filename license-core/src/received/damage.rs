//! What is wrong with a text, by name.

use std::fmt;

use super::{Encoded, encoded};
use crate::text::counted;

/// What a text should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted {
    /// A signed license.
    License,
    /// A vendor's public key.
    PublicKey,
    /// A vendor's private key.
    PrivateKey,
    /// The claims of a license, as JSON.
    Claims,
    /// The form that binds a license to a machine.
    MachineInfo,
    /// What a license is to say, as TOML.
    Specification,
    /// A product's profile, as TOML.
    Profile,
    /// An audit history as a service exports it.
    AuditExport,
}

/// What happened to a text on its way. `Display` says it in a few words that
/// may follow "this is" or stand alone, and repeats nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    found: Found,
    wanted: Wanted,
}

/// What was found in place of what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Empty,
    // Other things.
    Binary,
    Pdf,
    Archive,
    Html,
    PrivateKey,
    Key,
    KeyBody,
    Certificate,
    License,
    TwoLicenses,
    TwoKeys,
    MachineInfo,
    AuditExport,
    Problem,
    Serialization,
    Json,
    NoPem,
    OpenSsh,
    FileName,
    // The right thing, wrapped.
    HalfUtf16,
    Utf16,
    Quotes,
    Fence,
    Reply,
    Named,
    Bearer,
    Surrounded,
    EscapedLineEnds,
    QuotedPrintable,
    Percent,
    Base64,
    Indented,
    Space,
    Foreign(char),
    // The right thing, in part.
    CutOff,
    CutPem,
    CutSignature { missing: usize, at_least: bool },
    LongSignature { surplus: usize },
}

impl Wanted {
    const fn name(self) -> &'static str {
        match self {
            Self::License => "a license",
            Self::PublicKey => "a public key",
            Self::PrivateKey => "a private key",
            Self::Claims => "claims",
            Self::MachineInfo => "machine info",
            Self::Specification => "a specification",
            Self::Profile => "a product profile",
            Self::AuditExport => "an audit export",
        }
    }

    const fn is_key(self) -> bool {
        matches!(self, Self::PublicKey | Self::PrivateKey)
    }

    const fn is_toml(self) -> bool {
        matches!(self, Self::Specification | Self::Profile)
    }

    const fn is_json(self) -> bool {
        matches!(self, Self::Claims | Self::MachineInfo | Self::AuditExport)
    }
}

impl Damage {
    pub(crate) const fn new(found: Found, wanted: Wanted) -> Self {
        Self { found, wanted }
    }

    /// Names what is wrong with a text that could not be read as what was
    /// wanted; `None` where it looks like nothing known.
    pub fn of(text: &str, wanted: Wanted) -> Option<Self> {
        found(text.trim_ascii(), wanted).map(|found| Self { found, wanted })
    }

    /// Names what is wrong with bytes that could not be read as what was
    /// wanted.
    pub fn of_bytes(bytes: &[u8], wanted: Wanted) -> Option<Self> {
        match super::text(bytes) {
            Ok(text) => Self::of(&text, wanted),
            Err(error) => Some(Self { found: error.0, wanted }),
        }
    }

    /// Whether a private key lies where none belongs: it has to be replaced.
    pub const fn is_private_key(self) -> bool {
        matches!(self.found, Found::PrivateKey)
    }

    /// What to do next, where it is something else than giving the text as it was
    /// delivered: a sentence.
    pub(crate) const fn cure(self) -> Option<&'static str> {
        match self.found {
            Found::PrivateKey => Some(
                "Take the key away from here and tell the vendor that it was seen; give the \
                 license file instead.",
            ),
            Found::Base64 => Some("Decode it once, and give what comes of it."),
            _ => None,
        }
    }
}

/// Only for what was refused already: nothing here has to be fast, or right
/// about a good text.
fn found(text: &str, wanted: Wanted) -> Option<Found> {
    if text.is_empty() {
        return Some(Found::Empty);
    }
    if text.contains("PRIVATE KEY") && wanted != Wanted::PrivateKey {
        return Some(Found::PrivateKey);
    }
    if wanted != Wanted::License && is_license(text) {
        return Some(Found::License);
    }
    wrapping(text, wanted)
        .or_else(|| other(text, wanted))
        .or_else(|| if wanted == Wanted::License { license(text) } else { None })
}

/// What surrounds or encodes a text as a whole.
fn wrapping(text: &str, wanted: Wanted) -> Option<Found> {
    let lines = || text.lines().map(str::trim_ascii);
    if text.starts_with("```") || text.starts_with("~~~") {
        return Some(Found::Fence);
    }
    if text.starts_with('>') || lines().any(|line| line.starts_with("> ")) {
        return Some(Found::Reply);
    }
    let soft_break = || {
        let mut lines = lines().peekable();
        std::iter::from_fn(|| Some((lines.next()?, lines.peek().copied().unwrap_or_default())))
            .any(|(line, next)| line.ends_with('=') && !next.is_empty() && !next.starts_with('-'))
    };
    if !wanted.is_toml() && (soft_break() || text.contains("=3D") || text.contains("=2E")) {
        return Some(Found::QuotedPrintable);
    }
    let quotes = ["\"\"", "''", "``", "“”", "„“", "‘’", "«»"];
    let is_quoted = quotes.iter().any(|pair| {
        let mut pair = pair.chars();
        let (first, last) = (pair.next(), pair.next());
        text.chars().next() == first && text.chars().next_back() == last && text.len() > 1
    });
    if is_quoted {
        return Some(Found::Quotes);
    }
    if !wanted.is_toml() && is_named(text) {
        return Some(Found::Named);
    }
    if text.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("bearer ")) {
        return Some(Found::Bearer);
    }
    let is_percent = ["%0A", "%0D", "%2E", "%2B", "%20", "%7B"].iter().any(|it| text.contains(it));
    if !wanted.is_toml() && !wanted.is_json() && is_percent {
        return Some(Found::Percent);
    }
    match encoded(text)? {
        Encoded::PrivateKey if wanted == Wanted::PrivateKey => Some(Found::KeyBody),
        Encoded::PrivateKey => Some(Found::PrivateKey),
        Encoded::KeyBody if wanted.is_key() => Some(Found::KeyBody),
        Encoded::Key if wanted.is_key() => Some(Found::Base64),
        Encoded::Key | Encoded::KeyBody => Some(Found::Key),
        Encoded::License if wanted == Wanted::License => Some(Found::Base64),
        Encoded::License => Some(Found::License),
        Encoded::Json if wanted.is_json() => Some(Found::Base64),
        // The first part of a token.
        Encoded::Json if wanted == Wanted::License => Some(Found::CutOff),
        Encoded::Json => Some(Found::Json),
    }
}

/// Something else than what was wanted.
fn other(text: &str, wanted: Wanted) -> Option<Found> {
    if text.contains("-----BEGIN CERTIFICATE") {
        return Some(Found::Certificate);
    }
    if text.contains("-----BEGIN") || text.starts_with("ssh-") {
        return match text.matches("-----BEGIN").count() {
            _ if !wanted.is_key() => Some(Found::Key),
            0 => Some(Found::OpenSsh),
            1 => (!text.contains("-----END")).then_some(Found::CutPem),
            _ => Some(Found::TwoKeys),
        };
    }
    if text.starts_with("%PDF") {
        return Some(Found::Pdf);
    }
    if text.starts_with("PK\u{3}\u{4}") {
        return Some(Found::Archive);
    }
    if text.starts_with('<') {
        return Some(Found::Html);
    }
    if text.starts_with('{') || text.starts_with('[') && text.contains('{') {
        let has = |members: &[&str]| members.iter().all(|name| text.contains(name));
        return if has(&["\"previous\"", "\"hash\""]) {
            (wanted != Wanted::AuditExport).then_some(Found::AuditExport)
        } else if has(&["\"fingerprint\"", "\"nonce\""]) {
            (wanted != Wanted::MachineInfo).then_some(Found::MachineInfo)
        } else if has(&["\"payload\"", "\"signature"]) {
            Some(Found::Serialization)
        } else if has(&["\"code\"", "\"status\"", "\"title\""]) {
            Some(Found::Problem)
        } else {
            (!wanted.is_json()).then_some(Found::Json)
        };
    }
    if !wanted.is_toml() && text.contains("\\n") && !text.contains('{') {
        return Some(Found::EscapedLineEnds);
    }
    if wanted.is_key() { Some(Found::NoPem) } else { None }
}

/// What keeps a text that looks like a license from being one.
fn license(text: &str) -> Option<Found> {
    if let Some(it) = text.chars().find(|it| !it.is_ascii() || it.is_control() && !is_space(*it)) {
        return Some(Found::Foreign(it));
    }
    let several = text.split(|it: char| is_space(it) || it == ',').filter(|it| is_license(it));
    if several.count() > 1 {
        return Some(Found::TwoLicenses);
    }
    let is_other = |it: char| !(it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.'));
    if !is_license(text) && text.split(is_other).any(is_license) {
        return Some(Found::Surrounded);
    }
    let names_a_file = [".lic", ".jwt", ".txt", ".pem", ".key"].iter().any(|it| text.ends_with(it));
    if !text.contains("eyJ") && !text.contains(is_space) && (names_a_file || text.contains('/')) {
        return Some(Found::FileName);
    }
    let joined: String = text.chars().filter(|it| !matches!(it, '\r' | '\n')).collect();
    if joined.matches("eyJ").count() > 2 && joined.matches('.').count() == 4 {
        return Some(Found::TwoLicenses);
    }
    if joined.contains([' ', '\t']) {
        let indented = text.lines().skip(1).any(|line| line.starts_with([' ', '\t']));
        return joined.starts_with("eyJ").then_some(if indented {
            Found::Indented
        } else {
            Found::Space
        });
    }
    let parts = joined.split('.').filter(|part| !part.is_empty()).count();
    (joined.starts_with("eyJ") && parts < 3 && joined.matches('.').count() < 3)
        .then_some(Found::CutOff)
}

/// Whether a text is a license by its looks, or one with line ends within.
fn is_license(text: &str) -> bool {
    let mut dots = 0;
    text.trim_ascii().starts_with("eyJ")
        && text.trim_ascii().bytes().all(|it| {
            dots += usize::from(it == b'.');
            it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.' | b'\r' | b'\n')
        })
        && dots == 2
}

/// Whether a variable's name stands in front: `LICENSE_KEY=`, `export X=`,
/// `license: `.
fn is_named(text: &str) -> bool {
    let text = text.strip_prefix("export ").or_else(|| text.strip_prefix("set ")).unwrap_or(text);
    let text = text.strip_prefix("$env:").unwrap_or(text);
    let Some(end) = text.find(|it: char| !(it.is_ascii_alphanumeric() || matches!(it, '_' | '-')))
    else {
        return false;
    };
    let (name, rest) = text.split_at(end);
    let value = rest.trim_ascii_start().strip_prefix(['=', ':']).map(str::trim_ascii_start);
    let is_name =
        (1..=64).contains(&name.len()) && !name.starts_with('-') && !name.starts_with("eyJ");
    is_name && value.is_some_and(|it| !it.trim_matches('=').is_empty())
}

const fn is_space(it: char) -> bool {
    matches!(it, ' ' | '\t' | '\r' | '\n')
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = self.wanted.name();
        let mut not = |what: &str| write!(f, "{what}, not {wanted}");
        match self.found {
            Found::Empty if self.wanted == Wanted::AuditExport => f.write_str("empty"),
            Found::Empty => write!(f, "empty; give {wanted}"),
            Found::Binary => not("binary data"),
            Found::Pdf => not("a PDF document"),
            Found::Archive => not("an archive or office document"),
            Found::Html => not("a web page or XML"),
            Found::PrivateKey if self.wanted == Wanted::PublicKey => f.write_str(
                "a private key, not a public key: it must never be near a service; configure the \
                 public key that belongs to it, and replace the pair if it ever left the vendor",
            ),
            Found::PrivateKey => {
                not("a private key")?;
                f.write_str(": whoever has seen it can sign licenses, so replace the pair")
            }
            Found::Key => not("a key"),
            Found::KeyBody => write!(
                f,
                "the body of a key alone; give the whole file, from the line -----BEGIN to the \
                 line -----END"
            ),
            Found::Certificate => not("a certificate"),
            Found::License => not("a license"),
            Found::TwoLicenses => f.write_str("two licenses; give one"),
            Found::TwoKeys => f.write_str("two keys in one text; give one a file"),
            Found::MachineInfo => not("machine info"),
            Found::AuditExport => not("an audit export"),
            Found::Problem => not("the error answer of a service"),
            Found::Serialization => not("a token in the JSON serialization"),
            Found::Json => not("JSON"),
            Found::NoPem => f.write_str("no PEM text, which begins with -----BEGIN"),
            Found::OpenSsh => f.write_str(
                "a key in OpenSSH's own form; `license keygen` makes one, and `ssh-keygen -e -m \
                 PKCS8` turns a public one into PEM",
            ),
            Found::FileName => f.write_str("the name of a file, not what is in it"),
            Found::HalfUtf16 => f.write_str("UTF-16 that breaks off within a character"),
            Found::Utf16 => f.write_str(
                "UTF-16 of more than ASCII, in which characters may be lost; save it as UTF-8",
            ),
            Found::Quotes => f.write_str("in quotes; take them away"),
            Found::Fence => f.write_str("in a code fence; give what stands between its lines"),
            Found::Reply => f.write_str("quoted with `>` as in a reply; give the original file"),
            Found::Named => {
                write!(f, "{wanted} with a name in front, as in `NAME=`; give what follows it")
            }
            Found::Bearer => f.write_str("preceded by `Bearer`; give what follows it"),
            Found::Surrounded => f.write_str("with other text around it; give the license alone"),
            Found::EscapedLineEnds => {
                f.write_str("with `\\n` as two characters in place of line ends")
            }
            Found::QuotedPrintable => {
                f.write_str("quoted-printable, as mail encodes it; save the attachment instead")
            }
            Found::Percent => f.write_str("percent-encoded, as in a URL; decode it once"),
            Found::Base64 => write!(f, "base64 of {wanted}: decode it once"),
            Found::Indented => f.write_str(
                "with indented lines, as in YAML; give it on one line or without indentation",
            ),
            Found::Space => f.write_str("with white space inside; give it on one line without"),
            Found::Foreign(it) => write!(
                f,
                "with the character U+{:04X} in it, which none contains; copy it from the file",
                u32::from(it)
            ),
            Found::CutOff => f.write_str("cut off: its signature is missing"),
            Found::CutPem => f.write_str("cut off: the line -----END is missing"),
            Found::CutSignature { missing, at_least } => {
                let at_least = if at_least { "at least " } else { "" };
                write!(
                    f,
                    "cut off: the signature is {at_least}{} short",
                    counted(missing as u64, "byte")
                )
            }
            Found::LongSignature { surplus } => {
                write!(f, "its signature is {} too long", counted(surplus as u64, "byte"))
            }
        }
    }
}
