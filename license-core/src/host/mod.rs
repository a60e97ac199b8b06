//! The host a request names, read strictly from raw bytes.

mod domain;
mod request;

pub use self::{
    domain::{DomainPattern, DomainPatternError},
    request::RequestHost,
};

use std::{
    fmt::{self, Write as _},
    net::{Ipv4Addr, Ipv6Addr},
};

/// A well-formed host: a domain name or an IP literal, and an optional port.
///
/// Two hosts are equal when their names are, ASCII case and one trailing dot
/// aside, and when both name the same port or none: `acme.internal` and
/// `acme.internal:443` differ, because what the default port is depends on a
/// scheme that a server behind a proxy does not know.
///
/// [`Display`](fmt::Display) shows it lower-cased, without the trailing dot.
///
/// A request names its host in two places: the authority of its URI (HTTP/2,
/// absolute form) and `Host` lines. Servers pass on requests with several,
/// contradictory or malformed ones; [`Host::resolve`] does not. Parsing
/// borrows and allocates nothing.
///
/// ```
/// use license_core::host::{Host, HostError};
///
/// let host = Host::parse(b"API.acme.internal.:8443")?;
/// assert_eq!(host.to_string(), "api.acme.internal:8443");
/// assert_eq!(host.port(), Some(8443));
///
/// // What a request says: no authority, one `Host` line.
/// let lines: [&[u8]; 1] = [b"api.acme.internal"];
/// assert!(Host::resolve(None, lines).is_ok());
/// // Two lines are ambiguous, even when they agree.
/// let lines: [&[u8]; 2] = [b"api.acme.internal", b"api.acme.internal"];
/// assert_eq!(Host::resolve(None, lines).unwrap_err(), HostError::Repeated);
/// # Ok::<(), HostError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Host<'a> {
    /// ASCII; without port and trailing dot; an IPv6 literal keeps its brackets.
    name: &'a [u8],
    /// Where the name's first label ends.
    first_label: usize,
    port: Option<u16>,
    ip: bool,
}

/// Why a request's host is not usable. Each is answered with 400
/// `host_invalid`, and only where the license binds a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Neither an authority nor a `Host` line.
    #[error("the request names no host")]
    Missing,
    /// It came from a trusted proxy, which did not say for which host it was
    /// meant.
    #[error(
        "the request came from a trusted proxy without the header that names the host (such as \
         X-Forwarded-Host)"
    )]
    NotForwarded,
    /// More than one `Host` line, equal or not.
    #[error("the request has more than one host header")]
    Repeated,
    /// The authority and the `Host` line name different hosts or ports.
    #[error("the request's authority and host header differ")]
    Conflicting,
    /// Not a domain name or IP literal with an optional port.
    #[error("the request's host is malformed")]
    Malformed,
}

impl<'a> Host<'a> {
    /// The longest accepted text, port included, in bytes.
    pub const MAX_BYTES: usize = 260;

    /// Reads one host: `name`, `name.`, an IPv4 address or an IPv6 address in
    /// brackets, each with an optional `:port` (1–5 digits, at most 65535).
    ///
    /// A name is at most 253 bytes of labels, each 1–63 of letters, digits,
    /// `-` and `_`, without a hyphen at an end; its last label is not all
    /// digits. There is no white space, user info, list or percent-encoding
    /// (SECURITY.md, boundary 3).
    ///
    /// # Errors
    ///
    /// [`HostError::Malformed`] for anything else.
    pub fn parse(raw: &'a [u8]) -> Result<Self, HostError> {
        Self::scan(raw).ok_or(HostError::Malformed)
    }

