//! Polygent: licenses uploaded while the service runs, 503 on expiry, 403 for
//! each feature a license lacks, machine and domain binding.
//!
//! Start it with `cargo run --example polygent` and follow what it
//! prints.

mod agents;
mod alerts;
mod background;
mod metrics;
mod modules;
mod users;

use axum::{extract::FromRef, middleware};
use clap::Parser;
use http::Method;
use license_axum::{
    Enforced, Feature, LicenseLayer, Licensing, Recovery, Routes, TrustedProxy, admin_routes,
    coverage::Asks,
    enforce, features,
    openapi::document_routes,
    refuse_cross_site,
    routing::{get_with, post_with},
};
use license_examples::{
    Accounts, Administrator, Auth, Demo, Settings, Setup, StartError, arguments, curl_credentials,
    listen, method_not_allowed, not_found, open_accounts, openapi, refuse_query, run, serve, tell,
    web::{LICENSE, Web, lead_to_license},
};
use license_runtime::LicenseManager;
use utoipa::OpenApi as _;

use self::{
    agents::AgentSettings,
    alerts::AlertSettings,
    background::Workers,
    metrics::{Figures, MetricsSettings},
};

/// The product, as the operator's program reads it too.
const PROFILE: &str = include_str!("polygent.toml");

/// Polygent, an example of a licensed service
#[derive(Parser)]
#[command(after_help = "A machine without an id of its own, such as a container, takes it from \
    MACHINE_ID, or from the file that MACHINE_ID_FILE names: 16 to 256 printable ASCII characters \
    without spaces")]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    agents: AgentSettings,
    #[command(flatten)]
    alerts: AlertSettings,
    #[command(flatten)]
    metrics: MetricsSettings,
}

/// What every handler can ask for.
#[derive(Clone)]
struct AppState {
    licensing: Licensing,
    manager: LicenseManager,
    accounts: Accounts,
    auth: Auth,
    workers: Workers,
    figures: Figures,
    agents: AgentSettings,
}

features! {
    /// Signed in on several devices at a time.
    MultipleActiveSessions = "multiple-active-sessions";
}

impl FromRef<AppState> for Auth {
    fn from_ref(state: &AppState) -> Self {
        state.auth.clone()
    }
}

impl FromRef<AppState> for Licensing {
    fn from_ref(state: &AppState) -> Self {
        state.licensing.clone()
    }
}

impl FromRef<AppState> for LicenseManager {
    fn from_ref(state: &AppState) -> Self {
        state.manager.clone()
    }
}

#[tokio::main]
async fn main() {
    run(start(arguments::<Arguments>())).await;
}

async fn start(arguments: Arguments) -> Result<(), StartError> {
    let Arguments { settings, agents, alerts, metrics } = arguments;
    let setup = Setup::new(&settings, PROFILE)?;
    setup.check_features(modules::MODULES)?;
    setup.check_features(&[MultipleActiveSessions::NAME])?;
    let pool = setup.open_database().await?;
    let (accounts, password) = open_accounts(&settings, pool).await?;
    let figures = metrics.collect()?;
    let mut manager = setup.manager().await?.usage(accounts.usage()).lease_ttl(agents.lease_ttl);
    if let Some(alerts) = alerts.alerts(&accounts, setup.licensing.product())? {
        manager = manager.alerts(alerts);
    }
    let manager = manager.start().await?;
    let Setup { licensing, demo, .. } = setup;
    let workers = Workers::start(&licensing);
    let auth = Auth::new(&licensing, accounts.clone(), "polygent_session").one_session(one_session);
    let web = Web::new(manager.clone(), auth.clone(), modules::MODULES)?.with_devices();
    let state =
        AppState { licensing, manager: manager.clone(), accounts, auth, workers, figures, agents };
    let app = app(state, web, settings.connections.trusted_proxy()?)
        .map_err(|error| StartError::new("the routes are not valid").with_source(error))?;
    let listener = listen(&settings.listen).await?;
    if let (Some(demo), Ok(address)) = (&demo, listener.local_addr()) {
        print_demo(demo, password.as_deref(), address)?;
    }
    let served = serve(listener, settings.connections, app).await;
    manager.shutdown().await;
    served
}

