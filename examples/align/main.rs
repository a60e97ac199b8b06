//! Align: a license file that is replaced while the service runs, 14 days of
//! grace, then read-only; seats, a monthly quota, a list of connectors.
//!
//! Start it with `cargo run --example align` and follow what it
//! prints.

mod connectors;
mod decisions;
mod features;
mod users;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::{extract::FromRef, middleware};
use clap::Parser;
use http::Method;
use license_axum::{
    Enforced, LicenseLayer, Licensing, Recovery, Routes, TrustedProxy,
    coverage::{Asks, coverage_route},
    doctor_route, enforce, machine_info_route,
    openapi::document_routes,
    refuse_cross_site,
    routing::get_with,
    status_route,
};
use license_examples::{
    Accounts, Administrator, Auth, Demo, Documents, Settings, Setup, StartError, arguments,
    curl_credentials, listen, method_not_allowed, not_found, open_accounts, openapi, refuse_query,
    run, serve, tell,
    web::{LICENSE, Web, lead_to_license},
};
use license_runtime::{LicenseManager, Source};
use utoipa::OpenApi as _;

/// The product, as the operator's program reads it too.
const PROFILE: &str = include_str!("align.toml");

/// Where Kubernetes mounts the license.
const LICENSE_FILE: &str = "/etc/align/license/license.jwt";

/// Align, an example of a licensed service
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,

    /// The license; watched, so that a new one takes effect by itself
    /// [default: /etc/align/license/license.jwt; in demo mode
    /// license/license.jwt below the data directory]
    #[arg(long, env = "LICENSE_FILE", value_name = "FILE")]
    license_file: Option<PathBuf>,

    /// Lets administrators upload a license on the license page, which replaces the
    /// file; the service must be able to write it
    #[arg(long, env = "ALLOW_UPLOAD")]
    allow_upload: bool,
}

/// What every handler can ask for.
#[derive(Clone)]
struct AppState {
    licensing: Licensing,
    manager: LicenseManager,
    accounts: Accounts,
    documents: Documents,
    auth: Auth,
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

#[tokio::main]
async fn main() {
    run(start(arguments::<Arguments>())).await;
}

async fn start(arguments: Arguments) -> Result<(), StartError> {
    let Arguments { settings, license_file, allow_upload } = arguments;
    let setup = Setup::new(&settings, PROFILE)?;
    setup.check_features(features::FEATURES)?;
    let license_file = match (license_file, &setup.demo) {
        (Some(file), _) => file,
        (None, Some(demo)) => demo.license_file("license.jwt")?,
        (None, None) => LICENSE_FILE.into(),
    };
    let pool = setup.open_database().await?;
    let documents = Documents::open(pool.clone()).await?;
    let (accounts, password) = open_accounts(&settings, pool).await?;
    let source = Source::file(&license_file);
    let source = if allow_upload { source.replaced_by_uploads() } else { source };
    let name = source.name();
    let builder = setup.manager().await?.sources([source]);
    let manager = builder.usage(accounts.usage()).start().await?;
    let Setup { licensing, demo, .. } = setup;
    let auth = Auth::new(&licensing, accounts.clone(), "align_session");
    let web = Web::new(manager.clone(), auth.clone(), &[])?;
    let web = if allow_upload { web } else { web.without_upload(name) };
    let state = AppState { licensing, manager: manager.clone(), accounts, documents, auth };
    let app = app(state, web, settings.connections.trusted_proxy()?)
        .map_err(|error| StartError::new("the routes are not valid").with_source(error))?;
    let listener = listen(&settings.listen).await?;
    if let (Some(demo), Ok(address)) = (&demo, listener.local_addr()) {
        print_demo(demo, password.as_deref(), &license_file, address)?;
    }
    let served = serve(listener, settings.connections, app).await;
    manager.shutdown().await;
    served
}

/// The whole service: its routes, and the license around them.
fn app(
    state: AppState,
    web: Web<Administrator, LicenseManager, Auth>,
    proxy: Option<TrustedProxy>,
) -> Result<Enforced, Box<dyn std::error::Error + Send + Sync>> {
    let recovery = Recovery::new()
        .allow(Method::GET, "/api/license")?
        .allow(Method::GET, "/api/license/machine-info")?
        .allow(Method::GET, "/api/license/doctor")?
        .allow(Method::GET, "/api/banner")?
        .allow(Method::POST, "/api/auth/sign-in")?
        .allow(Method::POST, "/api/auth/sign-out")?
        .allow(Method::GET, "/api/auth/me")?
        .allow(Method::GET, "/healthz")?;
    let layer = LicenseLayer::new(&state.licensing).recovery(recovery);
    let layer = proxy.into_iter().fold(layer, LicenseLayer::trusted_proxy);
    let routes = Routes::new()
        .route("/healthz", get_with(async || "ok", Asks::free))
        .route("/api/license", status_route::<Administrator, _>(state.manager.clone()))
        .route(
            "/api/license/machine-info",
            machine_info_route::<Administrator, _>(state.manager.clone()),
        )
        .route("/api/license/doctor", doctor_route::<Administrator, _>(state.manager.clone()))
        .route("/api/license/routes", coverage_route::<Administrator, _>())
        .nest("/api/auth", Auth::routes())
        .nest("/api/users", users::routes())
        .nest("/api/connectors", connectors::routes())
        .nest("/api/decisions", decisions::routes())
        .nest("/api", features::routes())
        .route_layer(middleware::from_fn(refuse_query))
        .merge(web.routes())
        .merge(document_routes("/api/openapi.json", document(), &state.licensing))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(refuse_cross_site))
        .with_state(state.clone());
    let to_license = middleware::from_fn_with_state(state.licensing.clone(), lead_to_license);
    Ok(enforce(routes, layer).layer(web.pages().denials(LICENSE, state)).layer(to_license))
}

