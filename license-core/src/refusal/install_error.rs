//! Why a token was not accepted as a license.
//!
//! [`InstallError`] has two readers: [`detail`](InstallError::detail) is a
//! short text for the client, without a token, key or claim value in it;
//! [`source`](std::error::Error::source) is the story for the log. The
//! [`kind`](InstallError::kind) carries the stable code.

use std::{borrow::Cow, error::Error, fmt};

use super::check::Check;
use crate::text::sentence;

/// A refusal to accept a token: the stable code, what to do next, and for the
/// log what lies behind it.
pub struct InstallError {
    kind: InstallErrorKind,
    check: Check,
    detail: Cow<'static, str>,
    reason: Option<Box<str>>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What is wrong with the token, the machine or the moment. In the order in
/// which installing checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum InstallErrorKind {
    /// More than [`Token::MAX_BYTES`](crate::Token::MAX_BYTES).
    TokenTooLarge,
    /// Encoding, header or `typ`.
    TokenMalformed,
    /// Not the license that was previewed.
    NotPreviewed,
    /// No configured key has the token's `kid`.
    KeyUnknown,
    /// The token's `alg` is not the one its key is pinned to.
    AlgorithmNotAllowed,
    /// The signature does not verify.
    SignatureInvalid,
    /// A claim is missing, mistyped or out of bounds.
    ClaimsInvalid,
    /// `iss` is another vendor's.
    IssuerMismatch,
    /// `aud` does not name this product.
    AudienceMismatch,
    /// The licensed domain is not a valid pattern.
    DomainInvalid,
    /// Bound to another machine.
    MachineMismatch,
    /// Bound to a machine, and this machine's identity cannot be read.
    FingerprintUnavailable,
    /// The term is over.
    LicenseExpired,
    /// `iat` lies more than five minutes ahead.
    IssuedInFuture,
    /// Issued longer ago than the product's freshness window.
    LicenseNotFresh,
    /// The clock was moved back and is not trusted.
    ClockRolledBack,
    /// The clock shows a time that cannot be.
    ClockNotSet,
    /// The domain would lock out the host that uploads.
    DomainMismatch,
    /// Issued before the newest license ever accepted.
    OlderThanInstalled,
    /// A license file decides that uploads are to replace, and it cannot be written.
    FileReadOnly,
    /// The store could not keep it.
    StoreUnavailable,
    /// A defect in the service; nothing was changed.
    Internal,
}

/// What a kind of refusal is told with.
struct Advice {
    /// Both, as it stands in a response.
    whole: &'static str,
    statement: &'static str,
    cure: &'static str,
}

macro_rules! advice {
    ($cure:literal) => {
        Advice {
            whole: $cure,
            statement: "This is not a license as it was delivered.",
            cure: $cure,
        }
    };
    ($statement:literal, $cure:literal) => {
        Advice { whole: concat!($statement, " ", $cure), statement: $statement, cure: $cure }
    };
}

impl InstallErrorKind {
    /// Every kind, in the order in which installing checks.
    pub const ALL: [Self; 22] = [
        Self::TokenTooLarge,
        Self::TokenMalformed,
        Self::NotPreviewed,
        Self::KeyUnknown,
        Self::AlgorithmNotAllowed,
        Self::SignatureInvalid,
        Self::ClaimsInvalid,
        Self::IssuerMismatch,
        Self::AudienceMismatch,
        Self::DomainInvalid,
        Self::MachineMismatch,
        Self::FingerprintUnavailable,
        Self::LicenseExpired,
        Self::IssuedInFuture,
        Self::LicenseNotFresh,
        Self::ClockRolledBack,
        Self::ClockNotSet,
        Self::DomainMismatch,
        Self::OlderThanInstalled,
        Self::FileReadOnly,
        Self::StoreUnavailable,
        Self::Internal,
    ];

