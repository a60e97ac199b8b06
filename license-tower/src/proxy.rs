//! Which proxies are believed about the host of a request.

use std::{net::IpAddr, str::FromStr, sync::Arc};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, header};
use ipnet::IpNet;
use license_core::{
    RequestHost,
    host::{Host, HostError},
};

/// Proxies that say for which host a request was meant, and the one header in
/// which they do.
///
/// Forwarded headers are ignored unless a layer is given one of these, and
/// then only the header named is read, and only when the request comes from
/// one of the networks. It must be there exactly once and hold one host;
/// otherwise the request is answered like any with a malformed host. The
/// proxy has to set the header itself, replacing what a client sent.
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::extract::ConnectInfo;
/// use license_tower::TrustedProxy;
///
/// let proxy = TrustedProxy::new(["10.0.0.0/8", "fd00::/8"], "x-forwarded-host", |extensions| {
///     Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip())
/// })?;
/// # Ok::<(), license_tower::TrustedProxyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TrustedProxy {
    networks: Arc<[IpNet]>,
    header: HeaderName,
    peer: fn(&Extensions) -> Option<IpAddr>,
}

/// A text that is neither a network nor the name of a forwarded header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {reason}")]
pub struct TrustedProxyError {
    text: String,
    reason: &'static str,
}

impl TrustedProxy {
    /// Believes `header` when it comes from one of `networks`: addresses
    /// (`10.1.2.3`) or networks in CIDR notation (`10.0.0.0/8`). Without any,
    /// nobody is believed.
    ///
    /// `peer` finds the address that a request was received from among its
    /// extensions, where the server has put it; a request without one is not
    /// from a proxy.
    ///
    /// # Errors
    ///
    /// [`TrustedProxyError`] for what is no network, for one that holds every
    /// address, and for a header that cannot carry a forwarded host.
    pub fn new<N: AsRef<str>>(
        networks: impl IntoIterator<Item = N>,
        header: &str,
        peer: fn(&Extensions) -> Option<IpAddr>,
    ) -> Result<Self, TrustedProxyError> {
        let parse = |text: N| {
            network(text.as_ref()).map_err(|reason| TrustedProxyError::new(text.as_ref(), reason))
        };
        let networks = networks.into_iter().map(parse).collect::<Result<_, _>>()?;
        let name = match HeaderName::from_str(header) {
            Ok(header::HOST) => Err("is what clients send; name the header that the proxy sets"),
            Ok(header::FORWARDED) => Err("holds more than a host; name a header that does not"),
            Ok(name) => Ok(name),
            Err(_) => Err("is not the name of a header"),
        };
        let header = name.map_err(|reason| TrustedProxyError::new(header, reason))?;
        Ok(Self { networks, header, peer })
    }

    /// Whether an address is one of the proxies': for what else they say, such
    /// as the address of a client in `X-Forwarded-For`.
    pub fn is_trusted(&self, address: IpAddr) -> bool {
        // A socket for both families shows IPv4 peers as mapped addresses.
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The host that a believed proxy names; `None` when the request does not
    /// come from one.
    pub(crate) fn host<'h>(
        &self,
        extensions: &Extensions,
        headers: &'h HeaderMap,
    ) -> Option<Result<Host<'h>, HostError>> {
        if !self.is_trusted((self.peer)(extensions)?) {
            return None;
        }
        let lines = headers.get_all(&self.header).iter().map(HeaderValue::as_bytes);
        Some(Host::resolve(None, lines).map_err(|error| match error {
            HostError::Missing => HostError::NotForwarded,
            error => error,
        }))
    }
}

/// The host for which a request was meant, as a
/// [`LicenseLayer`](crate::LicenseLayer) judges it: what a trusted proxy says
/// where the request comes from one, else the request's own.
///
/// Not resolved yet: it may be none, several or malformed.
#[inline]
pub fn request_host<'r, B>(
    request: &'r Request<B>,
    proxy: Option<&TrustedProxy>,
) -> RequestHost<'r> {
    let forwarded = proxy.and_then(|proxy| proxy.host(request.extensions(), request.headers()));
    if let Some(forwarded) = forwarded {
        return forwarded.into();
    }
    let (authority, lines) = own_hosts(request);
    RequestHost::new(authority, lines)
}

/// The request's own host, where it names exactly one.
pub(crate) fn only_host<B>(request: &Request<B>) -> Option<&[u8]> {
    let (authority, lines) = own_hosts(request);
    RequestHost::only(authority, lines)
}

/// What a request says of its host: in its URI, and in its `Host` lines.
#[inline]
fn own_hosts<B>(request: &Request<B>) -> (Option<&[u8]>, impl Iterator<Item = &[u8]>) {
    let authority = request.uri().authority().map(|authority| authority.as_str().as_bytes());
    let lines = request.headers().get_all(header::HOST).iter().map(HeaderValue::as_bytes);
    (authority, lines)
}

impl TrustedProxyError {
    fn new(text: &str, reason: &'static str) -> Self {
        Self { text: text.to_owned(), reason }
    }
}

