//! From where a client asks.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{HeaderMap, request::Parts};
use license_tower::TrustedProxy;

/// The address of a client, where the server knows it; behind a trusted proxy
/// the one that it names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl ClientAddress {
    pub(crate) fn of(parts: &Parts) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|peer| peer.0.ip());
        match parts.extensions.get::<TrustedProxy>() {
            Some(proxy) => Self(peer.map(|peer| beyond(proxy, peer, &parts.headers))),
            None => Self(peer),
        }
    }
}

/// The address that the nearest proxies name, as far as they are trusted: each
/// has put the one that it saw last. What stands before the first that nobody
/// trusts, anybody may have sent.
fn beyond(proxy: &TrustedProxy, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    // A line that is no text names no address.
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let lines = lines.map(|line| line.to_str().unwrap_or_default());
    let mut nearest = peer;
    for named in lines.flat_map(|line| line.rsplit(',')) {
        match named.trim().parse() {
            Ok(named) if proxy.is_trusted(nearest) => nearest = named,
            _ => break,
        }
    }
    nearest
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// The client of a request by `peer` with these lines, behind 10.0.0.0/8.
    fn client(peer: &str, lines: &[&'static str]) -> IpAddr {
        let proxy = TrustedProxy::new(["10.0.0.0/8"], "x-forwarded-host", |_| None).unwrap();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        beyond(&proxy, address(peer), &headers)
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_about_its_client() {
        assert_eq!(client("10.0.0.1", &["192.0.2.1"]), address("192.0.2.1"));
        assert_eq!(client("::ffff:10.0.0.1", &["192.0.2.1"]), address("192.0.2.1"));
        assert_eq!(client("192.0.2.9", &["192.0.2.1"]), address("192.0.2.9"));
        assert_eq!(client("10.0.0.1", &[]), address("10.0.0.1"));
    }

    #[test]
    fn what_a_client_puts_in_front_does_not_count() {
        let forged = "203.0.113.1, 192.0.2.1";
        assert_eq!(client("10.0.0.1", &[forged]), address("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &["203.0.113.1", "192.0.2.1"]), address("192.0.2.1"));
        let two = "203.0.113.1, 192.0.2.1, 10.0.0.2";
        assert_eq!(client("10.0.0.1", &[two]), address("192.0.2.1"));
        assert_eq!(client("10.0.0.1", &["192.0.2.1, unknown"]), address("10.0.0.1"));
    }
}
