//! Why a command ends without success.

use std::{error::Error, process::ExitCode};

use license_core::{
    Claim, InstallError, InstallErrorKind, KeyError, MachineInfoError, issue::IssueError,
};

use crate::text;

/// One line for the operator, and the exit status.
#[derive(Debug)]
pub(crate) struct Failure {
    status: u8,
    code: Option<&'static str>,
    message: String,
}

impl Failure {
    /// Wrong use or configuration.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { status: 2, code: None, message: message.into() }
    }

    /// The license, or machine info, is refused.
    pub(crate) fn refused(
        code: impl Into<Option<&'static str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { status: 1, code: code.into(), message: message.into() }
    }

    /// A refusal that the command has told in its own way already.
    pub(crate) fn told() -> Self {
        Self::refused(None, "")
    }

    /// The same failure, saying which license is refused.
    pub(crate) fn of(mut self, which: &str) -> Self {
        if self.code.is_some() {
            self.message = format!("{which}: {}", self.message);
        }
        self
    }

    /// The stable code of a refusal.
    pub(crate) fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// What is wrong, without the code.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to print, unless the command has told it already.
    pub(crate) fn line(&self) -> Option<String> {
        let message = text::one_line(&self.message);
        match self.code {
            Some(code) => Some(format!("{code}: {message}")),
            None => (!message.is_empty()).then_some(message),
        }
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
            IssueError::Missing(claims) => Self::usage(missing(&claims)),
            IssueError::NoAlgorithm => Self::usage(
                "the key's type serves none of the algorithms that the product allows; make one \
                 that does with `license keygen --alg`",
            ),
            error => {
                let code = error.code();
                let message = with_sources(&error);
                if code.is_some() { Self::refused(code, message) } else { Self::usage(message) }
            }
        }
    }
}

impl From<MachineInfoError> for Failure {
    fn from(refusal: MachineInfoError) -> Self {
        Self::refused(None, refusal.to_string())
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

fn missing(claims: &[Claim]) -> String {
    let flags = claims.iter().map(|claim| match claim {
        Claim::CustomerId => "--customer-id (`customer.id` in a spec)",
        Claim::CustomerName => "--customer (`customer.name` in a spec)",
        _ => "--plan (`plan` in a spec)",
    });
    let flags: Vec<&str> = flags.collect();
    format!("give {}; licenses of this product must have it", flags.join(", "))
}
