//! Agents: hosts that connect by a WebSocket, as many as the license allows.

use std::{ops::RangeInclusive, time::Duration};

use axum::{
    extract::{State, ws::Message},
    response::Response,
};
use clap::Args;
use license_axum::{
    HostEvent, HostLimit, HostUpgrade, Routes,
    routing::{MethodRoutes, get},
};
use license_core::policy::parse_duration;
use license_examples::openapi::Agents;
use license_runtime::LicenseManager;
use serde_json::json;
use utoipa::OpenApi;

use crate::AppState;

/// Flags and environment variables.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct AgentSettings {
    /// How long a host counts that has vanished, such as 30s or 2m
    #[arg(long, env = "LEASE_TTL", default_value = "30s", value_parser = lease_ttl)]
    pub(crate) lease_ttl: Duration,

    /// Tells connected agents when the license changes, and ends their
    /// connections when it refuses new ones
    #[arg(long, env = "AGENTS_END_WHEN_REFUSED")]
    agents_end_when_refused: bool,
}

/// Hosts with an agent for sessions.
struct SessionHosts;

/// Hosts with an agent for deployments.
struct DeployHosts;

impl HostLimit for SessionHosts {
    const NAME: &'static str = "session_hosts";
    type Hosts = LicenseManager;
}

impl HostLimit for DeployHosts {
    const NAME: &'static str = "deploy_hosts";
    type Hosts = LicenseManager;
}

/// What an agent is told when it is sent away: RFC 6455 calls it a violated
/// policy.
const REFUSED: u16 = 1008;

/// A second at least, an hour at most.
fn lease_ttl(text: &str) -> Result<Duration, String> {
    const RANGE: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3600);
    let ttl = parse_duration(text).ok().flatten().filter(|ttl| RANGE.contains(ttl));
    ttl.ok_or_else(|| "give 1s to 1h, such as 30s".to_owned())
}

#[derive(OpenApi)]
#[openapi(paths(session, deploy))]
pub(crate) struct Document;

#[utoipa::path(
    get,
    path = "/session",
    operation_id = "agents_session",
    tag = "agents",
    params(("host" = String, Query, description = "The host's id.")),
    responses(Agents),
)]
#[allow(dead_code, reason = "described; both are `connect`")]
fn session() {}

#[utoipa::path(
    get,
    path = "/deploy",
    operation_id = "agents_deploy",
    tag = "agents",
    params(("host" = String, Query, description = "The host's id.")),
    responses(Agents),
)]
#[allow(dead_code, reason = "described; both are `connect`")]
fn deploy() {}

pub(crate) fn routes() -> Routes<AppState> {
    Routes::new()
        .route("/session", agent::<SessionHosts>())
        .route("/deploy", agent::<DeployHosts>())
}

/// `CONNECT` is how HTTP/2 opens a WebSocket.
fn agent<L: HostLimit<Hosts = LicenseManager>>() -> MethodRoutes<AppState> {
    get(connect::<L>).connect(connect::<L>)
}

async fn connect<L: HostLimit<Hosts = LicenseManager>>(
    State(state): State<AppState>,
    upgrade: HostUpgrade<L>,
) -> Response {
    let ends_when_refused = state.agents.agents_end_when_refused;
    upgrade.on_upgrade(async move |mut agent| {
        while let Some(event) = agent.recv().await {
            // Work would go here.
            let HostEvent::License(status) = event else { continue };
            if !ends_when_refused {
                continue;
            }
            let text = json!({ "license": status }).to_string();
            if agent.send(Message::Text(text.into())).await.is_err() {
                break;
            }
            if status.restricted {
                agent.close(REFUSED, status.code.unwrap_or("license_invalid")).await;
                break;
            }
        }
    })
}
