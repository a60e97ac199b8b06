//! Pages: the license in a browser, and what a browser is told when something
//! is refused (feature `pages`).
//!
//! | address | who | what |
//! |---|---|---|
//! | `GET /` | everybody; more for administrators | where the license stands |
//! | `POST /preview` | administrators | what an uploaded license would change |
//! | `POST /install` | administrators | installs what was previewed |
//! | `GET /machine-info.json` | administrators | the download for the vendor |
//! | `GET /history?before=ROW` | administrators | who installed what |
//! | `GET /assets/NAME` | everybody | style, script and banner, for ever under this name |
//!
//! They are made on the server and need no script. What they show is what
//! license-core says; how they say it, `license-texts`. A product's profile has
//! their name, languages, colors, words and whom to ask
//! ([`Pages`](license_core::product::Pages),
//! [`Contact`](license_core::product::Contact)).
//!
//! ```
//! use axum::extract::FromRequestParts;
//! use license_axum::{
//!     Actor, Enforced, Installer, LicenseLayer, Routes, admin_routes, enforce,
//!     pages::{LicensePages, TextsError},
//! };
//!
//! fn app<Admin>(manager: impl Installer) -> Result<Enforced, TextsError>
//! where
//!     Admin: FromRequestParts<()> + Into<Actor> + Send + 'static,
//! {
//!     let pages = LicensePages::<Admin, _>::new(manager.clone())?.sign_in("/sign-in").home("/");
//!     let layer = LicenseLayer::new(manager.licensing());
//!     let routes = Routes::new()
//!         .nest("/license", pages.routes())
//!         .nest("/api/license", admin_routes::<Admin, _>(manager));
//!     // Outside of the license, so that it sees what is refused.
//!     Ok(enforce(routes, layer).layer(pages.denials("/license", ())))
//! }
//! ```
//!
//! # Refused in a browser
//!
//! [`LicensePages::denials`] is a layer around the service. Where the license
//! refused a request and the `Accept` header prefers `text/html` (RFC 9110,
//! section 12.5.1), the answer becomes a page with the same status; every other
//! client gets the problem document that it would have got. While the whole
//! service is refused the page is where an administrator uploads the next
//! license. It sees what the [`LicenseLayer`](crate::LicenseLayer) and the
//! extractors of this crate refuse; what a handler refuses by itself too, where
//! it says the request ([`LicenseRejection::of_request`](crate::LicenseRejection::of_request)).
//! A request that is allowed costs one look at its response.
//!
//! # What to know
//!
//! - All pages stay open whatever is refused, as the license routes do. A
//!   cross-site `POST` is 403.
//! - Links are relative: they work below any prefix, also one that a proxy takes
//!   away; it has to put that before the path of `Location` and of cookies, as
//!   proxies can. A language that was asked for by `?lang=` goes with them.
//! - `Referrer-Policy: no-referrer` alone would have browsers send `Origin: null` with
//!   the forms over plain HTTP, which nobody can tell from another site's; the pages
//!   themselves say `same-origin` (`<meta name="referrer">`), which counts for them.
//! - `Content-Security-Policy` allows nothing but what the service itself sends;
//!   no page has a style, script or handler in it.
//! - A banner for the product's own pages: [`LicensePages::banner`] as HTML, or
//!   the element `<license-banner src="…">` of [`LicensePages::banner_script`] over
//!   [`LicensePages::banner_route`].

mod accept;
mod ask;
mod assets;
mod banner;
mod denied;
mod form;
mod license;
mod page;
mod preview;
mod routes;
mod timeline;
mod upload;

use std::{fmt, marker::PhantomData, sync::Arc};

use axum::extract::FromRequestParts;
use license_core::{Actor, Installer};
use license_texts::Texts;
pub use license_texts::{Language, TextsError};

use self::assets::Assets;
pub use self::{
    denied::{DenialPages, Denying, DenyingFuture},
    page::respond,
};
use crate::{Routes, admin::Uploads};

/// The license pages of a service; see the [module](self). Cheap to clone.
///
/// `A` is the product's own extractor of an administrator, the one that
/// [`admin_routes`](crate::admin_routes) takes.
pub struct LicensePages<A, I> {
    shared: Arc<Shared<I>>,
    places: Arc<Places>,
    admin: PhantomData<fn() -> A>,
}

