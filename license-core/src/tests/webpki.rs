//! Case 37: whether a host is one of a pattern, against what `webpki` says of
//! a certificate for that pattern, asked for that host.

use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};
use rustls_pki_types::{CertificateDer, ServerName};
use webpki::EndEntityCert;

use crate::host::{DomainPattern, Host};

/// Something in DER (X.690): a tag, the length, and the parts one by one.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length: &[u8] = match length {
        [0, 0..=127] => &length[1..],
        [0, _] => &[0x81, length[1]],
        [_, _] => &[0x82, length[0], length[1]],
    };
    [&[tag], length, &content].concat()
}

/// A certificate (RFC 5280, section 4.1) for one name. Nothing is signed, and
/// webpki is not asked about that.
fn certificate(name: &str) -> Vec<u8> {
    const SEQUENCE: u8 = 0x30;
    let nothing = der(SEQUENCE, &[]);
    let version = der(0xa0, &[&der(0x02, &[&[2]])]);
    let serial = der(0x02, &[&[1]]);
    let names = der(SEQUENCE, &[&der(0x82, &[name.as_bytes()])]);
    let alternative_name = der(0x06, &[&[0x55, 0x1d, 0x11]]);
    let extension = der(SEQUENCE, &[&alternative_name, &der(0x04, &[&names])]);
    let extensions = der(0xa3, &[&der(SEQUENCE, &[&extension])]);
    // Behind the serial number: what signs, who, how long, for whom, the key.
    let fields = [&[version, serial][..], &vec![nothing.clone(); 5], &[extensions]].concat();
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    let signature = der(0x03, &[&[0]]);
    der(SEQUENCE, &[&der(SEQUENCE, &fields), &nothing, &signature])
}

/// Asks both about each of the hosts. Returns how many match.
#[track_caller]
fn agreed<'a>(pattern: &str, hosts: impl IntoIterator<Item = &'a str>) -> usize {
    let der = certificate(pattern);
    let der = CertificateDer::from(&*der);
    let certificate = EndEntityCert::try_from(&der).unwrap();
    let theirs = |host: &str| {
        ServerName::try_from(host)
            .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok())
    };
    let parsed = DomainPattern::parse(pattern);
    let ours = |host: &str| {
        let host = Host::parse(host.as_bytes());
        parsed.as_ref().is_ok_and(|pattern| host.is_ok_and(|host| pattern.matches(&host)))
    };
    let matches = |host: &&str| {
        assert_eq!(ours(host), theirs(host), "{pattern:?} against {host:?}");
        ours(host)
    };
    hosts.into_iter().filter(matches).count()
}

/// Names, most of which are sound, as patterns and as hosts.
const NAMES: &[&str] = &[
    "",
    ".",
    "a",
    "a.",
    ".a",
    "a..",
    "A",
    "-",
    "-a",
    "a-",
    "_",
    "_a",
    "a_",
    "1",
    "0x1",
    "1a",
    "a1",
    "localhost",
    "localhost.",
    "a.b",
    "a.B",
    "A.b",
    "a.b.",
    ".a.b",
    "a..b",
    "a.b..",
    "b.a",
    "ab.b",
    "a.bc",
    "a.-",
    "a.-b",
    "a.b-",
    "-a.b",
    "a-.b",
    "a-a.b",
    "a.1",
    "1.a",
    "1.1",
    "a.1b",
    "_a.b",
    "a._b",
    "a_b",
    "a.b.c",
    "a.b.C.",
    "b.b.c",
    "x.b.c",
    "b.c",
    "xb.c",
    "x.xb.c",
    "a.b.c.d",
    "a.a.b.c",
    ".b.c",
    "-.b.c",
    "-x.b.c",
    "x-.b.c",
    "x-x.b.c",
    "_.b.c",
    "1.b.c",
    "x.b.1",
    "x.1.c",
    "x.b.c..",
    "xn--bcher-kva.b.c",
    "b\u{fc}cher.b.c",
    "a\u{3002}b.c",
    "x y.b.c",
    " a.b.c",
    "a.b.c ",
    "a.b.c\n",
    "a.b.c\0",
    "a.b.c\0.d",
    "a/b.c",
    "a@b.c",
    "a%2eb.c",
    "a:b.c",
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "1.2.3.4.5",
    "256.0.0.1",
    "::1",
    "*",
    "**",
];

/// What is put before the names, for patterns and for hosts.
const STARS: &[&str] = &["", "*.", "**.", "*.*.", "x*.", "*x.", "x.*.", "*"];

#[test]
fn case_37_webpki_matches_the_same_hosts() {
    let label = |length: usize| "x".repeat(length);
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    for length in [63, 64] {
        names.extend([format!("{}.b.c", label(length)), format!("b.{}.c", label(length))]);
    }
    // Of 253 bytes and of 254, and as many with a star before them.
    for length in [57, 58, 59, 60] {
        names.push([63, 63, 63, length, 1].map(label).join("."));
    }
    let starred = |stars: &[&str]| -> Vec<String> {
        names
            .iter()
            .flat_map(|name| stars.iter().map(move |star| format!("{star}{name}")))
            .collect()
    };
    let hosts = starred(&STARS[..2]);
    let (mut matched, mut by_star) = (0, 0);
    for pattern in starred(STARS) {
        let count = agreed(&pattern, hosts.iter().map(String::as_str));
        matched += count;
        by_star += if pattern.starts_with('*') { count } else { 0 };
    }
    assert!(by_star > 15 && matched > by_star + 50, "{matched} match, {by_star} by a star");
}

proptest! {
    #![proptest_config(Config {
        cases: 5_000,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn case_37_webpki_matches_the_same_hosts_of_any_names(
        pattern in "([*][.])?([aA_1-]{1,2}[.]){0,3}[aB1_-]{1,2}[.]?",
        first in "[aA_1-]{1,2}|[*]",
        change in "[a.*1-]{0,1}",
        at in 0..9_usize,
    ) {
        // A host that is often one of the pattern.
        let mut host = pattern.replacen('*', &first, 1);
        if host.is_char_boundary(at) {
            host.insert_str(at, &change);
        }
        agreed(&pattern, [&*host]);
    }
}
