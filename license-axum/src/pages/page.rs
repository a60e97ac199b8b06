//! What every page has: its language, its links, its headers.

use askama::Template;
use axum::{
    body::Body,
    extract::OriginalUri,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts};
use license_core::{DenialCode, Installer, refusal::Delivery, report::Fact};
use license_texts::{Language, Texts};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Places, Shared, assets::Assets};
use crate::{Problem, query::values};

/// The frame of a page.
pub(super) struct Page<'a> {
    pub(super) language: &'a Language,
    pub(super) assets: &'a Assets,
    pub(super) product: String,
    /// Its title beside the product's; empty until it is [called](Self::called) something.
    heading: String,
    /// Before the addresses of the pages, with a slash at its end.
    pub(super) base: String,
    /// The status page.
    pub(super) root: String,
    /// The same as the service sees its own paths: for `Location` and cookies,
    /// which a proxy that takes a prefix away has to put it before.
    pub(super) at: String,
    /// `?lang=de` where that was asked for.
    pub(super) query: String,
    /// The same behind another member.
    pub(super) more_query: String,
    pub(super) home: Option<String>,
    pub(super) sign_in: Option<String>,
    /// For whoever is signed in as an administrator.
    pub(super) sign_out: Option<String>,
    pub(super) choices: Vec<Choice>,
    /// Whether a license is given only when the service starts.
    by_restart: bool,
}

/// A language to choose.
pub(super) struct Choice {
    pub(super) tag: String,
    pub(super) name: String,
    pub(super) href: String,
    pub(super) current: bool,
}

/// Where a page stands among the pages.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// The status page.
    Root,
    /// A page below it.
    Below,
    /// Somewhere in the service; the pages are at this path.
    Elsewhere(&'a str),
}

/// What a `Content-Security-Policy` of these pages allows: what the service
/// itself sends, and nothing that stands in a page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri \
                      'none'";

/// What is left as it is in a part of a path or a query.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same with slashes.
const PATH: &AsciiSet = &PART.remove(b'/');

impl<'a> Page<'a> {
    pub(super) fn new<I: Installer>(
        shared: &'a Shared<I>,
        places: &Places,
        request: &Parts,
        place: Place<'_>,
    ) -> Self {
        let (language, asked) = language(&shared.texts, &request.uri, &request.headers);
        let path = original_path(request);
        let (base, root) = match place {
            Place::Root => {
                let name = path.rsplit('/').next().unwrap_or_default();
                match name.is_empty() {
                    true => (String::new(), "./".to_owned()),
                    false => (format!("{name}/"), name.to_owned()),
                }
            }
            Place::Below => {
                let name = path.rsplit('/').nth(1).unwrap_or_default();
                match name.is_empty() {
                    true => (String::new(), "./".to_owned()),
                    false => (String::new(), format!("../{name}")),
                }
            }
            Place::Elsewhere(at) => {
                let root = relative(path, at);
                (format!("{root}/"), root)
            }
        };
        let at = match place {
            Place::Root => path,
            Place::Below => path.rsplit_once('/').map_or("", |(root, _)| root),
            Place::Elsewhere(at) => at,
        };
        let at = if at.is_empty() { "/".to_owned() } else { at.to_owned() };
        let lang = |tag: &str| format!("lang={}", utf8_percent_encode(tag, PART));
        let (query, more_query) = match asked {
            true => (format!("?{}", lang(language.tag())), format!("&{}", lang(language.tag()))),
            false => (String::new(), String::new()),
        };
        // What a form was sent to cannot be fetched again.
        let here = match place {
            Place::Root => root.clone(),
            // `HEAD` says what `GET` would.
            _ if request.method.is_safe() => {
                path.rsplit('/').next().filter(|it| !it.is_empty()).unwrap_or("./").to_owned()
            }
            _ => root.clone(),
        };
        let choices = shared.texts.languages().iter().map(|it| Choice {
            tag: it.tag().to_owned(),
            name: it.name(),
            href: format!("{here}?{}", lang(it.tag())),
            current: it.tag() == language.tag(),
        });
        let place_of = |target: &Option<String>| target.as_deref().map(|it| relative(path, it));
        let next = if let Place::Elsewhere(_) = place { path.to_owned() } else { at.clone() };
        let sign_in = place_of(&places.sign_in).map(|href| {
            let next = utf8_percent_encode(&next, PATH);
            format!("{href}?next={next}{more_query}")
        });
        let product = shared.installer.licensing().product();
        Self {
            language,
            assets: &shared.assets,
            product: product.pages().title(product).to_owned(),
            heading: String::new(),
            base,
            root,
            at,
            query,
            more_query,
            home: place_of(&places.home),
            sign_in,
            sign_out: None,
            by_restart: {
                let licensing = shared.installer.licensing();
                let denial = licensing.control().denial(DenialCode::LicenseMissing);
                denial.delivery() == Delivery::Start
            },
            choices: choices.collect(),
        }
    }

