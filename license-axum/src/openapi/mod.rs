//! OpenAPI documents that say what routes ask of the license.
//!
//! A product writes its document as it likes: by utoipa, by aide, by hand. What
//! it asks of the license, and how it refuses, comes from the
//! [`coverage`](crate::coverage): [`Coverage::annotate`] adds to each operation
//!
//! - `x-license-feature` and `x-license-limit`: the names of what is asked for;
//! - a response for each status with which the product's policy refuses, as
//!   `application/problem+json`, with the codes that can occur in
//!   `x-license-codes`;
//!
//! and the operations of this crate's own routes (status, installing, machine info,
//! doctor, routes, audit, banner) where the product has mounted them. A document
//! that says otherwise, or leaves out a route that asks for something, is an error
//! that names the route.
//!
//! [`document_routes`] serve it:
//!
//! ```
//! use license_axum::{Enforced, LicenseLayer, Licensing, RequireFeature, Routes, enforce, licensed};
//! use license_axum::{openapi::document_routes, routing::get};
//!
//! #[licensed]
//! async fn saml(_: RequireFeature<"sso-saml">) {}
//!
//! fn app(licensing: Licensing) -> Enforced {
//!     let document = serde_json::json!({
//!         "openapi": "3.1.0",
//!         "info": { "title": "Acme", "version": "1.0.0" },
//!         "paths": { "/api/sso": { "get": { "responses": { "200": { "description": "Found." } } } } },
//!     });
//!     let routes = Routes::new()
//!         .route("/api/sso", get(saml))
//!         .merge(document_routes("/api/openapi.json", document, &licensing))
//!         .with_state(licensing.clone());
//!     enforce(routes, LicenseLayer::new(&licensing))
//! }
//! # let app = app(Licensing::new(license_core::testing::Vendor::new().verifier()));
//! # assert_eq!(app.coverage().routes().len(), 2);
//! ```
//!
//! # utoipa
//!
//! Feature `utoipa`: `LicenseDenials` among the responses of a handler stands for
//! every refusal of the license, as they are unless the product's policy says
//! otherwise; [`Coverage::annotate`] leaves of them what can occur. Write it first:
//! what is said after it stays. `LicenseProblem` is the schema of their body.
//!
//! # aide
//!
//! Feature `aide`: [`RequireFeature`](crate::RequireFeature), alone and in `Option`, and
//! `HostUpgrade` are inputs of an operation, which says `x-license-feature` or
//! `x-license-limit` of itself then, and how it refuses unless the product's policy
//! says otherwise. A limit that a handler asks for inside is said by
//! `asks_limit`, for `get_with` and its like. The same handlers are given to
//! [`routing`](crate::routing), so that the coverage is known and both can be compared.

#[cfg(feature = "aide")]
mod aide;
mod annotate;
mod error;
mod ready;
mod refusals;
mod served;
#[cfg(feature = "utoipa")]
mod utoipa;

#[cfg(doc)]
use crate::coverage::Coverage;

#[cfg(feature = "aide")]
pub use self::aide::asks_limit;
pub(crate) use self::ready::Ready;
#[cfg(feature = "utoipa")]
pub use self::utoipa::{LicenseDenials, LicenseProblem};
pub use self::{error::DocumentError, served::document_routes};
