//! The domain a license is bound to: one name, or every name one label below
//! another.
//!
//! ```
//! use license_core::{DomainPattern, host::Host};
//!
//! let pattern = DomainPattern::parse("*.acme.internal")?;
//! assert!(pattern.matches(&Host::parse(b"API.acme.internal:8443")?));
//! // The star is exactly one label.
//! assert!(!pattern.matches(&Host::parse(b"acme.internal")?));
//! assert!(!pattern.matches(&Host::parse(b"a.b.acme.internal")?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Serialize, Serializer};

use super::{Host, MAX_LABEL_BYTES, MAX_NAME_BYTES, is_label_byte, same_name};

/// A validated domain pattern, `name` or `*.name`.
///
/// The name follows the rules for hosts ([`Host::parse`]), without port and
/// trailing dot: A-labels (`xn--…` for anything beyond ASCII), at most 253
/// bytes in all. A plain name may be a single label (`localhost`); after a
/// star stand at least two. Upper case is accepted and lower-cased, so that
/// equal patterns compare equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainPattern {
    /// Lower case.
    text: Box<str>,
}

/// Why a text is not a domain pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DomainPatternError {
    /// Nothing at all.
    #[error("the domain pattern is empty; write a name such as acme.example or *.acme.example")]
    Empty,
    /// More than 253 bytes.
    #[error("the domain pattern is longer than 253 bytes, which no name is; shorten it")]
    TooLong,
    /// Characters beyond ASCII.
    #[error("the domain pattern is not ASCII; write the name in its A-label form, xn--…")]
    NotAscii,
    /// A star that is not the whole first label, or more than one.
    #[error("a star may only be the whole first label of a domain pattern, as in *.acme.example")]
    Star,
    /// Fewer than two labels after the star.
    #[error("a star in a domain pattern needs at least two labels after it, as in *.acme.example")]
    TooBroad,
    /// An IP address.
    #[error("the domain pattern is an IP address; only names can be licensed")]
    IpAddress,
    /// Two dots in a row, or one at an end.
    #[error("the domain pattern has an empty label; remove leading, trailing and doubled dots")]
    EmptyLabel,
    /// A label of more than 63 bytes.
    #[error("the domain pattern has a label longer than 63 bytes, which no name has; shorten it")]
    LabelTooLong,
    /// A character that a name cannot hold, or a port or path.
    #[error(
        "the domain pattern may hold only letters, digits, hyphens and underscores between its dots, and no port or path"
    )]
    Character,
    /// A label with a hyphen at an end.
    #[error("the domain pattern has a label that begins or ends with a hyphen; remove the hyphen")]
    Hyphen,
    /// A last label of digits alone.
    #[error(
        "the last label of the domain pattern is a number; end it with the name of a top-level domain"
    )]
    Numeric,
}

impl DomainPattern {
    /// Reads a pattern, without trimming anything.
    ///
    /// # Errors
    ///
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, DomainPatternError> {
        if text.is_empty() {
            return Err(DomainPatternError::Empty);
        }
        if text.len() > MAX_NAME_BYTES {
            return Err(DomainPatternError::TooLong);
        }
        if !text.is_ascii() {
            return Err(DomainPatternError::NotAscii);
        }
        let (star, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        if text == "*" {
            return Err(DomainPatternError::TooBroad);
        }
        if name.contains('*') {
            return Err(DomainPatternError::Star);
        }
        if name.parse::<IpAddr>().is_ok() {
            return Err(DomainPatternError::IpAddress);
        }
        let mut labels = 0;
        let mut last = "";
        for label in name.split('.') {
            check_label(label)?;
            labels += 1;
            last = label;
        }
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(DomainPatternError::Numeric);
        }
        if star && labels < 2 {
            return Err(DomainPatternError::TooBroad);
        }
        Ok(Self { text: text.to_ascii_lowercase().into() })
    }

    /// The pattern, lower-cased.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a host is one the license names. The port plays no part, and
    /// an IP literal is never one. Allocates nothing.
    pub fn matches(&self, host: &Host<'_>) -> bool {
        if host.is_ip() {
            return false;
        }
        let pattern = self.text.as_bytes();
        let Some(suffix) = pattern.strip_prefix(b"*") else {
            return same_name(host.name(), pattern);
        };
        // The suffix begins with its dot, so it is all but the first label.
        host.name()
            .split_at_checked(host.first_label_len())
            .is_some_and(|(_, rest)| same_name(rest, suffix))
    }

