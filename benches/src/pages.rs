//! Pages, beside the same facts as JSON, and what the layer that makes pages of
//! refusals costs a request that is allowed.

use std::{convert::Infallible, sync::Arc};

use axum::{Router, body::Body, extract::FromRequestParts, response::Response, routing::get};
use http::{Request, request::Parts};
use license_axum::{
    Actor, Installer, LicenseLayer, Problem, Routes, admin_routes, enforce, pages::LicensePages,
};
use license_core::{
    MachineId, Product, license::LimitKind, licensing::InstallRequest, testing::Vendor,
};
use license_runtime::{LicenseManager, MachineIdSource, MemoryStore};
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

use crate::{Group, Row, fixture};

/// Everybody is one here.
struct Admin;

impl From<Admin> for Actor {
    fn from(_: Admin) -> Self {
        Self::new("admin", None)
    }
}

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self)
    }
}

pub(crate) fn group() -> Group {
    let runtime = Arc::new(Builder::new_current_thread().enable_all().build().expect("a runtime"));
    let (manager, licensed) = runtime.block_on(services());
    let pages = LicensePages::<Admin, _>::new(manager).expect("the texts are good");
    let app = licensed.merge(Routes::new().nest("/license", pages.routes())).into_router();
    let open = || Routes::new().route("/open", get(async || "open"));
    let layer = LicenseLayer::new(&fixture::licensed(None));
    let plain = enforce(open(), layer.clone()).into_router();
    let denying = enforce(open(), layer).layer(pages.denials("/license", ())).into_router();
    let row =
        |id, label, path, app: &Router| page(id, label, path, app.clone(), Arc::clone(&runtime));
    Group {
        title: "Pages: an administrator's status page, and what pages for refusals cost an allowed request",
        beyond: "the row named",
        rows: vec![
            row("pages/json", "`GET /api/license`: the same facts as JSON", "/api/license", &app),
            row("pages/status", "`GET /license`: the page (beyond the JSON)", "/license", &app)
                .beyond("pages/json"),
            row("pages/allowed", "an allowed request, `enforce` alone", "/open", &plain),
            row(
                "pages/allowed-denials",
                "the same with `LicensePages::denials` around it",
                "/open",
                &denying,
            )
            .beyond("pages/allowed"),
        ],
    }
}

/// A manager with a license in force, and its routes.
async fn services() -> (LicenseManager, Routes) {
    let product = (0..15).fold(
        Product::builder("acme", "https://acme.example", "acme-server"),
        |product, number| product.feature(format!("feature-{number}"), format!("Feature {number}")),
    );
    let product = product.limit("users", LimitKind::Seats).limit("hosts", LimitKind::Leases);
    let vendor = Vendor::of(product.build().expect("the product is good"));
    let machine = MachineId::custom("the-machine-of-the-benchmarks").expect("it is long enough");
    let licensing = license_core::Licensing::new(vendor.verifier());
    let manager = LicenseManager::builder(licensing)
        .store(MemoryStore::new())
        .machine_id(MachineIdSource::Custom(machine))
        .usage(async || [("users".to_owned(), 40)].into())
        .start()
        .await
        .expect("a manager starts");
    let now = manager.licensing().clock().now();
    let license = vendor.license().features(["feature-1", "feature-2"]).limit("users", 50);
    let token =
        license.limit("hosts", 10).issued_at(now).expires_at(now.saturating_add(YEAR)).sign();
    let request = InstallRequest::new(Actor::new("admin", None));
    manager.install(token.as_str().as_bytes(), request).await.expect("it is installed");
    let routes = Routes::new().nest("/api/license", admin_routes::<Admin, _>(manager.clone()));
    (manager, routes)
}

const YEAR: std::time::Duration = std::time::Duration::from_secs(365 * 86_400);

/// A row that asks a router for a path, body included.
fn page(
    id: &'static str,
    label: &str,
    path: &'static str,
    mut app: Router,
    runtime: Arc<Runtime>,
) -> Row {
    Row::new(id, label, move |times| {
        let mut status = 0;
        for _ in 0..times {
            let request = Request::get(path).header("accept", "text/html").body(Body::empty());
            let request = request.expect("a request can be made");
            let response: Result<Response, Infallible> = runtime.block_on(app.call(request));
            let response = match response {
                Ok(response) => response,
                Err(never) => match never {},
            };
            status = std::hint::black_box(response).status().as_u16();
        }
        status
    })
}
