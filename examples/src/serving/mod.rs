//! Listening, connections and their limits, and from where a client asks.

mod activity;
mod client_address;
mod connections;
mod proxies;
mod serve;

pub(crate) use self::client_address::ClientAddress;
pub use self::{
    connections::{Connections, RequestBody},
    serve::{listen, run, serve, tell},
};
