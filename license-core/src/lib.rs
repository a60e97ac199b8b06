//! What a signed license says and what it allows.
//!
//! A vendor signs a license; a service verifies it offline and asks on every
//! request whether the license allows it. This crate is that answer without
//! HTTP, without an async runtime, without files: [`Product`] says what makes
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
//! licensing.adopt(&verified);
//! assert_eq!(licensing.phase(), Phase::Active);
//! assert!(licensing.check_feature("sso").is_ok());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! | to | look at |
//! |---|---|
//! | say what the product is | [`Product`], [`Policy`], [`Plan`], [`Message`] |
//! | trust a token | [`PublicKey`], [`Keyring`], [`Verifier`], [`Verified`] |
//! | read what was signed | [`License`], [`Term`], [`Limit`], [`features!`] |
//! | decide about a request | [`Licensing::check_request`], [`Licensing::check_feature`], [`Denial`] |
//! | put a license in force | [`Licensing::prepare`], [`Licensing::commit`], [`Installer`] |
//! | tell people | [`Status`], [`Banner`], [`Warning`], [`Timeline`], [`Difference`] |
//! | know the machine and the time | [`MachineId`], [`Fingerprint`], [`Clock`], [`ClockMark`] |
//! | make licenses | `issue`, with that feature |
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

mod decide;
mod host;
#[cfg(feature = "issue")]
pub mod issue;
mod key;
mod license;
mod licensing;
mod machine;
mod policy;
mod product;
pub mod received;
mod refusal;
mod report;
mod runtime;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod text;
mod time;
mod token;
mod verify;

pub use decide::Admission;
pub use host::{DomainPattern, DomainPatternError, Host, HostError, RequestHost};
pub use key::{Algorithm, KeyError, KeySpec, PublicKey, SelfTestError, UnknownAlgorithm};
#[cfg(feature = "issue")]
pub use key::{SigningError, SigningKey};
pub use license::{
    ClockReset, Customer, Feature, License, Limit, LimitKind, Name, Succession, Term, feature,
    is_valid_feature_name,
};
pub use licensing::{
    Actor, Announcer, AskedFeature, Gate, InstallRequest, Installation, Licensing, Saved,
    Subscription,
};
pub use machine::{
    Fingerprint, Machine, MachineId, MachineIdError, MachineInfo, MachineInfoError,
    ParseFingerprintError,
};
pub use policy::{
    InvalidReason, ParseDurationError, Phase, Policy, Restriction, Rule, parse_duration,
};
pub use product::{
    Claim, Dialect, LogLevel, LogLine, Message, Plan, Presence, Product, ProductBuilder,
    ProductError, SourceFailure, UnknownClaim, UnknownFeatures,
};
pub use refusal::{
    Delivery, Denial, DenialCode, DenialCount, InstallError, InstallErrorKind, ProblemDetails,
    UnknownDenialCode,
};
pub use report::{
    Answer, Banner, Change, Difference, DryRun, LicenseStatus, LimitStatus, Period, PublicStatus,
    Refusal, RequestKind, Simulation, Status, StatusProblem, Timeline, Transition, Warning,
    WarningLevel,
};
pub use runtime::{AuditEntry, AuditPage, HostId, HostIdError, Installer, LeaseHosts};
pub use time::{Clock, ClockMark, Month, ParseTimestampError, SharedTime, SystemClock, Timestamp};
pub use token::{ParseTokenDigestError, Token, TokenDigest, TokenHeader, TokenType};
pub use verify::{
    Keyring, KeyringBuilder, KeyringError, Verified, Verifier, VerifierBuilder, VerifierError,
};
