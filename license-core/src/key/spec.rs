//! How a key is named on a command line.

use std::{fmt, str::FromStr};

use super::{KeyError, PublicKey, algorithm::Algorithm, public::check_kid};
use crate::received::{Damage, Encoded, Wanted, encoded};

/// A key on a command line or in the environment: `[KID=][ALG:]FILE.pem`, or
/// a PEM text itself in the file's place.
///
/// A part before `=` or `:` that holds a path separator belongs to the path,
/// and so does a single letter before `:` (a Windows drive). A byte order mark
/// and quotes around it are read over. What can be neither is refused and
/// never kept: it may be a private key that was set by mistake.
///
/// ```
/// use license_core::key::{Algorithm, KeySpec};
///
/// # fn main() -> Result<(), license_core::key::KeyError> {
/// let spec: KeySpec = "2026=PS256:keys/vendor.pem".parse()?;
/// assert_eq!(spec.kid(), Some("2026"));
/// assert_eq!(spec.algorithm(), Some(Algorithm::Ps256));
/// assert_eq!(spec.source(), "keys/vendor.pem");
/// assert!(!spec.is_inline());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct KeySpec {
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    source: String,
}

/// How every PEM text begins.
const PEM: &str = "-----BEGIN";
/// The longest name of a file, in bytes.
const MAX_PATH: usize = 4096;

impl KeySpec {
    /// The name given before `=`.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm given before `:`.
    pub const fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// The file's path, or the PEM text itself.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether [`source`](Self::source) is a PEM text, not a path.
    pub fn is_inline(&self) -> bool {
        self.source.contains(PEM)
    }

    /// Reads the key from the file's content and gives it the name and the
    /// algorithm that the specification asks for. RSA keys have at least
    /// `min_rsa_bits`: [`Product::min_rsa_bits`](crate::Product::min_rsa_bits).
    ///
    /// # Errors
    ///
    /// As [`PublicKey::pem_of_bits`] and [`PublicKey::with_algorithm`].
    pub fn read(&self, pem: &[u8], min_rsa_bits: usize) -> Result<PublicKey, KeyError> {
        let mut key = PublicKey::pem_of_bits(pem, min_rsa_bits)?;
        if let Some(algorithm) = self.algorithm {
            key = key.with_algorithm(algorithm)?;
        }
        match &self.kid {
            Some(kid) => key.with_kid(kid.as_str()),
            None => Ok(key),
        }
    }
}

impl fmt::Debug for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A PEM that somebody took for a public key may be a private one.
        let source = if self.is_inline() { "[PEM]" } else { &self.source };
        f.debug_struct("KeySpec")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .field("source", &source)
            .finish()
    }
}

impl FromStr for KeySpec {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = unwrapped(text);
        check_source(text)?;
        // Base64 in a PEM ends in `=`: the prefixes end where it begins.
        let (head, pem) = text.split_at(text.find(PEM).unwrap_or(text.len()));
        let (kid, head) = match head.split_once('=') {
            Some((kid, rest)) if !is_path(kid) => {
                check_kid(kid)?;
                (Some(kid.to_owned()), rest)
            }
            _ => (None, head),
        };
        let (algorithm, head) = match head.split_once(':') {
            Some((name, rest)) if !is_path(name) && name.len() != 1 => {
                // Written in either case by people; in a token it is exact.
                let named =
                    Algorithm::ALL.into_iter().find(|it| name.eq_ignore_ascii_case(it.as_str()));
                let algorithm = named.ok_or(KeyError::UnknownAlgorithm)?;
                (Some(algorithm), rest)
            }
            _ => (None, head),
        };
        let source =
            if pem.is_empty() { unwrapped(head).to_owned() } else { format!("{head}{pem}") };
        if source.is_empty() {
            return Err(KeyError::NoFile);
        }
        check_source(&source)?;
        Ok(Self { kid, algorithm, source })
    }
}

/// A text without a byte order mark, white space and quotes around it.
fn unwrapped(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}').trim();
    ['"', '\'']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .map_or(text, str::trim)
}