    /// The text of a key.
    pub(super) fn t(&self, key: &str) -> String {
        self.language.text(key, &[])
    }

    /// The text of a key with facts.
    pub(super) fn text(&self, key: &str, facts: &[(&str, Fact)]) -> String {
        self.language.text(key, facts)
    }

    /// Where a license comes from that nobody uploads, and how to renew it.
    pub(super) fn elsewhere(&self, source: &str) -> String {
        let key = if self.by_restart { "upload-elsewhere-start" } else { "upload-elsewhere" };
        self.text(key, &[("source", source.into())])
    }

    pub(super) fn title(&self) -> String {
        let page = self.heading.as_str().into();
        self.text("title", &[("product", self.product.as_str().into()), ("page", page)])
    }

    /// Lets an administrator sign out.
    pub(super) fn for_admin(self, places: &Places, request: &Parts) -> Self {
        let path = original_path(request);
        let sign_out = places.sign_out.as_deref().map(|it| relative(path, it) + &self.query);
        Self { sign_out, ..self }
    }

    /// Names the page.
    pub(super) fn called(self, heading: String) -> Self {
        Self { heading, ..self }
    }
}

/// The language for a reader, and whether the address asks for it.
pub(super) fn language<'a>(
    texts: &'a Texts,
    uri: &Uri,
    headers: &HeaderMap,
) -> (&'a Language, bool) {
    let asked = values(uri, "lang").next();
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok());
    (texts.choose(asked, accepted), asked.is_some_and(|tag| texts.language(tag).is_some()))
}

/// The path as the client sent it, without what a nest took away.
pub(super) fn original_path(request: &Parts) -> &str {
    let original = request.extensions.get::<OriginalUri>();
    original.map_or(request.uri.path(), |uri| uri.0.path())
}

/// A path within the service as seen from another one.
pub(super) fn relative(from: &str, to: &str) -> String {
    let up = from.bytes().filter(|it| *it == b'/').count().saturating_sub(1);
    let to = to.trim_start_matches('/');
    match (up, to) {
        (0, "") => "./".to_owned(),
        (up, to) => "../".repeat(up) + to,
    }
}

/// A page as a response.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => respond(status, text),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page cannot be made");
            Problem::new(500, "internal_error", "The page could not be made.").into_response()
        }
    }
}

/// A page of HTML with the headers that every license page has, for the product's own
/// pages too: never stored, by the reader's language, and under a
/// `Content-Security-Policy` that lets nothing run, show or be framed but what the
/// service itself serves.
///
/// ```
/// use http::StatusCode;
///
/// let page = "<!doctype html><html lang=\"en\"><title>Hello</title><p>Hello</p></html>";
/// let response = license_axum::pages::respond(StatusCode::OK, page);
/// assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
/// ```
pub fn respond(status: StatusCode, page: impl Into<String>) -> Response {
    let mut response = (status, Body::from(page.into())).into_response();
    dress(response.headers_mut());
    response
}

/// The headers of every page.
pub(super) fn dress(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    vary(headers, "Accept-Language");
}

/// Says that the answer depends on a header of the request.
pub(super) fn vary(headers: &mut HeaderMap, name: &'static str) {
    headers.append(header::VARY, HeaderValue::from_static(name));
}

/// A redirection that a browser follows with `GET`.
pub(super) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    dress(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_within_the_service_are_seen_from_any_other() {
        assert_eq!(relative("/", "/license"), "license");
        assert_eq!(relative("/license", "/sign-in"), "sign-in");
        assert_eq!(relative("/license/preview", "/"), "../");
        assert_eq!(relative("/license", "/"), "./");
        assert_eq!(relative("/api/a/b", "/license"), "../../license");
    }
}
