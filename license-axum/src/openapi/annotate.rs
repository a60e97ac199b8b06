//! What the coverage says in a document.

use std::collections::BTreeSet;

use http::Method;
use license_core::{Licensing, report::Asked};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    DocumentError, Ready,
    ready::Documents,
    refusals::{self, FEATURES, LIMITS, SCHEMA, member},
};
use crate::coverage::{Access, Coverage, CoveredRoute, Gap, GapKind, Gaps, Gate};

impl Coverage {
    /// Says in an OpenAPI document (3.1) what each route asks for and how it refuses;
    /// see [`openapi`](crate::openapi).
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
        self.add_ready(&mut json)?;
        let mut gaps = Vec::new();
        for (route, method) in self.operations() {
            match operation(&mut json, &route.path, method) {
                Some(operation) => gaps.extend(contradiction(operation, route, method)),
                None if route.access == Access::Gated && method != Method::CONNECT => {
                    let text = "asks for something of the license, and is in no document";
                    gaps.push(gap(GapKind::Undocumented, route, method, text.to_owned()));
                }
                None => {}
            }
        }
        if !gaps.is_empty() {
            return Err(Gaps::of(gaps).into());
        }
        let shared = json.pointer("/components/responses").cloned().unwrap_or_default();
        for (route, method) in self.operations() {
            if let Some(operation) = operation(&mut json, &route.path, method) {
                describe(operation, route, method, licensing, &shared);
            }
        }
        if let Some(schemas) = schemas(&mut json) {
            schemas.insert(SCHEMA.to_owned(), refusals::schema());
        }
        // By its text: aide reads the version only from one.
        *document = serde_json::from_str(&json.to_string()).map_err(DocumentError::Form)?;
        Ok(())
    }

    /// Each route by each of its methods.
    fn operations(&self) -> impl Iterator<Item = (&CoveredRoute, &'static str)> {
        self.routes().iter().flat_map(|it| it.methods.iter().map(move |method| (it, *method)))
    }

    /// Adds the operations of this crate's own routes that the document does not
    /// have, and the schemas that they name.
    fn add_ready(&self, json: &mut Value) -> Result<(), DocumentError> {
        let ready: Vec<(String, &str, Ready)> = self
            .operations()
            .filter_map(|(route, method)| Some((route.path.clone(), method, route.ready?)))
            .filter(|(path, method, _)| operation(json, path, method).is_none())
            .collect();
        if ready.is_empty() {
            return Ok(());
        }
        let documents = Documents::read().map_err(DocumentError::Form)?;
        let mut named = BTreeSet::new();
        for (path, method, ready) in ready {
            let paths = json.as_object_mut().and_then(|document| member(document, "paths"));
            let item = paths.and_then(|paths| {
                let known = paths.keys().find(|known| are_alike(known, &path)).cloned();
                member(paths, &known.unwrap_or_else(|| template(&path)))
            });
            let (Some(item), Some(operation)) = (item, documents.operation(ready)) else {
                continue;
            };
            let mut operation = operation.clone();
            // A route that is there twice is described twice, and named once.
            if let Some(Value::String(id)) = operation.get("operationId")
                && !named.insert(id.clone())
            {
                operation.remove("operationId");
            }
            item.insert(method.to_ascii_lowercase(), operation.into());
        }
        if let Some(schemas) = schemas(json) {
            schemas.extend(documents.schemas);
        }
        Ok(())
    }
}

/// The schemas among the components.
fn schemas(json: &mut Value) -> Option<&mut Map<String, Value>> {
    member(member(json.as_object_mut()?, "components")?, "schemas")
}

/// A path of axum as OpenAPI writes it.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

/// Whether two templates are of the same paths: what a parameter is called in them is for
/// its reader.
fn are_alike(one: &str, other: &str) -> bool {
    let is_parameter = |it: &str| it.starts_with('{') && it.ends_with('}');
    let alike = |(one, other)| one == other || (is_parameter(one) && is_parameter(other));
    one.split('/').count() == other.split('/').count()
        && one.split('/').zip(other.split('/')).all(alike)
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
    let paths = document.get_mut("paths")?.as_object_mut()?;
    let items = paths.iter_mut().filter(|(template, _)| are_alike(template, path));
    let method = method.to_ascii_lowercase();
    items.filter_map(|(_, item)| item.get_mut(&method)?.as_object_mut()).next()
}

/// The names of the gates of a kind.
fn names(route: &CoveredRoute, wanted: fn(&Gate) -> bool) -> Vec<&str> {
    route.gates.iter().filter(|gate| wanted(gate)).map(Gate::name).collect()
}

fn is_feature(gate: &Gate) -> bool {
    matches!(gate, Gate::Feature(_))
}

fn is_optional(gate: &Gate) -> bool {
    matches!(gate, Gate::OptionalFeature(_))
}

fn is_limit(gate: &Gate) -> bool {
    matches!(gate, Gate::Limit(_))
}

fn is_lease(gate: &Gate) -> bool {
    matches!(gate, Gate::Lease(_))
}

fn is_counted(gate: &Gate) -> bool {
    is_limit(gate) || is_lease(gate)
}

/// What the document says of itself and is not so. A feature with which a route does
/// more may be named or not.
fn contradiction(
    operation: &Map<String, Value>,
    route: &CoveredRoute,
    method: &str,
) -> Option<Gap> {
    let kinds = [(FEATURES, is_feature as fn(&Gate) -> bool), (LIMITS, is_counted)];
    kinds.into_iter().find_map(|(member, wanted)| {
        let said = operation.get(member)?;
        let asked = names(route, wanted);
        let optional = names(route, is_optional);
        let mut said: Vec<&str> = match said {
            Value::String(name) => vec![name],
            said => said.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        };
        said.retain(|name| asked.contains(name) || !optional.contains(name));
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
    shared: &Value,
) {
    for (member, names) in
        [(FEATURES, names(route, is_feature)), (LIMITS, names(route, is_counted))]
    {
        if names.is_empty() {
            operation.remove(member);
        } else {
            operation.insert(member.to_owned(), json!(names));
        }
    }
    if let Some(responses) = member(operation, "responses") {
        refusals::remove(responses);
        refusals::add(responses, licensing.product().policy(), asked(route, method), shared);
    }
}

/// What a route asks for.
fn asked(route: &CoveredRoute, method: &str) -> Asked {
    let asks = |wanted: fn(&Gate) -> bool| route.gates.iter().any(wanted);
    Asked {
        service: route.is_closed(),
        changes: method.parse().is_ok_and(|method| route.changes(&method)),
        feature: asks(is_feature),
        optional_feature: asks(is_optional),
        limit: asks(is_limit),
        lease: asks(is_lease),
    }
}