    /// Decides which host a request names, from the raw text of
    /// `uri.authority()` and the values of all its `Host` lines.
    ///
    /// ```
    /// use license_core::host::{Host, HostError};
    ///
    /// let authority: Option<&[u8]> = Some(b"acme.internal");
    /// let same: [&[u8]; 1] = [b"ACME.internal."];
    /// assert!(Host::resolve(authority, same).is_ok());
    /// let other: [&[u8]; 1] = [b"evil.example"];
    /// assert_eq!(Host::resolve(authority, other).unwrap_err(), HostError::Conflicting);
    /// ```
    ///
    /// # Errors
    ///
    /// [`HostError::Missing`] without any candidate, [`HostError::Repeated`]
    /// for two `Host` lines, [`HostError::Malformed`] when a candidate does
    /// not parse, and [`HostError::Conflicting`] when authority and `Host`
    /// line differ.
    pub fn resolve(
        authority: Option<&'a [u8]>,
        host_lines: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, HostError> {
        let mut host_lines = host_lines.into_iter();
        let line = host_lines.next();
        if host_lines.next().is_some() {
            return Err(HostError::Repeated);
        }
        match (authority, line) {
            (None, None) => Err(HostError::Missing),
            (Some(only), None) | (None, Some(only)) => Self::parse(only),
            (Some(authority), Some(line)) => {
                let host = Self::parse(authority)?;
                // Most name it twice in one spelling, which is read once.
                if authority == line || host == Self::parse(line)? {
                    Ok(host)
                } else {
                    Err(HostError::Conflicting)
                }
            }
        }
    }

    /// The port, when one is named.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether this is an IPv4 or IPv6 literal. Those match no
    /// [`DomainPattern`].
    pub const fn is_ip(&self) -> bool {
        self.ip
    }

    /// The name as sent, without port and trailing dot.
    pub(crate) const fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The length of the first label, in bytes; of the whole name when it
    /// has one label only.
    pub(crate) const fn first_label_len(&self) -> usize {
        self.first_label
    }

    fn scan(raw: &'a [u8]) -> Option<Self> {
        if raw.len() > Self::MAX_BYTES {
            return None;
        }
        if raw.first() == Some(&b'[') {
            return Self::scan_ipv6(raw);
        }
        let mut start = 0;
        let mut first_label = 0;
        let mut last_is_numeric = false;
        let (end, rest) = loop {
            let label = raw.get(start..)?;
            let mut kinds = 0;
            let mut len = 0;
            for byte in label {
                let kind = KINDS[usize::from(*byte)];
                if kind == 0 {
                    break;
                }
                kinds |= kind;
                len += 1;
            }
            let (label, rest) = label.split_at_checked(len)?;
            match label {
                // The end, after one trailing dot.
                [] if start > 0 => break (start - 1, rest),
                [] | [b'-', ..] | [.., b'-'] => return None,
                _ if len > MAX_LABEL_BYTES => return None,
                _ => last_is_numeric = kinds == DIGIT,
            }
            if start == 0 {
                first_label = len;
            }
            if rest.first() != Some(&b'.') {
                break (start + len, rest);
            }
            start += len + 1;
        };
        let name = raw.get(..end)?;
        if name.len() > MAX_NAME_BYTES {
            return None;
        }
        // A name cannot end in a number: it is an IPv4 address or nothing.
        if last_is_numeric && str::from_utf8(name).ok()?.parse::<Ipv4Addr>().is_err() {
            return None;
        }
        Some(Self { name, first_label, port: scan_port(rest)?, ip: last_is_numeric })
    }

    fn scan_ipv6(raw: &'a [u8]) -> Option<Self> {
        let end = raw.iter().position(|byte| *byte == b']')?;
        let (name, rest) = raw.split_at_checked(end + 1)?;
        str::from_utf8(raw.get(1..end)?).ok()?.parse::<Ipv6Addr>().ok()?;
        Some(Self { name, first_label: name.len(), port: scan_port(rest)?, ip: true })
    }
}

/// Reads what follows the name: nothing, or a colon and 1–5 digits.
fn scan_port(rest: &[u8]) -> Option<Option<u16>> {
    let digits = match rest {
        [] => return Some(None),
        [b':', digits @ ..] if (1..=5).contains(&digits.len()) => digits,
        _ => return None,
    };
    let mut port = 0_u32;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        port = port * 10 + u32::from(digit - b'0');
    }
    u16::try_from(port).ok().map(Some)
}

