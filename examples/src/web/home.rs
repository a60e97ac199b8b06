//! The first page, and a page for each module.

use askama::Template;
use axum::{
    extract::{Path, Request},
    response::{IntoResponse, Response},
    routing::MethodFilter,
};
use http::StatusCode;
use license_axum::{Installer, LicenseRejection, Routes, coverage::Asks, routing::get_with};

use super::{
    Visitors, Web,
    page::{Page, html, see_other},
};
use crate::not_found;

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    page: Page<'a>,
    has_modules: bool,
    modules: Vec<Module>,
    devices: bool,
}

#[derive(Template)]
#[template(path = "module.html")]
struct ModulePage<'a> {
    page: Page<'a>,
    name: String,
    title: String,
}

struct Module {
    name: &'static str,
    title: String,
}

pub(super) fn routes<A, I, V, S>(web: &Web<A, I, V>) -> Routes<S>
where
    A: 'static,
    I: Installer,
    V: Visitors,
    S: Clone + Send + Sync + 'static,
{
    let (home, module) = (web.clone(), web.clone());
    Routes::new()
        // Leads to the license by itself.
        .recovery(MethodFilter::GET, "/", move |request: Request| {
            let (web, request) = (home.clone(), request.into_parts().0);
            async move { web.home(&request).await }
        })
        .route(
            "/modules/{name}",
            get_with(
                move |Path(name): Path<String>, request: Request| {
                    let (web, request) = (module.clone(), request.into_parts().0);
                    async move { web.module(&request, &name).await }
                },
                Asks::free,
            ),
        )
}

impl<A, I: Installer, V: Visitors> Web<A, I, V> {
    async fn home(&self, request: &http::request::Parts) -> Response {
        if let Some(away) = self.to_license(request) {
            return away;
        }
        let visitor = self.visitors.visitor(request).await;
        let signed_in = visitor.is_some();
        let page = self.page_of(request, "web-welcome", visitor).await;
        let usable = |name: &&&'static str| signed_in && self.licensing.allows_feature(name);
        let modules = self
            .modules
            .iter()
            .filter(usable)
            .map(|name| Module { name, title: page.texts().feature(name) });
        let modules = modules.collect();
        let devices = signed_in && self.lists_devices();
        html(
            StatusCode::OK,
            &Home { page, has_modules: !self.modules.is_empty(), modules, devices },
        )
    }

    /// The page of a module, for whoever is signed in, where the license includes
    /// it.
    async fn module(&self, request: &http::request::Parts, name: &str) -> Response {
        if let Some(away) = self.to_license(request) {
            return away;
        }
        let Some(name) = self.modules.iter().find(|it| **it == name) else {
            return not_found().await.into_response();
        };
        let Some(visitor) = self.visitors.visitor(request).await else {
            return see_other(&format!("../sign-in?next=/modules/{name}"), None);
        };
        if let Err(denial) = self.licensing.check_feature(name) {
            let rejection = LicenseRejection::answered(&self.licensing, denial);
            return rejection.of_request(request).into_response();
        }
        let page = self.page_of(request, "web-modules", Some(visitor)).await;
        let title = page.texts().feature(name);
        html(StatusCode::OK, &ModulePage { page, name: (*name).to_owned(), title })
    }
}