/// Reads a network, or one address, in the one way it is written.
fn network(text: &str) -> Result<IpNet, &'static str> {
    const FORM: &str = "is not a network; write an address or `10.0.0.0/8`";
    let network: IpNet = match text.parse::<IpAddr>() {
        Ok(address) => address.into(),
        Err(_) => text.parse().map_err(|_| FORM)?,
    };
    let address = network.addr();
    if address.to_canonical() != address {
        return Err("is an IPv4 address in IPv6 form; write it as IPv4");
    }
    if network.prefix_len() == 0 {
        return Err("is every address; name the networks of your proxies");
    }
    if network.trunc() != network {
        return Err("has bits set beyond its prefix; is it one address, or a network?");
    }
    Ok(network)
}

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<TrustedProxy>();
};

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(extensions: &Extensions) -> Option<IpAddr> {
        extensions.get().copied()
    }

    fn proxy() -> TrustedProxy {
        TrustedProxy::new(["10.0.0.0/8", "fd00::/8", "192.0.2.7"], "X-Forwarded-Host", peer)
            .unwrap()
    }

    /// What a proxy at `address` with these lines is understood to say.
    fn said(address: Option<&str>, lines: &[&str]) -> Option<Result<String, HostError>> {
        let mut extensions = Extensions::new();
        if let Some(address) = address {
            extensions.insert(address.parse::<IpAddr>().unwrap());
        }
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-host", line.parse().unwrap());
        }
        let host = proxy().host(&extensions, &headers)?;
        Some(host.map(|host| host.to_string()))
    }

    #[test]
    fn only_peers_in_the_networks_are_believed() {
        for inside in ["10.0.0.0", "10.255.255.255", "192.0.2.7", "fd12::1", "::ffff:10.1.2.3"] {
            assert_eq!(
                said(Some(inside), &["a.example"]),
                Some(Ok("a.example".into())),
                "{inside}"
            );
        }
        for outside in ["9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.8", "fe80::1", "::1"] {
            assert_eq!(said(Some(outside), &["a.example"]), None, "{outside}");
        }
        assert_eq!(said(None, &["a.example"]), None);
    }

    #[test]
    fn a_believed_proxy_must_name_exactly_one_host() {
        let proxy = Some("10.0.0.1");
        assert_eq!(said(proxy, &["A.example.:8443"]), Some(Ok("a.example:8443".into())));
        assert_eq!(said(proxy, &[]), Some(Err(HostError::NotForwarded)));
        assert_eq!(said(proxy, &["a.example", "a.example"]), Some(Err(HostError::Repeated)));
        for bad in ["", "a.example, b.example", "u@a.example", "http://a.example", "a.example:x"] {
            assert_eq!(said(proxy, &[bad]), Some(Err(HostError::Malformed)), "{bad}");
        }
    }

    #[test]
    fn without_networks_nobody_is_believed() {
        let proxy = TrustedProxy::new([""; 0], "x-forwarded-host", peer).unwrap();
        let mut extensions = Extensions::new();
        extensions.insert(IpAddr::from([10, 0, 0, 1]));
        assert!(proxy.host(&extensions, &HeaderMap::new()).is_none());
    }

    #[test]
    fn the_host_is_what_a_trusted_proxy_says_and_else_the_requests_own() {
        let mut request = Request::new(());
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("own.example"));
        let forwarded = HeaderValue::from_static("outer.example");
        request.headers_mut().insert("x-forwarded-host", forwarded);
        let host = |request: &Request<()>, proxy: Option<&TrustedProxy>| {
            request_host(request, proxy).resolve().map(|host| host.to_string())
        };
        let proxy = proxy();
        assert_eq!(host(&request, Some(&proxy)), Ok("own.example".into()));
        request.extensions_mut().insert(IpAddr::from([10, 0, 0, 1]));
        assert_eq!(host(&request, None), Ok("own.example".into()));
        assert_eq!(host(&request, Some(&proxy)), Ok("outer.example".into()));
        request.headers_mut().remove("x-forwarded-host");
        assert_eq!(host(&request, Some(&proxy)), Err(HostError::NotForwarded));
        assert_eq!(host(&Request::new(()), None), Err(HostError::Missing));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for (text, reason) in [
            ("", "not a network"),
            ("localhost", "not a network"),
            ("10.0.0.0/", "not a network"),
            ("10.0.0.0/+8", "not a network"),
            ("10.0.0.0/33", "not a network"),
            ("fd00::/129", "not a network"),
            ("10.0.0.0/8/8", "not a network"),
            (" 10.0.0.1", "not a network"),
            ("10.0.0.1:80", "not a network"),
            ("0.0.0.0/0", "every address"),
            ("::/0", "every address"),
            ("10.0.0.1/8", "bits set"),
            ("fd00::1/64", "bits set"),
            ("::ffff:10.0.0.0/104", "write it as IPv4"),
        ] {
            let error = TrustedProxy::new([text], "x-forwarded-host", peer).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn a_header_that_holds_no_forwarded_host_is_refused() {
        for (header, reason) in [
            ("host", "clients send"),
            ("Host", "clients send"),
            ("forwarded", "more than a host"),
            ("x forwarded host", "not the name"),
            ("", "not the name"),
        ] {
            let error = TrustedProxy::new(["10.0.0.0/8"], header, peer).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
