//! The license layers around a plain Hyper service, without axum.
//!
//! ```sh
//! cargo run --release --example hyper -- --public-key vendor.pem --license-file acme.lic
//! ```

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Duration};

use clap::Parser;
use http::{Method, Request, Response, header};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use license_core::{Licensing, Machine, ProblemDetails, Product};
use license_examples::{StartError, announce, log_to_stderr, stop_signal, verifier};
use license_runtime::MachineIdSource;
use license_tower::{FeatureLayer, LicenseLayer, problem};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceBuilder, service_fn, util::BoxCloneSyncService};

const PROFILE: &str = include_str!("hyper.toml");

/// A licensed service on plain Hyper
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 picks a free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:3000")]
    listen: String,

    /// A public key to trust; may be repeated
    #[arg(long, env = "LICENSE_PUBLIC_KEY", value_name = "[KID=][ALG:]FILE.pem", required = true)]
    public_key: Vec<String>,

    /// The license, read at start
    #[arg(long, env = "LICENSE_FILE", value_name = "FILE")]
    license_file: PathBuf,
}

type Answer = Response<Full<Bytes>>;
type Route = BoxCloneSyncService<Request<Incoming>, Answer, Infallible>;

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    log_to_stderr();
    if let Err(error) = run(arguments).await {
        eprintln!("{}", error.story());
        std::process::exit(2);
    }
}

async fn run(arguments: Arguments) -> Result<(), StartError> {
    let product = Product::from_toml(PROFILE)
        .map_err(|error| StartError::new("the product profile is not valid").with_source(error))?;
    let licensing = Licensing::new(verifier(&product, &arguments.public_key)?);
    if let Ok(fingerprint) = MachineIdSource::System.fingerprint(product.audience()) {
        licensing.set_machine(Machine::Known(fingerprint));
    }
    load(&licensing, &arguments.license_file);
    let routes = Routes::new(&licensing)
        .map_err(|error| StartError::new("the routes are not valid").with_source(error))?;
    let listener = TcpListener::bind(&arguments.listen).await.map_err(|error| {
        let message =
            format!("cannot listen on {}; choose another with --listen", arguments.listen);
        StartError::new(message).with_source(error)
    })?;
    announce(&listener)?;
    serve(listener, routes).await;
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

/// Three routes: open, licensed, and licensed with a feature.
#[derive(Clone)]
struct Routes {
    open: Route,
    hello: Route,
    export: Route,
    missing: Route,
}

impl Routes {
    fn new(licensing: &Licensing) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let license = LicenseLayer::new(licensing);
        let feature = FeatureLayer::new(licensing, "export")?;
        let missing =
            ProblemDetails::new(404, "not_found").detail("There is nothing at this path.");
        Ok(Self {
            open: BoxCloneSyncService::new(text("This page is always open.\n")),
            hello: BoxCloneSyncService::new(license.layer(text("Hello, licensee.\n"))),
            export: BoxCloneSyncService::new(
                ServiceBuilder::new().layer(license).layer(feature).service(text("id,name\n")),
            ),
            missing: BoxCloneSyncService::new(service_fn(move |_| {
                let answer = problem(&missing);
                async move { Ok(answer) }
            })),
        })
    }

    fn route(&self, request: &Request<Incoming>) -> Route {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        match request.uri().path() {
            "/" if reads => self.open.clone(),
            "/api/hello" if reads => self.hello.clone(),
            "/api/export" if reads => self.export.clone(),
            _ => self.missing.clone(),
        }
    }
}

/// A service that answers with a text.
fn text(
    body: &'static str,
) -> impl Service<Request<Incoming>, Response = Answer, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |_| async move {
        let mut answer = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
        let plain = header::HeaderValue::from_static("text/plain; charset=utf-8");
        answer.headers_mut().insert(header::CONTENT_TYPE, plain);
        Ok(answer)
    })
}

async fn serve(listener: TcpListener, routes: Routes) {
    let routes = Arc::new(routes);
    let server = Arc::new(auto::Builder::new(TokioExecutor::new()));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop_signal());
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
        let (routes, server) = (Arc::clone(&routes), Arc::clone(&server));
        let service = service_fn(move |request| {
            let mut route = routes.route(&request);
            async move {
                std::future::poll_fn(|context| route.poll_ready(context)).await?;
                route.call(request).await
            }
        });
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let connection =
                server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
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
