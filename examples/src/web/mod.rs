//! The web clients of the examples: small pages that are made on the server, in
//! the look of the license pages. Signing in and out, a first page with the
//! licensed modules, and the way to the license while everything is refused.

mod devices;
mod home;
mod lead;
mod page;
mod sign_in;

use axum::extract::FromRequestParts;
use http::{HeaderValue, request::Parts};
use license_axum::{Actor, Installer, Routes, pages::LicensePages};
use license_core::Licensing;

pub use self::lead::lead_to_license;
use self::page::Page;
use crate::StartError;

/// Texts of these pages.
const TEXTS: [(&str, &str); 4] = [
    ("en", include_str!("languages/en.ftl")),
    ("de", include_str!("languages/de.ftl")),
    ("fr", include_str!("languages/fr.ftl")),
    ("ar", include_str!("languages/ar.ftl")),
];

/// Where the license pages are.
pub const LICENSE: &str = "/license";

/// Who signs in by a page, and how a browser shows who it is.
pub trait Visitors: Clone + Send + Sync + 'static {
    /// Whether people sign in with an administrator's token in place of an e-mail
    /// address and a password.
    const BY_TOKEN: bool;

    /// The cookie of whoever signs in.
    ///
    /// # Errors
    ///
    /// Why not.
    fn sign_in(
        &self,
        request: &Parts,
        email: String,
        password: String,
    ) -> impl Future<Output = Result<HeaderValue, NotSignedIn>> + Send;

    /// Ends the session of a request; the cookie that takes the other away.
    ///
    /// # Errors
    ///
    /// The session goes on.
    fn sign_out(
        &self,
        request: &Parts,
    ) -> impl Future<Output = Result<HeaderValue, NotSignedIn>> + Send;

    /// Whether signing in ends the other sessions of a user.
    fn one_session(&self) -> bool {
        false
    }

    /// Who is signed in.
    fn visitor(&self, request: &Parts) -> impl Future<Output = Option<Visitor>> + Send;
}

/// Why nobody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSignedIn {
    /// The password or token is wrong.
    Wrong,
    /// Too many were wrong; wait so many seconds.
    TooMany(u64),
    /// Too many wait.
    Busy,
    /// The database is away.
    Away,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// What the page calls them.
    pub name: String,
    /// Whether they administer the service.
    pub is_admin: bool,
}

/// The web client of a service. Cheap to clone.
pub struct Web<A, I, V> {
    pages: LicensePages<A, I>,
    visitors: V,
    licensing: Licensing,
    /// Features with a page of their own.
    modules: &'static [&'static str],
    /// Whether people see where they are signed in.
    devices: bool,
}

impl<A, I: Installer, V: Visitors> Web<A, I, V> {
    /// The web client of a service with these modules.
    ///
    /// # Errors
    ///
    /// A text in the profile that is none.
    pub fn new(
        installer: I,
        visitors: V,
        modules: &'static [&'static str],
    ) -> Result<Self, StartError> {
        let licensing = installer.licensing().clone();
        let pages = LicensePages::with_texts(installer, &TEXTS).map_err(|error| {
            StartError::new("the texts of the profile are not valid").with_source(error)
        })?;
        let pages = pages.sign_in("/sign-in").sign_out("/sign-out").home("/");
        Ok(Self { pages, visitors, licensing, modules, devices: false })
    }

    fn lists_devices(&self) -> bool {
        self.devices && !self.visitors.one_session()
    }

    /// Takes no license on the license pages, which say where it comes from.
    #[must_use]
    pub fn without_upload(self, source: impl Into<String>) -> Self {
        Self { pages: self.pages.without_upload(source), ..self }
    }

    /// The license pages.
    pub fn pages(&self) -> &LicensePages<A, I> {
        &self.pages
    }

    /// `/`, `/modules/…`, `/sign-in`, `/sign-out`, the license pages, and
    /// `/api/banner`.
    pub fn routes<S>(&self) -> Routes<S>
    where
        A: FromRequestParts<S> + Into<Actor> + Send + 'static,
        S: Clone + Send + Sync + 'static,
    {
        let routes = home::routes(self).merge(sign_in::routes(self));
        routes.nest(LICENSE, self.pages.routes()).route("/api/banner", self.pages.banner_route())
    }

    /// The frame of a page.
    async fn page(&self, request: &Parts, title: &str) -> Page<'_> {
        let visitor = self.visitors.visitor(request).await;
        self.page_of(request, title, visitor).await
    }
}

impl<A, I, V: Clone> Clone for Web<A, I, V> {
    fn clone(&self) -> Self {
        Self {
            pages: self.pages.clone(),
            visitors: self.visitors.clone(),
            licensing: self.licensing.clone(),
            modules: self.modules,
            devices: self.devices,
        }
    }
}

impl<A, I, V> std::fmt::Debug for Web<A, I, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Web").field("modules", &self.modules).finish_non_exhaustive()
    }
}
