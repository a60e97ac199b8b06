//! What every page of the web clients has.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header, request::Parts};
use license_axum::{
    Installer,
    pages::{Language, respond},
};

use super::{LICENSE, Visitor, Visitors, Web};
use crate::answer::internal;

/// The frame of a page.
pub(super) struct Page<'a> {
    texts: &'a Language,
    pub(super) language: &'a str,
    pub(super) direction: &'static str,
    pub(super) title: String,
    pub(super) product: String,
    /// The service's own root as this page sees it: empty, or `../`.
    pub(super) root: String,
    pub(super) home: String,
    /// The license pages.
    pub(super) license: String,
    pub(super) query: String,
    pub(super) icon: String,
    pub(super) style: String,
    pub(super) theme: Option<String>,
    pub(super) banner_script: String,
    pub(super) banner: String,
    pub(super) email: Option<String>,
    pub(super) offers_sign_in: bool,
}

impl Page<'_> {
    pub(super) fn t(&self, key: &str) -> String {
        self.texts.text(key, &[])
    }

    pub(super) fn text(&self, key: &str, name: &str, value: &str) -> String {
        self.texts.text(key, &[(name, value.into())])
    }

    pub(super) fn texts(&self) -> &Language {
        self.texts
    }
}

impl<A, I: Installer, V: Visitors> Web<A, I, V> {
    pub(super) async fn page_of(
        &self,
        request: &Parts,
        title: &str,
        visitor: Option<Visitor>,
    ) -> Page<'_> {
        let texts = self.pages.language(request);
        let is_admin = visitor.as_ref().is_some_and(|it| it.is_admin);
        let up = request.uri.path().bytes().filter(|it| *it == b'/').count().saturating_sub(1);
        let root = "../".repeat(up);
        let query = asked_language(request).map(|tag| format!("?lang={tag}")).unwrap_or_default();
        let product = self.licensing.product();
        let product = product.pages().title(product).to_owned();
        let here = if root.is_empty() { "./" } else { &root };
        Page {
            texts,
            language: texts.tag(),
            direction: texts.direction(),
            title: format!("{product} · {}", texts.text(title, &[])),
            product,
            home: format!("{here}{query}"),
            license: format!("{root}{}", LICENSE.trim_start_matches('/')),
            query,
            icon: self.pages.icon(),
            style: self.pages.style(),
            theme: self.pages.theme(),
            banner_script: self.pages.banner_script(),
            banner: self.pages.banner(is_admin, texts).await,
            offers_sign_in: !request.uri.path().starts_with("/sign-in"),
            email: visitor.map(|it| it.name),
            root,
        }
    }
}

/// `de` of `?lang=de`, where it can stand in an address.
pub(super) fn asked_language(request: &Parts) -> Option<&str> {
    let query = request.uri.query()?;
    let tag = query.split('&').find_map(|it| it.strip_prefix("lang="))?;
    let plain = tag.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    (plain && !tag.is_empty()).then_some(tag)
}

/// A page as a response.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => {
            let mut response = respond(status, text);
            // Who is signed in stands on them.
            response.headers_mut().append(header::VARY, HeaderValue::from_static("Cookie"));
            response
        }
        Err(error) => internal(&error).into_response(),
    }
}

/// A redirection that a browser follows with `GET`.
pub(super) fn see_other(to: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    if let Ok(to) = HeaderValue::from_str(to) {
        headers.insert(header::LOCATION, to);
    }
    if let Some(cookie) = cookie {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
