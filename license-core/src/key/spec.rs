//! How a key is named on a command line.

use std::{fmt, str::FromStr};

use super::{KeyError, PublicKey, public::check_kid};
use crate::algorithm::Algorithm;

/// A key on a command line or in the environment: `[KID=][ALG:]FILE.pem`, or
/// a PEM text itself in the file's place.
///
/// A part before `=` or `:` that holds a path separator belongs to the path,
/// and so does a single letter before `:` (a Windows drive).
///
/// ```
/// use license_core::{Algorithm, KeySpec};
///
/// # fn main() -> Result<(), license_core::KeyError> {
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
        self.source.trim_ascii_start().starts_with(PEM)
    }

    /// Reads the key from the file's content and gives it the name and the
    /// algorithm that the specification asks for.
    ///
    /// # Errors
    ///
    /// As [`PublicKey::pem`] and [`PublicKey::with_algorithm`].
    pub fn read(&self, pem: &[u8]) -> Result<PublicKey, KeyError> {
        let mut key = PublicKey::pem(pem)?;
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
                let algorithm = name.parse().map_err(|_| KeyError::UnknownAlgorithm)?;
                (Some(algorithm), rest)
            }
            _ => (None, head),
        };
        let source = format!("{head}{pem}");
        if source.is_empty() {
            return Err(KeyError::NoFile);
        }
        Ok(Self { kid, algorithm, source })
    }
}

fn is_path(text: &str) -> bool {
    text.contains(['/', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_tokens::p256_public;

    #[test]
    fn name_and_algorithm_may_each_be_left_out() {
        let es256 = Some(Algorithm::Es256);
        for (text, kid, algorithm, source) in [
            ("a.pem", None, None, "a.pem"),
            ("k=a.pem", Some("k"), None, "a.pem"),
            ("ES256:a.pem", None, es256, "a.pem"),
            ("k=ES256:a.pem", Some("k"), es256, "a.pem"),
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
            ("es256:a.pem", KeyError::UnknownAlgorithm),
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
            assert_eq!((spec.kid(), spec.source(), spec.is_inline()), (kid, pem.as_str(), true));
            assert!(!format!("{spec:?}").contains("BEGIN"));
        }
    }

    #[test]
    fn the_key_gets_the_name_and_the_algorithm_asked_for() {
        let pem = p256_public(1).to_pem().unwrap();
        let read = |spec: &str| spec.parse::<KeySpec>().unwrap().read(pem.as_bytes());
        assert_eq!(read("k=ES256:a.pem").unwrap().kid(), "k");
        assert_eq!(read("a.pem").unwrap(), p256_public(1));
        let algorithm = Algorithm::Rs256;
        assert_eq!(read("RS256:a.pem").err(), Some(KeyError::AlgorithmMismatch { algorithm }));
    }
}
