//! A licensed gRPC service on tonic, for browsers as well.
//!
//! ```sh
//! cargo run --example grpc -- --public-key vendor.pem --license-file acme.lic
//! ```
//!
//! Put a new license in the file's place, and it is in force within two seconds,
//! also for streams that are open. `reports.proto` is for clients.

use std::{error::Error, path::PathBuf, pin::Pin, time::Duration};

use clap::Parser;
use futures_util::{Stream, StreamExt, stream};
use http::{HeaderName, Method, header::CONTENT_TYPE};
use license_axum::{features, streams::take_while_licensed};
use license_core::{Denial, Feature, Licensing, Product};
use license_examples::{StartError, TrustedKeys, arguments, listen, run, verifier};
use license_runtime::{LicenseManager, MemoryStore, Source};
use license_tower::{GrpcDetails, LicenseLayer, Recovery};
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use tonic_web::GrpcWebLayer;
use tower_http::cors::{Any, CorsLayer};

use self::reports::{
    ExportRequest, ExportResponse, ListRequest, ListResponse, WatchRequest, WatchResponse,
    reports_server::{self, ReportsServer},
};

/// What tonic-prost-build makes of `reports.proto`: kept, so that no build here
/// needs `protoc`.
#[allow(missing_docs, unreachable_pub, reason = "generated")]
mod reports {
    include!("reports.v1.rs");
}

features! {
    /// What the profile has to list.
    const FEATURES;
    Export = "export";
    Live = "live";
}

const PROFILE: &str = include_str!("grpc.toml");

/// A licensed gRPC service on tonic
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 picks a free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:3000")]
    listen: String,

    #[command(flatten)]
    keys: TrustedKeys,

    /// The license, which may be replaced at any time
    #[arg(long, env = "LICENSE_FILE", value_name = "FILE")]
    license_file: PathBuf,
}

#[tokio::main]
async fn main() {
    run(async {
        let stopped = |error| StartError::new("the service cannot run").with_source(error);
        start(arguments()).await.map_err(stopped)
    })
    .await;
}

async fn start(arguments: Arguments) -> Result<(), Box<dyn Error + Send + Sync>> {
    let product = Product::from_toml(PROFILE)?;
    product.check_features(FEATURES.iter().copied())?;
    let licensing = Licensing::new(verifier(&product, &arguments.keys.public_key)?);
    let manager = LicenseManager::builder(licensing.clone())
        .store(MemoryStore::new())
        .sources([Source::file(arguments.license_file)])
        .start()
        .await?;
    let refusals = GrpcDetails::of(&product);
    // Whoever renews replaces the file: no call has to stay open for that.
    let license =
        LicenseLayer::new(&licensing).recovery(Recovery::new()).responder(refusals.clone());
    let listener = listen(&arguments.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Server::builder()
        .accept_http1(true)
        // From the outside in: a browser reads a refusal only under the headers of
        // CORS.
        .layer(cors())
        .layer(license)
        .layer(GrpcWebLayer::new())
        .add_service(ReportsServer::new(Reports { licensing, refusals }))
        .serve_with_incoming(TcpIncoming::from(listener))
        .await?;
    manager.shutdown().await;
    Ok(())
}

/// What browsers have to be allowed to send and to read.
fn cors() -> CorsLayer {
    let sent = ["x-grpc-web", "x-user-agent", "grpc-timeout"].map(HeaderName::from_static);
    let read = ["grpc-status", "grpc-message", "grpc-status-details-bin"];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers([CONTENT_TYPE].into_iter().chain(sent).collect::<Vec<_>>())
        .expose_headers(read.map(HeaderName::from_static))
}

/// The service behind the layers.
struct Reports {
    licensing: Licensing,
    refusals: GrpcDetails,
}

#[tonic::async_trait]
impl reports_server::Reports for Reports {
    async fn list(&self, _: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        Ok(Response::new(ListResponse { titles: vec!["Readers".to_owned()] }))
    }

    async fn export(
        &self,
        request: Request<ExportRequest>,
    ) -> Result<Response<ExportResponse>, Status> {
        self.require::<Export>()?;
        let csv = format!("title,readers\n{},3\n", request.into_inner().title);
        Ok(Response::new(ExportResponse { csv }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn watch(&self, _: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let seconds = tokio::time::interval(Duration::from_secs(1));
        let figures = stream::unfold((seconds, 3), async |(mut seconds, readers)| {
            seconds.tick().await;
            Some((WatchResponse { readers }, (seconds, readers + 1)))
        });
        let refusals = self.refusals.clone();
        let figures = take_while_licensed::<Live, _>(&self.licensing, figures)
            .map(move |figure| figure.map_err(|denial| status(&refusals, &denial)));
        Ok(Response::new(Box::pin(figures)))
    }
}

impl Reports {
    /// Refuses a call unless the license grants a feature.
    fn require<F: Feature>(&self) -> Result<(), Status> {
        self.licensing.check_feature(F::NAME).map_err(|denial| {
            self.licensing.control().record(&denial);
            status(&self.refusals, &denial)
        })
    }
}

/// A denial as the layer tells it.
fn status(refusals: &GrpcDetails, denial: &Denial) -> Status {
    let status = refusals.status(denial);
    Status::with_details(status.code.into(), status.message, status.details)
}
