//! A host that asks to be connected.

use std::fmt;

use axum::{
    extract::{FromRef, FromRequestParts, WebSocketUpgrade},
    response::Response,
};
use http::{Uri, Version, request::Parts};
use license_core::{HostId, runtime::LeaseHosts};
use percent_encoding::percent_decode_str;

use super::{HostRejection, HostSocket};
use crate::{
    LicenseRejection,
    coverage::{Gate, Question},
    query::values,
};

/// A limit of hosts, and who counts them.
pub trait HostLimit: 'static {
    /// The name of the limit.
    const NAME: &'static str;

    /// Who counts; the state of the router hands it out through `FromRef`.
    type Hosts: LeaseHosts;
}

/// A host that asks for a WebSocket, named by `host` in the query, and that
/// the license admits. It counts from now on, until this or the
/// [`HostSocket`] made of it is dropped.
///
/// See the [module](crate::hosts) for what is answered to whom.
#[must_use = "the host is connected by returning what `on_upgrade` gives"]
pub struct HostUpgrade<L: HostLimit> {
    upgrade: WebSocketUpgrade,
    host: HostId,
    lease: <L::Hosts as LeaseHosts>::Lease,
    hosts: L::Hosts,
}

/// What a host may send at once, unless it is configured. A place in a
/// license is not to be paid for with memory.
const MAX_MESSAGE_BYTES: usize = 1 << 20;
/// How much of a connection is buffered: there may be 100,000 of them.
const BUFFER_BYTES: usize = 4096;

impl<L: HostLimit> HostUpgrade<L> {
    /// The host.
    pub fn host(&self) -> &HostId {
        &self.host
    }

    /// Sets what axum lets be set of a WebSocket, such as protocols. Without
    /// it a message is at most 1 MiB long.
    pub fn configure(
        mut self,
        configure: impl FnOnce(WebSocketUpgrade) -> WebSocketUpgrade,
    ) -> Self {
        self.upgrade = configure(self.upgrade);
        self
    }

    /// The response that opens the connection; `serve` is run with it. The
    /// lease ends when the [`HostSocket`] is dropped, or when the client does
    /// not take the connection.
    pub fn on_upgrade<F, Fut>(self, serve: F) -> Response
    where
        F: FnOnce(HostSocket<L::Hosts>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let Self { upgrade, host, lease, hosts } = self;
        upgrade.on_upgrade(move |socket| serve(HostSocket::new(socket, host, lease, &hosts)))
    }
}

impl<S, L> FromRequestParts<S> for HostUpgrade<L>
where
    S: Send + Sync,
    L: HostLimit,
    L::Hosts: FromRef<S>,
{
    type Rejection = HostRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HostRejection> {
        if let Some(question) = Question::of(parts) {
            return Err(question.answer(Gate::Lease(L::NAME.into())).into());
        }
        let host = named(&parts.uri).ok_or(HostRejection::HostId)?;
        let names_protocol = parts.version <= Version::HTTP_11;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        let upgrade = upgrade.map_err(|_| HostRejection::Upgrade { names_protocol })?;
        let hosts = L::Hosts::from_ref(state);
        let lease = hosts.lease(L::NAME, host.clone()).await;
        let lease =
            lease.map_err(|denial| LicenseRejection::answered(hosts.licensing(), denial))?;
        let upgrade = upgrade
            .max_message_size(MAX_MESSAGE_BYTES)
            .max_frame_size(MAX_MESSAGE_BYTES)
            .read_buffer_size(BUFFER_BYTES)
            .write_buffer_size(BUFFER_BYTES);
        Ok(Self { upgrade, host, lease, hosts })
    }
}

impl<L: HostLimit> fmt::Debug for HostUpgrade<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostUpgrade").field("limit", &L::NAME).field("host", &self.host).finish()
    }
}

/// The one host that a query names.
fn named(uri: &Uri) -> Option<HostId> {
    let mut values = values(uri, "host");
    let (value, None) = (values.next()?, values.next()) else { return None };
    percent_decode_str(value).decode_utf8().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(uri: &str) -> Option<String> {
        named(&uri.parse().unwrap()).map(|host| host.to_string())
    }

    #[test]
    fn a_query_names_exactly_one_host() {
        assert_eq!(host("/x?host=a-1").as_deref(), Some("a-1"));
        assert_eq!(host("/x?y=1&host=ci%40a%3A1&z").as_deref(), Some("ci@a:1"));
        for bad in [
            "/x",
            "/x?",
            "/x?host",
            "/x?host=",
            "/x?host=a&host=a",
            "/x?hosts=a",
            "/x?HOST=a",
            "/x?host=a+b",
            "/x?host=a%20b",
            "/x?host=%ff",
            "/x?host=a%00",
            "/x?host=a/b",
        ] {
            assert_eq!(host(bad), None, "{bad}");
        }
    }
}
