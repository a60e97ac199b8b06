//! What handlers that aide describes say of the license.

use aide::{
    OperationInput,
    generate::GenContext,
    openapi::{Operation, Responses},
    transform::TransformOperation,
};
use license_core::{Feature, Policy, report::Asked};
use serde_json::{Value, json};

use super::refusals::{self, FEATURES, LIMITS};
use crate::RequireFeature;

impl<F: Feature> OperationInput for RequireFeature<F> {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let asked = Asked { service: true, feature: true, ..Asked::default() };
        asks(operation, FEATURES, F::NAME, asked);
    }
}

#[cfg(feature = "ws")]
impl<L: crate::HostLimit> OperationInput for crate::HostUpgrade<L> {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        asks(operation, LIMITS, L::NAME, Asked { service: true, lease: true, ..Asked::default() });
    }
}

/// Says of an operation that its handler asks for room in a limit inside, as
/// [`Asks::limit`](crate::coverage::Asks::limit) does of a route.
///
/// ```
/// use aide::axum::{ApiRouter, routing::post_with};
/// use license_axum::openapi::asks_limit;
///
/// async fn create() {}
///
/// let router: ApiRouter = ApiRouter::new()
///     .api_route("/api/users", post_with(create, asks_limit("users")));
/// ```
pub fn asks_limit(
    name: &'static str,
) -> impl FnOnce(TransformOperation<'_>) -> TransformOperation<'_> {
    move |mut transform| {
        let asked = Asked { service: true, limit: true, ..Asked::default() };
        asks(transform.inner_mut(), LIMITS, name, asked);
        transform
    }
}

fn asks(operation: &mut Operation, member: &str, name: &str, asked: Asked) {
    let said = operation.extensions.entry(member.to_owned()).or_insert_with(|| json!([]));
    if let Some(said) = said.as_array_mut() {
        said.push(name.into());
    }
    let responses = operation.responses.get_or_insert_default();
    let Ok(Value::Object(mut written)) = serde_json::to_value(&*responses) else { return };
    refusals::add(&mut written, &Policy::new(), asked, &Value::Null);
    if let Ok(read) = serde_json::from_value::<Responses>(Value::Object(written)) {
        *responses = read;
    }
}
