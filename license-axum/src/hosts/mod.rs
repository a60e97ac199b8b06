//! Hosts that are connected by a WebSocket, as many as the license allows.
//!
//! [`HostUpgrade`] is the extractor: it takes the lease of the host before
//! the connection is upgraded, so that whoever is refused gets a response
//! that says why. [`HostSocket`] is the connection: it notices a host that has
//! vanished, and the lease ends with it, however it ends.
//!
//! ```
//! use axum::{Router, extract::{FromRef, ws::Message}, response::Response, routing::get};
//! use license_axum::{HostEvent, HostLimit, HostUpgrade};
//! use license_runtime::LicenseManager;
//!
//! /// Hosts with an open session.
//! struct SessionHosts;
//!
//! impl HostLimit for SessionHosts {
//!     const NAME: &'static str = "session_hosts";
//!     type Hosts = LicenseManager;
//! }
//!
//! #[derive(Clone)]
//! struct AppState {
//!     manager: LicenseManager,
//! }
//!
//! impl FromRef<AppState> for LicenseManager {
//!     fn from_ref(state: &AppState) -> Self {
//!         state.manager.clone()
//!     }
//! }
//!
//! async fn session(upgrade: HostUpgrade<SessionHosts>) -> Response {
//!     upgrade.on_upgrade(async |mut host| {
//!         while let Some(event) = host.recv().await {
//!             match event {
//!                 HostEvent::Message(message) => drop(host.send(message).await),
//!                 HostEvent::License(status) if status.restricted => break,
//!                 HostEvent::License(_) => {}
//!                 _ => {}
//!             }
//!         }
//!     })
//! }
//!
//! // `CONNECT` is how HTTP/2 opens a WebSocket.
//! let router: Router<AppState> = Router::new().route("/session", get(session).connect(session));
//! ```
//!
//! # What is answered
//!
//! In this order; everything but 101 is a problem document.
//!
//! | when | status | code |
//! |---|---|---|
//! | no `host` in the query, several, or one that is no [`HostId`](license_core::HostId) | 400 | `host_id_invalid` |
//! | the request does not ask for a WebSocket | 426 | `upgrade_required` |
//! | no license can say how many hosts are allowed | 402 or 503 | that of the phase |
//! | as many hosts as allowed are connected | 409 | `concurrent_host_limit_reached` |
//! | the store of the leases cannot be reached | 503 | `store_unavailable` |
//!
//! A host that is connected already always gets in. While the license stops
//! the whole service, a [`LicenseLayer`](crate::LicenseLayer) refuses before
//! any of this; connections that are open stay open.
//!
//! # What to know
//!
//! - The id is what the host says. Whoever may open a connection can take a
//!   place: put the product's own authentication before it where hosts have
//!   credentials.
//! - An upgrade counts as a change, so that it is refused under read-only
//!   unless the route is [marked safe](crate::tower::Marks).
//! - A host is pinged every third of the TTL, as long as somebody waits in
//!   [`recv`](HostSocket::recv).

mod rejection;
mod socket;
mod upgrade;

pub use self::{
    rejection::HostRejection,
    socket::{HostEvent, HostSocket},
    upgrade::{HostLimit, HostUpgrade},
};