/// Whether two hosts or domain names are equal, ASCII case aside.
///
/// Of the bytes that either can hold, only the two cases of a letter differ
/// in nothing but bit 5, so eight bytes are compared at a time. Most names
/// are too short for what the standard library vectorises.
pub(crate) fn same_name(left: &[u8], right: &[u8]) -> bool {
    const CASE: u64 = u64::from_ne_bytes([!0x20; 8]);
    let differ = |left: &[u8; 8], right: &[u8; 8]| {
        (u64::from_ne_bytes(*left) ^ u64::from_ne_bytes(*right)) & CASE != 0
    };
    if left.len() != right.len() {
        return false;
    }
    // The last eight bytes overlap the chunks before them.
    let (Some(left_end), Some(right_end)) = (left.last_chunk(), right.last_chunk()) else {
        return left.eq_ignore_ascii_case(right);
    };
    let (left, _) = left.as_chunks();
    let (right, _) = right.as_chunks();
    !differ(left_end, right_end) && !left.iter().zip(right).any(|(left, right)| differ(left, right))
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.name {
            f.write_char(char::from(byte.to_ascii_lowercase()))?;
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({self})")
    }
}

impl PartialEq<Host<'_>> for Host<'_> {
    fn eq(&self, other: &Host<'_>) -> bool {
        same_name(self.name, other.name) && self.port == other.port
    }
}

impl Eq for Host<'_> {}

/// The longest label of a name, in bytes (RFC 1035, section 2.3.4).
pub(crate) const MAX_LABEL_BYTES: usize = 63;
/// The longest name without a trailing dot, in bytes.
pub(crate) const MAX_NAME_BYTES: usize = 253;

const DIGIT: u8 = 1;
const OTHER: u8 = 2;

/// What each byte is inside a label; 0 for bytes that cannot be in one.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        kinds[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' => OTHER,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Whether a byte may be in a label, in either case.
pub(crate) const fn is_label_byte(byte: u8) -> bool {
    KINDS[byte as usize] != 0
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Host<'static>>();
};

#[cfg(test)]
mod tests {
    use proptest::{
        prelude::*,
        test_runner::{Config, RngSeed},
    };

    use super::*;

    fn shown(raw: &str) -> Option<String> {
        Host::parse(raw.as_bytes()).ok().map(|host| host.to_string())
    }

    fn resolve(authority: Option<&str>, lines: &[&str]) -> Result<String, HostError> {
        Host::resolve(authority.map(str::as_bytes), lines.iter().map(|line| line.as_bytes()))
            .map(|host| host.to_string())
    }

    #[test]
    fn a_name_is_shown_lower_cased_without_its_trailing_dot() {
        assert_eq!(shown("acme.internal").as_deref(), Some("acme.internal"));
        assert_eq!(shown("API.Acme.Internal.").as_deref(), Some("api.acme.internal"));
        assert_eq!(shown("localhost:3000").as_deref(), Some("localhost:3000"));
        assert_eq!(shown("a_b.c-d.x1.:00080").as_deref(), Some("a_b.c-d.x1:80"));
        assert_eq!(shown("xn--bcher-kva.example").as_deref(), Some("xn--bcher-kva.example"));
        let host = Host::parse(b"Acme.internal.:80").unwrap();
        assert_eq!(format!("{host:?}"), "Host(acme.internal:80)");
    }

    #[test]
    fn a_port_is_given_where_one_is_named() {
        let port = |raw: &str| Host::parse(raw.as_bytes()).unwrap().port();
        assert_eq!(port("acme.internal:8443"), Some(8443));
        assert_eq!(port("[::1]:080"), Some(80));
        assert_eq!(port("127.0.0.1:0"), Some(0));
        assert_eq!((port("acme.internal"), port("[::1]")), (None, None));
    }