    /// Whether raw text is a host of this pattern in its own spelling, with or
    /// without a port. `true` says that it parses and [matches](Self::matches);
    /// `false` says nothing.
    #[inline]
    pub(crate) fn matches_fast(&self, raw: &[u8]) -> bool {
        let name = without_port(raw);
        let pattern = self.text.as_bytes();
        let Some(suffix) = pattern.strip_prefix(b"*") else { return name == pattern };
        let Some((label, rest)) =
            name.len().checked_sub(suffix.len()).and_then(|at| name.split_at_checked(at))
        else {
            return false;
        };
        let (Some(first), Some(last)) = (label.first(), label.last()) else { return false };
        rest == suffix
            && label.len() <= MAX_LABEL_BYTES
            && name.len() <= MAX_NAME_BYTES
            && *first != b'-'
            && *last != b'-'
            && label.iter().fold(true, |sound, byte| sound & is_label_byte(*byte))
    }
}

/// The text before a colon and one to four digits; all of it where it does not
/// end so.
fn without_port(raw: &[u8]) -> &[u8] {
    if !raw.last().is_some_and(u8::is_ascii_digit) {
        return raw;
    }
    let digits = raw.iter().rev().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    match raw.len().checked_sub(digits).and_then(|at| raw.get(..at)) {
        Some([name @ .., b':']) if digits < 5 => name,
        _ => raw,
    }
}

