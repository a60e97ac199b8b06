//! What a request says of its host, before anybody has looked at it.

use super::{Host, HostError, domain::DomainPattern};

/// The candidates for a request's host, unread; or a host that was found
/// elsewhere.
///
/// Most requests name one host in the very spelling of the license. Those are
/// recognised by comparing bytes; all others are [resolved](Host::resolve)
/// first. The answer is the same.
#[derive(Clone, Copy, Debug)]
pub struct RequestHost<'a>(Candidates<'a>);

#[derive(Clone, Copy, Debug)]
enum Candidates<'a> {
    /// Exactly one, raw.
    One(&'a [u8]),
    /// Anything else.
    Resolved(Result<Host<'a>, HostError>),
}

impl<'a> RequestHost<'a> {
    /// The candidates of a request: the raw text of `uri.authority()` and the
    /// values of all its `Host` lines.
    #[inline]
    pub fn new(
        authority: Option<&'a [u8]>,
        host_lines: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        let mut lines = host_lines.into_iter();
        let (first, second) = (lines.next(), lines.next());
        match one(authority, first, second) {
            Some(only) => Self(Candidates::One(only)),
            None => Host::resolve(authority, first.into_iter().chain(second).chain(lines)).into(),
        }
    }

    /// The only host that a request names, raw; `None` where it names none or
    /// several.
    #[inline]
    pub fn only(
        authority: Option<&'a [u8]>,
        host_lines: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<&'a [u8]> {
        let mut lines = host_lines.into_iter();
        one(authority, lines.next(), lines.next())
    }

    /// The host.
    ///
    /// # Errors
    ///
    /// As [`Host::resolve`].
    pub fn resolve(self) -> Result<Host<'a>, HostError> {
        match self.0 {
            Candidates::One(only) => Host::parse(only),
            Candidates::Resolved(result) => result,
        }
    }

    /// Whether the host is one of the licensed domain.
    #[inline]
    pub(crate) fn is_in(self, domain: &DomainPattern) -> Result<bool, HostError> {
        match self.0 {
            Candidates::One(only) if domain.matches_fast(only) => Ok(true),
            _ => self.resolve().map(|host| domain.matches(&host)),
        }
    }
}

/// The one that is there, of a request's authority and first `Host` lines.
fn one<'a>(
    authority: Option<&'a [u8]>,
    first: Option<&'a [u8]>,
    second: Option<&'a [u8]>,
) -> Option<&'a [u8]> {
    match (authority, first, second) {
        (None, Some(only), None) | (Some(only), None, None) => Some(only),
        _ => None,
    }
}

