//! License a service in axum.
//!
//! [`enforce`] puts a [`LicenseLayer`] around a finished router,
//! [`RequireFeature`] says in a handler's arguments which feature it needs,
//! [`admin_routes`] are the routes by which an administrator renews the
//! license while the service runs. [`banner_route`] tells users, and
//! [`warning_layer`] administrators, what there is to know of the license.
//!
//! ```
//! use axum::{Router, extract::FromRef, routing::get};
//! use license_axum::{
//!     Enforced, LicenseLayer, Licensing, RequireFeature, enforce, licensed, recovery,
//! };
//!
//! #[derive(Clone)]
//! struct AppState {
//!     licensing: Licensing,
//! }
//!
//! impl FromRef<AppState> for Licensing {
//!     fn from_ref(state: &AppState) -> Self {
//!         state.licensing.clone()
//!     }
//! }
//!
//! #[licensed]
//! async fn saml(_: RequireFeature<"sso-saml">) -> &'static str {
//!     "signed in"
//! }
//!
//! fn app(licensing: Licensing) -> Result<Enforced, Box<dyn std::error::Error>> {
//!     let layer = LicenseLayer::new(&licensing)
//!         .scope("/api/**")?
//!         .recovery(recovery("/api/license")?);
//!     let router = Router::new()
//!         .route("/api/sso/saml", get(saml))
//!         .with_state(AppState { licensing });
//!     Ok(enforce(router, layer))
//! }
//! ```
//!
//! # What covers what
//!
//! | written | covers | sees |
//! |---|---|---|
//! | [`enforce`]`(router, layer)` | every route, nested routers, 404 and 405, the fallback; no route can be added | the path as the client sent it |
//! | [`enforce`]`(routes, layer)` | the same | the same, and which [`Routes`] only read, change something, or stay open |
//! | `Router::layer` | the routes and the fallback added before it | below `nest` a shortened path |
//! | `Router::route_layer` | the routes added before it; an unknown path is a 404 | below `nest` a shortened path |
//!
//! A service is wrapped by [`enforce`], with scope and recovery. `layer` and
//! `route_layer` are right for a group of routes, with a layer that has no
//! scope, an empty recovery list and no marks. Layers for CORS, metrics and
//! traces stand outside the license layer, or a browser cannot read what was
//! denied, and so does [`warning_layer`]: [`Enforced::layer`] is the place,
//! where they see refusals and the `MatchedPath`.
//!
//! Errors are problem details (RFC 9457) throughout; [`Problem`] makes the
//! product's own errors look the same.
//!
//! # Features
//!
//! - `rust-crypto` (default), `aws-lc`: signature backends.
//! - `serve`: `axum::serve` takes what [`enforce`] returns; without it, what
//!   [`Enforced::into_make_service`] makes.
//! - `aide`, `utoipa`: what [`openapi`] has for the one and the other.
//! - `pages`: the module `pages`, where administrators see and renew the license
//!   in a browser.
//! - `testing`: the module `testing`, every route in every state of a license, for
//!   tests. It brings the code that signs, and has no place in a service.
//! - `ws`: the module `hosts`, for hosts that are connected by a WebSocket, as
//!   many as the license allows.

#![cfg_attr(docsrs, feature(doc_cfg))]

// The macros name this crate as its users do.
extern crate self as license_axum;

pub mod admin;
pub mod coverage;
mod current_license;
mod discard;
mod enforce;
#[cfg(feature = "ws")]
pub mod hosts;
mod json;
pub mod openapi;
#[cfg(feature = "pages")]
pub mod pages;
mod problem;
mod query;
pub mod require_feature;
mod router_layer;
mod routes;
pub mod routing;
pub mod streams;
#[cfg(feature = "testing")]
pub mod testing;
mod warnings;

pub use admin::{
    admin_routes, doctor_route, machine_info_route, recovery, refuse_cross_site, status_route,
};
pub use current_license::CurrentLicense;
pub use enforce::{Enforceable, Enforced, enforce};
#[cfg(feature = "ws")]
pub use hosts::{HostEvent, HostLimit, HostRejection, HostSocket, HostUpgrade};
pub use license_core::{
    self as core, Actor, Denial, DenialCode, Feature, InstallError, Installer, Licensing, features,
    refusal::ProblemDetails,
};
pub use license_macros::{feature, licensed};

/// Features in types, as `#[licensed]` and `feature!` write them.
pub mod feature {
    pub use license_core::{Feature, license::Name};
}

pub use license_tower::{
    self as tower, FeatureLayer, LicenseLayer, Mark, Marks, Recovery, Scope, TrustedProxy,
    WarningLayer,
};
pub use problem::{LicenseRejection, Problem, limit};
pub use require_feature::RequireFeature;
pub use router_layer::RouterLayer;
pub use routes::Routes;
pub use warnings::{banner_route, warning_layer};
