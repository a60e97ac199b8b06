//! What the coverage says in a document.

use std::collections::BTreeSet;

use http::Method;
use license_core::{Licensing, report::Asked};
use license_tower::Mark;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    DocumentError,
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
        let gaps = self.disagreements(&json);
        if !gaps.is_empty() {
            return Err(Gaps::of(gaps).into());
        }
        let shared = json.pointer("/components/responses").cloned().unwrap_or_default();
        for (path, method) in operations(&json) {
            let operation = json["paths"][&path][method].as_object_mut();
            if let (Some(operation), Some(route)) = (operation, self.covering(&path, method)) {
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

    /// The route that answers an operation: one of that path, before one that is a service
    /// for all that is below a path.
    fn covering(&self, path: &str, method: &str) -> Option<&CoveredRoute> {
        let answers = |route: &CoveredRoute, method: &str| {
            let methods = &route.methods;
            methods.is_empty() || methods.iter().any(|it| it.eq_ignore_ascii_case(method))
        };
        let at = |method: &str| {
            let mut routes = self.routes().iter();
            routes.find(|route| are_alike(&route.path, path) && answers(route, method))
        };
        let below = || {
            let services = self.routes().iter().filter(|route| route.methods.is_empty());
            let of = services.filter(|route| {
                let prefix = route.path.strip_suffix("{*}");
                prefix.is_some_and(|it| path.starts_with(it) || path == it.trim_end_matches('/'))
            });
            of.max_by_key(|route| route.path.len())
        };
        // What answers `GET` answers `HEAD`.
        let head = || if method == "head" { at("get") } else { None };
        at(method).or_else(head).or_else(below)
    }

    /// Where the document and the routes disagree.
    fn disagreements(&self, json: &Value) -> Vec<Gap> {
        let described = operations(json);
        let contradictions = described.iter().filter_map(|(path, method)| {
            let operation = json["paths"][path][method].as_object()?;
            contradiction(operation, self.covering(path, method), method, path)
        });
        let is_described = |route: &CoveredRoute, method: Option<&str>| {
            described.iter().any(|(path, it)| {
                method.is_none_or(|method| method.eq_ignore_ascii_case(it))
                    && self.covering(path, it).is_some_and(|it| std::ptr::eq(it, route))
            })
        };
        let gated = self.routes().iter().filter(|route| route.access == Access::Gated);
        let missing = gated.flat_map(|route| {
            // OpenAPI has no `CONNECT`.
            let methods = route.methods.iter().filter(|method| **method != "CONNECT");
            let missing = methods.filter(|method| !is_described(route, Some(method)));
            let missing = missing.map(|method| format!("{method} {}", route.path));
            let service = route.methods.is_empty() && !is_described(route, None);
            missing.chain(service.then(|| route.to_string())).collect::<Vec<_>>()
        });
        let missing = missing.map(|name| {
            let text = "asks for something of the license, and is in no document";
            Gap::new(name, GapKind::Undocumented, text.to_owned())
        });
        missing.chain(contradictions).collect()
    }

    /// Adds the operations of this crate's own routes that the document does not
    /// have, and the schemas that they name.
    fn add_ready(&self, json: &mut Value) -> Result<(), DocumentError> {
        let described = operations(json);
        let mut ready = Vec::new();
        for route in self.routes() {
            let Some(it) = route.ready else { continue };
            for method in route.methods.iter().map(|method| method.to_ascii_lowercase()) {
                let is =
                    |(path, of): &(String, &str)| are_alike(path, &route.path) && *of == method;
                if !described.iter().any(is) {
                    ready.push((&route.path, method, it));
                }
            }
        }
        if ready.is_empty() {
            return Ok(());
        }
        let documents = Documents::read().map_err(DocumentError::Form)?;
        let id = |operation: &Value| operation["operationId"].as_str().map(str::to_owned);
        let ids = described.iter().filter_map(|(path, method)| id(&json["paths"][path][method]));
        let mut named: BTreeSet<String> = ids.collect();
        for (path, method, ready) in ready {
            let paths = json.as_object_mut().and_then(|document| member(document, "paths"));
            let item = paths.and_then(|paths| {
                let known = paths.keys().find(|known| are_alike(known, path)).cloned();
                let key = known.unwrap_or_else(|| template(path));
                Some((parameters(&key), member(paths, &key)?))
            });
            let operation = documents.operations.get(&ready).cloned();
            let (Some((parameters, item)), Some(mut operation)) = (item, operation) else {
                continue;
            };
            // What is there twice is described twice, and named once.
            let own = operation.get("operationId").and_then(Value::as_str).map(str::to_owned);
            if own.is_some_and(|own| !named.insert(own)) {
                operation.remove("operationId");
            }
            if !parameters.is_empty() {
                let own = operation.entry("parameters").or_insert_with(|| json!([]));
                own.as_array_mut().into_iter().for_each(|own| own.extend(parameters.clone()));
            }
            item.insert(method, operation.into());
        }
        if let Some(schemas) = schemas(json) {
            schemas.extend(documents.schemas);
        }
        Ok(())
    }
}

/// The members of a path that are operations.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Every operation of a document, by its path and its method.
fn operations(json: &Value) -> Vec<(String, &'static str)> {
    let paths = json.get("paths").and_then(Value::as_object);
    let of = |(path, item): (&String, &Value)| {
        let methods = METHODS.into_iter();
        let methods = methods.filter(|method| item.get(method).is_some_and(Value::is_object));
        methods.map(|method| (path.clone(), method)).collect::<Vec<_>>()
    };
    paths.into_iter().flatten().flat_map(of).collect()
}

/// The parameters of a template.
fn parameters(template: &str) -> Vec<Value> {
    let names = template.split('/').filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    names.map(parameter).collect()
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

/// The names of the gates of a kind.
fn names(route: &CoveredRoute, wanted: fn(&Gate) -> bool) -> Vec<&str> {
    route.gates.iter().filter(|gate| wanted(gate)).filter_map(Gate::name).collect()
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
    route: Option<&CoveredRoute>,
    method: &str,
    path: &str,
) -> Option<Gap> {
    let kinds = [(FEATURES, is_feature as fn(&Gate) -> bool), (LIMITS, is_counted)];
    kinds.into_iter().find_map(|(member, wanted)| {
        let said = operation.get(member)?;
        let of = |wanted| route.map_or_else(Vec::new, |route| names(route, wanted));
        let (asked, optional) = (of(wanted), of(is_optional));
        let mut said: Vec<&str> = match said {
            Value::String(name) => vec![name],
            said => said.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        };
        said.retain(|name| asked.contains(name) || !optional.contains(name));
        said.sort_unstable();
        said.dedup();
        if said == asked {
            return None;
        }
        let so = match route {
            Some(_) => format!("the route asks for {asked:?}"),
            None => "there is no such route".to_owned(),
        };
        let text = format!("the document says `{member}` is {said:?}, {so}");
        let name = format!("{} {path}", method.to_ascii_uppercase());
        Some(Gap::new(name, GapKind::DocumentedOtherwise, text))
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
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes());
    // A request for a WebSocket changes something, unless it is said that it does not.
    let upgrades = asks(is_lease) && route.mark != Some(Mark::Safe);
    Asked {
        service: route.is_closed(),
        changes: upgrades || method.is_ok_and(|method| route.changes(&method)),
        feature: asks(is_feature),
        optional: asks(|gate| is_optional(gate) || *gate == Gate::OptionalLicense),
        license: asks(|gate| *gate == Gate::License),
        limit: asks(is_limit),
        lease: asks(is_lease),
    }
}