    /// The stable code, as it stands in response bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenTooLarge => "token_too_large",
            Self::TokenMalformed => "token_malformed",
            Self::NotPreviewed => "not_previewed",
            Self::KeyUnknown => "key_unknown",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::SignatureInvalid => "signature_invalid",
            Self::ClaimsInvalid => "claims_invalid",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::AudienceMismatch => "audience_mismatch",
            Self::DomainInvalid => "domain_invalid",
            Self::MachineMismatch => "machine_mismatch",
            Self::FingerprintUnavailable => "fingerprint_unavailable",
            Self::LicenseExpired => "license_expired",
            Self::IssuedInFuture => "issued_in_future",
            Self::LicenseNotFresh => "license_not_fresh",
            Self::ClockRolledBack => "clock_rolled_back",
            Self::ClockNotSet => "clock_not_set",
            Self::DomainMismatch => "domain_mismatch",
            Self::OlderThanInstalled => "older_than_installed",
            Self::FileReadOnly => "license_file_read_only",
            Self::StoreUnavailable => "store_unavailable",
            Self::Internal => "internal_error",
        }
    }

    /// The HTTP status of a refused installation.
    pub const fn status(self) -> u16 {
        match self {
            Self::TokenTooLarge => 413,
            Self::TokenMalformed => 400,
            Self::OlderThanInstalled | Self::NotPreviewed | Self::FileReadOnly => 409,
            Self::StoreUnavailable => 503,
            Self::Internal => 500,
            _ => 422,
        }
    }

    /// A title for people, the same for every occurrence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::TokenTooLarge => "The license file is too large",
            Self::TokenMalformed => "Not a license file",
            Self::NotPreviewed => "Not the license that was previewed",
            Self::KeyUnknown => "Signed with an unknown key",
            Self::AlgorithmNotAllowed => "Signature algorithm not allowed",
            Self::SignatureInvalid => "License signature verification failed",
            Self::ClaimsInvalid => "The license is incomplete or inconsistent",
            Self::IssuerMismatch => "Issued by another vendor",
            Self::AudienceMismatch => "Issued for another product",
            Self::DomainInvalid => "The licensed domain is not a valid pattern",
            Self::MachineMismatch => "Licensed for another machine",
            Self::FingerprintUnavailable => "This machine's identity cannot be read",
            Self::LicenseExpired => "The license has expired",
            Self::IssuedInFuture => "The license is dated in the future",
            Self::LicenseNotFresh => "The license was issued too long ago",
            Self::ClockRolledBack => "The system clock was moved back",
            Self::ClockNotSet => "The system clock is not set",
            Self::DomainMismatch => "License domain mismatch",
            Self::OlderThanInstalled => "An older license cannot replace a newer one",
            Self::FileReadOnly => "The license file cannot be replaced",
            Self::StoreUnavailable => "The license could not be stored",
            Self::Internal => "Internal error",
        }
    }

    /// What is wrong, then what to do next, for the person who tried to install.
    const fn advice(self) -> Advice {
        match self {
            Self::TokenTooLarge => advice!(
                "A license is at most 16 KiB.",
                "Upload the license file exactly as it was delivered."
            ),
            Self::TokenMalformed => advice!("Upload the license file exactly as it was delivered."),
            Self::NotPreviewed => advice!(
                "This is not the license that `expect` names by its digest, and it was not installed.",
                "Preview this one, or upload the one that was previewed."
            ),
            Self::KeyUnknown => advice!(
                "The license is signed with a key that this service does not trust.",
                "Check that the service was given the vendor's public key (LICENSE_PUBLIC_KEY). If it was, ask the vendor for a license for this release, or update the service."
            ),
            Self::AlgorithmNotAllowed => advice!(
                "The license is signed with an algorithm that its key does not use.",
                "Ask the vendor to issue it again."
            ),
            Self::SignatureInvalid => {
                advice!("The file may be damaged or was altered.", "Ask the vendor for a new copy.")
            }
            Self::ClaimsInvalid => advice!(
                "The license lacks something or contradicts itself.",
                "Ask the vendor to issue it again."
            ),
            Self::IssuerMismatch => advice!(
                "The license was issued by another vendor.",
                "Upload the one for this product."
            ),
            Self::AudienceMismatch => {
                advice!("The license is for another product.", "Upload the one for this product.")
            }
            Self::DomainInvalid => advice!(
                "The licensed domain is not a valid pattern.",
                "Ask the vendor to issue the license again."
            ),
            Self::MachineMismatch => advice!(
                "The license is bound to another machine, or the machine identity changed.",
                "Download machine info, send it to the vendor and upload the license issued for it."
            ),
            Self::FingerprintUnavailable => advice!(
                "The license is bound to a machine and this machine's identity cannot be read.",
                "Make the machine id readable to the service (Linux: /etc/machine-id), then try again."
            ),
            Self::LicenseExpired => {
                advice!("The license has expired.", "Ask the vendor for a renewed license.")
            }
            Self::IssuedInFuture => advice!(
                "The license was issued in the future by this machine's clock.",
                "Set the system clock right, then try again; if it is right, ask the vendor to issue the license again."
            ),
            Self::LicenseNotFresh => advice!(
                "The license was issued too long ago to be installed now.",
                "Ask the vendor to issue it again."
            ),
            Self::ClockRolledBack => advice!(
                "The system clock was moved back by more than a day.",
                "Correct it; if it once ran ahead and is right now, download machine info and ask the vendor for a license that resets the clock mark."
            ),
            Self::ClockNotSet => {
                advice!("The system clock is not set.", "Correct it, then try again.")
            }
            Self::DomainMismatch => advice!(
                "License domain mismatch: the license does not cover the host name you are using and would lock you out.",
                "Open the service by a licensed host name, or install with force=true. A proxy in front may have replaced the host name: have it pass on what the client sent, or name it as a trusted proxy."
            ),
            Self::OlderThanInstalled => {
                advice!("A license issued later was accepted before.", "Upload the newest license.")
            }
            Self::FileReadOnly => advice!(
                "The license file decides, and the service cannot write it.",
                "Replace it where it comes from."
            ),
            Self::StoreUnavailable => advice!(
                "The license could not be stored and was not installed; the one in force is unchanged.",
                "Check the disk or database, then try again."
            ),
            Self::Internal => advice!(
                "The license could not be checked because of a defect in the service; nothing was changed.",
                "The log has the details."
            ),
        }
    }

    /// What to do next.
    pub const fn cure(self) -> &'static str {
        self.advice().cure
    }

    /// What is wrong, where nothing more is known; a sentence.
    pub(crate) const fn statement(self) -> &'static str {
        self.advice().statement
    }

    /// What was looked at when it was refused.
    const fn check(self) -> Check {
        match self {
            Self::TokenTooLarge | Self::TokenMalformed => Check::Form,
            Self::KeyUnknown | Self::AlgorithmNotAllowed => Check::Key,
            Self::SignatureInvalid => Check::Signature,
            Self::ClaimsInvalid => Check::Claims,
            Self::IssuerMismatch => Check::Issuer,
            Self::AudienceMismatch => Check::Audience,
            Self::DomainInvalid | Self::DomainMismatch => Check::Domain,
            Self::MachineMismatch | Self::FingerprintUnavailable => Check::Machine,
            Self::LicenseExpired => Check::Term,
            Self::IssuedInFuture | Self::LicenseNotFresh => Check::Freshness,
            Self::ClockRolledBack | Self::ClockNotSet => Check::Clock,
            Self::OlderThanInstalled => Check::Order,
            Self::FileReadOnly => Check::Source,
            Self::StoreUnavailable => Check::Store,
            Self::NotPreviewed => Check::License,
            Self::Internal => Check::Service,
        }
    }
}

