//! What a signed license says and what it allows.
//!
//! A vendor signs a license; a service verifies it offline and asks on every
//! request whether the license allows it. This crate is that answer without
//! HTTP, without an async runtime, without files: [`Product`] says what makes
//! one product differ from another, a [`Verifier`] turns a token into a
//! [`License`], and [`Licensing`] is the handle that decides and that takes a
//! new license while the service runs.
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

mod admission;
mod algorithm;
mod announcer;
mod asked_feature;
mod backend;
mod banner;
mod claims;
mod clock;
mod clock_guard;
mod current;
mod decide;
mod delivery;
mod denial;
mod denial_log;
mod difference;
mod domain;
pub mod feature;
mod feature_set;
mod grounds;
mod host;
mod host_id;
mod install_error;
mod installer;
#[cfg(feature = "issue")]
pub mod issue;
mod json;
mod key;
mod keyring;
mod known_features;
mod lease_hosts;
mod license;
mod licensing;
mod limit;
mod machine;
mod month;
mod phase;
mod policy;
mod problem;
mod product;
pub mod received;
mod request_host;
mod restriction;
mod rule;
#[cfg(feature = "issue")]
mod signing;
mod simulation;
mod standing;
mod state;
mod status;
mod subscription;
mod succession;
mod term_length;
#[cfg(test)]
mod test_tokens;
#[cfg(feature = "testing")]
pub mod testing;
pub mod text;
mod time;
mod timeline;
mod token;
#[cfg(test)]
mod vectors;
mod verified;
mod verifier;
mod warning;

pub use admission::Admission;
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use announcer::Announcer;
pub use asked_feature::AskedFeature;
pub use backend::SelfTestError;
pub use banner::Banner;
pub use clock::{Clock, SystemClock};
pub use clock_guard::{ClockMark, SharedTime};
pub use delivery::Delivery;
pub use denial::{Denial, DenialCode, UnknownDenialCode};
pub use denial_log::DenialCount;
pub use difference::{Change, Difference};
pub use domain::{DomainPattern, DomainPatternError};
pub use feature::{Feature, Name, is_valid_feature_name};
pub use host::{Host, HostError};
pub use host_id::{HostId, HostIdError};
pub use install_error::{InstallError, InstallErrorKind};
pub use installer::{Actor, AuditEntry, AuditPage, DryRun, InstallRequest, Installer};
pub use key::{KeyError, KeySpec, PublicKey};
pub use keyring::{Keyring, KeyringBuilder, KeyringError};
pub use known_features::UnknownFeatures;
pub use lease_hosts::LeaseHosts;
pub use license::{ClockReset, Customer, License, Term};
pub use licensing::{Installation, Licensing, Saved};
pub use limit::{Limit, LimitKind};
pub use machine::{
    Fingerprint, Machine, MachineId, MachineIdError, MachineInfo, MachineInfoError,
    ParseFingerprintError,
};
pub use month::Month;
pub use phase::{InvalidReason, Phase};
pub use policy::{ParseDurationError, Policy, parse_duration};
pub use problem::ProblemDetails;
pub use product::{
    Claim, Dialect, LogLevel, LogLine, Message, Plan, Presence, Product, ProductBuilder,
    ProductError, SourceFailure, UnknownClaim,
};
pub use request_host::RequestHost;
pub use restriction::Restriction;
pub use rule::Rule;
#[cfg(feature = "issue")]
pub use signing::{SigningError, SigningKey};
pub use simulation::{Answer, Period, Refusal, RequestKind, Simulation};
pub use status::{LicenseStatus, LimitStatus, PublicStatus, Status, StatusProblem};
pub use subscription::{Gate, Subscription};
pub use succession::Succession;
pub use time::{ParseTimestampError, Timestamp};
pub use timeline::{Timeline, Transition};
pub use token::{ParseTokenDigestError, Token, TokenDigest, TokenHeader, TokenType};
pub use verified::Verified;
pub use verifier::{Verifier, VerifierBuilder, VerifierError};
pub use warning::{Warning, WarningLevel};