/// Refuses what is neither a key in PEM nor the name of a file.
fn check_source(text: &str) -> Result<(), KeyError> {
    if text.contains("PRIVATE KEY") {
        // The whole of it: whether it is one is looked at when it is read.
        return if text.contains(PEM) { Ok(()) } else { Err(KeyError::PrivateKey) };
    }
    if text.contains(PEM) {
        return Ok(());
    }
    match encoded(text) {
        Some(Encoded::PrivateKey) => return Err(KeyError::PrivateKey),
        Some(_) => {
            let damage = Damage::of(text, Wanted::PublicKey);
            return Err(damage.map_or(KeyError::NotAFileName, KeyError::Damaged));
        }
        None => {}
    }
    let is_name = text.len() <= MAX_PATH && !text.chars().any(char::is_control);
    if is_name && !text.contains("eyJ") { Ok(()) } else { Err(KeyError::NotAFileName) }
}

fn is_path(text: &str) -> bool {
    text.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::tokens::p256_public;

    #[test]
    fn name_and_algorithm_may_each_be_left_out() {
        let es256 = Some(Algorithm::Es256);
        for (text, kid, algorithm, source) in [
            ("a.pem", None, None, "a.pem"),
            ("k=a.pem", Some("k"), None, "a.pem"),
            ("ES256:a.pem", None, es256, "a.pem"),
            ("k=ES256:a.pem", Some("k"), es256, "a.pem"),
            ("es256:a.pem", None, es256, "a.pem"),
            ("k=ES256:/x/a=b:c.pem", Some("k"), es256, "/x/a=b:c.pem"),
            ("/x/a=b.pem", None, None, "/x/a=b.pem"),
            ("./a:b.pem", None, None, "./a:b.pem"),
            (r"C:\keys\a.pem", None, None, r"C:\keys\a.pem"),
            (r"k=C:\keys\a.pem", Some("k"), None, r"C:\keys\a.pem"),
            (r"ES256:C:\keys\a.pem", None, es256, r"C:\keys\a.pem"),
        ] {
            let spec: KeySpec = text.parse().unwrap();
            let read = (spec.kid(), spec.algorithm(), spec.source(), spec.is_inline());
            assert_eq!(read, (kid, algorithm, source, false), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, error) in [
            ("", KeyError::NoFile),
            ("k=", KeyError::NoFile),
            ("ES256:", KeyError::NoFile),
            ("=a.pem", KeyError::InvalidKid),
            ("HS256:a.pem", KeyError::UnknownAlgorithm),
            ("none:a.pem", KeyError::UnknownAlgorithm),
            ("k=ES265:a.pem", KeyError::UnknownAlgorithm),
            (":a.pem", KeyError::UnknownAlgorithm),
        ] {
            assert_eq!(text.parse::<KeySpec>(), Err(error), "{text}");
        }
        assert_eq!(
            format!("{}=a.pem", "k".repeat(65)).parse::<KeySpec>(),
            Err(KeyError::InvalidKid)
        );
    }

    #[test]
    fn a_pem_may_stand_in_the_files_place() {
        // One whose base64 ends in `=` and could not be taken for a path.
        let pem = (1..=u8::MAX)
            .map(|n| p256_public(n).to_pem().unwrap())
            .find(|pem| pem.contains('=') && !pem.contains('/'))
            .unwrap();
        for (prefix, kid) in [("", None), ("k=", Some("k")), ("k=ES256:", Some("k"))] {
            let spec: KeySpec = format!("{prefix}{pem}").parse().unwrap();
            assert_eq!((spec.kid(), spec.source(), spec.is_inline()), (kid, pem.trim_end(), true));
            assert!(!format!("{spec:?}").contains("BEGIN"));
        }
    }

    #[test]
    fn quotes_a_byte_order_mark_and_escaped_line_ends_are_read_over() {
        let key = p256_public(1);
        let pem = key.to_pem().unwrap();
        let escaped = pem.trim_end().replace('\n', "\\n");
        for text in [
            format!("\"{escaped}\""),
            format!("'{pem}'"),
            format!("\u{feff}{pem}"),
            format!("k=\"{escaped}\""),
            pem.replace('\n', "\n    "),
            pem.replace('\n', " "),
            pem.replace('\n', "\r\n"),
        ] {
            let spec: KeySpec = text.parse().unwrap();
            assert!(spec.is_inline(), "{text}");
            let read = spec.read(spec.source().as_bytes(), 3072).unwrap();
            assert_eq!(read.to_pem().unwrap(), pem, "{text}");
        }
        assert_eq!("\"keys/a.pem\"".parse::<KeySpec>().unwrap().source(), "keys/a.pem");
        assert_eq!("k='a b.pem'".parse::<KeySpec>().unwrap().source(), "a b.pem");
    }

    /// Refuses `text` as a key, wherever it is noticed, and shows nothing.
    fn refused(text: &str) -> KeyError {
        let error = match text.parse::<KeySpec>() {
            Ok(spec) => {
                assert!(spec.is_inline(), "taken for a file: {text}");
                assert!(!format!("{spec:?}").contains("MI"), "{spec:?}");
                spec.read(spec.source().as_bytes(), 3072).unwrap_err()
            }
            Err(error) => error,
        };
        let shown = format!("{error} {error:?}");
        let shows = text
            .split(|it: char| !it.is_ascii_alphanumeric())
            .any(|word| word.len() > 12 && shown.contains(word));
        assert!(!shows, "{shown}");
        error
    }

    #[cfg(feature = "issue")]
    #[test]
    fn case_63_a_private_key_is_refused_in_any_wrapping() {
        use base64::{Engine, engine::general_purpose::STANDARD};

        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            let key = crate::key::SigningKey::generate(algorithm, None).unwrap();
            let pem = key.to_pkcs8_pem().unwrap();
            let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            let escaped = pem.replace('\n', "\\n");
            for text in [
                pem.to_string(),
                format!("\"{}\"", pem.trim()),
                format!("'{escaped}'"),
                format!("\u{feff}{}", *pem),
                pem.replace('\n', "\n    "),
                format!("   {}", *pem),
                escaped,
                pem.replace('\n', " "),
                body.clone(),
                format!("\"{body}\""),
                format!("k={body}"),
                format!("k=ES256:{body}"),
                format!("\u{feff}{body}\r\n"),
                body.as_bytes()
                    .chunks(20)
                    .map(|it| str::from_utf8(it).unwrap())
                    .collect::<Vec<_>>()
                    .join("\n  "),
                STANDARD.encode(pem.as_bytes()),
                STANDARD.encode(&body),
                format!("LICENSE_PUBLIC_KEY={}", *pem),
                format!("> {}", pem.replace('\n', "\n> ")),
                format!("```\n{}```", *pem),
            ] {
                let error = refused(&text);
                let named = matches!(error, KeyError::PrivateKey) || error == KeyError::InvalidKid;
                assert!(named || text == STANDARD.encode(&body), "{error}: {text}");
            }
        }
    }

    #[test]
    fn the_body_of_a_public_key_is_not_taken_for_a_file() {
        let pem = p256_public(1).to_pem().unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        for text in
            [body.clone(), format!("\"{body}\""), "a\nb".to_owned(), "eyJhbGciOi".to_owned()]
        {
            assert!(
                matches!(refused(&text), KeyError::Damaged(_) | KeyError::NotAFileName),
                "{text}"
            );
        }
    }

    #[test]
    fn the_key_gets_the_name_and_the_algorithm_asked_for() {
        let pem = p256_public(1).to_pem().unwrap();
        let read = |spec: &str| spec.parse::<KeySpec>().unwrap().read(pem.as_bytes(), 3072);
        assert_eq!(read("k=ES256:a.pem").unwrap().kid(), "k");
        assert_eq!(read("a.pem").unwrap(), p256_public(1));
        let algorithm = Algorithm::Rs256;
        assert_eq!(read("RS256:a.pem").err(), Some(KeyError::AlgorithmMismatch { algorithm }));
    }
}
