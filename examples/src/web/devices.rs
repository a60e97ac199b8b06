//! Profile, devices: where somebody is signed in.

use askama::Template;
use axum::{
    extract::{Path, Request},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use license_axum::{
    Installer, Problem, Routes,
    coverage::Asks,
    routing::{get_with, post_with},
};

use super::{
    Web,
    page::{Page, asked_language, html, see_other},
};
use crate::{Auth, Refusal, not_found};

#[derive(Template)]
#[template(path = "devices.html")]
struct Devices<'a> {
    page: Page<'a>,
    devices: Vec<Device>,
}

struct Device {
    id: String,
    since: String,
    since_at: String,
    until: String,
    until_at: String,
    current: bool,
}

impl<A, I: Installer> Web<A, I, Auth> {
    /// Lets people see where they are signed in, and end a session, unless signing
    /// in ends the others anyway: `/profile/devices`.
    #[must_use]
    pub fn with_devices(self) -> Self {
        Self { devices: true, ..self }
    }

    /// The routes of [`with_devices`](Self::with_devices).
    pub fn device_routes<S>(&self) -> Routes<S>
    where
        A: 'static,
        S: Clone + Send + Sync + 'static,
    {
        let (shown, ended) = (self.clone(), self.clone());
        let show = move |request: Request| {
            let (web, request) = (shown.clone(), request.into_parts().0);
            async move { web.devices_page(&request).await.unwrap_or_else(Refusal::into_response) }
        };
        let end = move |Path(id): Path<String>, request: Request| {
            let (web, request) = (ended.clone(), request.into_parts().0);
            async move { web.end(&request, &id).await.unwrap_or_else(Refusal::into_response) }
        };
        Routes::new()
            .route("/profile/devices", get_with(show, Asks::free))
            .route("/profile/devices/{id}", post_with(end, Asks::free))
    }

    async fn devices_page(&self, request: &Parts) -> Result<Response, Refusal> {
        if let Some(away) = self.to_license(request) {
            return Ok(away);
        }
        if !self.lists_devices() {
            return Ok(not_found().await.into_response());
        }
        let Some(account) = self.visitors.signed_in(request).await else {
            return Ok(see_other("../sign-in?next=/profile/devices", None));
        };
        let sessions = self.visitors.sessions(request, &account).await?;
        let page = self.page(request, "web-devices").await;
        let texts = page.texts();
        let devices = sessions.into_iter().map(|it| Device {
            id: it.id,
            since: texts.moment(it.since),
            since_at: it.since.to_string(),
            until: texts.moment(it.until),
            until_at: it.until.to_string(),
            current: it.current,
        });
        let devices = devices.collect();
        Ok(html(StatusCode::OK, &Devices { page, devices }))
    }

    async fn end(&self, request: &Parts, id: &str) -> Result<Response, Refusal> {
        if !self.lists_devices() {
            return Ok(not_found().await.into_response());
        }
        let Some(account) = self.visitors.signed_in(request).await else {
            return Err(Problem::new(401, "unauthenticated", "Sign in first.").into());
        };
        if !self.visitors.end_session(&account, id).await? {
            return Ok(not_found().await.into_response());
        }
        let query = asked_language(request).map(|it| format!("?lang={it}")).unwrap_or_default();
        Ok(see_other(&format!("../devices{query}"), None))
    }
}
