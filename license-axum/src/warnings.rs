//! What administrators and users are told of the license.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use license_core::{Banner, Installer, Licensing, Status};
use license_tower::WarningLayer;

use crate::{
    admin::IsAdmin,
    json::json,
    openapi::Ready,
    routing::{MethodRoutes, get_with},
};

/// `GET`, for everybody: what the product's pages may show of the license,
/// `{"level":"none|info|warning|critical","messages":["…"],"warnings":[{"code":"…","level":"…","text":"…"}]}`,
/// never cached. `A` is the product's own extractor of an administrator, the
/// one that [`admin_routes`](crate::admin_routes) takes: administrators are told
/// of the service as well, such as a store that cannot be written.
///
/// The messages name no customer. What a limit allows and how much of it is
/// used is not told either, only that it is used up. Keep the route open while
/// the service is refused:
///
/// ```
/// use axum::extract::FromRequestParts;
/// use http::Method;
/// use license_axum::{Enforced, Installer, LicenseLayer, Routes, banner_route, enforce, recovery};
///
/// fn app<Admin>(manager: impl Installer) -> Result<Enforced, Box<dyn std::error::Error>>
/// where
///     Admin: FromRequestParts<()> + 'static,
/// {
///     let layer = LicenseLayer::new(manager.licensing())
///         .scope("/api/**")?
///         .recovery(recovery("/api/license")?.allow(Method::GET, "/api/banner")?);
///     let routes = Routes::new().route("/api/banner", banner_route::<Admin, _>(manager));
///     Ok(enforce(routes, layer))
/// }
/// ```
pub fn banner_route<A, S>(installer: impl Installer) -> MethodRoutes<S>
where
    A: FromRequestParts<S> + 'static,
    S: Clone + Send + Sync + 'static,
{
    let answer = move |who: IsAdmin<A>| async move { json(&banner(&installer, who.yes()).await) };
    get_with(answer, |asks| asks.ready(Ready::Banner))
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

/// What administrators, or everybody, may know.
pub(crate) async fn banner(installer: &impl Installer, is_admin: bool) -> Banner {
    let used = used(installer.status().await);
    let used = |limit: &str| used.get(limit).copied();
    let licensing = installer.licensing();
    match is_admin {
        true => Banner::of(&licensing.warnings(used)),
        false => licensing.banner(used),
    }
}

fn used(status: Status) -> BTreeMap<String, u64> {
    let limits = status.license.into_iter().flat_map(|license| license.limits);
    limits.filter_map(|(name, limit)| Some((name, limit.used?))).collect()
}
