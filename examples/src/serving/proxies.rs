//! Proxies in front of a service, and what they are believed.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use clap::Args;
use license_tower::TrustedProxy;

use crate::StartError;

/// Which proxies a service stands behind.
#[derive(Clone, Debug, Args)]
pub(crate) struct Proxies {
    /// A proxy in front of the service, as an address or a network such as
    /// 10.0.0.0/8; may be repeated, or several separated by commas. Requests
    /// from there must name the host in X-Forwarded-Host, and may name the
    /// client in X-Forwarded-For; from anywhere else both are ignored
    #[arg(long, env = "TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    trusted_proxy: Vec<String>,
}

impl Proxies {
    /// Whom to believe; nobody where no proxy was named.
    ///
    /// # Errors
    ///
    /// What is no network.
    pub(crate) fn trusted(&self) -> Result<Option<TrustedProxy>, StartError> {
        if self.trusted_proxy.is_empty() {
            return Ok(None);
        }
        let networks = self.trusted_proxy.iter().map(|network| network.trim());
        let proxy = TrustedProxy::new(networks, "x-forwarded-host", |extensions| {
            Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip())
        });
        let proxy = proxy.map_err(|error| {
            StartError::new("--trusted-proxy cannot be used").with_source(error)
        })?;
        Ok(Some(proxy))
    }
}