/// Whether signing in ends the other sessions: a license in force that does
/// not include several.
fn one_session(licensing: &Licensing) -> bool {
    let several = licensing.allows_feature(MultipleActiveSessions::NAME);
    licensing.phase().is_in_force() && !several
}

/// The whole service: its routes, and the license around them.
fn app(
    state: AppState,
    web: Web<Administrator, LicenseManager, Auth>,
    proxy: Option<TrustedProxy>,
) -> Result<Enforced, Box<dyn std::error::Error + Send + Sync>> {
    let layer =
        LicenseLayer::new(&state.licensing).scope("/api/**")?.scope("/agents/**")?.recovery(
            Recovery::new()
                .allow(Method::POST, "/api/auth/sign-in")?
                .allow(Method::POST, "/api/auth/sign-out")?
                .allow(Method::GET, "/api/auth/me")?
                .allow(Method::GET, "/api/banner")?,
        );
    let layer = proxy.into_iter().fold(layer, LicenseLayer::trusted_proxy);
    let routes = Routes::new()
        .route("/healthz", get_with(async || "ok", Asks::free))
        .route("/background", get_with(background::show, Asks::free))
        .route("/metrics", get_with(metrics::show, Asks::free))
        .nest("/api/auth", Auth::routes())
        .nest("/api/users", users::routes())
        .nest("/api", modules::routes())
        .route("/api/license/alerts/run", post_with(alerts::run, Asks::free))
        .route_layer(middleware::from_fn(refuse_query))
        .merge(web.routes())
        .merge(web.device_routes())
        .merge(document_routes("/api/openapi.json", document(), &state.licensing))
        .nest("/agents", agents::routes())
        .nest("/api/license", admin_routes::<Administrator, _>(state.manager.clone()))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(refuse_cross_site))
        .with_state(state.clone());
    let to_license = middleware::from_fn_with_state(state.licensing.clone(), lead_to_license);
    Ok(enforce(routes, layer).layer(web.pages().denials(LICENSE, state)).layer(to_license))
}

/// What the routes do, but for the license.
fn document() -> utoipa::openapi::OpenApi {
    openapi::document("Polygent")
        .nest("/api/auth", Auth::document())
        .nest("/api/users", users::Document::openapi())
        .nest("/api", modules::document())
        .nest("/agents", agents::Document::openapi())
        .nest("", alerts::Document::openapi())
        .nest("", background::Document::openapi())
        .nest("", metrics::Document::openapi())
}

/// Prints what a newcomer pastes to license this service.
fn print_demo(
    demo: &Demo,
    password: Option<&str>,
    address: std::net::SocketAddr,
) -> Result<(), StartError> {
    let sign_in = curl_credentials(demo.sign_in_file(password)?.as_deref());
    let private = demo.private_key().display();
    let license = demo.license_program();
    let cookies = demo.private_key().with_file_name("cookies.txt");
    let cookies = cookies.display();
    let warning = demo.warning();
    tell(format_args!(
        "{warning}

Ask for a feature; without a license the answer is 503:

  curl -i http://{address}/api/workflows

Sign in as the administrator:

  curl -s -c '{cookies}' -H 'content-type: application/json' {sign_in} http://{address}/api/auth/sign-in

Issue a license for a year, and install it:

  {license} issue --key '{private}' --product examples/polygent/polygent.toml --customer-id cust_demo --customer 'Demo Customer' --plan enterprise --feature workflows --feature insights --feature sso-saml --limit users=5 --limit session_hosts=2 --limit deploy_hosts=unlimited --days 365 | curl -s -b '{cookies}' -H 'content-type: application/jwt' --data-binary @- http://{address}/api/license

Ask again: 200 for a feature that it grants, 403 for one that it does not:

  curl -i -b '{cookies}' http://{address}/api/workflows
  curl -i -b '{cookies}' http://{address}/api/planner

The same in a browser, as admin@example.com: http://{address}/license

For a license that expires while you watch, give --expires an RFC 3339 time a
minute from now instead of --days; for one that binds a domain, add
--domain '*.acme.internal' and upload it to http://{address}/api/license?force=true.
"
    ));
    Ok(())
}
