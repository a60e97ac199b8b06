//! The routes an administrator uses: status, install, machine info, doctor, routes,
//! audit.
//!
//! | route | who | what |
//! |---|---|---|
//! | `GET /` | everybody; more for administrators | the status |
//! | `POST /` | administrators | install; `?dry_run=true`, `?force=true`, `?expect=DIGEST` |
//! | `GET /machine-info` | administrators | a download for the vendor |
//! | `GET /doctor` | administrators | what is wrong, the cause first: [`Diagnosis`](license_core::report::Diagnosis) |
//! | `GET /routes` | administrators | what every route asks for: [`Coverage`](crate::coverage::Coverage) |
//! | `GET /audit?limit=100` | administrators | who installed what, newest first; at most 1000 |
//! | `GET /audit/export` | administrators | all of it as JSON lines, for `license audit verify` |
//!
//! Who an administrator is, the product says: `Admin` is its own extractor,
//! and there is no way to mount these routes without one. It runs before a
//! request's body is read.
//!
//! ```
//! use axum::extract::FromRequestParts;
//! use license_axum::{Actor, Installer, Problem, Routes, admin_routes};
//!
//! struct Admin(String);
//!
//! impl From<Admin> for Actor {
//!     fn from(admin: Admin) -> Self {
//!         Actor::new(admin.0, None)
//!     }
//! }
//!
//! impl<S: Sync> FromRequestParts<S> for Admin {
//!     type Rejection = Problem;
//!
//!     async fn from_request_parts(
//!         parts: &mut http::request::Parts,
//!         _: &S,
//!     ) -> Result<Self, Problem> {
//!         let credential = parts.headers.get("authorization");
//!         match credential.map(|value| value.as_bytes()) {
//!             Some(b"Bearer the secret of the administrator") => Ok(Admin("admin".to_owned())),
//!             _ => Err(Problem::new(401, "unauthenticated", "Sign in as an administrator.")),
//!         }
//!     }
//! }
//!
//! fn routes(manager: impl Installer) -> Routes {
//!     Routes::new().nest("/api/license", admin_routes::<Admin, _>(manager))
//! }
//! ```
//!
//! `LicenseManager` of `license-runtime` is the [`Installer`] of most
//! services.
//!
//! # Recovery and proxies
//!
//! Status, installing, machine info and doctor stay open while [`enforce`] has
//! everything else refused, wherever the routes are nested. The product's own
//! routes by which an administrator signs in, or the first one is created, are
//! added with [`Routes::recovery`], or named in the recovery list of the
//! [`LicenseLayer`]. [`recovery`] is that list for a layer that stands
//! elsewhere.
//!
//! An upload is refused with `domain_mismatch` where the license's domain
//! would lock out the host that the administrator uses, unless `force=true`.
//! Which host that is, the request says itself. Behind a proxy that replaces
//! `Host`, give the routes the [`TrustedProxy`] that the layer has, as an
//! extension:
//!
//! ```
//! use std::{error::Error, net::SocketAddr};
//!
//! use axum::{Extension, extract::{ConnectInfo, FromRequestParts}, routing::MethodFilter};
//! use license_axum::{
//!     Actor, Enforced, Installer, LicenseLayer, Routes, TrustedProxy, admin_routes, enforce,
//! };
//!
//! fn app<Admin, I>(manager: I) -> Result<Enforced, Box<dyn Error>>
//! where
//!     Admin: FromRequestParts<()> + Into<Actor> + Send + 'static,
//!     I: Installer,
//! {
//!     let proxy = TrustedProxy::new(["10.0.0.0/8"], "x-forwarded-host", |extensions| {
//!         Some(extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip())
//!     })?;
//!     let layer = LicenseLayer::new(manager.licensing())
//!         .scope("/api/**")?
//!         .trusted_proxy(proxy.clone());
//!     let routes = Routes::new()
//!         .nest("/api/license", admin_routes::<Admin, _>(manager).layer(Extension(proxy)))
//!         .recovery(MethodFilter::POST, "/api/sign-in", async || "signed in");
//!     Ok(enforce(routes, layer))
//! }
//! ```
//!
//! # What is refused
//!
//! - A body that takes longer than ten seconds is 408; more than 16 KiB of
//!   token, 413; a media type other than `application/jwt`, `text/plain`,
//!   `application/octet-stream`, `application/json` (`{"license": "…"}`) and
//!   `multipart/form-data` (one part, `license`), 415.
//! - A query member that these routes do not know, or that is there twice, is
//!   400 `invalid_query`, and nothing is changed: `?dry-run=true` installs
//!   nothing. With `expect` only the license of that digest is installed, which
//!   a dry run has told; another is 409 `not_previewed`.
//! - After 30 refused uploads by one administrator from one address within a
//!   minute, further ones are 429; a genuine license that is only older than
//!   another, or that the store could not keep, does not count, and a dry run never does. Administrators
//!   are told apart by the [`Actor`], so its address should be the client's.
//!   Uploads are judged one after the other, so that many at once are no more
//!   than 30 either.
//! - A cross-site request is 403, unless it carries a credential that no browser
//!   adds by itself: [`refuse_cross_site`].
//!
//! `GET /` answers everybody, with the public status where `Admin` refuses.
//!
//! [`Actor`]: crate::Actor
//! [`Installer`]: crate::Installer
//! [`LicenseLayer`]: crate::LicenseLayer
//! [`Routes::recovery`]: crate::Routes::recovery
//! [`enforce`]: crate::enforce
//! [`TrustedProxy`]: crate::TrustedProxy

mod attempts;
mod body;
mod cross_site;
mod install;
mod is_admin;
mod routes;

pub(crate) use self::is_admin::IsAdmin;
pub use self::{
    cross_site::refuse_cross_site,
    routes::{admin_routes, doctor_route, machine_info_route, recovery, status_route},
};
#[cfg(feature = "pages")]
pub(crate) use self::{
    install::{NotInstalled, Uploads, host_of},
    routes::machine_info,
};