fn check_label(label: &str) -> Result<(), DomainPatternError> {
    if label.is_empty() {
        Err(DomainPatternError::EmptyLabel)
    } else if !label.bytes().all(is_label_byte) {
        Err(DomainPatternError::Character)
    } else if label.len() > MAX_LABEL_BYTES {
        Err(DomainPatternError::LabelTooLong)
    } else if label.starts_with('-') || label.ends_with('-') {
        Err(DomainPatternError::Hyphen)
    } else {
        Ok(())
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for DomainPattern {
    type Err = DomainPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for DomainPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<DomainPattern>();
};

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;
    use proptest::{
        prelude::*,
        test_runner::{Config, RngSeed},
    };

    use super::{DomainPatternError as E, *};

    fn matches(pattern: &str, host: &str) -> bool {
        let pattern = DomainPattern::parse(pattern).unwrap();
        pattern.matches(&Host::parse(host.as_bytes()).unwrap())
    }

    #[test]
    fn upper_case_is_accepted_and_lower_cased() {
        let pattern: DomainPattern = "*.ACME.Internal".parse().unwrap();
        assert_eq!(pattern.as_str(), "*.acme.internal");
        assert_eq!(pattern.to_string(), "*.acme.internal");
        assert_eq!(Ok(&pattern), DomainPattern::parse("*.acme.internal").as_ref());
        assert_eq!(serde_json::to_string(&pattern).unwrap(), "\"*.acme.internal\"");
    }

    #[test]
    fn a_plain_name_matches_itself_alone() {
        assert!(matches("acme.internal", "acme.internal"));
        assert!(matches("localhost", "LOCALHOST:3000"));
        assert!(!matches("acme.internal", "api.acme.internal"));
        assert!(!matches("acme.internal", "acme.internal.example"));
        assert!(!matches("acme.internal", "acme-internal"));
    }

    #[test]
    fn an_ip_literal_matches_no_pattern() {
        for host in ["127.0.0.1", "127.0.0.1:3000", "[::1]:3000"] {
            assert!(!matches("localhost", host));
            assert!(!matches("*.acme.internal", host));
        }
        // Not even a pattern that slipped past the grammar.
        let unsound = DomainPattern { text: "127.0.0.1".into() };
        assert!(!unsound.matches(&Host::parse(b"127.0.0.1").unwrap()));
    }

    #[test]
    fn resolving_and_matching_a_host_allocates_nothing() {
        let pattern = DomainPattern::parse("*.acme.internal").unwrap();
        let lines = [&b"API.acme.internal.:8443"[..]];
        let allocations = allocation_counter::measure(|| {
            for authority in [None, Some(&b"api.acme.internal:8443"[..])] {
                assert!(pattern.matches(&Host::resolve(authority, lines).unwrap()));
            }
        });
        assert_eq!(allocations.count_total, 0);
    }

    #[test]
    fn lengths_are_bounded_at_63_and_253() {
        let label = "a".repeat(63);
        let longest = [&label[..], &label, &label, &label[..61]].join(".");
        assert!(DomainPattern::parse(&longest).is_ok());
        assert_eq!(DomainPattern::parse(&format!("{longest}a")), Err(E::TooLong));
        assert_eq!(DomainPattern::parse(&"*.a.b".repeat(100_000)), Err(E::TooLong));
    }

    #[test]
    fn case_31_patterns_that_are_not_name_or_star_name_are_refused() {
        let long_label = format!("{}.acme.internal", "a".repeat(64));
        for (text, expected) in [
            ("", E::Empty),
            ("*", E::TooBroad),
            ("*.internal", E::TooBroad),
            ("**.a.b", E::Star),
            ("*.*.a.b", E::Star),
            ("a.*.b", E::Star),
            ("a.b.*", E::Star),
            ("x*.a.b", E::Star),
            ("*x.a.b", E::Star),
            ("{a,b}.acme.internal", E::Character),
            ("[ab].acme.internal", E::Character),
            ("[!a].acme.internal", E::Character),
            ("?.acme.internal", E::Character),
            ("\\*.acme.internal", E::Star),
            ("a\\.acme.internal", E::Character),
            ("a/b.acme.internal", E::Character),
            ("*./.acme.internal", E::Character),
            ("acme.internal/", E::Character),
            ("acme.internal.", E::EmptyLabel),
            ("*.acme.internal.", E::EmptyLabel),
            ("*.", E::EmptyLabel),
            (".acme.internal", E::EmptyLabel),
            ("*..acme.internal", E::EmptyLabel),
            ("acme..internal", E::EmptyLabel),
            (".", E::EmptyLabel),
            ("acme.internal:8443", E::Character),
            ("*.acme.internal:*", E::Star),
            ("b\u{fc}cher.example", E::NotAscii),
            ("*.b\u{fc}cher.example", E::NotAscii),
            ("acme\u{3002}internal", E::NotAscii),
            ("127.0.0.1", E::IpAddress),
            ("*.127.0.0.1", E::IpAddress),
            ("::1", E::IpAddress),
            ("[::1]", E::Character),
            ("*.0.1", E::Numeric),
            ("acme.1", E::Numeric),
            ("1", E::Numeric),
            (&long_label, E::LabelTooLong),
            ("-a.acme.internal", E::Hyphen),
            ("*.a-.internal", E::Hyphen),
            ("*.-.internal", E::Hyphen),
            (" acme.internal", E::Character),
            ("acme.internal\n", E::Character),
            ("acme internal", E::Character),
            ("user@acme.internal", E::Character),
            ("acme%2einternal", E::Character),
            ("acme.internal\0", E::Character),
        ] {
            assert_eq!(DomainPattern::parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn case_32_hosts_that_only_resemble_the_pattern_do_not_match() {
        for host in [
            "acme.internal",
            "a.b.acme.internal",
            "evilacme.internal",
            "a.acme.internal.evil.example",
        ] {
            assert!(!matches("*.acme.internal", host), "{host}");
        }
    }

    #[test]
    fn case_33_upper_case_a_port_and_one_trailing_dot_are_allowed() {
        for host in ["API.acme.internal:8443", "api.acme.internal.", "Api.Acme.Internal.:8443"] {
            assert!(matches("*.acme.internal", host), "{host}");
            assert!(matches("api.acme.internal", host), "{host}");
        }
    }

    /// What `globset` says, with dots as its separators.
    fn oracle(pattern: &str, host: &str) -> bool {
        GlobBuilder::new(&pattern.replace('.', "/"))
            .literal_separator(true)
            .case_insensitive(true)
            .build()
            .unwrap()
            .compile_matcher()
            .is_match(host.replace('.', "/"))
    }

    proptest! {
        #![proptest_config(Config {
            cases: 2_000,
            rng_seed: RngSeed::Fixed(1),
            failure_persistence: None,
            ..Config::default()
        })]

        #[test]
        fn matching_agrees_with_globset(
            pattern in "([*][.][ab][.]|[*][.][ab][.][ab][.])?[aAbB](_b|-1)?([.][ab])?",
            host in "([abAB][.]){0,3}[abAB](_b|-1)?([.][ab])?",
            tail in "[.]?(:[0-9]{1,4})?",
        ) {
            let raw = format!("{host}{tail}");
            prop_assert_eq!(matches(&pattern, &raw), oracle(&pattern, &host));
        }

        #[test]
        fn a_host_matches_its_own_name_and_the_star_above_it(
            name in "[a-zA-Z0-9_]{1,9}([.][a-z][a-z0-9_-]{0,9}[a-z0-9]){2,4}",
        ) {
            let (_, parent) = name.split_once('.').unwrap();
            prop_assert!(matches(&name, &name.to_uppercase()));
            let star = format!("*.{parent}");
            prop_assert!(matches(&star, &name));
            prop_assert!(!matches(&star, parent));
            let below = format!("x.{}", name);
            prop_assert!(!matches(&star, &below));
        }

        #[test]
        fn a_plain_pattern_is_exactly_what_a_host_may_be(
            text in "[aB1_.-]{0,10}|[ -~]{0,6}|([a1-]{1,40}[.]){1,8}z?",
        ) {
            let host = Host::parse(text.as_bytes());
            let is_name = host.is_ok_and(|host| {
                !host.is_ip() && host.port().is_none() && host.name().len() == text.len()
            });
            prop_assert_eq!(DomainPattern::parse(&text).is_ok() && !text.starts_with('*'), is_name);
        }
    }
}
