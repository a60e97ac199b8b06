//! The license layers around a plain Hyper service, without axum.
//!
//! ```sh
//! cargo run --example hyper -- --public-key vendor.pem --license-file acme.lic
//! ```

use std::{convert::Infallible, path::PathBuf};

use clap::Parser;
use http::{HeaderValue, Method, Request, Response, header};
use http_body_util::{BodyExt, Empty, Full, combinators::BoxBody};
use hyper::body::Bytes;
use license_core::{
    Licensing, Product,
    machine::Machine,
    refusal::{Delivery, ProblemDetails},
};
use license_examples::{
    Connections, RequestBody, StartError, TrustedKeys, arguments, listen, run, serve, verifier,
};
use license_runtime::MachineLadder;
use license_tower::{
    Boxed, FeatureLayer, LicenseLayer, ProblemJson, TrustedProxy,
    discard::{DiscardLayer, Watched},
    problem,
};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};

const PROFILE: &str = include_str!("hyper.toml");

/// A licensed service on plain Hyper
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 picks a free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:3000")]
    listen: String,

    #[command(flatten)]
    connections: Connections,

    #[command(flatten)]
    keys: TrustedKeys,

    /// The license, read at start; without one nothing is licensed
    #[arg(long, env = "LICENSE_FILE", value_name = "FILE")]
    license_file: Option<PathBuf>,
}

type Ask = Request<Watched<RequestBody>>;
/// Other routes may answer with bodies of other kinds, such as streams.
type Answer = Response<BoxBody<Bytes, Infallible>>;
type App<B> = BoxCloneSyncService<Request<B>, Answer, Infallible>;

#[tokio::main]
async fn main() {
    run(start(arguments::<Arguments>())).await;
}

async fn start(arguments: Arguments) -> Result<(), StartError> {
    let product = Product::from_toml(PROFILE)
        .map_err(|error| StartError::new("the product profile is not valid").with_source(error))?;
    let licensing = Licensing::new(verifier(&product, &arguments.keys.public_key)?);
    if let Ok(fingerprint) = MachineLadder::of(&product).fingerprint(product.audience()) {
        licensing.control().set_machine(Machine::from(fingerprint));
    }
    licensing.control().set_delivery(Delivery::Start);
    match &arguments.license_file {
        Some(file) => load(&licensing, file),
        None => tracing::warn!("no license file is named; give one with --license-file"),
    }
    let app = app(&licensing, arguments.connections.trusted_proxy()?)
        .map_err(|error| StartError::new("the routes are not valid").with_source(error))?;
    let listener = listen(&arguments.listen).await?;
    serve(listener, arguments.connections, app).await
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
        Ok(verified) => licensing.install_in_memory(&verified),
        Err(error) => {
            tracing::error!(code = error.code(), detail = error.detail(), "license refused")
        }
    }
}

/// The whole service: its routes, and the license around those below `/api`.
/// What is refused without its body, by the license or a route, is refused so
/// that the client sees it.
fn app(
    licensing: &Licensing,
    proxy: Option<TrustedProxy>,
) -> Result<App<RequestBody>, Box<dyn std::error::Error + Send + Sync>> {
    let export = FeatureLayer::new(licensing, "export")?
        .responder(Boxed(ProblemJson))
        .layer(service_fn(async |_: Ask| Ok(text("id,name\n"))));
    let export = App::new(export);
    let license = LicenseLayer::new(licensing).scope("/api/**")?.responder(Boxed(ProblemJson));
    let license = proxy.into_iter().fold(license, LicenseLayer::trusted_proxy);
    let app = ServiceBuilder::new()
        .layer(DiscardLayer::new())
        .layer(license)
        .service_fn(move |request| route(export.clone(), request));
    Ok(App::new(app))
}

/// Three routes: open, licensed, and licensed with a feature.
async fn route(export: App<Watched<RequestBody>>, request: Ask) -> Result<Answer, Infallible> {
    let head = *request.method() == Method::HEAD;
    let mut answer = match (request.uri().path(), head || *request.method() == Method::GET) {
        ("/", true) => text("This page is always open.\n"),
        ("/api/hello", true) => text("Hello, licensee.\n"),
        ("/api/export", true) => export.oneshot(request).await?,
        ("/" | "/api/hello" | "/api/export", false) => method_not_allowed(),
        _ => {
            refusal(&ProblemDetails::new(404, "not_found").detail("There is nothing at this path."))
        }
    };
    if head {
        // Over HTTP/2 hyper would send the body.
        *answer.body_mut() = Empty::new().boxed();
    }
    Ok(answer)
}

fn text(body: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(body).boxed());
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

fn method_not_allowed() -> Answer {
    let details = ProblemDetails::new(405, "method_not_allowed");
    let mut answer = refusal(&details.detail("This path takes GET and HEAD only."));
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    answer
}

fn refusal(details: &ProblemDetails) -> Answer {
    problem(details).map(Full::boxed)
}
