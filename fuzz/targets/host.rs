//! A pattern and a host, each in a line: what matches has the pattern's form,
//! and the short ways answer as the long one.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use license_core::{
    DomainPattern, Licensing, RequestHost,
    host::{Host, HostError},
    testing::{Vendor, licensing},
};

static SERVICE: LazyLock<(Vendor, Licensing)> = LazyLock::new(|| {
    let vendor = Vendor::new();
    let (licensing, _clock) = licensing(&vendor);
    (vendor, licensing)
});

fuzz_target!(|lines: &[u8]| {
    let mut lines = lines.split(|byte| *byte == b'\n');
    let (pattern, raw) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let other = lines.next().unwrap_or(raw);

    let host = Host::parse(raw);
    if let Ok(host) = host {
        let shown = host.to_string();
        assert!(
            raw.len() <= Host::MAX_BYTES && shown.is_ascii() && shown == shown.to_ascii_lowercase()
        );
        assert_eq!(Host::parse(shown.as_bytes()), Ok(host));
        assert_eq!(host.port(), port(raw));
    }
    candidates(raw, other);

    let Ok(pattern) = str::from_utf8(pattern) else { return };
    let Ok(domain) = DomainPattern::parse(pattern) else { return };
    assert_eq!(domain.as_str(), pattern.to_ascii_lowercase());
    assert_eq!(DomainPattern::parse(domain.as_str()).as_ref(), Ok(&domain));
    let name = domain.as_str().strip_prefix("*.").unwrap_or(domain.as_str());
    assert!(
        Host::parse(name.as_bytes()).is_ok_and(|host| !host.is_ip() && host.to_string() == name)
    );
    if let Ok(host) = host {
        assert_eq!(domain.matches(&host), is_named(domain.as_str(), &host));
    }
    in_force(&domain, raw, host);
});

/// The port behind the last colon that is not within brackets.
fn port(raw: &[u8]) -> Option<u16> {
    let text = str::from_utf8(raw).expect("ASCII");
    let (_, port) = text.rsplit_once(':').filter(|(_, port)| !port.contains(']'))?;
    Some(port.parse().expect("a port"))
}

/// What a request names in one or two places.
fn candidates(raw: &[u8], other: &[u8]) {
    let one = Host::parse(raw);
    assert_eq!(RequestHost::new(None, [raw]).resolve(), one);
    assert_eq!(RequestHost::new(Some(raw), []).resolve(), one);
    assert_eq!(RequestHost::only(None, [raw]), Some(raw));
    assert_eq!(RequestHost::new(None, [raw, other]).resolve(), Err(HostError::Repeated));
    assert_eq!(RequestHost::only(Some(raw), [other]), None);
    let both = RequestHost::new(Some(raw), [other]).resolve();
    match (one, Host::parse(other)) {
        (Ok(one), Ok(other)) if one == other => assert_eq!(both, Ok(one)),
        (Ok(_), Ok(_)) => assert_eq!(both, Err(HostError::Conflicting)),
        _ => assert_eq!(both, Err(HostError::Malformed)),
    }
}

/// Whether a pattern names a host, by what both are shown as.
fn is_named(pattern: &str, host: &Host<'_>) -> bool {
    let shown = host.to_string();
    let name = match host.port() {
        Some(port) => shown.strip_suffix(&format!(":{port}")).expect("its port"),
        None => &shown,
    };
    if host.is_ip() {
        return false;
    }
    match pattern.strip_prefix("*.") {
        Some(parent) => name.split_once('.').is_some_and(|(_, rest)| rest == parent),
        None => name == pattern,
    }
}

/// A license that binds the domain lets in what the pattern matches.
fn in_force(domain: &DomainPattern, raw: &[u8], host: Result<Host<'_>, HostError>) {
    let (vendor, licensing) = &*SERVICE;
    vendor.license().domain(domain.as_str()).install(licensing);
    let passes = licensing.check_request(|| true, || RequestHost::new(None, [raw]));
    match host {
        Ok(host) if domain.matches(&host) => assert_eq!(passes.err(), None),
        Ok(_) => assert_eq!(passes.expect_err("another host").code().as_str(), "domain_mismatch"),
        Err(_) => assert_eq!(passes.expect_err("no host").code().as_str(), "host_invalid"),
    }
    // Twice, for the first may have to learn that a host is wanted.
    let fast = [(); 2].map(|()| licensing.control().passes_fast(|| Some(raw)));
    assert!(fast == [false; 2] || host.is_ok_and(|host| domain.matches(&host)));
}
