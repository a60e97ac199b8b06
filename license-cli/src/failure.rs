//! Why a command ends without success.

use std::{error::Error, process::ExitCode};

use license_core::{
    InstallError, InstallErrorKind,
    issue::{IssueError, Unknown},
    key::KeyError,
    machine::MachineInfoError,
    product::Claim,
};
use serde_json::Value;

use crate::{suggest, text};

/// One line for the operator, and the exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    code: Option<&'static str>,
    message: String,
}

/// The code of wrong use or configuration, for programs.
const WRONG_USE: &str = "wrong_use";
/// The code of machine info that is refused.
pub(crate) const MACHINE_INFO: &str = "machine_info_refused";

impl Failure {
    /// Wrong use or configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { status: 2, code: None, message: message.into() }
    }

    /// A configuration with a code of its own.
    pub(crate) fn unusable(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 2, code: Some(code), message: message.into() }
    }

    /// The license, or machine info, is refused.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 1, code: Some(code), message: message.into() }
    }

    /// Something that the product does not have by this name: what it has, and
    /// where to correct it.
    fn unknown(code: &'static str, it: &Unknown, what: &str, place: &str) -> Self {
        let list = format!("{what}s");
        let (name, known) = (&it.name, suggest::known(it, &list));
        let message = format!(
            "the product knows no {what} {name:?}{known}; correct {place}, or list it under \
             [{list}] in the profile"
        );
        Self::refused(code, message)
    }

    /// Says which license is refused.
    pub(crate) fn of(mut self, which: &str) -> Self {
        if self.is_refusal() {
            self.message = format!("{which}: {}", self.message);
        }
        self
    }

    /// Whether the license is refused, and not the use of the program.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status == 1
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        self.code.unwrap_or(WRONG_USE)
    }

    /// What is wrong and what to do, without the code.
    pub(crate) fn message(&self) -> String {
        text::one_line(&self.message)
    }

    /// Both, for people.
    pub(crate) fn line(&self) -> String {
        let code = self.code.map(|code| format!("{code}: ")).unwrap_or_default();
        format!("error: {code}{}", self.message())
    }

    /// Both, for programs.
    pub(crate) fn members(&self) -> [(String, Value); 2] {
        [("code".to_owned(), self.code().into()), ("detail".to_owned(), self.message().into())]
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status)
    }
}

impl From<InstallError> for Failure {
    fn from(refusal: InstallError) -> Self {
        use InstallErrorKind as Kind;
        let hint = match refusal.kind() {
            Kind::TokenTooLarge => "; a license is at most 16 KiB",
            Kind::TokenMalformed => "; give the license file exactly as it was delivered",
            Kind::KeyUnknown => "; give the public key that belongs to its key id",
            Kind::AlgorithmNotAllowed => {
                "; if the key is for another algorithm than its type's first one, name it, as in \
                 PS256:public.pem"
            }
            Kind::SignatureInvalid => {
                "; the file is damaged, was altered, or is not signed with this key"
            }
            Kind::IssuerMismatch => "; check that it is for this vendor's product",
            Kind::AudienceMismatch => "; check that it is for this product",
            Kind::ClaimsInvalid if refusal.reason().ends_with("of this plan must have it") => {
                "; bind the license with --machine-info or --domain"
            }
            Kind::ClaimsInvalid if refusal.reason().ends_with("of this plan must not have it") => {
                "; leave it out, or choose another plan"
            }
            Kind::ClaimsInvalid => "; correct it, then issue the license again",
            Kind::DomainInvalid => "; write a host name, or `*.` and one",
            _ => "",
        };
        let source = refusal.source().map(|source| format!(": {source}")).unwrap_or_default();
        Self::refused(refusal.code(), format!("{}{source}{hint}", refusal.reason()))
    }
}

impl From<IssueError> for Failure {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Refused(refusal) => refusal.into(),
            IssueError::Missing(claims) => Self::usage(format!(
                "the claims {} are missing; licenses of this product must have them",
                claims.iter().map(|claim| claim.as_str()).collect::<Vec<_>>().join(", ")
            )),
            IssueError::NoAlgorithm => Self::usage(
                "the key's type serves none of the algorithms that the product allows; make one \
                 that does with `license keygen --alg`",
            ),
            IssueError::Overlap(pointer) => Self::usage(format!(
                "the profile places two claims at {pointer:?}; correct its [claims]"
            )),
            error => {
                let message = with_sources(&error);
                match (&error, error.code()) {
                    (IssueError::UnknownPlan(it), Some(code)) => {
                        Self::unknown(code, it, "plan", "--plan")
                    }
                    (IssueError::UnknownFeature(it), Some(code)) => {
                        Self::unknown(code, it, "feature", "it")
                    }
                    (IssueError::UnknownLimit(it), Some(code)) => {
                        Self::unknown(code, it, "limit", "it")
                    }
                    (IssueError::NotInLicense(it), Some(code)) => Self::refused(
                        code,
                        format!(
                            "the license lists no feature {:?}{}; correct --without-feature",
                            it.name,
                            suggest::known(it, "features")
                        ),
                    ),
                    (_, Some(code)) => Self::refused(code, message),
                    (_, None) => Self::usage(message),
                }
            }
        }
    }
}

impl From<MachineInfoError> for Failure {
    fn from(refusal: MachineInfoError) -> Self {
        Self::refused(MACHINE_INFO, refusal.to_string())
    }
}

/// Names the key's file and what is wrong with it.
pub(crate) fn key(file: &str, error: &KeyError) -> Failure {
    Failure::usage(format!("{}: {error}", text::shown_path(file)))
}

/// An error and what stands behind it, on one line.
pub(crate) fn with_sources(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Names every flag that was left out.
pub(crate) fn missing_flags(claims: &[Claim], end: bool) -> Option<Failure> {
    let flags = claims.iter().map(|claim| match claim {
        Claim::CustomerId => "--customer-id ID",
        Claim::CustomerName => "--customer NAME",
        _ => "--plan PLAN",
    });
    let flags: Vec<&str> = flags.chain(end.then_some("--expires DATE or --days N")).collect();
    (!flags.is_empty()).then(|| {
        let flags = flags.join(", ");
        Failure::usage(format!("give {flags}; a license of this product must say it"))
    })
}

/// Names every member of a spec that was left out.
pub(crate) fn missing_members(claims: &[Claim], end: bool) -> Option<String> {
    let members = claims.iter().map(|claim| match claim {
        Claim::CustomerId => "`customer.id`",
        Claim::CustomerName => "`customer.name`",
        _ => "`plan`",
    });
    let members: Vec<&str> = members.chain(end.then_some("`expires` or `days`")).collect();
    (!members.is_empty()).then(|| {
        let members = members.join(", ");
        format!("give {members}; a license of this product must say it")
    })
}
