//! What a signed license says and what it allows.
//!
//! A vendor signs a license; a service verifies it offline and asks on every
//! request whether the license allows it. This crate is that answer without
//! an HTTP crate, without an async runtime, without files: [`Product`] says what makes
//! one product differ from another, a [`Verifier`] turns a token into a
//! [`License`], and [`Licensing`] is the handle that decides and that takes a
//! new license while the service runs.
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use license_core::{DenialCode, Licensing, Phase, Product, testing::Vendor};
//!
//! let product = Product::from_toml(r#"
//!     name = "acme"
//!     issuer = "https://acme.example"
//!     audience = "acme-server"
//!     [features]
//!     sso = "Single sign-on"
//! "#)?;
//! // A service has the vendor's public key, and no way to sign:
//! // `Verifier::builder(&product).key(PublicKey::pem(pem)?).build()?`.
//! let vendor = Vendor::of(product);
//! let licensing = Licensing::new(vendor.verifier());
//! let denial = licensing.check_feature("sso").unwrap_err();
//! assert_eq!((denial.code(), denial.status()), (DenialCode::LicenseMissing, 503));
//!
//! let token = vendor.license().features(["sso"]).days(365).sign();
//! let verified = licensing.verify(token.as_str().as_bytes())?;
//! licensing.install_in_memory(&verified);
//! assert_eq!(licensing.phase(), Phase::Active);
//! assert!(licensing.check_feature("sso").is_ok());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! What most services name is here at the root; each module has the rest of
//! its subject.
//!
//! | to | look at | in |
//! |---|---|---|
//! | say what the product is | [`Product`], [`Policy`], [`Plan`](product::Plan), [`Message`](product::Message) | [`product`], [`policy`] |
//! | trust a token | [`PublicKey`], [`Keyring`], [`Verifier`], [`VerifiedLicense`] | [`key`], [`token`], [`verify`] |
//! | read what was signed | [`License`], [`Term`], [`Limit`], [`features!`] | [`license`] |
//! | decide about a request | [`Licensing::check_request`], [`Licensing::check_feature`], [`RequestHost`], [`Denial`] | [`licensing`], [`host`], [`refusal`] |
//! | tell people | [`Status`], [`Banner`], [`Warning`], [`Timeline`](report::Timeline), [`Difference`](report::Difference) | [`report`] |
//! | know the machine and the time | [`MachineId`], [`Fingerprint`], [`Clock`], [`Timestamp`] | [`machine`], [`time`] |
//! | keep licenses: stores, sources, routes | [`Control`](licensing::Control), [`Installer`] | [`licensing`], [`runtime`] |
//! | make licenses | `Issuer`, `SigningKey` | `issue`, with that feature |
//!
//! Tower layers are in `license-tower`, extractors and routes in
//! `license-axum`, stores and the background tick in `license-runtime`.
//!
//! # Features
//!
//! - `rust-crypto` (default), `aws-lc`: signature backends. With both on,
//!   aws-lc is used.
//! - `issue`: making keys and signing licenses, for the operator's program.
//! - `testing`: throw-away keys, a license builder and a clock to move.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod decide;
pub mod host;
#[cfg(feature = "issue")]
pub mod issue;
pub mod key;
pub mod license;
pub mod licensing;
pub mod machine;
pub mod policy;
pub mod product;
pub mod received;
pub mod refusal;
pub mod report;
pub mod runtime;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod text;
pub mod time;
pub mod token;
pub mod verify;

pub use crate::{
    host::{DomainPattern, RequestHost},
    key::PublicKey,
    license::{Feature, License, Limit, Term, feature},
    licensing::{Actor, Gate, Licensing, Subscription},
    machine::{Fingerprint, MachineId},
    policy::{Phase, Policy, Restriction},
    product::Product,
    refusal::{Denial, DenialCode, InstallError, InstallErrorKind},
    report::{Banner, PublicStatus, Status, Warning, WarningLevel},
    runtime::{HostId, Installer},
    time::{Clock, SystemClock, Timestamp},
    token::{Token, TokenDigest},
    verify::{Keyring, VerifiedLicense, Verifier},
};

/// What README.md shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
