//! Refusals as a gRPC client sees them, over a real connection.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use bytes::{Buf, BufMut, Bytes};
use futures_util::{future::BoxFuture, stream};
use http::{Request, Response, Uri, uri::PathAndQuery};
use hyper_util::rt::TokioIo;
use license_core::{
    Licensing,
    testing::{Vendor, licensing},
};
use license_tower::{Empty, Grpc, LicenseLayer};
use tonic::{
    Code, Status,
    body::Body,
    client,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{self, NamedService},
    transport::{Endpoint, Server},
};
use tower::{Layer, Service, service_fn};

/// Messages that are bytes.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

/// Answers every call with what was sent.
#[derive(Clone)]
struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "acme.Echo";
}

impl Service<Request<Body>> for Echo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async { Ok(server::Grpc::new(Raw).unary(Echoed, request).await) })
    }
}

struct Echoed;

impl server::UnaryService<Bytes> for Echoed {
    type Response = Bytes;
    type Future = Ready<Result<tonic::Response<Bytes>, Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        ready(Ok(tonic::Response::new(request.into_inner())))
    }
}

/// One call through a server with this layer, over a pipe.
async fn call<L>(layer: L) -> Result<Bytes, Status>
where
    L: Layer<tonic::service::Routes> + Clone + Send + 'static,
    L::Service: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    let (near, far) = tokio::io::duplex(64 * 1024);
    let incoming = stream::iter([Ok::<_, std::io::Error>(far)]);
    let server = Server::builder().layer(layer).add_service(Echo).serve_with_incoming(incoming);
    let server = tokio::spawn(server);
    let mut near = Some(TokioIo::new(near));
    let connector = service_fn(move |_: Uri| {
        ready(near.take().ok_or_else(|| std::io::Error::other("the pipe is used up")))
    });
    let channel = Endpoint::from_static("http://api.acme.internal")
        .connect_with_connector(connector)
        .await
        .unwrap();
    let mut client = client::Grpc::new(channel);
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/acme.Echo/Say");
    let answer = client.unary(tonic::Request::new(Bytes::from("hello")), path, Raw).await;
    drop(client);
    server.await.unwrap().unwrap();
    answer.map(tonic::Response::into_inner)
}

async fn refusal<L>(layer: L) -> Status
where
    L: Layer<tonic::service::Routes> + Clone + Send + 'static,
    L::Service: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static,
{
    call(layer).await.unwrap_err()
}

fn licensed(domain: &str) -> Licensing {
    let vendor = Vendor::new();
    let (licensing, _) = licensing(&vendor);
    vendor.license().domain(domain).install(&licensing);
    licensing
}

#[tokio::test]
async fn an_allowed_call_is_answered() {
    // The host of HTTP/2 is the authority.
    let licensing = licensed("*.acme.internal");
    let answer = call(LicenseLayer::new(&licensing).responder(Grpc)).await;
    assert_eq!(answer.unwrap(), "hello");
    let answer = call(LicenseLayer::new(&licensing).responder(Empty)).await;
    assert_eq!(answer.unwrap(), "hello");
}

#[tokio::test]
async fn grpc_tells_the_client_what_is_wrong() {
    let (unlicensed, _) = licensing(&Vendor::new());
    let status = refusal(LicenseLayer::new(&unlicensed).responder(Grpc)).await;
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(status.message(), "license_missing: No license is installed on this service.");
    let elsewhere = licensed("*.other.internal");
    let status = refusal(LicenseLayer::new(&elsewhere).responder(Grpc)).await;
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().starts_with("domain_mismatch: "), "{}", status.message());
}

#[cfg(feature = "grpc-details")]
#[tokio::test]
async fn programs_are_told_in_the_details_of_the_status() {
    use license_core::Product;
    use license_tower::{FeatureLayer, GrpcDetails};
    use tonic_types::StatusExt;

    let product = Product::from_toml(
        "name = 'Acme'\nissuer = 'https://acme.example'\naudience = 'acme'\n\
         contact = { renew_url = 'https://acme.example/renew' }\n[features]\nsso = 'SSO'",
    )
    .unwrap();
    let vendor = Vendor::of(product.clone());
    let (licensing, _) = licensing(&vendor);
    let layer = LicenseLayer::new(&licensing).responder(GrpcDetails::of(&product));
    let status = refusal(layer).await;
    // Nothing that clients try again by themselves.
    assert_eq!(status.code(), Code::FailedPrecondition);
    let info = status.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("LICENSE_MISSING", "acme"));
    assert!(info.metadata.is_empty(), "{info:?}");
    let help = status.get_details_help().unwrap();
    assert_eq!(help.links[0].url, "https://acme.example/renew");
    // A handler has the same words.
    let denial = licensing.check_service().unwrap_err();
    let words = GrpcDetails::of(&product).status(&denial);
    assert_eq!((status.code(), status.message()), (words.code.into(), words.message.as_str()));
    assert_eq!(status.details(), words.details);
    let plain = Grpc.status(&denial);
    assert_eq!((plain.code, plain.message), (words.code, words.message));
    assert!(plain.details.is_empty());

    vendor.license().install(&licensing);
    let layer = FeatureLayer::new(&licensing, "sso").unwrap();
    let status = refusal(layer.responder(GrpcDetails::of(&product))).await;
    assert_eq!(status.code(), Code::PermissionDenied);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, "FEATURE_NOT_LICENSED");
    assert_eq!(info.metadata["feature"], "sso");
}

#[tokio::test]
async fn empty_leaves_the_client_with_the_http_status() {
    let (unlicensed, _) = licensing(&Vendor::new());
    let status = refusal(LicenseLayer::new(&unlicensed).responder(Empty)).await;
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_scope_covers_services_by_their_path() {
    let (unlicensed, _) = licensing(&Vendor::new());
    let layer = LicenseLayer::new(&unlicensed).responder(Grpc);
    assert!(call(layer.clone().scope("/acme.Other/**").unwrap()).await.is_ok());
    assert!(call(layer.scope("/acme.Echo/**").unwrap()).await.is_err());
}
