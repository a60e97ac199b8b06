//! A banner for the product's own pages.

use askama::Template;
use axum::extract::{FromRequestParts, Request};
use http::header;
use license_core::{Banner, Installer, WarningLevel};
use license_texts::Language;

use super::{LicensePages, page};
use crate::{
    admin::{IsAdmin, host_of},
    json::json,
    openapi::Ready,
    query::values,
    routing::{MethodRoutes, get_with},
    warnings,
};

#[derive(Template)]
#[template(path = "banner.html")]
struct BannerHtml<'a> {
    level: &'static str,
    role: &'static str,
    label: String,
    warnings: &'a [license_core::Warning],
}

impl<A, I: Installer> LicensePages<A, I> {
    /// `GET`, for everybody: what [`banner_route`](crate::banner_route) answers, and
    /// for whoever says a language (`Accept-Language`, `?lang=`) with the texts in it.
    pub fn banner_route<S>(&self) -> MethodRoutes<S>
    where
        A: FromRequestParts<S> + 'static,
        S: Clone + Send + Sync + 'static,
    {
        let pages = self.clone();
        let answer = move |who: IsAdmin<A>, request: Request| {
            let pages = pages.clone();
            // What an administrator should know who uses the service by this host.
            let host = who.yes().then(|| host_of(&request));
            let (request, _) = request.into_parts();
            async move {
                let says = request.headers.contains_key(header::ACCEPT_LANGUAGE)
                    || values(&request.uri, "lang").next().is_some();
                let language = says.then(|| pages.language(&request));
                let banner = pages.banner_of(who.yes(), host.as_deref(), language).await;
                let mut response = json(&banner);
                page::vary(response.headers_mut(), "Accept-Language");
                response
            }
        };
        get_with(answer, |asks| asks.ready(Ready::Banner))
    }

    /// The banner as HTML, for pages that the product makes on its server; empty
    /// where there is nothing to tell. It is what `<license-banner>` shows.
    pub async fn banner(&self, is_admin: bool, language: &Language) -> String {
        let banner = self.banner_of(is_admin, None, Some(language)).await;
        let Some(level) = banner.level else { return String::new() };
        let role = if level == WarningLevel::Critical { "alert" } else { "status" };
        let label = language.text("banner-label", &[]);
        let html = BannerHtml { level: level.as_str(), role, label, warnings: &banner.warnings };
        html.render().unwrap_or_default()
    }

    async fn banner_of(
        &self,
        is_admin: bool,
        host: Option<&str>,
        language: Option<&Language>,
    ) -> Banner {
        let mut warnings = warnings::banner(&self.shared.installer, is_admin).await.warnings;
        let licensing = self.shared.installer.licensing();
        warnings.extend(host.and_then(|host| licensing.host_warning(host)));
        let Some(language) = language else { return Banner::of(&warnings) };
        for warning in &mut warnings {
            warning.text = language.warning(warning).text;
        }
        Banner::of(&warnings)
    }
}