impl InstallError {
    /// A refusal with the kind's own advice.
    pub const fn new(kind: InstallErrorKind) -> Self {
        Self {
            kind,
            check: kind.check(),
            detail: Cow::Borrowed(kind.advice().whole),
            reason: None,
            source: None,
        }
    }

    /// A refusal that first names what is wrong, then gives the kind's
    /// advice. `what` is shown to clients: no claim values but times and, to
    /// the administrator who uploads it, the domain; no token text. It is lower
    /// case without a full stop, and made a sentence here.
    pub fn because(kind: InstallErrorKind, what: impl fmt::Display) -> Self {
        let reason = what.to_string();
        let detail = Cow::Owned(format!("{} {}", sentence(&reason), kind.advice().whole));
        Self { detail, reason: Some(reason.into()), ..Self::new(kind) }
    }

    /// Says what was looked at, where the kind alone does not tell.
    #[must_use]
    pub(crate) fn at(mut self, check: Check) -> Self {
        self.check = check;
        self
    }

    /// A text for clients in place of the kind's own advice, as whole sentences:
    /// what is wrong and what to do next. It is not part of the
    /// [`reason`](Self::reason).
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Keeps the error behind the refusal, for the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What is wrong.
    pub const fn kind(&self) -> InstallErrorKind {
        self.kind
    }

