//! What is wrong with a license and the service that runs by it, the cause
//! before its effects.
//!
//! The rules are those of installing and deciding, asked one by one: a check
//! whose input is bad already is not made, and named in
//! [`not_checked`](Diagnosis::not_checked).
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use license_core::{
//!     report::{Conditions, Diagnosis, Outcome},
//!     testing::{START, Vendor},
//! };
//!
//! let vendor = Vendor::new();
//! let token = vendor.license().domain("*.acme.internal").sign();
//! let conditions = Conditions::at(START).host("license.example");
//! let diagnosis =
//!     Diagnosis::of(&vendor.verifier(), format!("\"{}\"", token.as_str()).as_bytes(), &conditions);
//! assert_eq!(diagnosis.outcome, Outcome::Failed);
//! assert_eq!(diagnosis.findings[0].code, "token_malformed");
//! assert_eq!(diagnosis.findings[0].text, "In quotes; take them away.");
//!
//! let diagnosis = Diagnosis::of(&vendor.verifier(), token.as_str().as_bytes(), &conditions);
//! assert_eq!(diagnosis.findings[0].code, "domain_mismatch");
//! # }
//! ```
//!
//! What is said can be shown to anybody who helps: it holds no token, no name
//! of a customer, no address and no machine id, but times, the licensed domain
//! with the host in use, names of keys, and the first digits of fingerprints.

mod conditions;
mod service;
mod token;

use std::{borrow::Cow, collections::BTreeSet};

use serde::Serialize;

pub use self::conditions::{Conditions, Surroundings};
use crate::refusal::{Check, InstallError, InstallErrorKind};

/// What a service or a license was found to be like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The gravest of the findings.
    pub outcome: Outcome,
    /// Failures, then warnings, then what is well; each in the order of
    /// [`Check`], so that causes stand before their effects.
    pub findings: Vec<Finding>,
    /// What was not looked at, because something before it is wrong or because
    /// nobody said what to compare it with.
    pub not_checked: BTreeSet<Check>,
}

/// What one check has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How it is.
    pub outcome: Outcome,
    /// The stable code: `ok`, that of a refusal, or one of [`FINDING_CODES`]. A
    /// runtime has more.
    pub code: &'static str,
    /// What was found: a sentence.
    pub text: String,
    /// What to do next; `None` where nothing is to be done.
    pub cure: Option<Cow<'static, str>>,
}

/// How something was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(clippy::exhaustive_enums, reason = "a traffic light has three colours")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works, and should be looked at.
    Warning,
    /// It does not work.
    Failed,
}

/// The codes of findings that are not those of an
/// [`InstallErrorKind`](crate::InstallErrorKind). A runtime has more.
pub const FINDING_CODES: [&str; 13] = [
    OK,
    "state_corrupt",
    "license_missing",
    "license_invalid",
    "machine_changed",
    "license_not_yet_valid",
    "license_expiring",
    "license_in_grace",
    "license_gap",
    "license_ends_earlier",
    "clock_ahead",
    "clock_skewed",
    "host_invalid",
];

/// The code of what is well.
const OK: &str = "ok";

impl Diagnosis {
    /// A diagnosis of these findings.
    pub fn new(findings: impl IntoIterator<Item = Finding>) -> Self {
        let mut diagnosis =
            Self { outcome: Outcome::Ok, findings: Vec::new(), not_checked: BTreeSet::new() };
        diagnosis.extend(findings);
        diagnosis
    }

    /// Adds what others have found, in its place.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        self.findings.sort_by_key(|it| (std::cmp::Reverse(it.outcome), it.check));
        self.outcome = self.findings.first().map_or(Outcome::Ok, |gravest| gravest.outcome);
    }

    /// Takes back what was found of a check, because something else that was found
    /// explains it.
    pub fn take_back(&mut self, check: Check) {
        self.findings.retain(|it| it.check != check);
        self.not_checked.insert(check);
        self.extend([]);
    }

    /// Says that these were not looked at, those aside of which something is told.
    fn leave(&mut self, checks: impl IntoIterator<Item = Check>) {
        let told = |check: &Check| self.findings.iter().any(|it| it.check == *check);
        let left: Vec<Check> = checks.into_iter().filter(|it| !told(it)).collect();
        self.not_checked.extend(left);
    }

    /// Whether something of the license itself failed, and not of what is
    /// around it.
    pub fn license_failed(&self) -> bool {
        let license = Check::License..=Check::Order;
        self.findings.iter().any(|it| it.outcome == Outcome::Failed && license.contains(&it.check))
    }
}

impl Finding {
    /// That something is as it should be.
    pub fn ok(check: Check, text: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Ok, code: OK, text: text.into(), cure: None }
    }

    /// That something works and should be looked at.
    pub fn warning(check: Check, code: &'static str, text: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Warning, code, text: text.into(), cure: None }
    }

    /// That something does not work.
    pub fn failed(check: Check, code: &'static str, text: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Failed, code, text: text.into(), cure: None }
    }

    /// Adds a sentence, or nothing.
    pub(crate) fn and(mut self, more: &str) -> Self {
        if !more.is_empty() {
            self.text.push(' ');
            self.text.push_str(more);
        }
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn cure(mut self, cure: impl Into<Cow<'static, str>>) -> Self {
        self.cure = Some(cure.into());
        self
    }
}

impl From<&InstallError> for Finding {
    fn from(error: &InstallError) -> Self {
        Self::failed(error.check(), error.code(), error.statement()).cure(cure_of(error.kind()))
    }
}

/// What to do next, however a license gets to the service.
fn cure_of(kind: InstallErrorKind) -> &'static str {
    use InstallErrorKind as Kind;
    match kind {
        Kind::TokenTooLarge | Kind::TokenMalformed => {
            "Give the license file exactly as it was delivered."
        }
        Kind::IssuerMismatch | Kind::AudienceMismatch => {
            "Give the service the license for this product."
        }
        Kind::MachineMismatch => {
            "Download machine info, send it to the vendor and install the license issued for it."
        }
        Kind::OlderThanInstalled => "Give the service the newest license.",
        kind => kind.cure(),
    }
}

impl Outcome {
    /// The outcome as it stands in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}
