//! What an OpenAPI document says of licenses.

use std::collections::BTreeMap;

use license_core::{DenialCode, Licensing, refusal::ProblemDetails};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{Access, Coverage, CoveredRoute, Gap, GapKind, Gate, check::Gaps};

/// A document that is not to be annotated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It and the coverage disagree.
    #[error(transparent)]
    Gaps(#[from] Gaps),
    /// It is not written or read as JSON.
    #[error("the document is no OpenAPI document")]
    Form(#[source] serde_json::Error),
}

/// The members of an operation by which it says what it asks for.
const FEATURES: &str = "x-license-feature";
const LIMITS: &str = "x-license-limit";
/// The schema of a refusal among the components.
const SCHEMA: &str = "LicenseProblem";

impl Coverage {
    /// Says in an OpenAPI document what each route asks for
    /// (`x-license-feature`, `x-license-limit`) and how it refuses: a response for
    /// each status that the product's policy answers with, as problem details, with
    /// the codes that can occur (`x-license-codes`).
    ///
    /// The document is any type that is written and read as one: that of utoipa, of
    /// aide, or a [`Value`].
    ///
    /// ```
    /// use license_axum::coverage::Coverage;
    /// use license_axum::Licensing;
    ///
    /// fn document(coverage: &Coverage, licensing: &Licensing) -> serde_json::Value {
    ///     let mut document = serde_json::json!({
    ///         "openapi": "3.1.0",
    ///         "info": { "title": "Acme", "version": "1.0.0" },
    ///         "paths": { "/api/users": { "get": { "responses": {} } } },
    ///     });
    ///     coverage.annotate(&mut document, licensing).unwrap();
    ///     document
    /// }
    /// # use license_axum::{LicenseLayer, Routes, coverage::Asks, enforce, routing::get_with};
    /// # use license_core::testing::Vendor;
    /// # let licensing = Licensing::new(Vendor::new().verifier());
    /// # let routes = Routes::new().route("/api/users", get_with(async || (), Asks::free));
    /// # let app = enforce(routes, LicenseLayer::new(&licensing));
    /// # let document = document(app.coverage(), &licensing);
    /// # assert!(document["paths"]["/api/users"]["get"]["responses"]["503"].is_object());
    /// ```
    ///
    /// # Errors
    ///
    /// Every route that asks for something and stands nowhere in the document, and every
    /// one of which the document says already that it asks for something else.
    /// Nothing is changed then.
    pub fn annotate<D>(&self, document: &mut D, licensing: &Licensing) -> Result<(), DocumentError>
    where
        D: Serialize + DeserializeOwned,
    {
        let mut json = serde_json::to_value(&*document).map_err(DocumentError::Form)?;
        let mut gaps = Vec::new();
        for route in self.routes() {
            for method in &route.methods {
                let operation = operation(&mut json, &route.path, method);
                match operation {
                    Some(operation) => gaps.extend(contradiction(operation, route, method)),
                    None if route.access == Access::Gated && *method != "CONNECT" => {
                        let text = "asks for something of the license, and is in no document";
                        gaps.push(gap(GapKind::Undocumented, route, method, text.to_owned()));
                    }
                    None => {}
                }
            }
        }
        if !gaps.is_empty() {
            return Err(Gaps::of(gaps).into());
        }
        for route in self.routes() {
            for method in &route.methods {
                if let Some(operation) = operation(&mut json, &route.path, method) {
                    describe(operation, route, method, licensing);
                }
            }
        }
        let components = json.as_object_mut().and_then(|document| member(document, "components"));
        if let Some(schemas) = components.and_then(|components| member(components, "schemas")) {
            schemas.insert(SCHEMA.to_owned(), schema());
        }
        *document = serde_json::from_value(json).map_err(DocumentError::Form)?;
        Ok(())
    }
}

fn gap(kind: GapKind, route: &CoveredRoute, method: &str, text: String) -> Gap {
    Gap::new(format!("{method} {}", route.path), kind, text)
}

/// The operation of a route, if the document has it.
fn operation<'d>(
    document: &'d mut Value,
    path: &str,
    method: &str,
) -> Option<&'d mut Map<String, Value>> {
    let path = path.replace("{*", "{");
    let item = document.get_mut("paths")?.get_mut(path)?;
    item.get_mut(method.to_ascii_lowercase())?.as_object_mut()
}

