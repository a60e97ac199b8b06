//! How the license refuses, as responses of an operation.

use std::collections::BTreeMap;

use license_core::{
    DenialCode, Policy,
    refusal::ProblemDetails,
    report::{Asked, refusals},
};
use serde_json::{Map, Value, json};

/// The members of an operation by which it says what it asks for.
pub(super) const FEATURES: &str = "x-license-feature";
pub(super) const LIMITS: &str = "x-license-limit";
/// The member of a response that names what can occur.
const CODES: &str = "x-license-codes";
/// The schema of a refusal among the components.
pub(super) const SCHEMA: &str = "LicenseProblem";

/// A member that is an object, made where it is missing.
pub(super) fn member<'o>(
    object: &'o mut Map<String, Value>,
    name: &str,
) -> Option<&'o mut Map<String, Value>> {
    if !object.get(name).is_some_and(Value::is_object) {
        object.insert(name.to_owned(), json!({}));
    }
    object.get_mut(name)?.as_object_mut()
}

/// Adds a response for each status with which a route that asks for this can refuse. One
/// that is among the `shared` ones is written out: what is said of this route is not
/// said of others.
pub(super) fn add(
    responses: &mut Map<String, Value>,
    policy: &Policy,
    asked: Asked,
    shared: &Value,
) {
    let mut by_status = BTreeMap::<u16, Vec<&'static str>>::new();
    for refusal in refusals(policy, asked) {
        let status = license_tower::refusing_status(refusal.status).as_u16();
        by_status.entry(status).or_default().push(refusal.code);
    }
    for (status, codes) in by_status {
        let Some(response) = member(responses, &status.to_string()) else { continue };
        let name = response.get("$ref").and_then(Value::as_str);
        let name = name.and_then(|it| it.strip_prefix("#/components/responses/"));
        if let Some(meant) = name.and_then(|name| shared.get(name)?.as_object()) {
            *response = meant.clone();
        }
        // It stands where nothing can be said of it.
        if response.contains_key("$ref") {
            continue;
        }
        response.entry("description").or_insert_with(|| text(&codes).into());
        response.insert(CODES.to_owned(), json!(codes));
        let schema = json!({ "schema": { "$ref": format!("#/components/schemas/{SCHEMA}") } });
        if let Some(content) = member(response, "content") {
            content.entry(ProblemDetails::MEDIA_TYPE).or_insert(schema);
        }
    }
}

/// Takes away the responses that [`add`] has made, and what it has said in others.
pub(super) fn remove(responses: &mut Map<String, Value>) {
    responses.retain(|_, response| {
        let Some(response) = response.as_object_mut() else { return true };
        let Some(codes) = response.remove(CODES) else { return true };
        let codes: Vec<_> =
            codes.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        response.get("description").and_then(Value::as_str) != Some(&text(&codes))
    });
}

fn text(codes: &[&str]) -> String {
    format!("Refused by the license: {}.", codes.join(", "))
}

/// Problem details, as a refusal has them.
pub(super) fn schema() -> Value {
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