impl<'a> From<Result<Host<'a>, HostError>> for RequestHost<'a> {
    fn from(resolved: Result<Host<'a>, HostError>) -> Self {
        Self(Candidates::Resolved(resolved))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        prelude::*,
        test_runner::{Config, RngSeed},
    };

    use super::*;

    /// Both ways of asking, for one candidate.
    fn both(pattern: &str, raw: &[u8]) -> (Result<bool, HostError>, Result<bool, HostError>) {
        let pattern: DomainPattern = pattern.parse().unwrap();
        let host = RequestHost::new(None, [raw]);
        (host.is_in(&pattern), host.resolve().map(|host| pattern.matches(&host)))
    }

    #[test]
    fn the_plain_spelling_is_recognised_without_reading_it() {
        for (pattern, raw) in [
            ("*.acme.internal", "api.acme.internal"),
            ("*.acme.internal", "api.acme.internal:8443"),
            ("*.acme.x1", "a-b_c.acme.x1"),
            ("acme.internal", "acme.internal:80"),
            ("localhost", "localhost"),
        ] {
            let domain: DomainPattern = pattern.parse().unwrap();
            assert!(domain.matches_fast(raw.as_bytes()), "{raw}");
            assert_eq!(both(pattern, raw.as_bytes()), (Ok(true), Ok(true)));
        }
    }

    #[test]
    fn the_short_way_takes_no_name_that_the_long_one_does_not() {
        let tail = [".", &["a".repeat(63), "b".repeat(63), "c".repeat(63)].join(".")].concat();
        let long = format!("*{tail}");
        for (pattern, label, is_in) in [
            ("*.acme.internal", "-api", Err(HostError::Malformed)),
            ("*.acme.internal", "api-", Err(HostError::Malformed)),
            ("*.acme.internal", "-", Err(HostError::Malformed)),
            ("*.acme.internal", "", Err(HostError::Malformed)),
            ("*.acme.internal", "eu.api", Ok(false)),
            ("*.acme.internal", &"x".repeat(63), Ok(true)),
            ("*.acme.internal", &"x".repeat(64), Err(HostError::Malformed)),
            (&long, &"x".repeat(61), Ok(true)),
            (&long, &"x".repeat(62), Err(HostError::Malformed)),
        ] {
            let raw = format!("{label}{}", pattern.strip_prefix('*').unwrap());
            assert_eq!(both(pattern, raw.as_bytes()), (is_in, is_in), "{raw}");
            let domain: DomainPattern = pattern.parse().unwrap();
            assert_eq!(domain.matches_fast(raw.as_bytes()), is_in == Ok(true), "{raw}");
        }
    }

    #[test]
    fn the_short_way_takes_no_port_that_the_long_one_does_not() {
        let domain: DomainPattern = "*.acme.internal".parse().unwrap();
        for (port, is_in) in [
            (":9999", Ok(true)),
            // Of five digits some are no port: those are read.
            (":65535", Ok(true)),
            (":65536", Err(HostError::Malformed)),
            (":00080", Ok(true)),
        ] {
            let raw = format!("api.acme.internal{port}");
            let short = domain.matches_fast(raw.as_bytes());
            assert_eq!(short, port.len() < 6, "{raw}");
            assert_eq!(both("*.acme.internal", raw.as_bytes()), (is_in, is_in), "{raw}");
        }
    }

    #[test]
    fn the_only_host_is_given_as_it_came() {
        let (host, other): (&[u8], &[u8]) = (b"A b", b"c");
        assert_eq!(RequestHost::only(Some(host), []), Some(host));
        assert_eq!(RequestHost::only(None, [host]), Some(host));
        assert_eq!(RequestHost::only(None, []), None);
        assert_eq!(RequestHost::only(None, [host, other]), None);
        assert_eq!(RequestHost::only(Some(host), [host]), None);
    }

    #[test]
    fn what_is_none_or_several_is_not_one() {
        let domain: DomainPattern = "*.acme.internal".parse().unwrap();
        let host: &[u8] = b"api.acme.internal";
        let is_in = |authority, lines: &[&'static [u8]]| {
            RequestHost::new(authority, lines.iter().copied()).is_in(&domain)
        };
        assert_eq!(is_in(None, &[]), Err(HostError::Missing));
        assert_eq!(
            is_in(None, &[b"api.acme.internal", b"api.acme.internal"]),
            Err(HostError::Repeated)
        );
        assert_eq!(is_in(Some(host), &[b"api.acme.internal"]), Ok(true));
        assert_eq!(is_in(Some(host), &[b"other.acme.internal"]), Err(HostError::Conflicting));
    }

    proptest! {
        #![proptest_config(Config {
            cases: 4000,
            rng_seed: RngSeed::Fixed(7),
            failure_persistence: None,
            ..Config::default()
        })]

        #[test]
        fn the_short_way_answers_as_the_long_one(
            pattern in prop::sample::select(vec!["*.a.b", "*.acme.internal", "a.b", "x1", "*.a.x1"]),
            label in "[a-z0-9A-Z_.:/@ é-]{0,8}",
            suffix in prop::sample::select(vec![".a.b", ".acme.internal", "a.b", "x1", ".A.b", ".a.x1", ""]),
            port in prop::sample::select(vec!["", ":1", ":80", ":8443", ":65535", ":65536", ":", ":x", "."]),
        ) {
            let raw = format!("{label}{suffix}{port}");
            let (short, long) = both(pattern, raw.as_bytes());
            prop_assert_eq!(short, long, "{} {}", pattern, raw);
        }
    }
}