/// A member that is an object, made where it is missing.
fn member<'o>(
    object: &'o mut Map<String, Value>,
    name: &str,
) -> Option<&'o mut Map<String, Value>> {
    if !object.get(name).is_some_and(Value::is_object) {
        object.insert(name.to_owned(), json!({}));
    }
    object.get_mut(name)?.as_object_mut()
}

/// The names of the gates of a kind.
fn names(route: &CoveredRoute, wanted: fn(&Gate) -> bool) -> Vec<&str> {
    route.gates.iter().filter(|gate| wanted(gate)).map(Gate::name).collect()
}

fn is_feature(gate: &Gate) -> bool {
    matches!(gate, Gate::Feature(_))
}

fn is_limit(gate: &Gate) -> bool {
    matches!(gate, Gate::Limit(_) | Gate::Lease(_))
}

/// What the document says of itself and is not so.
fn contradiction(
    operation: &Map<String, Value>,
    route: &CoveredRoute,
    method: &str,
) -> Option<Gap> {
    let kinds = [(FEATURES, is_feature as fn(&Gate) -> bool), (LIMITS, is_limit)];
    kinds.into_iter().find_map(|(member, wanted)| {
        let said = operation.get(member)?;
        let asked = names(route, wanted);
        let mut said: Vec<&str> = match said {
            Value::String(name) => vec![name],
            said => said.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        };
        said.sort_unstable();
        if said == asked {
            return None;
        }
        let text =
            format!("the document says `{member}` is {said:?}, the route asks for {asked:?}");
        Some(gap(GapKind::DocumentedOtherwise, route, method, text))
    })
}

fn describe(
    operation: &mut Map<String, Value>,
    route: &CoveredRoute,
    method: &str,
    licensing: &Licensing,
) {
    for (member, names) in [(FEATURES, names(route, is_feature)), (LIMITS, names(route, is_limit))]
    {
        if !names.is_empty() {
            operation.insert(member.to_owned(), json!(names));
        }
    }
    let mut codes = BTreeMap::<u16, Vec<&'static str>>::new();
    for code in DenialCode::ALL.into_iter().filter(|code| can_occur(*code, route, method)) {
        let status = licensing.control().denial(code).status();
        let status = license_tower::refusing_status(status).as_u16();
        codes.entry(status).or_default().push(code.as_str());
    }
    let Some(responses) = member(operation, "responses") else { return };
    for (status, codes) in codes {
        let Some(response) = member(responses, &status.to_string()) else { continue };
        response
            .entry("description")
            .or_insert_with(|| format!("Refused by the license: {}.", codes.join(", ")).into());
        response.insert("x-license-codes".to_owned(), json!(codes));
        let schema = json!({ "schema": { "$ref": format!("#/components/schemas/{SCHEMA}") } });
        if let Some(content) = member(response, "content") {
            content.entry(ProblemDetails::MEDIA_TYPE).or_insert(schema);
        }
    }
}

/// Whether a route may be refused for this.
fn can_occur(code: DenialCode, route: &CoveredRoute, method: &str) -> bool {
    let asks = |wanted: fn(&Gate) -> bool| route.gates.iter().any(wanted);
    let enforced = route.is_closed();
    match code {
        DenialCode::FeatureNotLicensed | DenialCode::FeatureLapsed => asks(is_feature),
        DenialCode::LimitReached => asks(|gate| matches!(gate, Gate::Limit(_))),
        DenialCode::ConcurrentHostLimitReached => asks(|gate| matches!(gate, Gate::Lease(_))),
        DenialCode::StoreUnavailable => asks(is_limit),
        DenialCode::DomainMismatch | DenialCode::HostInvalid => enforced,
        DenialCode::ReadOnly => enforced && method.parse().is_ok_and(|it| route.changes(&it)),
        _ => enforced || asks(|gate| is_feature(gate) || is_limit(gate)),
    }
}

/// Problem details, as a refusal has them.
fn schema() -> Value {
    let codes: Vec<_> = DenialCode::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "description": "A request that the license refuses (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "code": { "type": "string", "enum": codes },
            "feature": { "type": "string" },
            "limit": { "type": "string" },
            "max": { "type": "integer", "minimum": 0 },
            "used": { "type": "integer", "minimum": 0 },
            "expires_at": { "type": "string", "format": "date-time" },
            "remedy": { "type": "string" },
        },
    })
}
