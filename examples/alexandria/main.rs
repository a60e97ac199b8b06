//! Alexandria: a license key in the environment, 7 days of grace, then 402 on
//! what is licensed by entitlement; the core API is always served.
//!
//! Start it with `cargo run --example alexandria` and follow what
//! it prints.

mod admin;
mod blobs;
mod features;
mod scim;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::{extract::FromRef, middleware};
use clap::Parser;
use license_axum::{
    Enforced, Licensing, Routes, coverage::Asks, enforce, openapi::document_routes,
    refuse_cross_site, routing::get_with, warning_layer,
};
use license_examples::{
    Demo, Documents, Settings, Setup, StartError, arguments, listen, method_not_allowed, not_found,
    openapi, refuse_query, run, serve, tell,
    web::{LICENSE, Web},
    write_private,
};
use license_runtime::{LicenseManager, Source};
use utoipa::OpenApi as _;

use self::admin::{Admin, Admins};

/// The product, as the operator's program reads it too.
const PROFILE: &str = include_str!("alexandria.toml");

/// Alexandria, an example of a licensed service
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,

    /// The license key itself; it wins over the environment variable
    /// LICENSE_KEY, which wins over a file
    #[arg(long, value_name = "KEY")]
    license_key: Option<String>,

    /// A file with the license key; watched, so that a new one takes effect by
    /// itself [default: none; in demo mode license/license.key below the data
    /// directory]
    #[arg(long, env = "LICENSE_KEY_FILE", value_name = "FILE")]
    license_key_file: Option<PathBuf>,

    /// What the tokens of administrators are signed with (HS256), at least 32
    /// bytes; without it one is made and a token printed
    #[arg(long, env = "ADMIN_JWT_SECRET", value_name = "TEXT", hide_env_values = true)]
    admin_jwt_secret: Option<String>,
}

/// What every handler can ask for.
#[derive(Clone)]
struct AppState {
    licensing: Licensing,
    manager: LicenseManager,
    documents: Documents,
    admins: Admins,
}

impl FromRef<AppState> for Admins {
    fn from_ref(state: &AppState) -> Self {
        state.admins.clone()
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
    let Arguments { settings, license_key, license_key_file, admin_jwt_secret } = arguments;
    let setup = Setup::new(&settings, PROFILE)?;
    setup.check_features(features::FEATURES)?;
    let key_file = match (license_key_file, &setup.demo) {
        (None, Some(demo)) => Some(demo.license_file("license.key")?),
        (file, _) => file,
    };
    // What is given at the start is not replaced by an upload.
    let given = match &license_key {
        Some(_) => Some("--license-key"),
        None => std::env::var_os("LICENSE_KEY").filter(|it| !it.is_empty()).map(|_| "LICENSE_KEY"),
    };
    let flag = license_key.map(|key| Source::literal("--license-key", key));
    let environment = Source::environment("LICENSE_KEY");
    let sources = flag
        .into_iter()
        .chain([environment])
        .chain(key_file.as_ref().map(|file| Source::file(file).replaced_by_uploads()));
    let manager = setup.manager().await?.sources(sources).start().await?;
    let documents = Documents::open(setup.open_database().await?).await?;
    let Setup { data_dir, licensing, demo, .. } = setup;
    let (admins, token) = Admins::new(admin_jwt_secret.as_deref(), &data_dir, &licensing)?;
    if let Some(token) = &token {
        tell("No ADMIN_JWT_SECRET was given. A token for administrators, good for 30 days:");
        tell(token);
    }
    let web = Web::new(manager.clone(), admins.clone(), &[])?;
    let web = given.into_iter().fold(web, Web::without_upload);
    let app = app(web, AppState { licensing, manager: manager.clone(), documents, admins });
    let listener = listen(&settings.listen).await?;
    if let (Some(demo), Some(file), Ok(address)) = (&demo, &key_file, listener.local_addr()) {
        print_demo(demo, token.as_deref(), file, &data_dir, address)?;
    }
    let served = serve(listener, settings.connections, app).await;
    manager.shutdown().await;
    served
}

/// The whole service. No license stops it: features are asked for by route.
fn app(web: Web<Admin, LicenseManager, Admins>, state: AppState) -> Enforced {
    let warnings = warning_layer::<Admin, _>(&state.licensing, state.clone());
    let routes = Routes::new()
        .route("/healthz", get_with(async || "ok", Asks::free))
        .nest("/v1/blobs", blobs::routes())
        .nest("/admin", admin::routes(&state))
        .nest("/scim/v2", scim::routes())
        .merge(features::routes())
        .route_layer(middleware::from_fn(refuse_query))
        .merge(web.routes())
        .merge(document_routes("/api/openapi.json", document(), &state.licensing))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn(refuse_cross_site))
        .with_state(state.clone());
    enforce(routes, warnings).layer(web.pages().denials(LICENSE, state))
}

/// What the routes do, but for the license.
fn document() -> utoipa::openapi::OpenApi {
    openapi::document("Alexandria")
        .nest("/v1/blobs", blobs::Described::openapi())
        .nest("/admin", admin::Described::openapi())
        .nest("/scim/v2", scim::Described::openapi())
        .nest("", features::document())
}

/// Prints what a newcomer pastes to license this service.
fn print_demo(
    demo: &Demo,
    token: Option<&str>,
    key_file: &Path,
    data_dir: &Path,
    address: SocketAddr,
) -> Result<(), StartError> {
    let warning = demo.warning();
    let private = demo.private_key().display();
    let license = demo.license_program();
    let (file, data_dir) = (key_file.display(), data_dir.display());
    let header = demo.private_key().with_file_name("admin-header.txt");
    let header = match token {
        Some(token) => {
            write_private(&header, format!("authorization: Bearer {token}\n").as_bytes())?;
            format!("'@{}'", header.display())
        }
        None => "'authorization: Bearer an administrator'\\''s token'".to_owned(),
    };
    tell(format_args!(
        "{warning}

Use the core API, and ask for a feature; without a license one answers, the
other is 402:

  curl -i -X PUT --data-binary @README.md http://{address}/v1/blobs/readme
  curl -i http://{address}/scim/v2/Users

Issue a license for a year, and put it where this service looks for it:

  {license} issue --key '{private}' --product examples/alexandria/alexandria.toml --plan enterprise --feature scim --feature audit_export --feature multi_tenant --limit tenants=2 --days 365 --out '{file}.new' && mv '{file}.new' '{file}'

Ask again, within two seconds of it: 200 for a feature that it grants, 403 for
one that it does not. Administrators see what is licensed:

  sleep 2
  curl -i http://{address}/scim/v2/Users
  curl -i http://{address}/vault/status
  curl -i -H {header} http://{address}/admin/license

The same in a browser, with the administrator's token: http://{address}/license

As in production, the key can stand in the environment instead; it then wins
over the file. Stop this service, and start it again with

  LICENSE_KEY=\"$(cat '{file}')\" cargo run --example alexandria -- --data-dir '{data_dir}' --listen {address}

For a license whose grace begins while you watch, give --expires an RFC 3339
time a minute from now instead of --days.
"
    ));
    Ok(())
}