/// What the pages work with.
struct Shared<I> {
    installer: I,
    texts: Texts,
    assets: Assets,
    uploads: Uploads<I>,
}

/// Pages of the product, as paths within the service.
#[derive(Clone, Default)]
struct Places {
    sign_in: Option<String>,
    sign_out: Option<String>,
    home: Option<String>,
    /// Where the license comes from that nobody uploads.
    elsewhere: Option<String>,
}

impl<A, I: Installer> LicensePages<A, I> {
    /// The pages of a service.
    ///
    /// # Errors
    ///
    /// A text in the profile that is none.
    pub fn new(installer: I) -> Result<Self, TextsError> {
        Self::with_texts(installer, &[])
    }

    /// The pages of a service whose own pages have texts as well: Fluent, by
    /// language, `[("en", include_str!("en.ftl"))]`.
    ///
    /// # Errors
    ///
    /// A text that is none.
    pub fn with_texts(installer: I, more: &[(&str, &str)]) -> Result<Self, TextsError> {
        let product = installer.licensing().product();
        let texts = Texts::with(product, more)?;
        let assets = Assets::of(product);
        let uploads = Uploads::new(installer.clone());
        let shared = Arc::new(Shared { installer, texts, assets, uploads });
        Ok(Self { shared, places: Arc::default(), admin: PhantomData })
    }

    /// Where people sign in: a path within the service, `/sign-in`. The page that
    /// they came from is added as `next`.
    #[must_use]
    pub fn sign_in(mut self, path: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.places).sign_in = Some(path.into());
        self
    }

    /// Where people sign out: a path within the service that takes a `POST`,
    /// `/sign-out`.
    #[must_use]
    pub fn sign_out(mut self, path: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.places).sign_out = Some(path.into());
        self
    }

    /// The product's own first page: a path within the service, `/`.
    #[must_use]
    pub fn home(mut self, path: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.places).home = Some(path.into());
        self
    }

    /// Takes no uploads: the license comes from somewhere else, from this file say,
    /// and the pages tell administrators so in place of the form.
    #[must_use]
    pub fn without_upload(mut self, source: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.places).elsewhere = Some(source.into());
        self
    }

    /// The routes, to be nested where the product likes, at `/license` say.
    pub fn routes<S>(&self) -> Routes<S>
    where
        A: FromRequestParts<S> + Into<Actor> + Send + 'static,
        S: Clone + Send + Sync + 'static,
    {
        routes::routes(self)
    }

    /// The layer that makes pages of what is refused, for browsers; `at` is where
    /// the [`routes`](Self::routes) are nested, `state` what the extractor of an
    /// administrator asks. Its place is [`Enforced::layer`](crate::Enforced::layer).
    pub fn denials<S>(&self, at: impl Into<String>, state: S) -> DenialPages<A, I, S>
    where
        A: FromRequestParts<S> + 'static,
        S: Clone + Send + Sync + 'static,
    {
        DenialPages::new(self.clone(), at.into(), state)
    }

    /// The language for a reader: `?lang=` of the address, else
    /// `Accept-Language`. For the product's own pages.
    pub fn language(&self, request: &http::request::Parts) -> &Language {
        page::language(&self.shared.texts, &request.uri, &request.headers).0
    }

    /// All languages that are offered.
    pub fn languages(&self) -> &[Language] {
        self.shared.texts.languages()
    }

    /// The address of the style sheet within the pages, `assets/…`; the product's
    /// own pages may use it.
    pub fn style(&self) -> String {
        self.shared.assets.style.path()
    }

    /// The address of the style sheet with the product's colors, where it has any.
    pub fn theme(&self) -> Option<String> {
        self.shared.assets.theme.as_ref().map(assets::Asset::path)
    }

    /// The address of an icon for the product's pages, where it has none of its own.
    pub fn icon(&self) -> String {
        self.shared.assets.icon.path()
    }

    /// The address of the script of `<license-banner>` within the pages,
    /// `assets/…`.
    pub fn banner_script(&self) -> String {
        self.shared.assets.banner.path()
    }
}

impl<A, I> Clone for LicensePages<A, I> {
    fn clone(&self) -> Self {
        let (shared, places) = (Arc::clone(&self.shared), Arc::clone(&self.places));
        Self { shared, places, admin: PhantomData }
    }
}

impl<A, I> fmt::Debug for LicensePages<A, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LicensePages").finish_non_exhaustive()
    }
}