/// What the routes do, but for the license.
fn document() -> utoipa::openapi::OpenApi {
    openapi::document("Align")
        .nest("/api/auth", Auth::document())
        .nest("/api/users", users::Document::openapi())
        .nest("/api/connectors", connectors::Described::openapi())
        .nest("/api/decisions", decisions::Described::openapi())
        .nest("/api", features::document())
}

/// Prints what a newcomer pastes to license this service.
fn print_demo(
    demo: &Demo,
    password: Option<&str>,
    license_file: &Path,
    address: SocketAddr,
) -> Result<(), StartError> {
    let warning = demo.warning();
    let sign_in = curl_credentials(demo.sign_in_file(password)?.as_deref());
    let private = demo.private_key().display();
    let license = demo.license_program();
    let cookies = demo.private_key().with_file_name("cookies.txt");
    let cookies = cookies.display();
    let file = license_file.display();
    tell(format_args!(
        "{warning}

Sign in as the administrator, and ask for the users; without a license the
answer is 503:

  curl -s -c '{cookies}' -H 'content-type: application/json' {sign_in} http://{address}/api/auth/sign-in
  curl -i -b '{cookies}' http://{address}/api/users

Issue a license for a year, and put it where this service looks for it:

  {license} issue --key '{private}' --product examples/align/align.toml --customer-id cust_demo --customer 'Demo Customer' --plan team --limit users=3 --limit decisions=100 --name connectors=slack --name connectors=github --days 365 --out '{file}.new' && mv '{file}.new' '{file}'

Ask again, within two seconds of it: 200 for the users, 403 for a feature that
the plan does not grant, 402 for a connector that the license does not list:

  sleep 2
  curl -i -b '{cookies}' http://{address}/api/users
  curl -i -b '{cookies}' http://{address}/api/branding
  curl -i -b '{cookies}' -H 'content-type: application/json' -d '{{\"type\":\"jira\"}}' http://{address}/api/connectors

The same in a browser, as admin@example.com: http://{address}/license
Started with --allow-upload, a license is renewed there, too.

For a license whose grace begins while you watch, give --expires an RFC 3339
time a minute from now instead of --days, and look at
http://{address}/api/banner.
"
    ));
    Ok(())
}