    /// What was looked at when it was refused.
    pub const fn check(&self) -> Check {
        self.check
    }

    /// What is wrong, as a sentence: what was found where more is known than
    /// the kind.
    pub(crate) fn statement(&self) -> String {
        self.reason.as_deref().map_or_else(|| self.kind.statement().to_owned(), sentence)
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.kind.as_str()
    }

    /// A text for the client: what is wrong and what to do next. Holds no
    /// secret.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong alone, lower case where it is more than the kind's title:
    /// for the vendor's own programs, whose reader needs no advice to ask the
    /// vendor.
    pub fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or(self.kind.title())
    }
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstallError")
            .field("code", &self.code())
            .field("detail", &self.detail)
            .field("source", &self.source)
            .finish()
    }
}

impl Error for InstallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<InstallErrorKind> for InstallError {
    fn from(kind: InstallErrorKind) -> Self {
        Self::new(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_details_contain_the_words_of_the_contract() {
        let machine = InstallError::new(InstallErrorKind::MachineMismatch);
        assert!(machine.detail().contains("machine identity changed"));
        let domain = InstallError::new(InstallErrorKind::DomainMismatch);
        assert!(domain.detail().contains("License domain mismatch"));
    }

    #[test]
    fn the_reason_is_the_detail_without_the_advice() {
        let kind = InstallErrorKind::ClaimsInvalid;
        let error = InstallError::because(kind, "claim `exp` is missing");
        assert_eq!(error.reason(), "claim `exp` is missing");
        assert_eq!(InstallError::new(kind).reason(), kind.title());
    }

    #[test]
    fn titles_and_details_are_sentences_that_say_a_thing_once() {
        for kind in InstallErrorKind::ALL {
            let error = InstallError::because(kind, "something is wrong");
            assert!(error.detail().starts_with("Something is wrong. "), "{}", error.detail());
            let plain = InstallError::new(kind);
            for text in [kind.title(), plain.detail(), error.detail()] {
                assert!(text.starts_with(|it: char| it.is_uppercase()), "{text}");
            }
            assert!(plain.detail().ends_with('.') && !kind.title().ends_with('.'), "{kind:?}");
        }
        let machine = InstallError::new(InstallErrorKind::MachineMismatch);
        assert_eq!(machine.detail().to_lowercase().matches("identity changed").count(), 1);
    }

    #[test]
    fn the_source_stays_out_of_display_and_detail() {
        let error =
            InstallError::because(InstallErrorKind::ClaimsInvalid, "claim `exp` is missing")
                .with_source("the story for the log");
        assert_eq!(error.to_string(), "claims_invalid");
        assert!(error.detail().starts_with("Claim `exp` is missing. "));
        assert!(!error.detail().contains("story"));
        assert!(error.source().is_some());
    }
}
