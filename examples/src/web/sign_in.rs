//! Signing in and out by a page.

use std::time::Duration;

use askama::Template;
use axum::{
    Form,
    extract::{DefaultBodyLimit, FromRequest, Query, Request},
    response::Response,
    routing::MethodFilter,
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use license_axum::{Installer, Routes};
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    NotSignedIn, Visitors, Web,
    page::{Page, asked_language, html, see_other},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    page: Page<'a>,
    wrong: Option<String>,
    by_token: bool,
    email: String,
    next: String,
}

/// What the form sends, and behind the question mark where to go on.
#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// What a sign-in sends is short.
const MOST_BYTES: usize = 16 * 1024;
/// How long it may take to send.
const DEADLINE: Duration = Duration::from_secs(10);

pub(super) fn routes<A, I, V, S>(web: &Web<A, I, V>) -> Routes<S>
where
    A: 'static,
    I: Installer,
    V: Visitors,
    S: Clone + Send + Sync + 'static,
{
    let (shown, sent, out) = (web.clone(), web.clone(), web.clone());
    let show = move |request: Request| {
        let (web, request) = (shown.clone(), request.into_parts().0);
        async move {
            let next = local(&next_of(&request));
            web.sign_in_page(&request, StatusCode::OK, None, String::new(), next).await
        }
    };
    let enter = move |request: Request| {
        let web = sent.clone();
        async move { web.sign_in(request).await }
    };
    let leave = move |request: Request| {
        let (web, request) = (out.clone(), request.into_parts().0);
        async move { web.sign_out(&request).await }
    };
    Routes::new()
        .recovery(MethodFilter::GET, "/sign-in", show)
        .recovery(MethodFilter::POST, "/sign-in", enter)
        .recovery(MethodFilter::POST, "/sign-out", leave)
        .layer(DefaultBodyLimit::max(MOST_BYTES))
}

impl<A, I: Installer, V: Visitors> Web<A, I, V> {
    async fn sign_in_page(
        &self,
        request: &Parts,
        status: StatusCode,
        wrong: Option<&str>,
        email: String,
        next: String,
    ) -> Response {
        let page = self.page(request, "web-sign-in").await;
        let wrong = wrong.map(|key| page.t(key));
        html(status, &SignIn { page, wrong, by_token: V::BY_TOKEN, email, next })
    }

    async fn sign_in(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let read = Form::<Fields>::from_request(Request::from_parts(head.clone(), body), &());
        let read = timeout(DEADLINE, read).await;
        let Ok(Ok(Form(Fields { email, password, next }))) = read else {
            let next = "/".to_owned();
            let wrong = wrong_of::<V>();
            return self
                .sign_in_page(&head, StatusCode::BAD_REQUEST, Some(wrong), String::new(), next)
                .await;
        };
        let next = local(&next);
        let (status, wrong, wait) =
            match self.visitors.sign_in(&head, email.clone(), password).await {
                Ok(cookie) => {
                    let query = asked_language(&head).filter(|_| !next.contains('?'));
                    let query = query.map(|it| format!("?lang={it}")).unwrap_or_default();
                    return see_other(&format!("{next}{query}"), Some(cookie));
                }
                Err(NotSignedIn::Wrong) => (StatusCode::UNAUTHORIZED, wrong_of::<V>(), None),
                Err(NotSignedIn::TooMany(wait)) => {
                    (StatusCode::TOO_MANY_REQUESTS, "web-too-many", Some(wait))
                }
                Err(NotSignedIn::Busy) => (StatusCode::SERVICE_UNAVAILABLE, "web-busy", Some(1)),
                Err(NotSignedIn::Away) => (StatusCode::SERVICE_UNAVAILABLE, "web-away", None),
            };
        let mut response = self.sign_in_page(&head, status, Some(wrong), email, next).await;
        if let Some(wait) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }

    async fn sign_out(&self, request: &Parts) -> Response {
        let Ok(cookie) = self.visitors.sign_out(request).await else {
            // Nobody is told to be signed out who is not.
            let page = self.page(request, "web-sign-out").await;
            let wrong = Some(page.t("web-away"));
            let (by_token, email, next) = (V::BY_TOKEN, String::new(), "/".to_owned());
            let page = SignIn { page, wrong, by_token, email, next };
            return html(StatusCode::SERVICE_UNAVAILABLE, &page);
        };
        let query = asked_language(request).map(|it| format!("?lang={it}")).unwrap_or_default();
        see_other(&format!("/sign-in{query}"), Some(cookie))
    }
}

fn wrong_of<V: Visitors>() -> &'static str {
    if V::BY_TOKEN { "web-wrong-token" } else { "web-wrong" }
}

/// Where somebody came from who is to sign in.
fn next_of(request: &Parts) -> String {
    let query = Query::<Fields>::try_from_uri(&request.uri);
    query.map(|it| it.0.next).unwrap_or_default()
}

/// A path of this service, for whoever is sent on to it; anything else is `/`.
fn local(next: &str) -> String {
    let plain = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(|it: char| it == '\\' || it.is_control() || it.is_whitespace())
        && next.is_ascii();
    if plain { next.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn nobody_is_sent_on_to_another_service() {
        for path in ["/", "/license", "/license?lang=de", "/modules/a"] {
            assert_eq!(local(path), path);
        }
        for elsewhere in [
            "",
            "license",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\n",
            "/\t/x",
        ] {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