    #[test]
    fn lengths_are_bounded_at_63_253_and_260() {
        let label = "a".repeat(63);
        assert!(shown(&format!("{label}.b")).is_some());
        assert!(shown(&format!("a{label}.b")).is_none());
        let longest = [&label[..], &label, &label, &label[..61]].join(".");
        assert_eq!(longest.len(), 253);
        assert!(shown(&longest).is_some());
        assert!(shown(&format!("{longest}.:65535")).is_some());
        assert!(shown(&format!("{longest}a")).is_none());
        assert!(shown(&"a.".repeat(10_000)).is_none());
    }

    #[test]
    fn ip_literals_are_well_formed_and_marked() {
        for raw in ["127.0.0.1", "127.0.0.1:3000", "127.0.0.1.", "[::1]", "[::1]:3000", "[FE80::1]"]
        {
            assert!(Host::parse(raw.as_bytes()).unwrap().is_ip(), "{raw}");
        }
        for raw in ["acme.internal", "1.2.3.4.example", "1a"] {
            assert!(!Host::parse(raw.as_bytes()).unwrap().is_ip(), "{raw}");
        }
    }

    #[test]
    fn a_name_does_not_end_in_a_number() {
        for raw in ["acme.1", "1.2.3", "127.1", "256.0.0.1", "127.0.0.01", "1.2.3.4.5", "7", "a.9."]
        {
            assert!(shown(raw).is_none(), "{raw}");
        }
    }

    #[test]
    fn case_35_malformed_hosts_are_refused() {
        for raw in [
            "",
            " ",
            ".",
            "..",
            ":80",
            ".:80",
            ".acme.internal",
            "acme..internal",
            "acme.internal..",
            "-acme.internal",
            "acme-.internal",
            "acme.internal-",
            // User info.
            "user@acme.internal",
            "user:pass@acme.internal",
            // Ports.
            "acme.internal:",
            "acme.internal:0x50",
            "acme.internal:-1",
            "acme.internal:+80",
            "acme.internal:65536",
            "acme.internal:99999",
            "acme.internal:000080",
            "acme.internal:80:80",
            "acme.internal:80.",
            "acme.internal:8o",
            // Not ASCII, white space, lists, other characters.
            "b\u{fc}cher.example",
            "acme.internal\u{ff0e}",
            " acme.internal",
            "acme.internal ",
            "acme .internal",
            "acme.internal\t",
            "acme.internal\r\n",
            "acme.internal\0",
            "acme.internal,evil.example",
            "acme.internal, evil.example",
            "acme%2einternal",
            "acme.internal/",
            "acme.internal\\",
            "acme.internal?",
            "acme.internal#",
            "http://acme.internal",
            "*.internal",
            // IP literals.
            "::1",
            "[::1",
            "::1]",
            "[]",
            "[::1]x",
            "[::1].",
            "[::1]:",
            "[::1]:65536",
            "[fe80::1%25eth0]",
            "[v1.x]",
            "[127.0.0.1]",
            "[acme.internal]",
        ] {
            assert_eq!(Host::parse(raw.as_bytes()).unwrap_err(), HostError::Malformed, "{raw:?}");
            assert_eq!(resolve(Some(raw), &[]), Err(HostError::Malformed), "{raw:?}");
            assert_eq!(resolve(None, &[raw]), Err(HostError::Malformed), "{raw:?}");
            assert!(resolve(Some("acme.internal"), &[raw]).is_err(), "{raw:?}");
            assert!(resolve(Some(raw), &["acme.internal"]).is_err(), "{raw:?}");
        }
        assert!(Host::parse(b"\xff.internal").is_err());
    }

    #[test]
    fn case_35_two_host_lines_or_none_are_refused() {
        assert_eq!(resolve(None, &[]), Err(HostError::Missing));
        assert_eq!(resolve(None, &["a.b", "c.d"]), Err(HostError::Repeated));
        assert_eq!(resolve(None, &["a.b", "a.b"]), Err(HostError::Repeated));
        assert_eq!(resolve(Some("a.b"), &["a.b", "a.b"]), Err(HostError::Repeated));
        assert_eq!(resolve(None, &["a.b", ""]), Err(HostError::Repeated));
    }

