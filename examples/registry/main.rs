//! Images by license: the token service of a container registry, for which a
//! license is the password.
//!
//! A customer who has a license pulls with it, and needs no account:
//!
//! ```text
//! docker login registry.align.example --username license --password-stdin < license.jwt
//! docker pull registry.align.example/align/llm-server:v1.0.0
//! ```
//!
//! The registry sends who pulls to `GET /token`, and takes what this service
//! signs ([the specification](https://distribution.github.io/distribution/spec/auth/token/)).
//! The license is verified as a service would do it. While it is in force,
//! grace included, its plan and features open the repositories that the vendor's
//! file gives them. What is not opened is left out of the token, as is everything
//! but `pull`. A token is good for five minutes at most, and never longer than
//! the license. The machine and the domain of a license are not asked: who pulls
//! an image is rarely who runs it.
//!
//! A lapsed license opens nothing, under `lapsed = "read-only"` as well: an
//! image that is pulled is new to the customer. Only where the product refuses
//! nothing after grace does it go on.
//!
//! Tokens are given for `GET` alone. `POST`, the form of OAuth 2, is 405, on which
//! containerd asks again by `GET` where there is a user's name.
//!
//! ```sh
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
//!   -subj /CN=tokens -keyout token-key.pem -out token-cert.pem
//! cargo run --example registry -- --product examples/align/align.toml --public-key vendor.pem \
//!   --repositories examples/registry/align.toml --service registry.align.example \
//!   --token-key token-key.pem --token-certificate token-cert.pem
//! ```
//!
//! and in the registry's configuration:
//!
//! ```yaml
//! auth:
//!   token:
//!     realm: https://tokens.align.example/token
//!     service: registry.align.example
//!     issuer: license
//!     rootcertbundle: /etc/docker/registry/token-cert.pem
//! ```
//!
//! A license in a request is a password: have a proxy in front of this service
//! speak TLS, and let heads of 32 KiB through (nginx:
//! `large_client_header_buffers 4 32k`). Files are read at the start; start it
//! again after a change, to revoke a license for example. A registry goes on for
//! up to a minute past the end of a token.

mod access;
mod grant;
mod refusal;
mod scope;
mod signer;

use std::{fs, path::PathBuf, sync::Arc};

use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Parser;
use http::{HeaderMap, HeaderValue, header};
use license_core::{Clock, InstallErrorKind, Product, SystemClock};
use license_examples::{
    Connections, Json, StartError, TrustedKeys, arguments, listen, run, serve, trusted_keys,
    verifier_of,
};

use crate::{
    access::Access,
    grant::{Grant, Grants},
    refusal::Refusal,
    signer::Signer,
};

/// Lets the customers of a product pull its images, by license
#[derive(Debug, Parser)]
struct Arguments {
    /// Where to listen; port 0 picks a free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:3000")]
    listen: String,

    #[command(flatten)]
    connections: Connections,

    /// The product's profile
    #[arg(long, env = "PRODUCT", value_name = "PROFILE.toml")]
    product: PathBuf,

    #[command(flatten)]
    keys: TrustedKeys,

    /// Which repositories a plan and a feature open
    #[arg(long, env = "REPOSITORIES", value_name = "FILE.toml")]
    repositories: PathBuf,

    /// The registry, as `service` in its configuration names it
    #[arg(long, env = "SERVICE", value_name = "NAME")]
    service: String,

    /// This service, as `issuer` in the registry's configuration names it
    #[arg(long, env = "ISSUER", value_name = "NAME", default_value = "license")]
    issuer: String,

    /// The key that signs the tokens, of P-256
    #[arg(long, env = "TOKEN_KEY", value_name = "FILE.pem")]
    token_key: PathBuf,

    /// Its certificate, which the registry has as `rootcertbundle`
    #[arg(long, env = "TOKEN_CERTIFICATE", value_name = "FILE.pem")]
    token_certificate: PathBuf,
}

/// How much a credential may be: a license of 16 KiB in base64, and a name.
const MOST_BYTES: usize = 24 * 1024;

#[tokio::main]
async fn main() {
    run(start(arguments::<Arguments>())).await;
}

async fn start(arguments: Arguments) -> Result<(), StartError> {
    let not_read = |what| move |error| StartError::new(what).with_source(error);
    let profile = fs::read_to_string(&arguments.product)
        .map_err(not_read("cannot read the product profile; check --product"))?;
    let product = Product::from_toml(&profile)
        .map_err(|error| StartError::new("the product profile is not valid").with_source(error))?;
    let repositories = fs::read_to_string(&arguments.repositories)
        .map_err(not_read("cannot read the repositories; check --repositories"))?;
    let access = Access::read(&repositories, &product)
        .map_err(|error| StartError::new("the repositories are not valid").with_source(error))?;
    let keys = trusted_keys(&product, &arguments.keys.public_key)?;
    let verifier = verifier_of(&product, keys.clone())?;
    let signer = Signer::read(
        &arguments.token_key,
        &arguments.token_certificate,
        &keys,
        SystemClock::new().now(),
    )?;
    let grants =
        Grants { verifier, access, signer, service: arguments.service, issuer: arguments.issuer };
    let app = Router::new()
        .route("/token", get(token))
        .route("/healthz", get(async || "ok"))
        .fallback(async || Refusal::NOT_FOUND)
        .method_not_allowed_fallback(async || Refusal::METHOD_NOT_ALLOWED)
        .with_state(Arc::new(grants));
    serve(listen(&arguments.listen).await?, arguments.connections, app).await
}

async fn token(
    State(grants): State<Arc<Grants>>,
    headers: HeaderMap,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Refusal> {
    let grant = answer(&grants, &headers, query.ok().as_deref()).inspect_err(|refusal| {
        tracing::info!(code = refusal.reason, license = refusal.license, "token refused");
    })?;
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(([no_store], Json(grant)).into_response())
}

fn answer(
    grants: &Grants,
    headers: &HeaderMap,
    query: Option<&Vec<(String, String)>>,
) -> Result<Grant, Refusal> {
    let license = password(headers)?;
    let query = query.ok_or(Refusal::INVALID_QUERY)?;
    let all = |wanted| query.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value);
    if !all("service").eq([&grants.service]) {
        return Err(Refusal::OTHER_SERVICE);
    }
    let scopes = all("scope").flat_map(|scopes| scopes.split(' '));
    grants.grant(&license, scopes, SystemClock::new().now())
}

/// The password of HTTP Basic, whatever the user's name.
fn password(headers: &HeaderMap) -> Result<Vec<u8>, Refusal> {
    let mut credentials = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(credential), None) = (credentials.next(), credentials.next()) else {
        return Err(Refusal::UNAUTHENTICATED);
    };
    if credential.len() > MOST_BYTES {
        return Err(Refusal::untrusted(InstallErrorKind::TokenTooLarge));
    }
    let read = || {
        let (scheme, encoded) = credential.to_str().ok()?.split_once(' ')?;
        let decoded = STANDARD.decode(encoded.trim()).ok()?;
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        scheme.eq_ignore_ascii_case("basic").then(|| decoded[colon + 1..].to_vec())
    };
    read().filter(|password| !password.is_empty()).ok_or(Refusal::UNAUTHENTICATED)
}
