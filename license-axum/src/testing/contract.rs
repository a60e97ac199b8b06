//! Asking every route in every state.

use std::fmt;

use axum::{
    body::{Body, to_bytes},
    response::Response,
};
use http::{Method, Request, header};
use license_core::{
    Denial, DenialCode, Licensing, Product, host::RequestHost, license::LimitKind, testing::Vendor,
};
use tower::ServiceExt;

use super::{Mismatch, Mismatches, Report, State, report::Outcome, state::HOST};
use crate::{
    Enforced,
    coverage::{Coverage, CoveredRoute, Gate},
};

/// Asks every route of a service in every state of a license; see
/// [`testing`](crate::testing).
#[must_use]
pub struct Contract {
    vendor: Vendor,
    complete: Box<Complete>,
}

type Complete = dyn Fn(&CoveredRoute, Request<Body>) -> Request<Body> + Send + Sync;

/// The longest answer that is read for its code.
const MOST_BYTES: usize = 1 << 20;

impl Contract {
    /// Of this product, with a key of its own.
    pub fn new(product: Product) -> Self {
        Self { vendor: Vendor::of(product), complete: Box::new(|_, request| request) }
    }

    /// Completes requests: with the credential that a route wants before it asks
    /// for a license, with a body. A parameter in a path is `1`.
    pub fn request(
        self,
        complete: impl Fn(&CoveredRoute, Request<Body>) -> Request<Body> + Send + Sync + 'static,
    ) -> Self {
        Self { complete: Box::new(complete), ..self }
    }

    /// Runs it on the service that `app` makes of a handle, once for each state.
    ///
    /// # Errors
    ///
    /// All routes that answer something else than the license says.
    pub async fn run(
        &self,
        app: impl AsyncFn(Licensing) -> Enforced,
    ) -> Result<Report, Mismatches> {
        let (mut report, mut mismatches) = (Vec::new(), Vec::new());
        for state in State::all(self.vendor.product()) {
            let Some(licensing) = state.licensing(&self.vendor) else { continue };
            let app = app(licensing.clone()).await;
            let mut answers = Vec::new();
            for route in app.coverage().routes() {
                if route.methods.is_empty() {
                    answers.push((route.to_string(), Outcome::NotAsked));
                }
                for method in &route.methods {
                    let Ok(method) = method.parse() else { continue };
                    let name = format!("{method} {}", route.path);
                    let Some(expected) = expected(&licensing, &state, route, &method) else {
                        answers.push((name, Outcome::NotAsked));
                        continue;
                    };
                    let found = self.ask(&app, route, &method).await;
                    if !found.is_as(&expected) {
                        let (state, route) = (state.clone(), name.clone());
                        let expected = expected.clone();
                        mismatches.push(Mismatch { state, route, expected, found });
                    }
                    answers.push((name, expected));
                }
            }
            report.push((state, answers));
        }
        if mismatches.is_empty() { Ok(Report(report)) } else { Err(Mismatches(mismatches)) }
    }

    async fn ask(&self, app: &Enforced, route: &CoveredRoute, method: &Method) -> Outcome {
        let request = Request::builder().method(method).uri(address(route, app.coverage()));
        let request = request.header(header::HOST, HOST).body(Body::empty());
        let request = (self.complete)(route, request.unwrap_or_default());
        match app.clone().oneshot(request).await {
            Ok(response) => outcome(response).await,
            Err(never) => match never {},
        }
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").field("product", self.vendor.product()).finish_non_exhaustive()
    }
}

/// A path that leads to a route, and not to another beside it.
fn address(route: &CoveredRoute, coverage: &Coverage) -> String {
    let with = |parameter: u32| {
        let segment = |segment: &str| match segment.starts_with('{') && segment.ends_with('}') {
            true => parameter.to_string(),
            false => segment.to_owned(),
        };
        route.path.split('/').map(segment).collect::<Vec<_>>().join("/")
    };
    let is_taken = |path: &String| {
        coverage.routes().iter().any(|other| other.path == *path && other.path != route.path)
    };
    (1..=u32::MAX).map(with).find(|path| !is_taken(path)).unwrap_or_default()
}

/// What a route should answer; nothing where its coverage does not say: of hosts only a
/// real connection can tell, and what a handler does with an optional feature is its own.
fn expected(
    licensing: &Licensing,
    state: &State,
    route: &CoveredRoute,
    method: &Method,
) -> Option<Outcome> {
    let by_layer = || match route.is_closed() {
        true => licensing
            .check_request(|| route.changes(method), || RequestHost::new(None, [HOST.as_bytes()])),
        false => Ok(()),
    };
    let by_gate = |gate: &Gate| match gate {
        Gate::Feature(name) => Some(licensing.check_feature(name)),
        Gate::License => Some(licensing.control().require_license().map(drop)),
        Gate::OptionalFeature(_) | Gate::OptionalLicense => {
            licensing.check_service().is_ok().then_some(Ok(()))
        }
        Gate::Limit(name) if *state == State::UsedUp(name.to_string()) => {
            Some(match licensing.product().limits().get(&**name) {
                Some(LimitKind::Names) => licensing.check_name(name, ""),
                _ => licensing.check_limit(name, 0, 1),
            })
        }
        Gate::Limit(name) => Some(licensing.max(name).map(drop)),
        Gate::Lease(_) => None,
    };
    let mut decision = by_layer();
    for gate in &route.gates {
        if decision.is_err() {
            break;
        }
        decision = by_gate(gate)?;
    }
    Some(match decision {
        Ok(()) => Outcome::Passes(None),
        Err(denial) => refused(&denial),
    })
}

fn refused(denial: &Denial) -> Outcome {
    let status = license_tower::refusing_status(denial.status()).as_u16();
    Outcome::Refused { status, code: denial.code().to_string() }
}

/// What was answered: by what the layer or extractor left in the response, or
/// by the code in its body, where the product has made an error of its own.
async fn outcome(response: Response) -> Outcome {
    let status = response.status().as_u16();
    if let Some(denial) = response.extensions().get::<Denial>() {
        return Outcome::Refused { status, code: denial.code().to_string() };
    }
    if !(400..600).contains(&status) {
        return Outcome::Passes(None);
    }
    let body = to_bytes(response.into_body(), MOST_BYTES).await.unwrap_or_default();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let code = body.get("code").and_then(|code| code.as_str()).unwrap_or_default();
    match code.parse::<DenialCode>() {
        Ok(code) => Outcome::Refused { status, code: code.to_string() },
        // Something else than the license.
        Err(_) => Outcome::Passes(Some(status)),
    }
}
