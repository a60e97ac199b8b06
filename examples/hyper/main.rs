//! The license layers around a plain Hyper service, without axum.
//!
//! ```sh
//! cargo run --release --example hyper -- --public-key vendor.pem --license-file acme.lic
//! ```

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Duration};

use clap::Parser;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use license_core::{Delivery, Licensing, Machine, ProblemDetails, Product};
use license_examples::{StartError, announce, listen, run, stop_signal, verifier};
use license_runtime::MachineIdSource;
use license_tower::{FeatureLayer, LicenseLayer, problem};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};

const PROFILE: &str = include_str!("hyper.toml");

/// A licensed service on plain Hyper
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 picks a free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:3000")]
    listen: String,

    /// A public key to trust; may be repeated, or several separated by commas
    // A PEM text begins with hyphens; refused as a flag, it would be printed.
    #[arg(
        long,
        env = "LICENSE_PUBLIC_KEY",
        value_name = "[KID=][ALG:]FILE.pem",
        value_delimiter = ',',
        allow_hyphen_values = true,
        hide_env_values = true,
        required = true
    )]
    public_key: Vec<String>,

    /// The license, read at start; without one nothing is licensed
    #[arg(long, env = "LICENSE_FILE", value_name = "FILE")]
    license_file: Option<PathBuf>,
}

type Answer = Response<Full<Bytes>>;
type App = BoxCloneSyncService<Request<Incoming>, Answer, Infallible>;

#[tokio::main]
async fn main() {
    run(start(Arguments::parse())).await;
}

async fn start(arguments: Arguments) -> Result<(), StartError> {
    let product = Product::from_toml(PROFILE)
        .map_err(|error| StartError::new("the product profile is not valid").with_source(error))?;
    let licensing = Licensing::new(verifier(&product, &arguments.public_key)?);
    if let Ok(fingerprint) = MachineIdSource::System.fingerprint(product.audience()) {
        licensing.set_machine(Machine::Known(fingerprint));
    }
    licensing.set_delivery(Delivery::Start);
    match &arguments.license_file {
        Some(file) => load(&licensing, file),
        None => tracing::warn!("no license file is named; give one with --license-file"),
    }
    let app = app(&licensing)
        .map_err(|error| StartError::new("the routes are not valid").with_source(error))?;
    let listener = listen(&arguments.listen).await?;
    let stop = stop_signal();
    announce(&listener)?;
    serve(listener, app, stop).await;
    Ok(())
}

/// Puts the license of the file in force. A bad one is reported and never
/// keeps the service from starting.
fn load(licensing: &Licensing, file: &std::path::Path) {
    let token = match std::fs::read(file) {
        Ok(token) => token,
        Err(error) => {
            return tracing::error!(file = %file.display(), %error, "license file not read");
        }
    };
    match licensing.verify(&token) {
        Ok(verified) => licensing.adopt(&verified),
        Err(error) => {
            tracing::error!(code = error.code(), detail = error.detail(), "license refused")
        }
    }
}

/// The whole service: its routes, and the license around those below `/api`.
fn app(licensing: &Licensing) -> Result<App, Box<dyn std::error::Error + Send + Sync>> {
    let export = FeatureLayer::new(licensing, "export")?
        .layer(service_fn(async |_: Request<Incoming>| Ok(text("id,name\n"))));
    let export = App::new(export);
    let routes = service_fn(move |request| route(export.clone(), request));
    Ok(App::new(LicenseLayer::new(licensing).scope("/api/**")?.layer(routes)))
}

/// Three routes: open, licensed, and licensed with a feature.
async fn route(export: App, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let head = *request.method() == Method::HEAD;
    let mut answer = match (request.uri().path(), head || *request.method() == Method::GET) {
        ("/", true) => text("This page is always open.\n"),
        ("/api/hello", true) => text("Hello, licensee.\n"),
        ("/api/export", true) => export.oneshot(request).await?,
        ("/" | "/api/hello" | "/api/export", false) => method_not_allowed(),
        _ => {
            problem(&ProblemDetails::new(404, "not_found").detail("There is nothing at this path."))
        }
    };
    if head {
        // Over HTTP/2 hyper would send the body.
        *answer.body_mut() = Full::default();
    }
    Ok(answer)
}

fn text(body: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(body));
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

fn method_not_allowed() -> Answer {
    let details = ProblemDetails::new(405, "method_not_allowed");
    let mut answer = problem(&details.detail("This path takes GET and HEAD only."));
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    answer
}

async fn serve(listener: TcpListener, app: App, stop: impl Future<Output = ()>) {
    let server = Arc::new(auto::Builder::new(TokioExecutor::new()));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let (app, server) = (app.clone(), Arc::clone(&server));
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let connection =
                server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                tracing::debug!(error, "a connection ended early");
            }
        });
    }
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(Duration::from_secs(10)) => {}
    }
}
