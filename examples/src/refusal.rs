//! What a handler answers when it does not do what it was asked for.

use std::{error::Error, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use license_axum::{Denial, LicenseRejection, Licensing, Problem};

use crate::{AccountsError, answer::database_failed};

/// What went wrong: the license, or the request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The license does not allow it.
    License(LicenseRejection),
    /// Something else.
    Problem(Problem),
    /// Something that is over after this many seconds.
    Later(Problem, u64),
}

impl Refusal {
    /// What the license refused, or could not decide: a story behind it goes
    /// to the log.
    pub fn denied(licensing: &Licensing, error: impl Error + Into<Denial>) -> Self {
        if let Some(source) = error.source() {
            tracing::error!(source, "a limit could not be checked");
        }
        Self::License(LicenseRejection::answered(licensing, error.into()))
    }

    /// What may be asked again after a while.
    pub(crate) fn later(problem: Problem, wait: Duration) -> Self {
        Self::Later(problem, wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<LicenseRejection> for Refusal {
    fn from(rejection: LicenseRejection) -> Self {
        Self::License(rejection)
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Problem(database_failed(&error))
    }
}

impl From<AccountsError> for Refusal {
    fn from(error: AccountsError) -> Self {
        Self::Problem(match error {
            AccountsError::EmailTaken => {
                Problem::new(409, "email_taken", "Another user has this e-mail address.")
            }
            AccountsError::LastAdministrator => Problem::new(
                409,
                "last_administrator",
                "This is the last active administrator. Make another one first.",
            ),
            busy @ AccountsError::Busy => return Self::later(busy.into(), Duration::from_secs(1)),
            error => error.into(),
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::License(rejection) => rejection.into_response(),
            Self::Problem(problem) => problem.into_response(),
            Self::Later(problem, seconds) => {
                ([(header::RETRY_AFTER, HeaderValue::from(seconds))], problem).into_response()
            }
        }
    }
}
