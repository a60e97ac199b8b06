//! Every route in every state of a license, for a test of the product.
//!
//! ```
//! use axum::body::Body;
//! use http::Request;
//! use license_axum::{
//!     Enforced, LicenseLayer, Licensing, RequireFeature, Routes,
//!     coverage::Asks, enforce, licensed, routing::{get, get_with}, testing::Contract,
//! };
//! use license_core::Product;
//!
//! #[licensed]
//! async fn saml(_: RequireFeature<"sso-saml">) {}
//!
//! fn app(licensing: Licensing) -> Enforced {
//!     let layer = LicenseLayer::new(&licensing);
//!     let routes = Routes::new()
//!         .route("/api/saml", get(saml))
//!         .route("/api/users", get_with(async || "users", Asks::free));
//!     enforce(routes.with_state(licensing), layer)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let product = Product::builder("acme", "https://acme.example", "acme-server")
//!     .feature("sso-saml", "SAML")
//!     .build()
//!     .unwrap();
//! // The one line of the test.
//! let report = Contract::new(product).run(async |licensing| app(licensing)).await.unwrap();
//! assert!(report.to_string().contains("GET /api/saml: 403 feature_not_licensed"));
//! # }
//! ```
//!
//! A route is asked in each [`State`]: without a license, with all of it, without each
//! feature, shortly before the end, in grace, after it, in another domain, on
//! another machine, and with each limit used up. What it answers is held
//! against what [`Licensing`](crate::Licensing) says of what the route [asks
//! for](crate::coverage). So a gate that a handler says beside itself and does not
//! have fails, one that it has and does not say, and a layer that refuses
//! something else than the policy.
//!
//! A refusal is known by what this crate leaves in a response, or by the member `code` of
//! a JSON body: a product that answers errors in a form of its own gives one of the two.
//! What cannot be known from the coverage is not asked, and the report says so: hosts,
//! which want a connection; services and handlers of axum's own `routing`, whose
//! methods nobody knows.
//!
//! What passes is not looked at further than that the license did not refuse
//! it: a handler that finds nothing in an empty database is right.
//!
//! # The snapshot
//!
//! The [`Report`] has a line for each route and state, in order, and stands
//! well in a file of the tree: `insta::assert_snapshot!(report)`. A route that
//! was moved out of [`enforce`](crate::enforce), or is gone, shows in its
//! difference by its name.

mod contract;
mod report;
mod state;

pub use contract::Contract;
pub use report::{Mismatch, Mismatches, Report};
pub use state::State;
