//! What handlers that utoipa describes say of the license.

use std::{borrow::Cow, collections::BTreeMap};

use license_core::{Policy, report::Asked};
use serde_json::{Map, Value};
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{RefOr, Response, Schema},
};

use super::refusals;

/// Every refusal of the license, among the responses of a handler: as they are unless
/// the product's policy says otherwise.
///
/// [`Coverage::annotate`](crate::coverage::Coverage::annotate) leaves of them what can
/// occur on the route, by the product's policy. What stands behind it in the list
/// takes its place where it has the same status.
///
/// ```
/// use license_axum::openapi::LicenseDenials;
/// use utoipa::OpenApi as _;
///
/// #[utoipa::path(get, path = "/api/report", responses(LicenseDenials, (status = 200)))]
/// async fn report() {}
///
/// #[derive(utoipa::OpenApi)]
/// #[openapi(paths(report))]
/// struct Document;
///
/// let document = Document::openapi().to_json()?;
/// assert!(document.contains("application/problem+json"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LicenseDenials(());

/// The schema of a refusal's body, as problem details (RFC 9457).
#[derive(Clone, Copy, Debug)]
pub struct LicenseProblem(());

const EVERYTHING: Asked = Asked {
    service: true,
    changes: true,
    feature: true,
    optional: true,
    license: true,
    limit: true,
    lease: true,
};

impl IntoResponses for LicenseDenials {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = Map::new();
        refusals::add(&mut responses, &Policy::new(), EVERYTHING, &Value::Null);
        // What was written here is read here.
        serde_json::from_value(Value::Object(responses)).unwrap_or_default()
    }
}

impl PartialSchema for LicenseProblem {
    fn schema() -> RefOr<Schema> {
        serde_json::from_value(refusals::schema()).unwrap_or_else(|_| Schema::default().into())
    }
}

impl ToSchema for LicenseProblem {
    fn name() -> Cow<'static, str> {
        refusals::SCHEMA.into()
    }
}