    #[test]
    fn case_36_an_authority_alone_is_enough_and_must_not_differ_from_host() {
        assert_eq!(resolve(Some("acme.internal:8443"), &[]).unwrap(), "acme.internal:8443");
        assert_eq!(resolve(Some("Acme.internal."), &["acme.INTERNAL"]).unwrap(), "acme.internal");
        assert_eq!(resolve(Some("[FE80::1]"), &["[fe80::1]"]).unwrap(), "[fe80::1]");
        assert_eq!(resolve(Some("a.b:80"), &["a.b:0080"]).unwrap(), "a.b:80");
        for (authority, line) in
            [("acme.internal", "evil.example"), ("a.b:80", "a.b:81"), ("a.b", "a.b:443")]
        {
            assert_eq!(resolve(Some(authority), &[line]), Err(HostError::Conflicting));
            assert_eq!(resolve(Some(line), &[authority]), Err(HostError::Conflicting));
        }
    }

    /// The rules of SECURITY.md, boundary 3, once more, slowly: shown form and
    /// whether it is an IP literal.
    fn reference(raw: &str) -> Option<(String, bool)> {
        let (name, port) = match raw.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, Some(port)),
            _ => (raw, None),
        };
        let port = match port {
            None => String::new(),
            Some(text) => {
                let digits = text.chars().all(|c| c.is_ascii_digit()) && text.len() <= 5;
                format!(":{}", text.parse::<u16>().ok().filter(|_| digits)?)
            }
        };
        let lower = name.to_ascii_lowercase();
        if let Some(literal) = lower.strip_prefix('[') {
            literal.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?;
            return Some((format!("{lower}{port}"), true));
        }
        let lower = lower.strip_suffix('.').unwrap_or(&lower);
        let ip = lower.parse::<Ipv4Addr>().is_ok();
        let labels: Vec<&str> = lower.split('.').collect();
        let sound = labels.iter().all(|label| {
            let alphabet =
                label.chars().all(|c| "abcdefghijklmnopqrstuvwxyz0123456789_-".contains(c));
            alphabet
                && (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
        let numeric = labels.last()?.chars().all(|c| c.is_ascii_digit());
        (sound && lower.len() <= 253 && (ip || !numeric)).then(|| (format!("{lower}{port}"), ip))
    }

    proptest! {
        #![proptest_config(Config {
            cases: 2_000,
            rng_seed: RngSeed::Fixed(2),
            failure_persistence: None,
            ..Config::default()
        })]

        #[test]
        fn hosts_are_read_as_the_rules_say(raw in "[aB1_.:-]{0,12}|\\[?[0-9f:.]{0,9}\\]?(:[0-9]{0,6})?|[ -~]{0,6}|([a1-]{1,40}[.]){1,8}(:9)?") {
            let host = Host::parse(raw.as_bytes());
            prop_assert_eq!(host.ok().map(|host| (host.to_string(), host.is_ip())), reference(&raw));
        }

        #[test]
        fn names_are_compared_without_case_and_nothing_else(
            left in "[aAbB019._:-]{0,20}|\\[[a-f:]{0,20}\\]",
            at in any::<prop::sample::Index>(),
            other in "[a-zA-Z0-9._:-]|\\[|\\]",
        ) {
            let mut right = left.to_ascii_uppercase().into_bytes();
            prop_assert!(same_name(left.as_bytes(), &right));
            if !right.is_empty() {
                let at = at.index(right.len());
                right[at] = other.as_bytes()[0];
                let expected = left.as_bytes().eq_ignore_ascii_case(&right);
                prop_assert_eq!(same_name(left.as_bytes(), &right), expected);
                prop_assert!(!same_name(left.as_bytes(), &right[1..]));
            }
        }

        #[test]
        fn no_bytes_panic_and_what_is_shown_reads_the_same(raw in proptest::collection::vec(any::<u8>(), 0..16)) {
            if let Ok(host) = Host::parse(&raw) {
                let shown = host.to_string();
                prop_assert_eq!(Host::parse(shown.as_bytes()).unwrap(), host);
            }
        }
    }
}
