//! What administrators and users are told of the license.

use std::collections::BTreeMap;

use axum::{
    extract::FromRequestParts,
    response::Response,
    routing::{MethodRouter, get},
};
use license_core::{Installer, Licensing, Status};
use license_tower::WarningLayer;

use crate::json::json;

/// `GET`, for everybody: what the product's pages may show of the license,
/// `{"level":"none|info|warning|critical","messages":["…"]}`, never cached.
///
/// The messages name no customer. What a limit allows and how much of it is
/// used is not told either, only that it is used up. Keep the route open while
/// the service is refused:
///
/// ```
/// use axum::Router;
/// use http::Method;
/// use license_axum::{Enforced, Installer, LicenseLayer, banner_route, enforce, recovery};
///
/// fn app(manager: impl Installer) -> Result<Enforced, Box<dyn std::error::Error>> {
///     let layer = LicenseLayer::new(manager.licensing())
///         .scope("/api/**")?
///         .recovery(recovery("/api/license")?.allow(Method::GET, "/api/banner")?);
///     Ok(enforce(Router::new().route("/api/banner", banner_route(manager)), layer))
/// }
/// ```
pub fn banner_route<S: Clone + Send + Sync + 'static>(
    installer: impl Installer,
) -> MethodRouter<S> {
    get(move || async move { banner(&installer).await })
}

/// A [`WarningLayer`] that knows administrators by the product's own
/// extractor, the one that [`admin_routes`](crate::admin_routes) takes.
///
/// Put it outside [`enforce`](crate::enforce), so that refusals, 404 and 405
/// are told of too. The extractor runs before the layers inside do: extensions
/// that one of them sets are not there.
///
/// ```
/// use axum::{Router, extract::FromRequestParts};
/// use license_axum::{Enforced, LicenseLayer, Licensing, enforce, warning_layer};
///
/// fn app<Admin>(router: Router, licensing: &Licensing) -> Enforced
/// where
///     Admin: FromRequestParts<()> + 'static,
/// {
///     enforce(router, LicenseLayer::new(licensing))
///         .layer(warning_layer::<Admin, _>(licensing, ()))
/// }
/// ```
pub fn warning_layer<A, S>(licensing: &Licensing, state: S) -> WarningLayer
where
    A: FromRequestParts<S> + 'static,
    S: Clone + Send + Sync + 'static,
{
    WarningLayer::new_async(licensing, move |mut parts| {
        let state = state.clone();
        async move { A::from_request_parts(&mut parts, &state).await.is_ok() }
    })
}

async fn banner(installer: &impl Installer) -> Response {
    let used = used(installer.status().await);
    json(&installer.licensing().banner(|limit| used.get(limit).copied()))
}

fn used(status: Status) -> BTreeMap<String, u64> {
    let limits = status.license.into_iter().flat_map(|license| license.limits);
    limits.filter_map(|(name, limit)| Some((name, limit.used?))).collect()
}
